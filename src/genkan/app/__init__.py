"""The app's own side of the sign-in: finding a site, signing in, keeping the session, calling the API.

Owns what an app must do right; speaks the vocabulary of ``genkan.wire`` and knows nothing of the server's insides.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genkan.app.agent import HandedAgent, NoDoor, PastingAgent, SystemBrowser, UserAgent
    from genkan.app.client import App, Connection, connect
    from genkan.app.client_async import AsyncApp, AsyncConnection, connect_async
    from genkan.app.connecting import Link
    from genkan.app.delivered import managed_configuration
    from genkan.app.machine import Machine
    from genkan.app.outcomes import Access
    from genkan.app.pat import Either, end_token, replace_token, tokens_of
    from genkan.app.reply import Reply
    from genkan.app.sealed import KeyFile, Passphrase, SealedVault
    from genkan.app.startup import Broken, Choice, ChooseSite, Resume, SignIn, plan
    from genkan.app.state import Account, SessionState, Site
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
    from genkan.app.vault import FileVault, MemoryVault, Vault

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
    "Connection",
    "Either",
    "FileVault",
    "HandedAgent",
    "KeyFile",
    "Link",
    "Machine",
    "ManagedUnreadable",
    "MemoryVault",
    "NoDoor",
    "Passphrase",
    "PastingAgent",
    "Reply",
    "Resume",
    "SealedVault",
    "SessionState",
    "SetUpWrong",
    "SignIn",
    "SignInNeeded",
    "Site",
    "SystemBrowser",
    "TryLater",
    "UserAgent",
    "Vault",
    "VaultTrouble",
    "WhichOne",
    "connect",
    "connect_async",
    "end_token",
    "managed_configuration",
    "plan",
    "replace_token",
    "tokens_of",
]

_HOMES = {
    "agent": ("HandedAgent", "NoDoor", "PastingAgent", "SystemBrowser", "UserAgent"),
    "client": ("App", "Connection", "connect"),
    "client_async": ("AsyncApp", "AsyncConnection", "connect_async"),
    "connecting": ("Link",),
    "delivered": ("managed_configuration",),
    "machine": ("Machine",),
    "outcomes": ("Access",),
    "pat": ("Either", "end_token", "replace_token", "tokens_of"),
    "reply": ("Reply",),
    "sealed": ("KeyFile", "Passphrase", "SealedVault"),
    "startup": ("Broken", "Choice", "ChooseSite", "Resume", "SignIn", "plan"),
    "state": ("Account", "SessionState", "Site"),
    "troubles": (
        "ApiRefused",
        "AppTrouble",
        "ManagedUnreadable",
        "SetUpWrong",
        "SignInNeeded",
        "TryLater",
        "VaultTrouble",
        "WhichOne",
    ),
    "vault": ("FileVault", "MemoryVault", "Vault"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    # Loaded when asked for: a program that only reads what is kept should not pay for browsers and sockets.
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
