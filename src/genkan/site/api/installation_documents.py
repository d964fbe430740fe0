"""The state of an installation as the API shows it."""

import platform
from collections.abc import Sequence

from msgspec import Struct

from genkan import __version__
from genkan.protocol.findings import Finding, Grade, Remedy, worst
from genkan.protocol.ring import KeyState, Ring
from genkan.site.api.audit_documents import when
from genkan.site.api.chain_documents import ChainDocument, segment_document
from genkan.site.api.checks import Check
from genkan.site.api.documents import moment, public_id
from genkan.site.api.installation import Installation
from genkan.site.api.request_seen import ADVICE, RequestSeen, Way
from genkan.site.door import Door
from genkan.store.api import NodeReport, Storage
from genkan.store.rounds import is_running

_NAMES = {"base_url": "baseURL", "mobile_enabled": "mobileEnabled", "clock_behind_seconds": "clockBehindSeconds",
          "refusals_last_hour": "refusalsLastHour", "python_version": "pythonVersion"}  # fmt: skip


class CheckDocument(Struct, frozen=True):
    """One thing that was looked at."""

    id: str
    ok: bool
    sentence: str


class FindingDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """How the configuration stands to a topic of RFC 9700. ``advice`` says what to do where that is not good,
    ``setting`` is the line to write for it; ``remedy`` can be done to the link of ``linkId`` at once.
    """

    id: str
    section: str
    grade: Grade
    sentence: str
    advice: str | None
    setting: str | None
    link_id: str | None
    remedy: Remedy | None


class StorageDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """What keeps the site: ``unsettledStops`` count already and have not reached all of their rows; at most
    10 000 are counted. Bytes are null where they cannot be told.
    """

    engine: str
    version: str
    schema: int
    unsettled_stops: int
    size_bytes: int | None
    log_bytes: int | None
    free_bytes: int | None


class KeyDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """A key of the ring, never its secret."""

    id: str
    state: KeyState
    created_at: str


class RingDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """The key ring: the version loaded, and the one that the store names."""

    version: int
    store_version: int
    sealing_key: str
    keys: tuple[KeyDocument, ...]


class NodeDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """A serving process, by what it last said of itself."""

    name: str
    running: bool
    ring_version: int
    last_seen_at: str


class RequestDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """What this very request looked like when it arrived, and whether the proxy before the site is set up well."""

    ok: bool
    way: Way
    scheme: str
    host: str
    address: str
    trusted_proxy: bool
    missing_headers: tuple[str, ...]
    sentence: str
    advice: str | None
    setting: str | None


class RefusalCountDocument(Struct, frozen=True):
    """How often this was said to callers who proved nothing."""

    reason: str
    count: int


class InstallationDocument(Struct, frozen=True, kw_only=True, rename=_NAMES):
    """The installation; ``healthy`` where no check says otherwise, ``grade`` the worst of its findings."""

    healthy: bool
    grade: Grade
    version: str
    python_version: str
    base_url: str
    now: str
    clock_behind_seconds: int
    mobile_enabled: bool
    storage: StorageDocument
    ring: RingDocument
    nodes: tuple[NodeDocument, ...]
    audit: ChainDocument
    request: RequestDocument
    checks: tuple[CheckDocument, ...]
    findings: tuple[FindingDocument, ...]
    refusals_last_hour: tuple[RefusalCountDocument, ...]


def installation_document(
    seen: Installation, request: RequestSeen, door: Door, *, mobile: bool
) -> InstallationDocument:
    """Everything that was seen."""
    return InstallationDocument(
        healthy=seen.healthy,
        grade=worst(seen.findings),
        version=__version__,
        python_version=platform.python_version(),
        base_url=door.public.text,
        now=moment(seen.now),
        clock_behind_seconds=seen.clock_behind,
        mobile_enabled=mobile,
        storage=_storage(seen.storage),
        ring=_ring(seen.ring, seen.site.ring_version),
        nodes=_nodes(seen.nodes, seen.reported_now),
        audit=ChainDocument(
            newest=segment_document(seen.newest),
            unsealed_since=None if seen.unsealed_since is None else when(seen.unsealed_since),
            kept_days=door.settings.audit_days or None,
        ),
        request=_request(request),
        checks=tuple(_check(check) for check in seen.checks),
        findings=tuple(_finding(finding) for finding in seen.findings),
        refusals_last_hour=tuple(RefusalCountDocument(reason, count) for reason, count in seen.refusals),
    )


def _storage(storage: Storage) -> StorageDocument:
    return StorageDocument(
        engine=storage.engine,
        version=storage.version,
        schema=storage.schema,
        unsettled_stops=storage.unsettled,
        size_bytes=storage.size,
        log_bytes=storage.log_size,
        free_bytes=storage.free,
    )


def _ring(ring: Ring, named: int) -> RingDocument:
    keys = (KeyDocument(id=f"{k.id:04x}", state=k.state, created_at=moment(k.created_at)) for k in ring.keys)
    return RingDocument(
        version=ring.version, store_version=named, sealing_key=f"{ring.active.id:04x}", keys=tuple(keys)
    )


def _nodes(nodes: Sequence[NodeReport], now: int) -> tuple[NodeDocument, ...]:
    return tuple(
        NodeDocument(
            name=node.node,
            running=is_running(node, now),
            ring_version=node.ring_version,
            last_seen_at=moment(node.seen_at),
        )
        for node in nodes
    )


def _request(request: RequestSeen) -> RequestDocument:
    return RequestDocument(
        ok=request.ok,
        way=request.way,
        scheme=request.scheme,
        host=request.host,
        address=request.address,
        trusted_proxy=request.trusted,
        missing_headers=request.missing,
        sentence=request.sentence,
        advice=ADVICE[request.way] or None,
        setting=request.line or None,
    )


def _check(check: Check) -> CheckDocument:
    return CheckDocument(check.id, check.ok, check.sentence)


def _finding(finding: Finding) -> FindingDocument:
    return FindingDocument(
        id=finding.id,
        section=finding.words.topic,
        grade=finding.grade,
        sentence=finding.sentence,
        advice=finding.words.advice or None,
        setting=finding.line or None,
        link_id=public_id(finding.link.id) if finding.link else None,
        remedy=finding.remedy,
    )
