"""The Store protocol: reads by key and one conditional write per outcome. Every engine passes the same contract
suite.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from genkan.protocol.audit import Line, Segment
from genkan.protocol.certificate_records import KnownCertificate, Pin, PinKind
from genkan.protocol.entrances import NOTHING_LOST, Entrances, Lost
from genkan.protocol.env import DAY
from genkan.protocol.facts import (
    CodeFacts,
    GrantFacts,
    IdentityFacts,
    KeyFacts,
    PasskeyFacts,
    RecoveryFacts,
    SessionFacts,
    VisitFacts,
)
from genkan.protocol.outcomes import Event, Sighting, Writable
from genkan.protocol.phone_check_steps import PhoneVisit
from genkan.protocol.phones import PhoneRow, PhoneState
from genkan.protocol.records import (
    Account,
    Consent,
    FailedTries,
    Guesses,
    Identity,
    Link,
    LinkKind,
    Moments,
    Passkey,
    RecoveryLink,
    Served,
    Session,
    Site,
    SourceState,
    Standing,
)
from genkan.store.figures import StoreFigures
from genkan.wire.scopes import Permission


class StoreUnavailable(Exception):
    """The store cannot answer: lost, full, locked too long or closing. Nothing was acknowledged."""


class QueueFull(StoreUnavailable):
    """More writes wait than may; the caller answers 503 with Retry-After."""


class StoreDamaged(StoreUnavailable):
    """A page of it cannot be read, and no waiting mends it."""


class StoreUnfit(StoreUnavailable):
    """Tables or columns of it are not there, and no waiting brings them."""


class CannotOpen(Exception):
    """The store cannot be opened; the text is one sentence for the operator."""


class StoreAway(CannotOpen):
    """The store cannot be reached just now: the same may do later, and nobody has to mend anything here."""


class NoSite(CannotOpen):
    """There is no site where one was looked for, and looking made none."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Refusals of callers who proved nothing, counted: one row per reason, network prefix and minute (tokens.md 4).

    ``minute`` counts minutes since the Unix epoch. Network "" stands for all beyond a minute's first thousand rows.
    """

    minute: int
    reason: str
    network: str
    count: int


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked how to sign in (info/login): a user agent in a network, first and last when, and how often.

    Kept thirty days after the last time, of the newest thousand.
    """

    user_agent: str
    network: str
    first_at: int
    last_at: int
    count: int


@dataclass(frozen=True, slots=True)
class PhoneQuery:
    """Which phones to list, newest first. ``before`` is the grant id to go on from (keyset), whichever the order.

    ``live_only`` leaves out what ended and what a stop reached; a store has no clock, so expired ones are in the list.
    """

    account_id: int | None = None
    link_id: int | None = None
    live_only: bool = False
    before: bytes | None = None
    limit: int = 100
    oldest_first: bool = False


class PhoneOrder(StrEnum):
    """By sign-in time, or grouped by name with the newest of each group first. By person leaves deleted people out."""

    NEWEST = "newest"
    OLDEST = "oldest"
    PERSON = "person"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class PhoneMark:
    """Where a search goes on: behind this sign-in, in the groups of PERSON or LINK within or behind this one's."""

    grant_id: bytes
    group: int = 0


@dataclass(frozen=True, slots=True)
class PhoneSearch:
    """Which of all phones to look for, as they stand ``now``, in pages that look at a bounded number of sign-ins each.

    ``person`` is the beginning of folded names and asks for the order PERSON. ``reason`` is why they ended.
    ``unseen_since`` leaves out what was used at that moment or later.
    """

    now: int
    kind: LinkKind | None = None
    account_id: int | None = None
    link_id: int | None = None
    person: str = ""
    state: PhoneState | None = None
    reason: str = ""
    unseen_since: int | None = None
    order: PhoneOrder = PhoneOrder.NEWEST
    start: PhoneMark | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class PhonePage:
    """Phones that fit, perhaps none, and where to go on; ``next`` is None at the end."""

    rows: tuple[PhoneRow, ...]
    next: PhoneMark | None


