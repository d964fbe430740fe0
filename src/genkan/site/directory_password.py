"""A password that an organisation's directory judges, typed into the same form as any other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from genkan.outside.ldap import DirectoryFull, LdapDirectory, MayGuess, Out, Proved, Tried, Unreachable, Wrong
from genkan.outside.ldap_people import person_of
from genkan.protocol import accounts
from genkan.protocol.directory import Came, arrive
from genkan.protocol.offboarding import Checked, Presence, judge
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Identity, Method, Way
from genkan.protocol.signin import guessing, lockout
from genkan.protocol.signin.guessing import DirectoryLock
from genkan.protocol.signin.lockout import Tries
from genkan.protocol.signin.password import LaneFull
from genkan.protocol.signin.session import Browser
from genkan.site import browser
from genkan.site.addresses import as_vouched, guarded
from genkan.site.browser import Visitor
from genkan.site.directory_facts import arrival_facts, told_of_the_last
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.sources.ldap_entries import Described
from genkan.store.rounds import TRIES


@dataclass(frozen=True, slots=True)
class LetIn:
    """The directory knows the password: the new session's cookie, and whose it is."""

    cookie: str = field(repr=False)
    account: Account


class _Budget:
    """The guesses of one try, counted before a password is passed on. What is counted once is not counted again."""

    def __init__(self, folded: str, received: Received, who: Visitor, door: Door) -> None:
        self._folded = folded
        self._received = received
        self._who = who
        self._door = door
        self.taken = Tries(())

    async def may_guess(self, directory: LdapDirectory, name: str, subject: str) -> bool:
        """Count one guess at what was typed and at this person, or at this name where it is not known yet whose it is;
        False where there is no room for it.
        """
        asked = await self._typed()
        of = await self._of(directory, subject) if subject else await self._of_name(directory, name)
        return await self.take(Tries((*asked.buckets, *of.buckets)))

    async def count(self) -> None:
        """Count a try that found nobody."""
        await self.take(await self._typed())

    async def take(self, asked: Tries) -> bool:
        """Count in those buckets that the try is not counted in yet."""
        wanted = guessing.without(asked, self.taken)
        for _ in range(TRIES):
            known = (await self._door.store.password_row("", wanted.keys)).guesses
            counted = lockout.failed(wanted, known, self._door.env().now)
            if counted is None:
                return False
            if await self._door.store.apply(Change((counted,))):
                self.taken = Tries((*self.taken.buckets, *wanted.buckets))
                return True
        return False

    async def give_back(self) -> None:
        """Nobody judged the try."""
        for _ in range(TRIES):
            known = (await self._door.store.password_row("", self.taken.keys)).guesses
            if await self._door.store.apply(Change((guessing.given_back(self.taken, known, self._door.env().now),))):
                return

    async def _typed(self) -> Tries:
        account = await self._door.store.account_by_name(self._folded)
        known = browser.known_device(self._received, self._who, account, self._door)
        return lockout.tries(self._folded, self._received.peer.network, known)

    async def _of(self, directory: LdapDirectory, subject: str) -> Tries:
        source = directory.source
        facts = await self._door.store.identity(source.name, subject)
        account = facts.account if facts else None
        known = browser.known_device(self._received, self._who, account, self._door)
        return guessing.tries_of(source.name, subject, self._received.peer.network, known, _lock(directory))

    async def _of_name(self, directory: LdapDirectory, name: str) -> Tries:
        account = await self._door.store.account_by_name(self._folded)
        known = browser.known_device(self._received, self._who, account, self._door)
        folded = accounts.fold(name) or name
        return guessing.tries_of_name(
            directory.source.name, folded, self._received.peer.network, known, _lock(directory)
        )  # fmt: skip


def _lock(directory: LdapDirectory) -> DirectoryLock:
    return DirectoryLock(directory.source.lockout_tries, directory.source.window)


@dataclass(frozen=True, slots=True)
class Asking:
    """One try of the form: what was typed, where it leads (``ways`` as of the gate), and from where. ``only`` are the
    people that will do, none given: all.
    """

    folded: str
    password: str = field(repr=False)
    received: Received
    who: Visitor
    this: Browser
    ways: Way
    only: Sequence[Identity] | None = None


