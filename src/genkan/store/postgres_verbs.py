"""The verbs of the Store protocol that PostgreSQL answers from a thread, by the reads that both engines share."""

from collections.abc import Sequence
from dataclasses import replace

from genkan.protocol.audit import Line, Segment
from genkan.protocol.certificate_records import KnownCertificate, Pin, PinKind
from genkan.protocol.entrances import NOTHING_LOST, Entrances, Lost
from genkan.protocol.facts import IdentityFacts, KeyFacts, PasskeyFacts, RecoveryFacts, SessionFacts
from genkan.protocol.outcomes import Event
from genkan.protocol.phone_check_steps import PhoneVisit
from genkan.protocol.phones import PhoneRow
from genkan.protocol.records import (
    Account,
    Consent,
    FailedTries,
    Identity,
    Moments,
    Passkey,
    RecoveryLink,
    Served,
    Session,
    SourceState,
)
from genkan.store.api import (
    Asker,
    AuditPage,
    AuditQuery,
    NodeReport,
    PeoplePage,
    PeopleQuery,
    PhonePage,
    PhoneQuery,
    PhoneSearch,
    Storage,
    Tally,
    Usage,
)
from genkan.store.postgres_appenders import appenders_are_done
from genkan.store.postgres_cold import ColdThreads
from genkan.store.postgres_hot import HotReads
from genkan.wire.scopes import Permission

_SIZE = "SELECT pg_database_size(current_database())"


