"""What can be wrong with an installation, as far as its store and its clock tell: one sentence each. The command that
tells health adds what only the box knows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from genkan.protocol.api_keys import is_left
from genkan.protocol.env import DAY, HOUR, MINUTE, SECOND
from genkan.protocol.facts import KeyFacts
from genkan.protocol.records import Site, SourceState
from genkan.protocol.ring import Ring
from genkan.site.api.audit_documents import when
from genkan.sources.base import Source
from genkan.store.api import NodeReport, Storage
from genkan.store.rounds import is_running

CLOCK_OFF = 10 * SECOND
# The server seals once a minute, so lines that wait longer say that it does not.
SEAL_OVERDUE = 10 * MINUTE
LEAST_FREE = 256 * 1024 * 1024
MOST_NAMES = 10
KEY_IS_OLD = 365 * DAY


@dataclass(frozen=True, slots=True)
class At:
    """A moment within a sentence, which a page tells in its reader's zone."""

    ms: int

    def __str__(self) -> str:
        return when(self.ms)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. ``ok`` False makes the installation unhealthy. ``values`` fill the words."""

    id: str
    ok: bool
    words: str
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The words in English, filled in."""
        return self.words % dict(self.values) if self.values else self.words


# What a check says, by its name and how it went.
WORDS: Mapping[str, str] = {
    "keys": "Somebody answers for each of them.",
    "keys_left": "%(count)s have nobody left to answer for them: %(names)s. Adopt or revoke them.",
    "administrator": "Somebody can come in as one.",
    "nobody_administers": "No system administrator could come in by what the site takes. On its machine, genkan user"
    " recover NAME lets one in again.",
    "no_administrator": "There is none: restart genkan serve and open the link that it prints, or: genkan user add NAME"
    " --admin --password-stdin",
    "writes": "None is known to be lost.",
    "writes_lost": "The store lost writes, seen since %(since)s: see genkan restore.",
    "healing": "Until %(until)s, refresh tokens ahead of a restored backup are healed.",
    "no_healing": "Off.",
    "stops": "All sign-outs have reached their rows.",
    "stops_waiting": "%(count)s sign-outs since %(since)s count, and are being written into rows.",
    "clock": "It agrees with the store.",
    "clock_behind": "It is %(seconds)s s behind what the store remembers: set it right.",
    "server": "Last heard of at %(at)s.",
    "no_server": "None has been heard of in the last two minutes.",
    "ring": "Version %(version)s, key %(key)s seals.",
    "ring_behind": "Version %(version)s is loaded, the store names %(named)s: put the newest file there.",
    "ring_old": "Version %(version)s; key %(key)s has sealed for %(days)s days: rotate it when it suits you (genkan"
    " keys add, then genkan keys activate).",
    "disk": "%(free)s MB are free.",
    "disk_full": "Only %(free)s MB are free: when there is no room left, nobody can sign in.",
    "directory": "%(title)s answered at %(at)s.",
    "directory_unasked": "%(title)s has not been asked yet.",
    "directory_away": "%(title)s has not answered since %(since)s. Its people are kept signed in until %(until)s, then"
    " their accounts are disabled until it answers. genkan sign-on test %(name)s says what is wrong.",
    "directory_away_for_good": "%(title)s has not answered since %(since)s. Its people are kept signed in. genkan"
    " sign-on test %(name)s says what is wrong.",
    "directory_held": "%(title)s has not answered since %(since)s, and its people’s accounts are disabled until it"
    " does. genkan sign-on test %(name)s says what is wrong.",
    "audit": "All is sealed, or will be within a minute.",
    "audit_waiting": "Lines since %(since)s wait for their seal: does the server run, and what does its log say?",
}
# What is looked at, for people to read.
NAMES: Mapping[str, str] = {
    "keys": "API keys",
    "administrator": "Administrator",
    "writes": "Lost writes",
    "healing": "Healing after a restore",
    "stops": "Sign-outs",
    "clock": "Clock",
    "server": "Server",
    "ring": "Key ring",
    "disk": "Disk",
    "directory": "Corporate sign-in",
    "audit": "Seals of the audit",
}


def _check(id: str, ok: bool, said: str, **values: object) -> Check:  # noqa: A002 the member's name
    return Check(id, ok, WORDS[said], values)