async def try_directories(asking: Asking, door: Door) -> LetIn | Refused:
    """Ask each directory until one knows the password. Every failure gets one answer; a directory that does not answer
    is told of by the page, the same to everybody. Raises LaneFull.
    """
    budget = _Budget(asking.folded, asking.received, asking.who, door)
    told: list[Tried] = []
    for directory in door.directories:
        name, subject = _whom(directory, asking)
        if name is None:
            continue
        may_guess = partial(budget.may_guess, directory, name)
        tried = await _ask(directory, name, subject, asking.password, may_guess, door)
        if isinstance(tried, Proved):
            return await _let_in(directory, tried.person, asking, budget, door)
        told.append(tried)
    await _settle_budget(told, budget)
    return _refused(Refused(Reason.SIGN_IN_FAILED), asking, door)


async def ask_in_vain(folded: str, password: str, door: Door) -> None:
    """What every other name asks of the directories, for a try that failed here: so a name with a password of our own
    cannot be told from them. Nothing of the password is passed on. Raises LaneFull.
    """

    async def never(whose: str) -> bool:
        return False

    for directory in door.directories:
        await _ask(directory, folded, "", password, never, door)


async def _ask(
    directory: LdapDirectory, name: str, subject: str, password: str, may_guess: MayGuess, door: Door
) -> Tried:
    try:
        tried = await directory.sign_in(name, password, may_guess, door.env(), subject)
    except DirectoryFull:
        raise LaneFull from None
    match tried:
        case Unreachable(cannot):
            door.log("warning", "the directory cannot be asked", source=directory.source.name, problem=cannot.sentence)
        case Wrong(why, to_mend=True):
            door.log("warning", "the directory is not as it must be", source=directory.source.name, problem=why)
        case Out(person):
            await _off_board(directory, person, door)
    return tried


def _whom(directory: LdapDirectory, asking: Asking) -> tuple[str | None, str]:
    """The name to ask this directory for, and the id that alone will do; no name where it is not to be asked."""
    if asking.only is None:
        return asking.folded, ""
    mine = next((one for one in asking.only if one.source == directory.source.name), None)
    return (mine.label, mine.subject) if mine else (None, "")


async def _settle_budget(told: Sequence[Tried], budget: _Budget) -> None:
    """A try that no directory judged is not counted."""
    if told and all(isinstance(tried, Unreachable) and not tried.guessed for tried in told):
        await budget.give_back()
    else:
        await budget.count()


async def _let_in(
    directory: LdapDirectory, described: Described, asking: Asking, budget: _Budget, door: Door
) -> LetIn | Refused:
    """load, decide, apply: which account the person is, and its session."""
    person, rule = person_of(directory, described), directory.source.rule
    for _ in range(TRIES):
        env = door.env()
        facts = await arrival_facts(person, rule, door.store)
        said = await as_vouched(person, facts.whose, rule, door)
        outcome = arrive(said, Came(Method.PWD, env.now, asking.ways), facts, rule, asking.this, env, door.lifetimes)
        if isinstance(outcome, Refused):
            return _refused(Refused(Reason.SIGN_IN_FAILED, event=outcome.event), asking, door)
        known = (await door.store.password_row("", budget.taken.keys)).guesses
        opened = outcome.after((guessing.proved(budget.taken, known, env.now),))
        if await door.store.apply(await guarded(opened.change, facts.whose, door)):
            account = await door.store.account(opened.session.account_id)
            return LetIn(opened.cookie, account) if account else Refused(Reason.BUSY)
    return Refused(Reason.BUSY, retry_after=1)


def directory_title(sources: Sequence[str], door: Door) -> str:
    """What the directory whose password somebody has is called; empty where none of these takes passwords here."""
    titles = {one.source.name: one.source.title for one in door.directories}
    return next((titles[name] for name in sources if name in titles), "")


async def _off_board(directory: LdapDirectory, described: Described, door: Door) -> None:
    """Whoever is found to be out while signing in does not stay until the next round."""
    env, rule = door.env(), directory.source.rule
    facts = await door.store.identity(rule.name, described.subject)
    if facts is not None:
        change = judge(Checked(Presence.DISABLED), facts, False, rule, env)
        await door.store.apply(await told_of_the_last(change, facts.account, door))


def _refused(refused: Refused, asking: Asking, door: Door) -> Refused:
    door.note(refused, asking.received, door.env().now)
    return Refused(refused.reason)