class ColdVerbs(HotReads):
    """The other half of the Store protocol's reads."""

    def __init__(self, url: str, server: str) -> None:
        super().__init__(url)
        self._cold = ColdThreads(url)
        self._server = server

    async def storage(self) -> Storage:
        found = await self._cold.ask(lambda reads: reads.storage())
        size = int((await self._pool.fetch(_SIZE))[0][0])
        return replace(found, engine="postgresql", version=self._server, size=size)

    async def audit_lines(self, after: int | None, limit: int, until: int | None = None) -> list[Line]:
        return await self._cold.ask(lambda reads: reads.audit_lines(after, limit, until))

    async def last_settled(self) -> int:
        last = await self.last_event()
        if last:
            await appenders_are_done(self._pool)
        return last

    async def accounts(self, after: str = "", limit: int = 100) -> list[Account]:
        return await self._cold.ask(lambda reads: reads.accounts(after, limit))

    async def people(self, query: PeopleQuery) -> PeoplePage:
        return await self._cold.ask(lambda reads: reads.people(query))

    async def password_set_at(self, account_id: int) -> int | None:
        return await self._cold.ask(lambda reads: reads.password_set_at(account_id))

    async def recovery(self, digest: bytes) -> RecoveryFacts | None:
        return await self._cold.ask(lambda reads: reads.recovery(digest))

    async def recovery_of(self, account_id: int) -> RecoveryLink | None:
        return await self._cold.ask(lambda reads: reads.recovery_of(account_id))

    async def pins(self, account_id: int) -> list[Pin]:
        return await self._cold.ask(lambda reads: reads.pins(account_id))

    async def pinned(self, values: Sequence[tuple[PinKind, bytes]]) -> list[tuple[Pin, Account]]:
        return await self._cold.ask(lambda reads: reads.pinned(values))

    async def administrators_certificates(self) -> list[KnownCertificate]:
        return await self._cold.ask(lambda reads: reads.administrators_certificates())

    async def accounts_by_email(self, address: str) -> list[Account]:
        return await self._cold.ask(lambda reads: reads.accounts_by_email(address))

    async def certificates(self, account_id: int) -> list[KnownCertificate]:
        return await self._cold.ask(lambda reads: reads.certificates(account_id))

    async def certificate(self, fingerprint: bytes) -> KnownCertificate | None:
        return await self._cold.ask(lambda reads: reads.certificate(fingerprint))

    async def certificate_numbered(self, number: int) -> KnownCertificate | None:
        return await self._cold.ask(lambda reads: reads.certificate_numbered(number))

    async def certificates_to_check(self, before: int, limit: int) -> list[tuple[KnownCertificate, bool]]:
        return await self._cold.ask(lambda reads: reads.certificates_to_check(before, limit))

    async def passkey(self, credential_id: bytes) -> PasskeyFacts | None:
        return await self._cold.ask(lambda reads: reads.passkey(credential_id))

    async def passkeys(self, account_id: int) -> list[Passkey]:
        return await self._cold.ask(lambda reads: reads.passkeys(account_id))

    async def has_way_in(self, account_id: int, here: Entrances, at: int, lost: Lost = NOTHING_LOST) -> bool:
        return await self._cold.ask(lambda reads: reads.has_way_in(account_id, here, at, lost))

    async def has_other_administrator(self, account: Account, here: Entrances, at: int) -> bool:
        return await self._cold.ask(lambda reads: reads.has_other_administrator(account, here, at))

    async def has_administrator_by(self, here: Entrances, permission: Permission, at: int) -> bool:
        return await self._cold.ask(lambda reads: reads.has_administrator_by(here, permission, at))

    async def recovery_codes_left(self, account_id: int) -> int | None:
        return await self._cold.ask(lambda reads: reads.recovery_codes_left(account_id))

    async def has_recovery_code(self, account_id: int, digest: bytes) -> bool:
        return await self._cold.ask(lambda reads: reads.has_recovery_code(account_id, digest))

    async def is_spent(self, digest: bytes) -> bool:
        return await self._cold.ask(lambda reads: reads.is_spent(digest))

    async def failed_tries(self, account_id: int) -> FailedTries | None:
        return await self._cold.ask(lambda reads: reads.failed_tries(account_id))

    async def identity(self, source: str, subject: str) -> IdentityFacts | None:
        return await self._cold.ask(lambda reads: reads.identity(source, subject))

    async def identities_of(self, account_id: int) -> list[Identity]:
        return await self._cold.ask(lambda reads: reads.identities_of(account_id))

    async def identities_due(self, source: str, before: int, limit: int) -> list[IdentityFacts]:
        return await self._cold.ask(lambda reads: reads.identities_due(source, before, limit))

    async def source_states(self) -> list[SourceState]:
        return await self._cold.ask(lambda reads: reads.source_states())

    async def upstream_sessions(self, source: str, upstream_sid: str) -> list[SessionFacts]:
        return await self._cold.ask(lambda reads: reads.upstream_sessions(source, upstream_sid))

    async def sessions(self, account_id: int) -> list[Session]:
        return await self._cold.ask(lambda reads: reads.sessions(account_id))

    async def phones(self, query: PhoneQuery) -> list[PhoneRow]:
        return await self._cold.ask(lambda reads: reads.phones(query))

    async def search_phones(self, search: PhoneSearch) -> PhonePage:
        return await self._cold.ask(lambda reads: reads.search_phones(search))

    async def usage(self, query: PhoneQuery, now: int, most: int | None = None) -> Usage:
        return await self._cold.ask(lambda reads: reads.usage(query, now, most))

    async def phone(self, grant_id: bytes) -> PhoneRow | None:
        return await self._cold.ask(lambda reads: reads.phone(grant_id))

    async def phone_visit(self, visit_id: bytes) -> PhoneVisit | None:
        return await self._cold.ask(lambda reads: reads.phone_visit(visit_id))

    async def phone_visits(self, check_id: bytes) -> list[PhoneVisit]:
        return await self._cold.ask(lambda reads: reads.phone_visits(check_id))

    async def consents(self, account_id: int) -> list[Consent]:
        return await self._cold.ask(lambda reads: reads.consents(account_id))

    async def api_keys(self) -> list[KeyFacts]:
        return await self._cold.ask(lambda reads: reads.api_keys())

    async def events(self, after: int = 0, limit: int = 100) -> list[tuple[int, Event]]:
        return await self._cold.ask(lambda reads: reads.events(after, limit))

    async def last_event(self) -> int:
        return await self._cold.ask(lambda reads: reads.last_event())

    async def audit_page(self, query: AuditQuery) -> AuditPage:
        return await self._cold.ask(lambda reads: reads.audit_page(query))

    async def audit_of_grant(self, grant_id: bytes, limit: int = 100) -> list[Line]:
        return await self._cold.ask(lambda reads: reads.audit_of_grant(grant_id, limit))

    async def tallies(self, limit: int = 100) -> list[Tally]:
        return await self._cold.ask(lambda reads: reads.tallies(limit))

    async def askers(self, since: int, limit: int = 100) -> list[Asker]:
        return await self._cold.ask(lambda reads: reads.askers(since, limit))

    async def keys_in_use(self) -> set[int]:
        return await self._cold.ask(lambda reads: reads.keys_in_use())

    async def nodes(self) -> list[NodeReport]:
        return await self._cold.ask(lambda reads: reads.nodes())

    async def moments(self) -> Moments:
        return await self._cold.ask(lambda reads: reads.moments())

    async def served(self) -> Served | None:
        return await self._cold.ask(lambda reads: reads.served())

    async def segments(self, node: str, after: int = 0, limit: int = 100) -> list[Segment]:
        return await self._cold.ask(lambda reads: reads.segments(node, after, limit))

    async def last_segment(self, node: str) -> Segment | None:
        return await self._cold.ask(lambda reads: reads.last_segment(node))

    async def oldest_kept_segment(self, node: str) -> Segment | None:
        return await self._cold.ask(lambda reads: reads.oldest_kept_segment(node))
