"""The steps of a Change about passkeys."""

from dataclasses import dataclass

from genkan.protocol.entrances import Entrances
from genkan.protocol.records import Passkey


@dataclass(frozen=True, slots=True)
class AddPasskey:
    """Fails when some account has this credential already, or its own account has ``most`` of them."""

    passkey: Passkey
    most: int


@dataclass(frozen=True, slots=True)
class UsePasskey:
    """What a sign-in leaves behind. Fails unless the passkey still is the account's, its counter still is what was
    ``seen``, and nobody has found a copy of it.
    """

    account_id: int
    id: bytes
    seen: int
    counter: int
    backed_up: bool
    at: int


@dataclass(frozen=True, slots=True)
class MarkCloned:
    """There seems to be a copy of it. Fails unless it still is the account's, not marked, its counter what was
    ``seen``.
    """

    account_id: int
    id: bytes
    seen: int
    at: int


@dataclass(frozen=True, slots=True)
class RenamePasskey:
    """Fails unless the passkey is the account's."""

    account_id: int
    id: bytes
    name: str


@dataclass(frozen=True, slots=True)
class RemovePasskey:
    """Fails unless the passkey is the account's."""

    account_id: int
    id: bytes


@dataclass(frozen=True, slots=True)
class NeedWayIn:
    """Fails when the account has no way in that the site takes at this moment, as the steps before it leave it.
    ``here``: what the settings make possible.
    """

    account_id: int
    at: int
    here: Entrances


@dataclass(frozen=True, slots=True)
class DropPasskeys:
    """No passkey of the account is left; fails never."""

    account_id: int


PasskeyStep = AddPasskey | UsePasskey | MarkCloned | RenamePasskey | RemovePasskey | NeedWayIn | DropPasskeys
