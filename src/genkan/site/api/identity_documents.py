"""What the API tells and reads of the organisation's directories: who an account is there, and how they stand."""

from typing import Annotated

from msgspec import Meta, Struct

from genkan.protocol.directory import LABEL_CHARACTERS, SUBJECT_CHARACTERS
from genkan.protocol.records import Identity
from genkan.site.api.documents import moment
from genkan.site.sign_on import SignOnDesk

SourceName = Annotated[str, Meta(max_length=64, description="The name of a table in the sign-on file.")]


class IdentityDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """Who an account is in a directory. ``held``: the account is disabled until the directory knows the person again;
    ``missed_since``: since when the directory gives no answer about them.
    """

    source: str
    title: str
    subject: str
    label: str
    linked_at: str
    last_sign_in_at: str
    checked_at: str
    missed_since: str | None
    held: bool


class NewIdentityBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody of a directory to link to an account. ``subject`` is their id there: sub of an OpenID provider."""

    source: SourceName
    subject: Annotated[str, Meta(max_length=SUBJECT_CHARACTERS)]
    label: Annotated[str, Meta(max_length=LABEL_CHARACTERS)] = ""


class StrangerDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """Somebody whom a directory knows and who was not let in; kept until the server restarts."""

    at: str
    source: str
    subject: str
    name: str
    why: str


class SourceDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """A directory of the sign-on file, when it last answered and since when it does not."""

    name: str
    title: str
    reached_at: str | None
    missed_since: str | None


class SignOnDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """The organisation's own sign-in."""

    sources: tuple[SourceDocument, ...]
    strangers: tuple[StrangerDocument, ...]


def identity_document(identity: Identity, desk: SignOnDesk) -> IdentityDocument:
    """A link as it is told; the provider's own token never is."""
    return IdentityDocument(
        source=identity.source,
        title=desk.title_of(identity.source),
        subject=identity.subject,
        label=identity.label,
        linked_at=moment(identity.linked_at),
        last_sign_in_at=moment(identity.seen_at),
        checked_at=moment(identity.checked_at),
        missed_since=None if identity.missed_since is None else moment(identity.missed_since),
        held=identity.held is not None,
    )
