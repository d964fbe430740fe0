"""The writer of what is not on a hot path: Changes and upkeep, in transactions that follow each other on all nodes."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import asyncpg

from genkan.protocol.certificate_records import RevokeCertificate
from genkan.protocol.outcomes import (
    Change,
    EndGrantsUnder,
    EraseTraces,
    RaiseStop,
    Subject,
    WithdrawConsent,
)
from genkan.store import postgres_sign_ins
from genkan.store.api import NodeReport, Reported
from genkan.store.postgres_connection import AGAIN, SyncConnection, is_lost, is_machine, unavailable
from genkan.store.postgres_epoch import joined_here, now_here
from genkan.store.postgres_open import LOCK
from genkan.store.postgres_sweep import PostgresTextSweep
from genkan.store.postgres_texts import WantedIds
from genkan.store.sqlite_audit import AuditWrites
from genkan.store.sqlite_commands import Drop, Prune, Seal, Settle
from genkan.store.sqlite_steps import Steps
from genkan.store.sqlite_tokens import TokenWrites
from genkan.store.sqlite_upkeep import Upkeep

TRIES = 5
# What touches many rows may take longer than what a person waits for.
_LONG = "SET LOCAL statement_timeout = '60s'"
_LONG_SECONDS = 60.0
# None slips through between a look at the consent, a link or a key and the row that it becomes.
_OF_MANY = (EndGrantsUnder, WithdrawConsent, RevokeCertificate, EraseTraces)


class StepsWriter:
    """Used by one thread. Its transactions hold a lock that every node's take first, so that what a Change looks at
    stays as it is until it is written: on PostgreSQL as on SQLite there is one writer of these at a time.
    """

    def __init__(self, url: str) -> None:
        self._db = db = SyncConnection(url)
        self._ids = WantedIds(db)
        self._sweep = PostgresTextSweep(db)
        # Whose epoch of texts it is, and in which session; the newest that was seen.
        self._epoch: int | None = None
        self._session = 0
        self.newest: int | None = None
        tokens, stops = TokenWrites(db, self._ids), postgres_sign_ins.SettledStops(db, self._ids)
        upkeep, audit = Upkeep(db, self._sweep), AuditWrites(db)
        self._verbs: Mapping[type, Callable[[Any], Any]] = {
            Change: Steps(db, self._ids, tokens, stops).changed,
            Settle: lambda asked: stops.settle(asked.limit),
            Prune: lambda asked: upkeep.prune(asked.now, asked.limit),
            Seal: lambda asked: audit.seal(asked.segment),
            Drop: lambda asked: audit.drop(asked.segment),
            NodeReport: lambda report: self._reported(upkeep.report(report)),
        }

    def run(self, commands: Sequence[Any]) -> list[Any]:
        """Each result, or the exception that belongs to its caller; what is no exception is durable."""
        for last in (*[False] * (TRIES - 1), True):
            committing = False
            try:
                self._join()
                self._db.allowed_seconds = _LONG_SECONDS if _are_long(commands) else None
                self._db.script(_begin(commands))
                self._same_session()
                if _stop_sign_ins(commands):
                    postgres_sign_ins.keep_out_older(self._db)
                results = [self._verbs[type(command)](command) for command in commands]
                committing = True
                self._db.script("COMMIT")
            except Exception as e:  # noqa: BLE001 whatever it is, it belongs to whoever waits for it
                self._undo(e)
                # Before the commit was asked for nothing was done; afterwards nobody knows, and it is not done again.
                again = isinstance(e, AGAIN) or (is_lost(e) and not committing and not isinstance(e, TimeoutError))
                if again and not last:
                    continue
                return self._failed(commands, e)
            with suppress(Exception):
                # At once, for nobody may ask for more for a while; what fails here is met by the next that does.
                self._join()
            return results
        return []

    @property
    def statements(self) -> int:
        """How many statements were sent."""
        return self._db.statements

    def close(self) -> None:
        self._db.close()

    def _reported(self, reported: Reported) -> Reported:
        self.newest = now_here(self._db)
        return reported

    def _join(self) -> None:
        """Be of the newest epoch that was seen, on this session."""
        if self._session == self._db.sessions and self._epoch == self.newest and self._epoch is not None:
            return
        self._ids.forget()
        held = self._epoch if self._session == self._db.sessions else None
        self._epoch = None
        self.newest = joined_here(self._db, held)
        self._epoch, self._session = self.newest, self._db.sessions

    def _same_session(self) -> None:
        if self._session != self._db.sessions:
            raise asyncpg.ConnectionDoesNotExistError("the connection was lost between two transactions")

    def _undo(self, fault: Exception) -> None:
        self._ids.forget()
        self._sweep.forget()
        if not is_lost(fault):
            with suppress(Exception):
                self._db.script("ROLLBACK")
                return
        self._db.drop()

    def _failed(self, commands: Sequence[Any], fault: Exception) -> list[Any]:
        """Where it is the fault of one of them, halves find it, so that it harms none of the others."""
        if is_machine(fault):
            return [unavailable(fault) for _ in commands]
        if len(commands) == 1:
            return [fault]
        middle = len(commands) // 2
        return self.run(commands[:middle]) + self.run(commands[middle:])


def _begin(commands: Sequence[Any]) -> str:
    """Locks come first, always in this order."""
    words = ["BEGIN", LOCK]
    if _stop_sign_ins(commands):
        words.append(postgres_sign_ins.TAKE)
    if _are_long(commands):
        words.append(_LONG)
    return "; ".join(words)


def _are_long(commands: Sequence[Any]) -> bool:
    return any(not isinstance(command, Change | NodeReport) or _is_long(command) for command in commands)


def _stop_sign_ins(commands: Sequence[Any]) -> bool:
    steps = [step for command in commands if isinstance(command, Change) for step in command.steps]
    return any(
        isinstance(step, _OF_MANY) or (isinstance(step, RaiseStop) and step.subject is not Subject.ACCOUNT)
        for step in steps
    )


def _is_long(command: Any) -> bool:
    return isinstance(command, Change) and any(isinstance(step, (RaiseStop, *_OF_MANY)) for step in command.steps)