@dataclass(frozen=True, slots=True)
class PeopleQuery:
    """Which accounts to list, by folded name. ``prefix`` is folded; ``after`` is the folded name to go on from.

    Tombstones come only where ``standing`` asks for them.
    """

    prefix: str = ""
    standing: Standing | None = None
    permission: Permission | None = None
    after: str = ""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Accounts, and the ``after`` of the next page, None behind the last. A page may be shorter than its limit, even
    empty, before the last: a store looks at a bounded number of names for each.
    """

    accounts: tuple[Account, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Usage:
    """How many of the newest ``most`` sign-ins of a person or a link live on, and when one of them was last used (0:
    never).

    ``complete``: these are all there are; else there may be more.
    """

    live: int
    last_used: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Storage:
    """What keeps the site. ``unsettled`` stops (counted up to 10 000) since ``unsettled_since`` have not reached all
    of their rows.

    ``size`` and ``log_size`` are bytes of the database and of its write-ahead log, ``free`` what the disk has left;
    None where an engine cannot tell.
    """

    engine: str
    version: str
    schema: int
    unsettled: int
    unsettled_since: int
    size: int | None = None
    log_size: int | None = None
    free: int | None = None


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which lines of the audit to list. ``start`` is the number to go on from in the order asked for (keyset).

    ``kinds`` and ``actor`` are matched exactly, ``text`` within reason and detail whatever the case of ASCII letters;
    ``since`` is the first moment, ``until`` the first that is too late.
    """

    kinds: Set[str] | None = None
    actor: str | None = None
    account_id: int | None = None
    link_id: int | None = None
    text: str | None = None
    since: int | None = None
    until: int | None = None
    newest_first: bool = True
    start: int | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Lines that fit, perhaps none: a page looks at a bounded number. ``next`` is where to go on; None at the end."""

    lines: list[Line]
    next: int | None


@dataclass(frozen=True, slots=True)
class NodeReport:
    """What a serving process last said of itself: the ring version it loaded, and when, by the store's clock or by its
    own where the store has none. At 0 it has ended in order.
    """

    node: str
    ring_version: int
    seen_at: int


# The time went on by so much at once: nothing ran for so long, or a clock is wrong.
LEAP = DAY


@dataclass(frozen=True, slots=True)
class Reported:
    """What a report is answered: the latest time that anybody had told before it, and when the time had last gone on by
    more than ``LEAP`` at once, by this report too; 0 for never.
    """

    latest: int
    leapt_at: int


@dataclass(frozen=True, slots=True)
class PasswordRow:
    """An account with its password hash and the guess buckets asked for."""

    account: Account | None
    hash: str | None
    guesses: Mapping[bytes, Guesses]

    def __repr__(self) -> str:
        return f"PasswordRow(account={self.account!r})"


class Store(Protocol):
    """What the site needs of its memory. Reads see every acknowledged write; they never wait for writes.

    An instance serves one event loop at a time. Any call may raise StoreUnavailable.
    """

    # Reads on the hot paths: at most one indexed read each
    async def site(self) -> Site: ...
    async def link_by_client_id(self, client_id: str) -> Link | None: ...
    async def link(self, link_id: int) -> Link | None: ...
    async def grant_facts(self, grant_id: bytes) -> GrantFacts: ...
    async def code_facts(self, grant_id: bytes, account_id: int, link_id: int) -> CodeFacts: ...
    async def session_facts(self, session_id: bytes) -> SessionFacts | None: ...
    async def visit_facts(self, session_id: bytes | None, link_id: int) -> VisitFacts: ...
    async def consent(self, account_id: int, link_id: int) -> Consent | None: ...

    # The one write: False means that the facts moved on, and nothing was written
    async def apply(self, outcome: Writable) -> bool: ...

    # Lazy writes: taken in without waiting, written within about a second, bounded; losing them harms nothing. Events
    # that differ in their time alone are one until they are written; a STORE_BEHIND sets ``Site.behind_since``, which
    # DecideLoss clears
    def note_sighting(self, sighting: Sighting) -> None: ...
    def note_session(self, session_id: bytes, at: int) -> None: ...
    def note_refusal(self, tally: Tally) -> None: ...
    def note_event(self, event: Event) -> None: ...
    def note_asker(self, user_agent: str, network: str, at: int) -> None: ...

    # Reads for sign-in and administration. Tombstones are in the lists: of accounts, links, withdrawn consents
    async def password_row(self, folded: str, buckets: Sequence[bytes]) -> PasswordRow: ...
    async def account(self, account_id: int) -> Account | None: ...
    async def account_by_name(self, folded: str) -> Account | None: ...
    async def accounts(self, after: str = "", limit: int = 100) -> list[Account]: ...
    async def people(self, query: PeopleQuery) -> PeoplePage: ...
    async def password_set_at(self, account_id: int) -> int | None: ...
    async def recovery(self, digest: bytes) -> RecoveryFacts | None: ...
    async def recovery_of(self, account_id: int) -> RecoveryLink | None: ...
    async def pins(self, account_id: int) -> list[Pin]: ...
    async def pinned(self, values: Sequence[tuple[PinKind, bytes]]) -> list[tuple[Pin, Account]]: ...
    async def administrators_certificates(self) -> list[KnownCertificate]: ...
    async def accounts_by_email(self, address: str) -> list[Account]: ...
    async def certificates(self, account_id: int) -> list[KnownCertificate]: ...
    async def certificate(self, fingerprint: bytes) -> KnownCertificate | None: ...
    async def certificate_numbered(self, number: int) -> KnownCertificate | None: ...
    async def certificates_to_check(self, before: int, limit: int) -> list[tuple[KnownCertificate, bool]]: ...
    async def passkey(self, credential_id: bytes) -> PasskeyFacts | None: ...
    async def passkeys(self, account_id: int) -> list[Passkey]: ...
    async def has_way_in(self, account_id: int, here: Entrances, at: int, lost: Lost = NOTHING_LOST) -> bool: ...
    async def has_other_administrator(self, account: Account, here: Entrances, at: int) -> bool: ...
    async def has_administrator_by(self, here: Entrances, permission: Permission, at: int) -> bool: ...
    async def recovery_codes_left(self, account_id: int) -> int | None: ...
    async def has_recovery_code(self, account_id: int, digest: bytes) -> bool: ...
    async def is_spent(self, digest: bytes) -> bool: ...
    async def failed_tries(self, account_id: int) -> FailedTries | None: ...
    async def identity(self, source: str, subject: str) -> IdentityFacts | None: ...
    async def identities_of(self, account_id: int) -> list[Identity]: ...
    async def identities_due(self, source: str, before: int, limit: int) -> list[IdentityFacts]: ...
    async def source_states(self) -> list[SourceState]: ...
    async def upstream_sessions(self, source: str, upstream_sid: str) -> list[SessionFacts]: ...
    async def sessions(self, account_id: int) -> list[Session]: ...
    async def links(self) -> list[Link]: ...
    async def phones(self, query: PhoneQuery) -> list[PhoneRow]: ...
    async def search_phones(self, search: PhoneSearch) -> PhonePage: ...
    async def usage(self, query: PhoneQuery, now: int, most: int | None = None) -> Usage: ...
    async def phone(self, grant_id: bytes) -> PhoneRow | None: ...
    async def phone_visit(self, visit_id: bytes) -> PhoneVisit | None: ...
    async def phone_visits(self, check_id: bytes) -> list[PhoneVisit]: ...
    async def consents(self, account_id: int) -> list[Consent]: ...
    async def api_key(self, digest: bytes) -> KeyFacts | None: ...
    async def api_keys(self) -> list[KeyFacts]: ...
    async def events(self, after: int = 0, limit: int = 100) -> list[tuple[int, Event]]: ...
    async def last_event(self) -> int: ...
    async def audit_page(self, query: AuditQuery) -> AuditPage: ...
    async def audit_of_grant(self, grant_id: bytes, limit: int = 100) -> list[Line]: ...
    async def tallies(self, limit: int = 100) -> list[Tally]: ...
    async def askers(self, since: int, limit: int = 100) -> list[Asker]: ...
    async def keys_in_use(self) -> set[int]: ...
    async def nodes(self) -> list[NodeReport]: ...
    async def moments(self) -> Moments: ...
    async def served(self) -> Served | None: ...
    async def storage(self) -> Storage: ...

    # The audit's chain, one a node: lines after a number and up to another, segments by sequence. No line can appear
    # any more before last_settled, 0 where there is none; it waits for those who write lines now. seal adds the segment
    # that follows from the last, drop lets go of a segment's lines but never of the newest's; False where the chain
    # moved on
    async def last_settled(self) -> int: ...
    async def audit_lines(self, after: int | None, limit: int, until: int | None = None) -> list[Line]: ...
    async def segments(self, node: str, after: int = 0, limit: int = 100) -> list[Segment]: ...
    async def last_segment(self, node: str) -> Segment | None: ...
    async def oldest_kept_segment(self, node: str) -> Segment | None: ...
    async def seal(self, segment: Segment) -> bool: ...
    async def drop(self, segment: Segment) -> bool: ...

    # Upkeep. settle and prune do one bounded step in one small transaction and say 0 once nothing is left to do; report
    # keeps what a node says and the time that it tells, a node that ends none; flush waits until all that was noted is
    # durable. clock is the engine's own, None where it has none but ours; on_duty says whether this instance
    # does what one does for all, asked anew each time; leave_duty lets another
    async def settle(self, limit: int) -> int: ...
    async def prune(self, now: int, limit: int) -> int: ...
    async def report(self, node: NodeReport) -> Reported: ...
    async def clock(self) -> int | None: ...
    async def on_duty(self) -> bool: ...
    async def leave_duty(self) -> None: ...
    async def prove(self) -> None: ...
    async def flush(self) -> None: ...
    async def close(self) -> None: ...

    # What this process has done and what waits, as plain numbers
    def figures(self) -> StoreFigures: ...
