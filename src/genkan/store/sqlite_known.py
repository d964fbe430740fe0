"""What is known of rows without looking at them: sure while this process holds the file's claim, which whoever else
writes breaks, and while no write of its own is under way that may change them (docs/decisions/0244).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from genkan.protocol.facts import GrantFacts, VisitFacts
from genkan.protocol.outcomes import Ended, Redeemed, Retried, Rotated
from genkan.store import rows
from genkan.store.api import NodeReport
from genkan.store.sqlite_cache import Recent, SiteCache, moved
from genkan.store.sqlite_commands import Claim, Close, Command, Drop, Flush, Seal
from genkan.store.sqlite_lazy import Notes

# Which rows that are known here a command may change, by their ids. One that is not listed may change any of them.
_CHANGED: Mapping[type, Callable[[Any], Iterable[bytes]]] = {
    Rotated: lambda rotated: (rotated.seen.id,),
    Retried: lambda retried: (retried.grant.id,),
    Ended: lambda ended: (ended.grant_id,),
    Notes: lambda notes: (*notes.sightings, *notes.sessions),
    **dict.fromkeys((Redeemed, Seal, Drop, NodeReport, Claim, Flush, Close), lambda _: ()),
}


class KnownGrant(msgspec.Struct, frozen=True):
    """Facts and the mark under which they were read: every counter that moves when any of them does. ``at``: in which
    epoch of the grants.
    """

    at: int
    mark: rows.Row
    facts: GrantFacts


class KnownVisit(msgspec.Struct, frozen=True):
    """Facts of a session at a link, and the epoch in which they were read."""

    at: int
    link_id: int
    facts: VisitFacts


class Known:
    """Used by whoever reads. The writer says what it begins to write, and what became of it before anybody is told.

    Between the two, rows that may change are looked at: they can be seen to have changed before whoever asked for it
    hears of it. Afterwards what was read of them is forgotten. What may have changed any row begins a new epoch, and so
    does the claim: nothing that was read before either is sure. What may have changed any grant alone begins one of the
    grants.
    """

    def __init__(self, cache: SiteCache) -> None:
        self._cache = cache
        self._grants: Recent[KnownGrant] = Recent()
        self._visits: Recent[KnownVisit] = Recent()
        self._claim = -1
        self._epoch = self._grant_epoch = 0
        # Of the batch under way: what it changes, and by which command where that is one alone.
        self._changing: dict[bytes, int | None] = {}
        self._any_grant = self._any_row = False

    @property
    def is_claimed(self) -> bool:
        """Whether this process still holds the claim, as the turn's snapshot shows it."""
        return self._cache.claim == self._claim

    def sure_grant(self, grant_id: bytes) -> GrantFacts | None:
        """What the database would say of a grant; None where it must be asked."""
        known = self._grants.get(grant_id)
        if (
            known is None
            or known.at != self._grant_epoch
            or self._any_grant
            or grant_id in self._changing
            or known.facts.site is not self._cache.site
            or self._cache.claim != self._claim
        ):
            return None
        return known.facts

    def grant(self, grant_id: bytes) -> KnownGrant | None:
        """What was read of a grant last, where site and link are still as they were."""
        known = self._grants.get(grant_id)
        return known if known is not None and known.facts.site is self._cache.site else None

    def read_grant(self, grant_id: bytes, mark: rows.Row, facts: GrantFacts) -> None:
        """This is what the turn's snapshot shows."""
        self._grants.put(grant_id, KnownGrant(self._grant_epoch, mark, facts))

    def sure_visit(self, session_id: bytes, link_id: int) -> VisitFacts | None:
        """What the database would say of a session at a link; None where it must be asked."""
        known = self._visits.get(session_id)
        if (
            known is None
            or known.at != self._epoch
            or known.link_id != link_id
            or self._any_row
            or session_id in self._changing
            or known.facts.site is not self._cache.site
            or self._cache.claim != self._claim
        ):
            return None
        return known.facts

    def read_visit(self, session_id: bytes, link_id: int, facts: VisitFacts) -> None:
        """This is what the turn's snapshot shows."""
        self._visits.put(session_id, KnownVisit(self._epoch, link_id, facts))

    def begun(self, commands: Sequence[Command]) -> None:
        """These are written from here on."""
        changing: dict[bytes, int | None] = {}
        any_row = any_grant = False
        for number, command in enumerate(commands):
            kind = type(command)
            changed = _CHANGED.get(kind)
            if changed is None:
                any_row = True
                continue
            # tokens.md 1: a new sign-in may replace an earlier one.
            any_grant |= kind is Redeemed
            for key in changed(command):
                changing[key] = None if key in changing else number
        self._changing, self._any_row, self._any_grant = changing, any_row, any_row or any_grant

    def told(self, commands: Sequence[Command], results: Sequence[Any]) -> None:
        """What became of them, before anybody hears of it."""
        changing, self._changing = self._changing, {}
        anew, any_grant = self._any_row, self._any_grant
        self._any_row = self._any_grant = False
        for key, number in changing.items():
            self._visits.pop(key)
            known = self._grants.pop(key)
            if known is not None and number is not None and results[number] is True:
                self._rotated(key, known, commands[number])
        for command, result in zip(commands, results, strict=True):
            if type(command) is Claim and type(result) is int and result:
                self._claim, anew = result, True
        self._epoch += anew
        self._grant_epoch += anew or any_grant

    def lost(self) -> None:
        """Nobody told what became of a batch: everything is read again, also what a snapshot of before it shows, until
        the claim is taken anew.
        """
        self._changing, self._any_row, self._any_grant = {}, False, False
        self._claim = -1

    def _rotated(self, grant_id: bytes, known: KnownGrant, command: Command) -> None:
        """A rotation of exactly these facts was written, and nothing else to this grant: what the next read will find,
        if nobody else wrote.
        """
        if type(command) is Rotated and known.facts.grant is command.seen:
            self._grants.put(grant_id, KnownGrant(known.at, *moved(command, known.mark, known.facts)))
