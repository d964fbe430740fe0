"""A kept session for other programs: as git's credential helper, and as the ``keyring`` that pip and uv run.

Owns the two protocols. Neither ever asks a person anything: who is not signed in gets no answer, and the program goes
on as if there were no helper.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from cyclopts import Parameter

from genkan.app.choice import listed, normal
from genkan.app.outcomes import Access, Problem
from genkan.app.session import Sessions
from genkan.app.state import SessionState, Unreadable
from genkan.cli.app_session import AccountName, opened, readable, say_hidden, told
from genkan.cli.app_words import DONE, NO, fail, print_json, say, stopped

MOST_CHARACTERS = 64 * 1024
CAPABILITY = "authtype"


@told
def git_credential(
    operation: Annotated[str, Parameter(help="get, store or erase; git says which.")],
    /,
    *,
    account: AccountName = None,
) -> int:
    """Answer git as a credential helper, with an access token of the session at that host.

    Example: printf 'protocol=https\\nhost=git.example.com\\n' | genkan app git-credential get
    """
    asked = _attributes(sys.stdin.read(MOST_CHARACTERS))
    wanted = account or asked.get("username")
    with opened() as sessions:
        state = _session_at(sessions.saved(), _address(asked), wanted)
        if state is None:
            return DONE
        if operation == "erase":
            return _renew(sessions, state, asked)
        # git offers what worked to be stored, and names operations that are still to come: neither is for us.
        return _give(sessions, state, asked) if operation == "get" else DONE


def _give(sessions: Sessions, state: SessionState, asked: Mapping[str, str]) -> int:
    access = sessions.open(state.id).access()
    if not isinstance(access, Access):
        return stopped(access, state)
    for line in _answer(access, state, bearer=CAPABILITY in asked.get("capability[]", "").split()):
        print(line)
    return DONE


def _answer(access: Access, state: SessionState, *, bearer: bool) -> Iterator[str]:
    """Bearer for a git that can send it (2.46 and later), else the token as a password, which such servers take."""
    if bearer:
        yield f"capability[]={CAPABILITY}"
        yield "authtype=Bearer"
        yield f"credential={access.token}"
        yield "ephemeral=1"  # no other helper shall store what is renewed here
    else:
        yield f"username={state.account.name if state.account else 'x-token-auth'}"
        yield f"password={access.token}"
    yield f"password_expiry_utc={access.expires_at // 1000}"


def _renew(sessions: Sessions, state: SessionState, asked: Mapping[str, str]) -> int:
    """The server refused it: the next question gets another. Nobody is signed out by a wrong repository."""
    refused = asked.get("credential") or asked.get("password")
    if refused and state.tokens is not None and state.tokens.access == refused:
        renewed = sessions.open(state.id).access(refused)
        if not isinstance(renewed, Access):
            return stopped(renewed, state)
    return DONE


def _attributes(text: str) -> dict[str, str]:
    """git-credential(1): one NAME=VALUE a line up to an empty one; what ends in [] is a list."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if not line:
            break
        name, _, value = line.partition("=")
        found[name] = f"{found[name]} {value}" if name.endswith("[]") and name in found else value
    return found


def _address(asked: Mapping[str, str]) -> str:
    path = asked.get("path", "")
    return f"{asked.get('protocol', 'https')}://{asked.get('host', '')}{f'/{path}' if path else ''}"


def _session_at(saved: Sequence[SessionState | Unreadable], address: str, account: str | None) -> SessionState | None:
    """The one session at this address or below whose base URL it lies; scheme, host and port must be the same."""
    found = [state for state in readable(saved) if state.tokens and _is_at(state.site.base_url, address)]
    hidden = say_hidden(saved)
    named = [state for state in found if account is not None and account in _names(state)]
    if hidden and found and not named:
        # Theirs may be the account that is meant.
        say(f"genkan app: no token of {found[0].label} without that account's name: give --account.")
        return None
    # A name in the remote's address may be another program's; it chooses where there is something to choose.
    found = named or found
    if len(found) > 1:
        longest = max(len(state.site.base_url) for state in found)
        found = [state for state in found if len(state.site.base_url) == longest]
    if len(found) > 1:
        say(
            f"genkan app: several accounts are signed in at {found[0].site.base_url}: name one with --account. "
            f"There are: {listed(found)}."
        )
    return found[0] if len(found) == 1 else None


def _names(state: SessionState) -> tuple[str, ...]:
    return (state.id, state.account.name) if state.account else (state.id,)


def _is_at(base_url: str, address: str) -> bool:
    try:
        here, there = urlsplit(base_url), urlsplit(address)
        same = normal(f"{here.scheme}://{here.netloc}") == normal(f"{there.scheme}://{there.netloc}")
    except ValueError:
        return False
    # git leaves the path out unless credential.useHttpPath is set; then the host alone has to do.
    return same and (not there.path.strip("/") or f"{there.path}/".startswith(f"{here.path}/"))


@dataclass(frozen=True, slots=True)
class _Login:
    username: str
    password: str


@told
def keyring(
    operation: Annotated[str, Parameter(help="get; pip and uv say so. set and del are refused.")],
    service: Annotated[str, Parameter(help="The address or the host of the package index.")],
    username: Annotated[str | None, Parameter(help="The account.")] = None,
    /,
    *,
    mode: Annotated[str, Parameter(help="password prints it alone, creds with the user name.")] = "password",
    output: Annotated[str, Parameter(help="plain or json.")] = "plain",
) -> int:
    """Answer as the program `keyring` does, for pip and uv: an access token of the session there as the password.

    Example: genkan app keyring get https://packages.example.com/simple
    """
    if operation != "get":
        return fail("Nothing is stored by hand here: run genkan app login URL.", NO)
    address = service if "://" in service else f"https://{service}"
    with opened() as sessions:
        state = _session_at(sessions.saved(), _without_user(address), username)
        if state is None:
            return NO
        access: Access | Problem = sessions.open(state.id).access()
        if not isinstance(access, Access):
            return stopped(access, state)
    who = username or (state.account.name if state.account else "x-token-auth")
    _print_login(_Login(who, access.token), with_name=mode == "creds", as_json=output == "json")
    return DONE


def _print_login(login: _Login, *, with_name: bool, as_json: bool) -> None:
    if as_json:
        print_json({**({"username": login.username} if with_name else {}), "password": login.password})
    elif with_name:
        print(f"{login.username}\n{login.password}")
    else:
        print(login.password)


def _without_user(address: str) -> str:
    scheme, _, rest = address.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"
