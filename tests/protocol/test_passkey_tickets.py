"""Challenges of passkeys: good for one use, one browser and five minutes, and readable by nobody."""

import pytest

from genkan.protocol.env import MINUTE, SECOND
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.sealing import Purpose
from genkan.protocol.signin.passkey_ticket import LIFE, Ticket, Use, issue, open_ticket, spend
from tests.protocol.builders import NOW, a_sealer, an_env

BINDING = b"b" * 16
LATE = Refused(Reason.PASSKEY_LATE)


def test_a_challenge_comes_back_as_it_was_issued() -> None:
    """Thirty-two random bytes, sealed; two are never alike."""
    issued = issue(Use.ADD, "site.example", BINDING, 77, a_sealer(), an_env())
    opened = open_ticket(issued.sealed, Use.ADD, BINDING, a_sealer(), an_env(NOW + LIFE - 1))
    assert opened == issued.ticket
    assert isinstance(opened, Ticket)
    assert (len(opened.challenge), opened.rp_id, opened.account_id) == (32, "site.example", 77)
    other = issue(Use.ADD, "site.example", BINDING, 77, a_sealer(), an_env(seed="other"))
    assert other.ticket.challenge != opened.challenge
    assert spend(other.ticket) != spend(opened)


@pytest.mark.parametrize("use", Use)
@pytest.mark.parametrize("other", Use)
def test_a_challenge_for_one_thing_is_none_for_another(use: Use, other: Use) -> None:
    """Only the diagonal opens."""
    sealed = issue(use, "site.example", BINDING, 0, a_sealer(), an_env()).sealed
    opened = open_ticket(sealed, other, BINDING, a_sealer(), an_env())
    assert (opened == LATE) == (use is not other)


@pytest.mark.parametrize("now", [NOW + LIFE, NOW + LIFE + MINUTE, NOW - 16 * SECOND])
def test_a_challenge_is_over_after_its_time(now: int) -> None:
    """And not yet issued before it, but for the leeway of clocks."""
    sealed = issue(Use.SIGN_IN, "site.example", BINDING, 0, a_sealer(), an_env()).sealed
    assert open_ticket(sealed, Use.SIGN_IN, BINDING, a_sealer(), an_env(now)) == LATE
    assert open_ticket(sealed, Use.SIGN_IN, BINDING, a_sealer(), an_env(NOW - 14 * SECOND)) != LATE


def test_a_challenge_is_of_one_browser_and_one_site() -> None:
    """Another browser's or session's binding, another site's seal, an edited one, or none at all do not open it."""
    sealed = issue(Use.SIGN_IN, "site.example", BINDING, 0, a_sealer(), an_env()).sealed
    assert open_ticket(sealed, Use.SIGN_IN, b"x" * 16, a_sealer(), an_env()) == LATE
    assert open_ticket(sealed, Use.SIGN_IN, BINDING, a_sealer(site_id=bytes(16)), an_env()) == LATE
    for text in ("", sealed[:-1], sealed + "A", "x" + sealed[1:]):
        assert open_ticket(text, Use.SIGN_IN, BINDING, a_sealer(), an_env()) == LATE


def test_what_another_version_sealed_is_late() -> None:
    """Genuine bytes that are no ticket of this version."""
    sealed = a_sealer().seal(Purpose.PASSKEY, b"\x91\x01", an_env())
    assert open_ticket(sealed, Use.SIGN_IN, BINDING, a_sealer(), an_env()) == LATE


def test_the_mark_of_a_spent_challenge_outlives_it() -> None:
    """On every node, however their clocks differ."""
    ticket = issue(Use.SIGN_IN, "site.example", BINDING, 0, a_sealer(), an_env()).ticket
    assert spend(ticket).expires_at >= NOW + LIFE + 15 * SECOND
    assert ticket.challenge.hex() not in repr(ticket)
