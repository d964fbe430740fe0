"""Client authentication: a secret that is sent must be right, and a missing one only a native link may miss."""

from itertools import product

import pytest
from hypothesis import given

from genkan.protocol.clients import Credentials, authenticate, secret_digest
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Link, Standing
from genkan.wire.oauth import ErrorCode
from tests.protocol.builders import NOW, SECRET, a_link, a_web_link, an_env
from tests.wire.strategies import any_text

OLD = "0ld" * 20
OVERLAPPING = a_web_link(previous_secret=secret_digest(OLD), previous_secret_until=NOW + 1)
PASSED = a_web_link(previous_secret=secret_digest(OLD), previous_secret_until=NOW)


def shown(secret: str | None) -> Credentials:
    return Credentials("any", secret)


@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize(
    ("link", "secret", "reason"),
    [
        (a_web_link(), SECRET, None),
        (a_web_link(), None, Reason.CLIENT_SECRET_MISSING),
        (a_web_link(), "", Reason.CLIENT_SECRET_MISSING),
        (a_web_link(), SECRET[:-1], Reason.CLIENT_SECRET_WRONG),
        (a_web_link(), SECRET + " ", Reason.CLIENT_SECRET_WRONG),
        (a_web_link(), SECRET.upper(), Reason.CLIENT_SECRET_WRONG),
        (a_web_link(), secret_digest(SECRET).hex(), Reason.CLIENT_SECRET_WRONG),
        (a_web_link(), OLD, Reason.CLIENT_SECRET_WRONG),
        (OVERLAPPING, SECRET, None),
        (OVERLAPPING, OLD, None),
        (PASSED, SECRET, None),
        (PASSED, OLD, Reason.CLIENT_SECRET_WRONG),
        (a_web_link(secret=None), "", Reason.CLIENT_SECRET_MISSING),
        (a_web_link(secret=None), "None", Reason.CLIENT_SECRET_WRONG),
        (a_link(), None, None),
        (a_link(), "", None),
        (a_link(), "anything", Reason.CLIENT_SECRET_WRONG),
        (a_link(), SECRET, Reason.CLIENT_SECRET_WRONG),
    ],
)
def test_who_is_believed(link: Link, secret: str | None, reason: Reason | None, standing: Standing) -> None:
    """A disabled link may still prove who it is, to revoke; a deleted one is nobody (RFC 6749 2.3, 3.2.1; RFC 8252
    8.5).
    """
    told = authenticate(shown(secret), a_changed(link, standing), an_env())
    if standing is Standing.DELETED:
        assert told == Refused(Reason.CLIENT_UNAUTHENTICATED)
    else:
        assert told == (Refused(reason) if reason else a_changed(link, standing))


def a_changed(link: Link, standing: Standing) -> Link:
    make = a_link if link.secret is None and link.pkce_required else a_web_link
    return make(
        standing=standing,
        secret=link.secret,
        previous_secret=link.previous_secret,
        previous_secret_until=link.previous_secret_until,
    )


def test_an_unknown_client_is_told_what_a_deleted_one_is() -> None:
    """The answer does not tell whether an id was ever used."""
    assert authenticate(shown(SECRET), None, an_env()) == Refused(Reason.CLIENT_UNAUTHENTICATED)


@pytest.mark.parametrize(("link", "previous"), list(product([a_link(), a_web_link(), OVERLAPPING], [None, OLD])))
@given(secret=any_text)
def test_no_other_text_is_a_secret(link: Link, previous: str | None, secret: str) -> None:
    """Whatever is sent, half surrogate pairs included: refused, and nothing raises."""
    told = authenticate(shown(secret), link, an_env())
    assert (told == link) == (secret == "" and link.secret is None)


@pytest.mark.parametrize(
    "reason", [Reason.CLIENT_UNAUTHENTICATED, Reason.CLIENT_SECRET_WRONG, Reason.CLIENT_SECRET_MISSING]
)
def test_all_failures_are_invalid_client(reason: Reason) -> None:
    """RFC 6749 5.2: 401 and one code."""
    assert (entry(reason).wire, entry(reason).status) == (ErrorCode.INVALID_CLIENT, 401)


def test_no_secret_is_printed() -> None:
    """Neither the credentials nor the link show one, hashed or not."""
    assert SECRET not in repr(Credentials("id", SECRET))
    assert repr(secret_digest(SECRET)) not in repr(a_web_link(previous_secret=secret_digest(SECRET)))
