"""What every administering command stands on: settings, the open store, decide-and-apply, and errors of one line."""

import asyncio
import functools
import json
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, ParamSpec, TypeVar

from cyclopts import Parameter

from genkan import clock, settings
from genkan.protocol.accounts import NewAccount
from genkan.protocol.env import Env
from genkan.protocol.links import NewLink
from genkan.protocol.outcomes import Change, RaiseStop, Refused
from genkan.protocol.reasons import Reason, entry
from genkan.store.api import CannotOpen, Store, StoreUnavailable
from genkan.store.sqlite import open_store

P = ParamSpec("P")
T = TypeVar("T")
D = TypeVar("D", Change, NewLink, NewAccount)
TRIES = 8
SETTLE_ROWS = 1000
DONE, NO, SET_UP = 0, 1, 2

DataDir = Annotated[str | None, Parameter(name="--data-dir", help="The site's data folder (GENKAN_DATA_DIR).")]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]


class Stop(Exception):
    """A command ends here: one sentence for the person, and the exit status."""

    def __init__(self, sentence: str, status: int = NO) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Workbench:
    """An open site: what commands read, decide on and write to."""

    settings: settings.Settings
    store: Store
    actor: str

    def env(self) -> Env:
        """This moment's time and chance."""
        return clock.system_env()

    async def apply(self, decide: Callable[[], Awaitable[D | Refused]]) -> D:
        """Load and decide, apply, and once more when the facts moved on. Stops with the refusal's sentence."""
        for _ in range(TRIES):
            decided = await decide()
            if isinstance(decided, Refused):
                raise Stop(refusal_sentence(decided), SET_UP if decided.reason is Reason.INVALID_VALUE else NO)
            change = decided if isinstance(decided, Change) else decided.change
            if await self.store.apply(change):
                await self._settle(change)
                return decided
        raise Stop("it exists already, or somebody else changes it all the time; look at it and try again")

    async def _settle(self, change: Change) -> None:
        """tokens.md 4: the rows follow a raised stop; a command sees it through."""
        if any(isinstance(step, RaiseStop) for step in change.steps):
            while await self.store.settle(SETTLE_ROWS):
                pass


def load_settings(data_dir: str | None = None) -> settings.Settings:
    """The settings of the site at hand, or Stop with the sentence that names the bad one."""
    loaded = settings.load(os.environ, {"data_dir": data_dir})
    if isinstance(loaded, settings.SettingsProblem):
        raise Stop(loaded.sentence, SET_UP)
    return loaded


def at_site(data_dir: str | None, work: Callable[[Workbench], Coroutine[Any, Any, T]]) -> T:
    """Open the site that is there, do the work, close it. Never makes a site."""
    loaded = load_settings(data_dir)

    async def opened() -> T:
        store = open_store(loaded.database_path, create=False, env=clock.system_env())
        try:
            return await work(Workbench(loaded, store, "command"))
        finally:
            await store.close()

    return asyncio.run(opened())


def told(command: Callable[P, None]) -> Callable[P, int]:
    """Exit status 0, 1 (the answer is no), 2 (usage or set-up); what goes wrong is one line on standard error."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> int:
        try:
            command(*args, **kwargs)
        except Stop as stop:
            return _fail(str(stop), stop.status)
        except CannotOpen as problem:
            return _fail(str(problem), SET_UP)
        except StoreUnavailable as problem:
            return _fail(f"the store cannot be used just now: {problem}", SET_UP)
        return DONE

    return run


def _fail(sentence: str, status: int) -> int:
    print(f"genkan: {sentence}", file=sys.stderr)
    return status


def refusal_sentence(refused: Refused) -> str:
    """A refusal in one line: the detail where it tells more than the table."""
    return refused.detail or entry(refused.reason).public


def print_json(value: object) -> None:
    """Data for programs."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Aligned columns; control characters that somebody put into a name are shown, not obeyed."""
    shown = [headings, *(tuple(_visible(cell) for cell in row) for row in rows)]
    widths = [max(len(row[column]) for row in shown) for column in range(len(headings))]
    for row in shown:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _visible(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def moment(at: int) -> str:
    """A time for people and programs alike: ISO 8601 in UTC, empty for never."""
    from datetime import UTC, datetime  # noqa: PLC0415 - only lists need it

    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""
