"""The steps of a Change about who an account is in an organisation's directories."""

from dataclasses import dataclass

from genkan.protocol.records import Identity


@dataclass(frozen=True, slots=True)
class AddIdentity:
    """Link an account. Fails when the subject is linked already, or the account to another subject of the source."""

    identity: Identity


@dataclass(frozen=True, slots=True)
class PutIdentity:
    """What is known of a link now. Fails unless it was neither used nor checked since it was ``seen``: of two that
    write at once, one has an upstream token that the other has spent.
    """

    seen: Identity
    identity: Identity


@dataclass(frozen=True, slots=True)
class RemoveIdentity:
    """Unlink. Fails when there is no such link of this account."""

    source: str
    subject: str
    account_id: int


@dataclass(frozen=True, slots=True)
class NoteSource:
    """Whether a directory could be asked: then ``reached_at`` is set and ``missed_since`` forgotten, else the first
    miss is kept.
    """

    source: str
    at: int
    reached: bool


IdentityStep = AddIdentity | PutIdentity | RemoveIdentity | NoteSource
