"""The code exchange between clients: who may redeem whose code (row 4), and no way around PKCE (row 8)."""

from itertools import product
from typing import Any

import pytest

from genkan.protocol.outcomes import Ended, Redeemed, Refused
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Link, LinkKind
from genkan.protocol.redeem import redeem
from genkan.protocol.refresh import refresh
from genkan.wire import pkce
from tests.protocol.builders import (
    CHALLENGE,
    DIGEST,
    VERIFIER,
    a_code,
    a_grant,
    a_link,
    a_web_link,
    an_env,
    code_facts,
    grant_facts,
    redeem_asked,
    refresh_asked,
)

LIFETIMES = Lifetimes()
CLIENTS = [
    a_link(),
    a_link(id=12, client_id="another"),
    a_web_link(),
    a_web_link(id=23, client_id="another-web"),
    a_web_link(id=24, client_id="strict", pkce_required=True),
]


@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize(("owner", "caller"), list(product(CLIENTS, CLIENTS)), ids=lambda link: link.client_id)
def test_only_the_diagonal_redeems(owner: Link, caller: Link, used: bool) -> None:
    """Row 4: a code is good for the client it was issued to; nobody else's second redemption ends anything."""
    existing = a_grant(link_id=owner.id) if used else None
    outcome = redeem(
        redeem_asked(a_code(link_id=owner.id), client=caller),
        code_facts(link=owner, existing=existing),
        an_env(),
        LIFETIMES,
    )
    if owner is caller:
        assert isinstance(outcome, Ended if used else Redeemed)
    else:
        assert outcome == Refused(Reason.CODE_FOREIGN)


@pytest.mark.parametrize(("owner", "caller"), list(product(CLIENTS, CLIENTS)), ids=lambda link: link.client_id)
def test_only_the_diagonal_refreshes(owner: Link, caller: Link) -> None:
    """Row 4: a refresh token is bound to its client as a code is."""
    grant = a_grant(link_id=owner.id)
    outcome = refresh(refresh_asked(grant, client=caller), grant_facts(grant, link=owner), an_env(), LIFETIMES)
    assert (outcome == Refused(Reason.TOKEN_FOREIGN)) == (owner is not caller)


# Row 8. What was sealed as challenge, what is shown as verifier, and what each kind of client is told.
RIGHT = VERIFIER
PLAIN = "p" * 43
SHOWN: dict[str, str | None] = {
    "right": RIGHT,
    "none": None,
    "empty": "",
    "wrong": "w" * 43,
    "the challenge itself": CHALLENGE,
    "too short": RIGHT[:42],
    "too long": RIGHT * 3,
    "with padding": RIGHT + "=",
    "with a space": RIGHT + " ",
    "not ASCII": RIGHT[:-1] + "é",
    "half a surrogate": RIGHT[:-1] + "\ud800",
}


@pytest.mark.parametrize("client", CLIENTS, ids=lambda link: link.client_id)
@pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN.keys())
def test_a_challenge_is_answered_by_its_verifier_alone(client: Link, shown: str | None) -> None:
    """A challenge that was given is always verified, for public and confidential clients."""
    outcome = redeem(
        redeem_asked(a_code(link_id=client.id), client=client, verifier=shown),
        code_facts(link=client), an_env(), LIFETIMES,
    )  # fmt: skip
    if shown == RIGHT:
        assert isinstance(outcome, Redeemed)
    else:
        expected = Reason.VERIFIER_MISSING if shown is None else Reason.VERIFIER_WRONG
        assert outcome == Refused(expected)


@pytest.mark.parametrize("client", CLIENTS, ids=lambda link: link.client_id)
@pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN.keys())
def test_a_stripped_challenge_is_never_overlooked(client: Link, shown: str | None) -> None:
    """Without a challenge no verifier may come, and where PKCE is required nothing can come at all (RFC 9700 4.8.2)."""
    code = a_code(link_id=client.id, challenge=None)
    outcome = redeem(redeem_asked(code, client=client, verifier=shown), code_facts(link=client), an_env(), LIFETIMES)
    if shown is not None:
        assert outcome == Refused(Reason.VERIFIER_UNEXPECTED)
    elif client.kind is LinkKind.NATIVE or client.pkce_required:
        assert outcome == Refused(Reason.PKCE_REQUIRED)
    else:
        assert isinstance(outcome, Redeemed)


def test_a_method_cannot_be_switched() -> None:
    """What was sealed is the digest of the one right verifier: neither method's challenge text answers the other."""
    plain = pkce.digest(PLAIN, pkce.Method.PLAIN) or b""
    answers: list[tuple[bytes, str, bool]] = [
        (plain, PLAIN, True),
        (plain, pkce.challenge_of(PLAIN), False),
        (DIGEST, CHALLENGE, False),
        (DIGEST, VERIFIER, True),
    ]
    for challenge, verifier, good in answers:
        outcome = redeem(
            redeem_asked(a_code(challenge=challenge), verifier=verifier), code_facts(), an_env(), LIFETIMES
        )
        assert isinstance(outcome, Redeemed) == good


@pytest.mark.parametrize("changes", [{"kind": LinkKind.NATIVE}, {"pkce_required": True}], ids=["native", "required"])
def test_a_link_that_became_strict_redeems_no_bare_code(changes: dict[str, Any]) -> None:
    """A code issued without a challenge before the link demanded one is worth nothing after (RFC 9700 2.1.1)."""
    link = a_web_link(**changes)
    asked = redeem_asked(a_code(link_id=link.id, challenge=None), client=link, verifier=None)
    assert redeem(asked, code_facts(link=link), an_env(), LIFETIMES) == Refused(Reason.PKCE_REQUIRED)
