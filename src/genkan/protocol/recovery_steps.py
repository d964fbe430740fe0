"""The steps of a Change about one-time links and the password they are for."""

from dataclasses import dataclass, field

from genkan.protocol.records import RecoveryLink
from genkan.wire.scopes import Permission


@dataclass(frozen=True, slots=True)
class NeedPassword:
    """Fails unless this is the hash that is kept: somebody may have set another password meanwhile."""

    account_id: int
    hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PutRecovery:
    """A new one-time link in place of the account's earlier one. Fails where the person may more by now than
    ``permission``: who makes it was not asked whether they reach so far. ``maker``: the account that hands it out, None
    for the machine; the link falls with its right, and fails where that has fallen by now.
    """

    link: RecoveryLink
    permission: Permission
    maker: int | None = None


@dataclass(frozen=True, slots=True)
class UseRecovery:
    """Spend a one-time link. Fails unless it is the account's own, and the account is active and was not stopped since
    it was made.
    """

    account_id: int
    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class DropRecovery:
    """Take a one-time link back. Fails when there is none."""

    account_id: int


RecoveryStep = NeedPassword | PutRecovery | UseRecovery | DropRecovery
