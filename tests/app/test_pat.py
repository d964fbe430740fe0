"""From a personal access token to a session: the same person or nobody, and no script stops on the way."""

from pathlib import Path

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
from tests.app.conftest import Chance, Clock
from tests.app.double import JSON, Asked, Double, Reply
from tests.app.test_client import Desk

PERSONAL = "NjE2NTY5ODQ0MDM4Op"
MYSELF = "/rest/api/2/myself"


@pytest.fixture
def desk(tmp_path: Path, double: Double, clock: Clock, chance: Chance) -> Desk:
    desk = Desk(tmp_path, double, clock, chance)
    double.overrides[MYSELF] = with_personal_token
    return desk


def with_personal_token(asked: Asked) -> Reply | None:
    """The site takes Alice's personal access token as well."""
    if asked.headers.get("authorization") != f"Bearer {PERSONAL}":
        return None
    return Reply(body=b'{"name": "alice", "key": "u1", "displayName": "Alice A."}')


def test_the_same_person_moves(desk: Desk, double: Double) -> None:
    """A sign-in by the token's owner takes its place; her tokens are listed, and the old one is ended on request."""
    rows = b'[{"id": 7, "name": "night job", "expiringAt": "2027-01-01T00:00:00Z"}, {"id": "x"}, 3]'
    ended: list[str] = []

    def end(asked: Asked) -> Reply:
        ended.append(asked.method)
        return Reply(204, b"")

    double.overrides[TOKENS] = lambda _: Reply(body=rows)
    double.overrides[f"{TOKENS}/7"] = end
    with replace_token(desk.app(), double.base_url, PERSONAL) as connection:
        (token,) = tokens_of(connection)
        assert (token.id, token.name, token.expires) == (7, "night job", "2027-01-01T00:00:00Z")
        end_token(connection, token)
        assert ended == ["DELETE"]
        double.overrides[f"{TOKENS}/7"] = lambda _: Reply(403, b"{}")
        with pytest.raises(ApiRefused):
            end_token(connection, token)


def test_somebody_else_does_not(desk: Desk, double: Double) -> None:
    """Another account in the browser is not let into the script that ran as Alice."""
    double.person = {"name": "bob", "key": "u2"}
    with pytest.raises(SignInNeeded, match="bob is signed in, alice was asked for"):
        replace_token(desk.app(), double.base_url, PERSONAL)
    assert double.revoked == ["rt-100"]
    assert desk.app().saved() == ()


def test_tokens_that_say_nothing(desk: Desk, double: Double) -> None:
    """Expired, out of reach, no address, a page: each of its own kind, before any browser opens."""
    with pytest.raises(SignInNeeded, match="expired or was revoked"):
        owner_of(double.base_url, "another", machine=desk.machine)
    with pytest.raises(SetUpWrong) as nowhere:
        owner_of("ftp://nowhere", PERSONAL)
    assert isinstance(nowhere.value.problem, WrongAddress)
    with pytest.raises(TryLater):
        owner_of("http://127.0.0.1:1", PERSONAL)
    double.overrides[MYSELF] = lambda _: Reply(200, b"<h1>Hello</h1>", {"Content-Type": "text/html"})
    with pytest.raises(ApiRefused, match="does not say whose"):
        owner_of(double.base_url, PERSONAL)
    assert desk.visits == 0


@pytest.mark.parametrize("token", ["", " \n", "two words", "t\xf6ken", "line\nline", "\x00"])
def test_what_is_no_token(double: Double, token: str) -> None:
    """What cannot be sent as a token is a sentence that does not quote it, and is not sent."""
    with pytest.raises(SignInNeeded) as told:
        owner_of(double.base_url, token)
    assert not token.strip() or token not in str(told.value)
    assert told.value.__cause__ is None
    assert double.asked == []


def test_a_token_out_of_a_file(desk: Desk, double: Double) -> None:
    """The line's end that a file brings along is not part of the token."""
    assert owner_of(double.base_url, f"{PERSONAL}\n").name == "alice"


def test_a_site_that_is_busy_says_nothing_of_the_token(desk: Desk, double: Double) -> None:
    """An overload passes: the script is told to try later, and when."""
    double.overrides[MYSELF] = lambda _: Reply(503, b"", {"Retry-After": "7"})
    with pytest.raises(TryLater) as told:
        owner_of(double.base_url, PERSONAL)
    assert told.value.after == 7


def test_a_script_between_both(desk: Desk, double: Double) -> None:
    """The old token until somebody signs in, with a word each time; the session from then on, without a change."""
    said: list[str] = []
    either = Either(desk.app(), double.base_url, PERSONAL, said.append)
    assert either.headers() == {"Authorization": f"Bearer {PERSONAL}"}
    assert len(said) == 1
    assert PERSONAL not in said[0] + repr(either)
    desk.app().connect(double.base_url).close()
    assert either.headers() == {"Authorization": "Bearer at-100"}
    assert len(said) == 1
    double.overrides[TOKENS] = lambda _: Reply(200, b"{}", JSON)
    with desk.app().connect(double.base_url) as connection:
        assert tokens_of(connection) == ()
        connection.sign_out()
    with pytest.raises(SignInNeeded):
        Either(desk.app(), double.base_url).fresh_token()