def site_checks(
    site: Site, nodes: Sequence[NodeReport], unsettled: int, unsettled_since: int, now: int, *, administered: bool
) -> tuple[Check, ...]:
    """Everything that can be said without looking at files. ``administered``: a system administrator could come in."""
    return (
        _administrator(site, administered),
        _behind(site),
        _healing(site, now),
        _stops(unsettled, unsettled_since, now),
        _clock(nodes, now),
        _server(nodes, now),
    )


def _administrator(site: Site, administered: bool) -> Check:
    if not site.has_administrator:
        return _check("administrator", False, "no_administrator")
    return _check("administrator", administered, "administrator" if administered else "nobody_administers")


def _behind(site: Site) -> Check:
    if site.behind_since:
        return _check("writes", False, "writes_lost", since=At(site.behind_since))
    return _check("writes", True, "writes")


def _healing(site: Site, now: int) -> Check:
    if now < site.heal_until:
        return _check("healing", True, "healing", until=At(site.heal_until))
    return _check("healing", True, "no_healing")


def _stops(unsettled: int, unsettled_since: int, now: int) -> Check:
    if not unsettled:
        return _check("stops", True, "stops")
    stuck = now - unsettled_since > HOUR
    return _check("stops", not stuck, "stops_waiting", count=unsettled, since=At(unsettled_since))


def _clock(nodes: Sequence[NodeReport], now: int) -> Check:
    ahead = max((node.seen_at - now for node in nodes), default=0)
    if ahead >= CLOCK_OFF:
        return _check("clock", False, "clock_behind", seconds=ahead // SECOND)
    return _check("clock", True, "clock")


def _server(nodes: Sequence[NodeReport], now: int) -> Check:
    running = [node.seen_at for node in nodes if is_running(node, now)]
    if running:
        return _check("server", True, "server", at=At(max(running)))
    return _check("server", True, "no_server")


def keys_check(known: Sequence[KeyFacts], now: int) -> Check:
    """Whether somebody answers for each API key. That nobody does is told and is no fault of the installation: such a
    key opens nothing, or has worked so since before its maker was kept.
    """
    left = [facts.key.name for facts in known if is_left(facts, now)]
    if not left:
        return _check("keys", True, "keys")
    return _check("keys", True, "keys_left", count=len(left), names=", ".join(left[:MOST_NAMES]))


def ring_check(ring: Ring, named: int, now: int) -> Check:
    """The ring as loaded, beside the version that the store names. A key that is old is no fault, and said."""
    key = f"{ring.active.id:04x}"
    if named > ring.version:
        return _check("ring", False, "ring_behind", version=ring.version, named=named)
    days = (now - ring.active.created_at) // DAY
    if now - ring.active.created_at >= KEY_IS_OLD:
        return _check("ring", True, "ring_old", version=ring.version, key=key, days=days)
    return _check("ring", True, "ring", version=ring.version, key=key)


def disk_check(storage: Storage) -> Check | None:
    """Whether there is room; None where nobody can tell."""
    if storage.free is None:
        return None
    enough = storage.free >= LEAST_FREE
    return _check("disk", enough, "disk" if enough else "disk_full", free=storage.free // (1024 * 1024))


def audit_check(unsealed_since: int | None, now: int) -> Check:
    """Whether what the audit gets is sealed in time."""
    if unsealed_since is not None and now - unsealed_since >= SEAL_OVERDUE:
        return _check("audit", False, "audit_waiting", since=At(unsealed_since))
    return _check("audit", True, "audit")


def directory_check(source: Source, state: SourceState | None, now: int) -> Check:
    """Whether a directory can be asked after its people, and else what becomes of them."""
    if state is None or (state.reached_at is None and state.missed_since is None):
        return _check("directory", True, "directory_unasked", title=source.title)
    if state.missed_since is None:
        return _check("directory", True, "directory", title=source.title, at=At(state.reached_at or 0))
    told = {"title": source.title, "name": source.name, "since": At(state.missed_since)}
    kept, until = source.rule.kept, state.missed_since + source.rule.kept
    if not kept:
        return _check("directory", False, "directory_away_for_good", **told)
    if now >= until:
        return _check("directory", False, "directory_held", **told)
    return _check("directory", False, "directory_away", until=At(until), **told)
