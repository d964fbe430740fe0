"""What every administering command stands on: settings, the open store, decide-and-apply, and exit statuses."""

import asyncio
import functools
import os
import pwd
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, ParamSpec, TypeVar

from cyclopts import Parameter

from genkan import clock, settings
from genkan.cli.output import fail, print_warning
from genkan.ops import served
from genkan.ops.refusals import OPTIONS, sentence
from genkan.protocol.accounts import NewAccount
from genkan.protocol.api_keys import NewApiKey
from genkan.protocol.certificates.pinning import NewPin
from genkan.protocol.entrances import Entrances
from genkan.protocol.env import Env
from genkan.protocol.links import NewLink
from genkan.protocol.outcomes import Change, RaiseStop, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Served
from genkan.protocol.signin.recovery import NewRecovery
from genkan.site.ways_here import entrances_set
from genkan.store.api import CannotOpen, NoSite, Store, StoreAway, StoreUnavailable
from genkan.store.places import open_store
from genkan.store.rounds import TRIES, settle_all
from genkan.wire.urls import BaseURL

P = ParamSpec("P")
T = TypeVar("T")
D = TypeVar("D", bound=Change | NewLink | NewAccount | NewApiKey | NewRecovery | NewPin)
DONE, NO, SET_UP = 0, 1, 2
# EX_TEMPFAIL of sysexits.h: the store is away, and the same command may do later.
AWAY = 75
CHANGED = "it exists already, or somebody else changes it all the time; look at it and try again"
NOTHING_TO_DO = Change(())

DataDir = Annotated[str | None, Parameter(name="--data-dir", help="The site's data folder (GENKAN_DATA_DIR).")]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]


class Stop(Exception):
    """A command ends here: one sentence for the person, and the exit status."""

    def __init__(self, sentence: str, status: int = NO) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Workbench:
    """An open site: what commands read, decide on and write to. ``actor`` is how the audit names them."""

    settings: settings.Settings
    store: Store
    actor: str

    def env(self) -> Env:
        """This moment's time and chance."""
        return clock.system_env()

    async def address(self) -> BaseURL:
        """The site's base URL as it is served; what makes that doubtful is a line on standard error."""
        found = served.known(self.settings, await self.store.served())
        if found.doubt is not None:
            print_warning(found.doubt)
        return found.settings.public

    @property
    def entrances(self) -> Entrances:
        """The ways that the site can take as it is set up, and for whom."""
        return entrances_set(self.settings)

    async def apply(self, decide: Callable[[], Awaitable[D | Refused]]) -> D:
        """Load and decide, apply, and once more when the facts moved on. Stops with the refusal's sentence."""
        for _ in range(TRIES):
            decided = good(await decide())
            change = decided if isinstance(decided, Change) else decided.change
            if await self.store.apply(change):
                await self.settle(change)
                return decided
        raise Stop(CHANGED)

    async def settle(self, change: Change) -> None:
        """tokens.md 4: the rows follow a raised stop; a command sees it through."""
        if any(isinstance(step, RaiseStop) for step in change.steps):
            await settle_all(self.store)


def good(decided: D | Refused) -> D:
    """What was decided. Stops with the sentence of a refusal."""
    if isinstance(decided, Refused):
        raise Stop(sentence(decided, OPTIONS), SET_UP if decided.reason is Reason.INVALID_VALUE else NO)
    return decided


def load_settings(data_dir: str | None = None) -> settings.Settings:
    """The settings of the site at hand, or Stop with the sentence that names the bad one."""
    loaded = settings.load(os.environ, {"data_dir": data_dir})
    if isinstance(loaded, settings.SettingsProblem):
        raise Stop(loaded.sentence, SET_UP)
    return loaded


def served_settings(data_dir: str | None = None) -> settings.Settings:
    """The settings with the base URL that the site is served under; as they are where no site can be opened yet."""
    loaded = load_settings(data_dir)
    if loaded.base_url:
        return loaded

    async def announced(site: Workbench) -> Served | None:
        return await site.store.served()

    try:
        return served.known(loaded, at_site(data_dir, announced)).settings
    except (CannotOpen, StoreUnavailable, PermissionError):
        return loaded


def at_site(data_dir: str | None, work: Callable[[Workbench], Coroutine[Any, Any, T]]) -> T:
    """Open the site that is there, do the work, close it. Never makes a site."""
    loaded = load_settings(data_dir)

    async def opened() -> T:
        store = open_store(loaded.store_place, create=False, env=clock.system_env())
        try:
            return await work(Workbench(loaded, store, actor_name()))
        finally:
            await store.close()

    return asyncio.run(opened())


def actor_name() -> str:
    """Who runs this command, as the system knows it: what the environment says anybody could have said."""
    return f"command:{user_name()}"


def user_name() -> str:
    """The system's name of who runs this command, or the number of one who has none."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def told(command: Callable[P, int | None]) -> Callable[P, int]:
    """Exit status 0, 1 (the answer is no), 2 (usage or set-up), 75 (the store is away); what goes wrong is one line on
    standard error.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> int:
        try:
            return command(*args, **kwargs) or DONE
        except Stop as stop:
            return fail(str(stop), stop.status)
        except NoSite as problem:
            return fail(f"{problem}; name its folder with --data-dir or GENKAN_DATA_DIR", SET_UP)
        except CannotOpen as problem:
            return fail(str(problem), AWAY if isinstance(problem, StoreAway) else SET_UP)
        except StoreUnavailable as problem:
            return fail(f"the store cannot be used just now, try again: {problem}", AWAY)
        except PermissionError as problem:
            return fail(f"{problem.filename} may not be used by this user: {problem.strerror}", SET_UP)

    return run
