"""From a personal access token to a signed-in session: for scripts that were written against tokens.

Owns the check that both are the same person's, the time between, and the end of the old token.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from genkan.app import keeping
from genkan.app.client import App, Connection
from genkan.app.connecting import APPS_OWN, Link
from genkan.app.drive import Driver
from genkan.app.machine import Machine
from genkan.app.outcomes import WrongAddress
from genkan.app.state import Account
from genkan.app.steps import Ask, Lost, ask
from genkan.app.troubles import ApiRefused, SetUpWrong, SignInNeeded, TryLater, trouble_of
from genkan.wire.jsontext import integer, shown
from genkan.wire.login_screen import completed
from genkan.wire.token_answer import seconds_in
from genkan.wire.urls import BaseURL, parse_base_url

TOKENS = "/rest/pat/latest/tokens"
LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class PersonalToken:
    """A personal access token as its owner sees it in a list; the token itself is never told again."""

    id: int
    name: str
    expires: str | None


def owner_of(address: str, personal_token: str, *, allow_http: bool = False, machine: Machine | None = None) -> Account:
    """Whose token it is, by asking the site. Raises ``AppTrouble``."""
    base = parse_base_url(completed(address), allow_http=allow_http)
    if not isinstance(base, BaseURL):
        raise SetUpWrong(WrongAddress(base.sentence))
    bearer = ("Authorization", f"Bearer {_sendable(personal_token)}")
    driver = Driver((machine or Machine()).ticks)
    try:
        answer = driver.run(ask(Ask("GET", base.text + keeping.MYSELF, (bearer,))))
    finally:
        driver.close()
    if isinstance(answer, Lost):
        raise trouble_of(keeping.no_answer(answer, "GET"))
    if answer.status in {408, 429} or answer.status >= 500:
        busy = f"{base.text} is busy or down (status {answer.status}): try again later."
        raise TryLater(busy, seconds_in(answer.headers.get("retry-after")))
    account = keeping.read_account(answer) if answer.status == 200 else None
    if answer.status == 401:
        raise SignInNeeded(f"{base.text} does not take the personal access token: it has expired or was revoked.")
    if account is None:
        raise ApiRefused(f"{base.text} does not say whose token it is (status {answer.status}).", answer.status)
    return account


def _sendable(personal_token: str) -> str:
    """The token without the space that files and variables bring along. What it holds is quoted nowhere."""
    token = personal_token.strip()
    # RFC 6750 2.1: one word of visible characters
    if not token or not all("!" <= character <= "~" for character in token):
        raise SignInNeeded("This is no personal access token: it is empty, or holds what no token holds.")
    return token


def replace_token(
    app: App, address: str, personal_token: str, *, link: Link = APPS_OWN, allow_http: bool = False
) -> Connection:
    """Sign in at a site as the owner of a personal access token, and only as that. Raises ``AppTrouble``.

    The token still works afterwards; ``tokens_of`` and ``end_token`` end it once no script uses it any more.
    """
    owner = owner_of(address, personal_token, allow_http=allow_http)
    with ExitStack() as otherwise:
        connection = otherwise.enter_context(app.connect(address, account=owner.name, link=link))
        account = connection.account or connection.whoami()
        if account.key == owner.key:
            otherwise.pop_all()
            return connection
    raise SignInNeeded(
        f"The token is {owner.name}'s, and {account.name} is signed in at {connection.site.name}: sign in as "
        f"{owner.name}."
    )


def tokens_of(connection: Connection) -> tuple[PersonalToken, ...]:
    """The personal access tokens of the signed-in person. Raises ``AppTrouble``."""
    found = connection.get(TOKENS).json()
    rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
    read = [(integer(row.get("id")), row) for row in rows]
    return tuple(
        PersonalToken(number, shown(row.get("name"), LONGEST_NAME) or "", shown(row.get("expiringAt"), 40))
        for number, row in read
        if number is not None
    )


def end_token(connection: Connection, token: PersonalToken) -> None:
    """Revoke one; whatever still uses it is refused from then on. Raises ``AppTrouble``."""
    connection.delete(f"{TOKENS}/{token.id}").checked()


@dataclass(frozen=True, slots=True)
class Either:
    """What a script sends while it moves: the session's token where somebody signed in, else the one that it had."""

    app: App
    address: str
    personal_token: str | None = field(default=None, repr=False)
    say: Callable[[str], None] = Machine().say

    def headers(self) -> dict[str, str]:
        """The header of a request, for this moment. Raises ``AppTrouble``."""
        return {"Authorization": f"Bearer {self.fresh_token()}"}

    def fresh_token(self) -> str:
        """A token that can be used now. Raises ``AppTrouble``."""
        try:
            with self.app.connect(self.address, sign_in=False) as connection:
                return connection.fresh_token()
        except SignInNeeded as trouble:
            if self.personal_token is None:
                raise
            self.say(f"{trouble} Until then the personal access token is used.")
            return self.personal_token
