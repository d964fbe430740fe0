"""The app's own side of the sign-in: finding a site, signing in, keeping the session, calling the API.

Owns what an app must do right; speaks the vocabulary of ``genkan.wire`` and knows nothing of the server's insides.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genkan.app.agent import HandedAgent, Hints, NoDoor, PastingAgent, PrivateBrowser, SystemBrowser, UserAgent
    from genkan.app.client import App, Connection, connect
    from genkan.app.client_async import AsyncApp, AsyncConnection, connect_async
    from genkan.app.connecting import Link
    from genkan.app.delivered import managed_configuration
    from genkan.app.drive import Door
    from genkan.app.machine import Machine
    from genkan.app.outcomes import (
        Access,
        ClientIdUnknown,
        GatewayInTheWay,
        Retry,
        SiteSetUpWrong,
        SwitchedOff,
        TooOld,
        WrongAddress,
    )
    from genkan.app.pat import Either, PersonalToken, end_token, owner_of, replace_token, tokens_of
    from genkan.app.reply import Reply
    from genkan.app.sealed import KeyFile, Passphrase, SealedVault, Unlock
    from genkan.app.startup import Broken, Choice, ChooseSite, Plan, Resume, SignIn, plan
    from genkan.app.state import Account, SessionState, Site, Tokens
    from genkan.app.steps import NoReturn, Returned, Visit
    from genkan.app.troubles import (
        ApiRefused,
        AppTrouble,
        ManagedUnreadable,
        SetUpWrong,
        SignInNeeded,
        TryLater,
        VaultTrouble,
        WhichOne,
    )
    from genkan.app.vault import FileVault, MemoryVault, Room, Turn, Vault
    from genkan.wire.managed import Finding, Managed, OAuthEntry, SiteEntry

__all__ = [
    "Access",
    "Account",
    "ApiRefused",
    "App",
    "AppTrouble",
    "AsyncApp",
    "AsyncConnection",
    "Broken",
    "Choice",
    "ChooseSite",
    "ClientIdUnknown",
    "Connection",
    "Door",
    "Either",
    "FileVault",
    "Finding",
    "GatewayInTheWay",
    "HandedAgent",
    "Hints",
    "KeyFile",
    "Link",
    "Machine",
    "Managed",
    "ManagedUnreadable",
    "MemoryVault",
    "NoDoor",
    "NoReturn",
    "OAuthEntry",
    "Passphrase",
    "PastingAgent",
    "PersonalToken",
    "Plan",
    "PrivateBrowser",
    "Reply",
    "Resume",
    "Retry",
    "Returned",
    "Room",
    "SealedVault",
    "SessionState",
    "SetUpWrong",
    "SignIn",
    "SignInNeeded",
    "Site",
    "SiteEntry",
    "SiteSetUpWrong",
    "SwitchedOff",
    "SystemBrowser",
    "Tokens",
    "TooOld",
    "TryLater",
    "Turn",
    "Unlock",
    "UserAgent",
    "Vault",
    "VaultTrouble",
    "Visit",
    "WhichOne",
    "WrongAddress",
    "connect",
    "connect_async",
    "end_token",
    "managed_configuration",
    "owner_of",
    "plan",
    "replace_token",
    "tokens_of",
]

_HOMES = {
    "app.agent": ("HandedAgent", "Hints", "NoDoor", "PastingAgent", "PrivateBrowser", "SystemBrowser", "UserAgent"),
    "app.client": ("App", "Connection", "connect"),
    "app.client_async": ("AsyncApp", "AsyncConnection", "connect_async"),
    "app.connecting": ("Link",),
    "app.delivered": ("managed_configuration",),
    "app.drive": ("Door",),
    "app.machine": ("Machine",),
    "app.outcomes": (
        "Access",
        "ClientIdUnknown",
        "GatewayInTheWay",
        "Retry",
        "SiteSetUpWrong",
        "SwitchedOff",
        "TooOld",
        "WrongAddress",
    ),
    "app.pat": ("Either", "PersonalToken", "end_token", "owner_of", "replace_token", "tokens_of"),
    "app.reply": ("Reply",),
    "app.sealed": ("KeyFile", "Passphrase", "SealedVault", "Unlock"),
    "app.startup": ("Broken", "Choice", "ChooseSite", "Plan", "Resume", "SignIn", "plan"),
    "app.state": ("Account", "SessionState", "Site", "Tokens"),
    "app.steps": ("NoReturn", "Returned", "Visit"),
    "app.troubles": (
        "ApiRefused",
        "AppTrouble",
        "ManagedUnreadable",
        "SetUpWrong",
        "SignInNeeded",
        "TryLater",
        "VaultTrouble",
        "WhichOne",
    ),
    "app.vault": ("FileVault", "MemoryVault", "Room", "Turn", "Vault"),
    "wire.managed": ("Finding", "Managed", "OAuthEntry", "SiteEntry"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

# Hidden from type checkers, for which every name would exist otherwise.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        # Loaded when asked for: a program that only reads what is kept should not pay for browsers and sockets.
        home = _HOME_OF.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"genkan.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
