"""A secret that an administrator brings along: long enough for the fast hash it is kept as, and good at once."""

from dataclasses import replace

import pytest

from genkan.protocol import given_secrets, links
from genkan.protocol.clients import Credentials, authenticate
from genkan.protocol.link_wishes import LinkWish
from genkan.protocol.links import NewLink
from genkan.protocol.outcomes import AddLink, Change, EventKind, PutLink, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Link, Standing
from genkan.wire.scopes import Permission
from tests.protocol.builders import NOW, SECRET, WEB, a_link, a_web_link, an_env

BROUGHT = "b" * 64


def test_a_link_may_be_born_with_a_secret() -> None:
    """It is good, the drawn one is not, and nothing is left to tell."""
    made = links.create(LinkWish("Wiki", (WEB,), Permission.WRITE), "admin", an_env())
    assert isinstance(made, NewLink)
    born = given_secrets.born_with(made, BROUGHT)
    assert isinstance(born, NewLink)
    assert born.secret is None
    assert born.change.steps == (AddLink(born.link),)
    assert authenticate(Credentials("x", BROUGHT), born.link, an_env()) == born.link
    assert isinstance(authenticate(Credentials("x", made.secret), born.link, an_env()), Refused)


def test_taking_over_ends_the_secrets_of_before() -> None:
    """No overlap: the one before and the one before that are dead in the same write."""
    link = a_web_link(previous_secret=b"p" * 32, previous_secret_until=NOW + 1, version=3)
    assert given_secrets.is_kept(link, SECRET)
    assert not given_secrets.is_kept(link, BROUGHT)
    change = given_secrets.take_over(link, BROUGHT, "admin", an_env())
    assert isinstance(change, Change)
    (put,) = change.steps
    assert isinstance(put, PutLink)
    assert given_secrets.is_kept(put.link, BROUGHT)
    assert (put.link.previous_secret, put.link.version) == (None, 4)
    assert replace(put.link, secret=link.secret, previous_secret=link.previous_secret, version=3) == replace(
        link, previous_secret_until=0
    )
    assert change.events[0].kind is EventKind.LINK_SECRET_ROTATED


@pytest.mark.parametrize(
    ("link", "secret", "reason"),
    [
        (a_link(), BROUGHT, Reason.INVALID_VALUE),
        (a_web_link(standing=Standing.DELETED), BROUGHT, Reason.NOT_FOUND),
        (a_web_link(), "x" * 31, Reason.INVALID_VALUE),
        (a_web_link(), "x" * 513, Reason.INVALID_VALUE),
        (a_web_link(), "x" * 40 + " ", Reason.INVALID_VALUE),
        (a_web_link(), "x" * 40 + "\n", Reason.INVALID_VALUE),
        (a_web_link(), "ü" * 40, Reason.INVALID_VALUE),
        (a_web_link(), "", Reason.INVALID_VALUE),
    ],
)
def test_what_is_no_secret(link: Link, secret: str, reason: Reason) -> None:
    """RFC 6749 A.2, and long enough that nobody guesses it from its hash; the refusal never shows it."""
    refused = given_secrets.take_over(link, secret, "admin", an_env())
    assert isinstance(refused, Refused)
    assert refused.reason is reason
    assert not secret or secret not in repr(refused)
