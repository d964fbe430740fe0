"""Application links: what an administrator may wish for, what a change keeps, and how secrets are rotated."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.protocol import links
from genkan.protocol.clients import Credentials, authenticate, secret_digest
from genkan.protocol.env import DAY
from genkan.protocol.link_wishes import LinkWish, may_remember, redirect_kind
from genkan.protocol.links import APP_REDIRECTS, NewLink
from genkan.protocol.outcomes import AddLink, Change, EventKind, PutLink, RaiseStop, Refused, Subject
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import ConsentMode, Link, LinkKind, Standing
from genkan.wire.redirects import Kind
from genkan.wire.scopes import Permission
from tests.protocol.builders import APP, NOW, SECRET, WEB, a_link, a_web_link, an_env
from tests.wire.strategies import any_text

HEX = set("0123456789abcdef")


def a_wish(**changes: Any) -> LinkWish:
    return replace(LinkWish("Wiki", (WEB,), Permission.WRITE), **changes)


def created(**changes: Any) -> NewLink:
    made = links.create(a_wish(**changes), "admin", an_env())
    assert isinstance(made, NewLink), made
    return made


def test_a_confidential_link_gets_id_and_secret() -> None:
    """32 and 64 hexadecimal digits; the secret is told this once and kept as a digest (RFC 6749 2)."""
    made = created()
    assert made.secret is not None
    assert len(made.link.client_id) == 32
    assert len(made.secret) == 64
    assert set(made.link.client_id + made.secret) <= HEX
    assert made.link.secret == secret_digest(made.secret)
    assert made.secret not in repr(made)
    assert (made.link.standing, made.link.stop, made.link.version) == (Standing.ACTIVE, 0, 1)
    assert made.change.steps == (AddLink(made.link),)
    assert made.change.events[0].kind is EventKind.LINK_CREATED
    assert authenticate(Credentials("x", made.secret), made.link, an_env()) is made.link


def test_no_two_links_share_an_id_or_a_secret() -> None:
    """Each is drawn."""
    env = an_env()
    made = [links.create(a_wish(), "admin", env) for _ in range(20)]
    seen = {(m.link.id, m.link.client_id, m.secret) for m in made if isinstance(m, NewLink)}
    assert len({part for parts in seen for part in parts}) == 60


@pytest.mark.parametrize(
    ("redirects", "wished", "kind"),
    [
        ((WEB,), None, LinkKind.CONFIDENTIAL),
        ((APP,), None, LinkKind.NATIVE),
        (("http://127.0.0.1/cb",), None, LinkKind.NATIVE),
        (("http://localhost:8080/cb",), None, LinkKind.NATIVE),
        ((WEB, APP), None, LinkKind.NATIVE),
        (("http://localhost:34106/",), LinkKind.CONFIDENTIAL, LinkKind.CONFIDENTIAL),
        ((APP,), LinkKind.CONFIDENTIAL, LinkKind.CONFIDENTIAL),
        ((WEB,), LinkKind.NATIVE, LinkKind.NATIVE),
    ],
)
def test_the_redirect_decides_the_kind_unless_it_is_said(
    redirects: tuple[str, ...], wished: LinkKind | None, kind: LinkKind
) -> None:
    """Native links have no secret and always need PKCE (RFC 6749 2.1)."""
    made = created(redirects=redirects, kind=wished)
    assert made.link.kind is kind
    assert (made.secret is None) == (made.link.secret is None) == (kind is LinkKind.NATIVE)
    assert made.link.pkce_required == (kind is LinkKind.NATIVE)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"name": " "}, "name"),
    "long name": ({"name": "x" * 201}, "name"),
    "name with a line end": ({"name": "a\nb"}, "name"),
    "name with a right-to-left override": ({"name": "a\u202eb"}, "name"),
    "no redirect": ({"redirects": ()}, "redirect"),
    "too many redirects": ({"redirects": tuple(f"{WEB}/{n}" for n in range(21))}, "redirect"),
    "one redirect twice": ({"redirects": (WEB, WEB)}, "redirect"),
    "plain http": ({"redirects": ("http://wiki.example.com/cb",)}, "redirect"),
    "script": ({"redirects": ("javascript:alert(1)",)}, "redirect"),
    "fragment": ({"redirects": (WEB + "#x",)}, "redirect"),
    "userinfo": ({"redirects": ("https://a@wiki.example.com/",)}, "redirect"),
    "wildcard": ({"redirects": ("https://*.example.com/",)}, "redirect"),
    "a good and a bad redirect": ({"redirects": (WEB, "data:x")}, "redirect"),
    "short client id": ({"client_id": "a" * 7}, "client id"),
    "long client id": ({"client_id": "a" * 65}, "client id"),
    "client id with a space": ({"client_id": "abcd efgh"}, "client id"),
    "client id in other digits": ({"client_id": "１２３４５６７８"}, "client id"),  # noqa: RUF001
    "no lifetime": ({"absolute_lifetime": 0}, "absolute lifetime"),
    "negative lifetime": ({"absolute_lifetime": -1}, "absolute lifetime"),
    "a native link that introspects": ({"redirects": (APP,), "introspect": True}, "introspect"),
    "a native link that remembers": ({"redirects": (APP,), "consent": ConsentMode.REMEMBER}, "consent"),
    "loopback that remembers": (
        {"redirects": (WEB, "http://127.0.0.1/cb"), "kind": LinkKind.CONFIDENTIAL, "consent": ConsentMode.REMEMBER},
        "consent",
    ),
    "a scheme that remembers": (
        {"redirects": (APP,), "kind": LinkKind.CONFIDENTIAL, "consent": ConsentMode.REMEMBER},
        "consent",
    ),
}


@pytest.mark.parametrize(("changes", "field"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_is_refused_by_name(changes: dict[str, Any], field: str) -> None:
    """The detail names the field, for a new link and for a change alike."""
    made = links.create(a_wish(**changes), "admin", an_env())
    assert isinstance(made, Refused)
    assert made.reason is Reason.INVALID_VALUE
    assert made.detail.startswith(field)
    link = a_link() if field in {"introspect", "consent"} and "kind" not in changes else a_web_link()
    again = links.change(link, a_wish(**changes), "admin", an_env())
    assert again == made


def test_plain_http_is_for_sites_that_gave_tls_up() -> None:
    """And even there no consent is remembered for it."""
    wish = a_wish(redirects=("http://wiki.example.com/cb",))
    assert isinstance(links.create(wish, "admin", an_env(), allow_http=True), NewLink)
    remembering = replace(wish, consent=ConsentMode.REMEMBER)
    assert isinstance(links.create(remembering, "admin", an_env(), allow_http=True), Refused)


@pytest.mark.parametrize(
    ("redirect", "kind", "remembered"),
    [
        (WEB, Kind.HTTPS, True),
        ("http://wiki.example.com/cb", Kind.HTTPS, False),
        ("http://localhost/cb", Kind.LOOPBACK, False),
        (APP, Kind.PRIVATE_USE, False),
        ("javascript:alert(1)", None, False),
        ("", None, False),
    ],
)
def test_only_claimed_https_may_be_remembered(redirect: str, kind: Kind | None, remembered: bool) -> None:
    """RFC 8252 8.6: other programs can listen everywhere else."""
    assert redirect_kind(redirect) is kind
    assert may_remember(redirect) is remembered


@given(any_text, st.lists(any_text, max_size=3).map(tuple), any_text)
def test_any_wish_is_a_link_or_a_refusal(name: str, redirects: tuple[str, ...], client_id: str) -> None:
    """Whatever is typed, nothing raises."""
    wish = a_wish(name=name, redirects=redirects, client_id=client_id)
    assert isinstance(links.create(wish, "admin", an_env()), NewLink | Refused)


def test_the_limits_themselves_are_allowed() -> None:
    """What is refused one beyond is good at the limit."""
    redirects = tuple(f"{WEB}/{n}" for n in range(20))
    made = created(name="x" * 200, redirects=redirects, client_id="a" * 64, absolute_lifetime=1)
    assert made.link.redirects == redirects
    assert made.link.absolute_lifetime == 1
    assert made.change.events[0].detail == "x" * 200
    assert created(client_id="aA_-0123").link.client_id == "aA_-0123"


def test_a_known_client_id_can_be_taken_over() -> None:
    """Phones that were pushed an id by MDM keep it."""
    assert created(client_id="38843a89f2b02a471000bc022e4b9de8").link.client_id == "38843a89f2b02a471000bc022e4b9de8"


def test_a_change_keeps_what_is_not_its_own() -> None:
    """Ids, secrets, standing and stop counter stay; the version moves by one."""
    link = a_web_link(stop=4, standing=Standing.DISABLED, previous_secret=b"p", previous_secret_until=9, version=7)
    wish = a_wish(name=" New ", redirects=("https://new.example.com/",), permission=Permission.READ, introspect=True)
    change = links.change(link, wish, "admin", an_env())
    assert isinstance(change, Change)
    expected = replace(
        link, name="New", redirects=wish.redirects, permission=Permission.READ, introspect=True, version=8
    )
    assert change.steps == (PutLink(expected),)
    assert change.events[0].kind is EventKind.LINK_CHANGED


@pytest.mark.parametrize(("link", "other"), [(a_link(), LinkKind.CONFIDENTIAL), (a_web_link(), LinkKind.NATIVE)])
def test_a_link_keeps_its_kind(link: Link, other: LinkKind) -> None:
    """A secret cannot be grown into phones that lack it, nor taken out of servers that send it."""
    wish = a_wish(redirects=link.redirects)
    refused = links.change(link, replace(wish, kind=other), "admin", an_env())
    assert isinstance(refused, Refused)
    assert refused.detail.startswith("kind")
    for same in (None, link.kind):
        assert isinstance(links.change(link, replace(wish, kind=same), "admin", an_env()), Change)


def test_a_native_link_never_loses_its_need_for_pkce() -> None:
    """Whatever the wish says."""
    change = links.change(a_link(), a_wish(redirects=APP_REDIRECTS, pkce_required=False), "admin", an_env())
    assert isinstance(change, Change)
    (put,) = change.steps
    assert isinstance(put, PutLink)
    assert put.link.pkce_required


@pytest.mark.parametrize("overlap", [0, 1, DAY])
def test_rotating_a_secret_keeps_the_old_one_for_the_overlap(overlap: int) -> None:
    """At the end of the overlap, to the millisecond, only the new one is good."""
    link = a_web_link(version=3)
    rotated = links.rotate_secret(link, overlap, "admin", an_env())
    assert isinstance(rotated, NewLink)
    assert rotated.change.steps == (PutLink(rotated.link),)
    assert rotated.link.version == 4
    for now, good in ((NOW, overlap > 0), (NOW + overlap - 1, overlap > 0), (NOW + overlap, False)):
        told = authenticate(Credentials("x", SECRET), rotated.link, an_env(now))
        assert (told == rotated.link) == good
    assert authenticate(Credentials("x", rotated.secret), rotated.link, an_env(NOW + 9 * DAY)) == rotated.link


def test_rotating_twice_within_the_overlap_kills_the_first() -> None:
    """Two secrets at most are ever good."""
    once = links.rotate_secret(a_web_link(), DAY, "admin", an_env())
    assert isinstance(once, NewLink)
    twice = links.rotate_secret(once.link, DAY, "admin", an_env(seed="again"))
    assert isinstance(twice, NewLink)
    good = {
        secret: authenticate(Credentials("x", secret), twice.link, an_env()) == twice.link
        for secret in (SECRET, once.secret, twice.secret)
    }
    assert list(good.values()) == [False, True, True]


@pytest.mark.parametrize(("link", "overlap"), [(a_link(), 0), (a_web_link(), -1)])
def test_what_cannot_be_rotated(link: Link, overlap: int) -> None:
    """A native link has no secret, and time does not run backwards."""
    refused = links.rotate_secret(link, overlap, "admin", an_env())
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.INVALID_VALUE


@pytest.mark.parametrize(
    ("standing", "event", "stops"),
    [
        (Standing.ACTIVE, EventKind.LINK_ENABLED, False),
        (Standing.DISABLED, EventKind.LINK_DISABLED, False),
        (Standing.DELETED, EventKind.LINK_DELETED, True),
    ],
)
@pytest.mark.parametrize("before", [Standing.ACTIVE, Standing.DISABLED])
def test_standing(before: Standing, standing: Standing, event: EventKind, stops: bool) -> None:
    """Disabling suspends, enabling resumes, and only deleting raises the stop."""
    link = a_web_link(standing=before)
    change = links.set_standing(link, standing, "admin", an_env())
    assert isinstance(change, Change)
    put = PutLink(replace(link, standing=standing, version=2))
    stop = RaiseStop(Subject.LINK, link.id, EndReason.LINK_DELETED, NOW)
    assert change.steps == ((put, stop) if stops else (put,))
    assert change.events[0].kind is event


def test_a_deleted_link_stays_deleted() -> None:
    """Nothing brings a client id back that administrators believe to be dead."""
    gone = a_web_link(standing=Standing.DELETED)
    refused = Refused(Reason.NOT_FOUND)
    for standing in Standing:
        assert links.set_standing(gone, standing, "admin", an_env()) == refused
    assert links.change(gone, a_wish(), "admin", an_env()) == refused
    assert links.rotate_secret(gone, 0, "admin", an_env()) == refused


def test_signing_everybody_out_leaves_the_link() -> None:
    """One stop and nothing else."""
    change = links.sign_out_all(a_link(), "admin", an_env())
    assert change.steps == (RaiseStop(Subject.LINK, a_link().id, EndReason.LINK_SIGNED_OUT, NOW),)
    assert change.events[0].kind is EventKind.LINK_SIGNED_OUT
