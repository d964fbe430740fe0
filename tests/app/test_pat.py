"""From a personal access token to a session: the same person or nobody, and no script stops on the way."""

import httpx2
import pytest

from genkan.app import (
    ApiRefused,
    Either,
    SetUpWrong,
    SignInNeeded,
    TryLater,
    WrongAddress,
    end_token,
    owner_of,
    replace_token,
    tokens_of,
)
from genkan.app.pat import TOKENS
from genkan.testing import Asked, Reply, SiteDouble
from tests.app.desk import MYSELF, Desk

PERSONAL = "NjE2NTY5ODQ0MDM4Op"


@pytest.fixture
def site(site: SiteDouble) -> SiteDouble:
    """A site that takes Alice's personal access token as well where it is asked who she is."""

    def with_personal_token(asked: Asked) -> Reply | None:
        if asked.headers.get("authorization") != f"Bearer {PERSONAL}":
            return None
        other = {"Authorization": f"Bearer {site.tokens('alice')['access_token']}"}
        return Reply(body=httpx2.get(site.base_url + MYSELF, headers=other, trust_env=False).content)

    site.faults.decide(MYSELF, with_personal_token)
    return site


def test_the_same_person_moves(desk: Desk, site: SiteDouble) -> None:
    """A sign-in by the token's owner takes its place; her tokens are listed, and the old one is ended on request."""
    rows = b'[{"id": 7, "name": "night job", "expiringAt": "2027-01-01T00:00:00Z"}, {"id": "x"}, 3]'
    site.serve(TOKENS, lambda _: Reply(body=rows))
    site.serve(f"{TOKENS}/7", lambda _: Reply(204))
    with replace_token(desk.app(), site.base_url, PERSONAL) as connection:
        (token,) = tokens_of(connection)
        assert (token.id, token.name, token.expires) == (7, "night job", "2027-01-01T00:00:00Z")
        end_token(connection, token)
        assert [(asked.method, asked.status) for asked in site.faults.requests("/7")] == [("DELETE", 204)]
        site.serve(f"{TOKENS}/7", lambda _: Reply(403, b"{}"))
        with pytest.raises(ApiRefused):
            end_token(connection, token)


def test_somebody_else_does_not(desk: Desk, site: SiteDouble) -> None:
    """Another account in the browser is not let into the script that ran as Alice."""
    desk.person = "bob"
    with pytest.raises(SignInNeeded, match="bob is signed in, alice was asked for"):
        replace_token(desk.app(), site.base_url, PERSONAL)
    assert [(phone.person, phone.state) for phone in site.phones()] == [("bob", "signed_out"), ("alice", "signed_in")]
    assert desk.app().saved() == ()


def test_tokens_that_say_nothing(desk: Desk, site: SiteDouble) -> None:
    """Expired, out of reach, no address, a page: each of its own kind, before any browser opens."""
    with pytest.raises(SignInNeeded, match="expired or was revoked"):
        owner_of(site.base_url, "another", machine=desk.machine)
    with pytest.raises(SetUpWrong) as nowhere:
        owner_of("ftp://nowhere", PERSONAL)
    assert isinstance(nowhere.value.problem, WrongAddress)
    with pytest.raises(TryLater):
        owner_of("http://127.0.0.1:1", PERSONAL)
    site.faults.answer(MYSELF, 200, b"<h1>Hello</h1>", "text/html")
    with pytest.raises(ApiRefused, match="does not say whose"):
        owner_of(site.base_url, PERSONAL)
    assert desk.visits == 0


@pytest.mark.parametrize("token", ["", " \n", "two words", "t\xf6ken", "line\nline", "\x00"])
def test_what_is_no_token(site: SiteDouble, token: str) -> None:
    """What cannot be sent as a token is a sentence that does not quote it, and is not sent."""
    with pytest.raises(SignInNeeded) as told:
        owner_of(site.base_url, token)
    assert not token.strip() or token not in str(told.value)
    assert told.value.__cause__ is None
    assert site.faults.asked == []


def test_a_token_out_of_a_file(desk: Desk, site: SiteDouble) -> None:
    """The line's end that a file brings along is not part of the token."""
    assert owner_of(site.base_url, f"{PERSONAL}\n").name == "alice"


def test_a_site_that_is_busy_says_nothing_of_the_token(desk: Desk, site: SiteDouble) -> None:
    """An overload passes: the script is told to try later, and when."""
    site.faults.fail(MYSELF, 503, retry_after=7)
    with pytest.raises(TryLater) as told:
        owner_of(site.base_url, PERSONAL)
    assert told.value.after == 7


def test_a_script_between_both(desk: Desk, site: SiteDouble) -> None:
    """The old token until somebody signs in, with a word each time; the session from then on, without a change."""
    said: list[str] = []
    either = Either(desk.app(), site.base_url, PERSONAL, said.append)
    assert either.headers() == {"Authorization": f"Bearer {PERSONAL}"}
    assert len(said) == 1
    assert PERSONAL not in said[0] + repr(either)
    with desk.app().connect(site.base_url) as connection:
        assert either.headers() == connection.headers() != {"Authorization": f"Bearer {PERSONAL}"}
    assert len(said) == 1
    site.serve(TOKENS, lambda _: Reply(200, b"{}"))
    with desk.app().connect(site.base_url) as connection:
        assert tokens_of(connection) == ()
        connection.sign_out()
    with pytest.raises(SignInNeeded):
        Either(desk.app(), site.base_url).fresh_token()
