"""First-run set-up: links that die with the first administrator, and the account that one of them makes."""

import hashlib
import hmac
from dataclasses import dataclass, field, replace

from genkan.protocol.accounts import AccountWish, NewAccount, create
from genkan.protocol.actors import Actor
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change, NeedNoAdministrator, Refused, StartSetup
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Site
from genkan.protocol.signin.passkey import NewPasskey
from genkan.wire.scopes import Permission

NOTHING = Change(())


@dataclass(frozen=True, slots=True)
class SetupLink:
    """The token of a set-up link, told on the terminal only, and the write that makes it good."""

    token: str = field(repr=False)
    change: Change


def setup_link(env: Env) -> SetupLink:
    """A new one-time link. Those that other processes have told of lately stay good."""
    token = env.draw(24).hex()
    return SetupLink(token, Change((StartSetup(_digest(token)),)))


def link_fault(site: Site, token: str) -> Refused | None:
    """Why this set-up link does not count."""
    shown, kept = _digest(token), site.setup_digest or b""
    good = [hmac.compare_digest(kept[at : at + len(shown)], shown) for at in range(0, len(kept), len(shown))]
    return None if any(good) and not site.has_administrator else Refused(Reason.SETUP_LINK_DEAD)


def first_administrator(
    wish: AccountWish, env: Env, naming: Change = NOTHING, address: str = "", passkey: NewPasskey | None = None
) -> NewAccount | Refused:
    """The first administrator; set-up links die in the same write, and a second one in a race makes nothing.

    ``naming`` names the site in the same write, ``passkey`` is the administrator's own from the beginning.
    """
    number = passkey.passkey.account_id if passkey else None
    made = create(replace(wish, permission=Permission.SYSTEM_ADMIN), Actor("setup", address), env, number)
    if isinstance(made, Refused):
        return made
    own = passkey.change if passkey else NOTHING
    steps = (NeedNoAdministrator(), *naming.steps, *made.change.steps, *own.steps, StartSetup(None))
    return NewAccount(made.account, Change(steps, (*made.change.events, *own.events, *naming.events)))


def _digest(token: str) -> bytes:
    return hashlib.sha256(b"genkan setup " + token.encode("utf-8", "surrogatepass")).digest()
