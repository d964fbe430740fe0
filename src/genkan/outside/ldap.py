"""A directory asked by LDAP: is this somebody's password, and are these people still there. Which account somebody is,
and what follows, is decided elsewhere.

A few conversations at once and no more, each within its time, none of them on a thread that anything else needs: a
directory that hangs keeps its own people waiting and nobody else.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from genkan.outside.ldap_connection import Cannot, Conversation, Trouble, conversation, said
from genkan.outside.ldap_messages import Code, Entry, Result, Scope, Search
from genkan.outside.watching import watching
from genkan.protocol.env import Env
from genkan.sources import ldap_entries, ldap_filter, ldap_names
from genkan.sources.ldap import NAME, LdapSource
from genkan.sources.ldap_entries import Described
from genkan.wire.scopes import Permission

CONVERSATIONS = 8
WAITING = 32
LONGEST_PASSWORD = 4096
PEOPLE_A_SEARCH = 100
# The next server may do better with these; with others it would say the same.
_ELSEWHERE = frozenset(
    {Trouble.NAME, Trouble.CONNECTION, Trouble.CERTIFICATE, Trouble.TLS, Trouble.SLOW, Trouble.ANSWER}
)
# A bind that fails by these says nothing of the password.
_NOT_JUDGED = frozenset({Code.BUSY, Code.UNAVAILABLE, Code.STRONGER_AUTH, Code.CONFIDENTIALITY, Code.REFERRAL})
MayGuess = Callable[[str], Awaitable[bool]]


class DirectoryFull(Exception):
    """More sign-ins wait for the directory than may: nothing was decided."""


@dataclass(frozen=True, slots=True)
class Proved:
    """The password is theirs, and they belong here."""

    person: Described


@dataclass(frozen=True, slots=True)
class Wrong:
    """Nobody, several, or not their password. ``why`` is for the operator and for nobody else; ``to_mend``: they have
    to do something about it.
    """

    why: str
    to_mend: bool = False


@dataclass(frozen=True, slots=True)
class Out:
    """The password is theirs, and the directory says that they do not belong here any more."""

    person: Described


@dataclass(frozen=True, slots=True)
class Held:
    """No password was passed on: the budget of guesses is used up."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The directory did not answer. ``guessed``: the password may have reached it."""

    cannot: Cannot
    guessed: bool


Tried = Proved | Wrong | Out | Held | Unreachable


@dataclass(slots=True)
class _Try:
    """One try, and how far it came."""

    name: str
    password: str = field(repr=False)
    may_guess: MayGuess
    env: Env
    subject: str = ""
    guessed: bool = False


class LdapDirectory:
    """One directory of the sign-on file."""

    def __init__(self, source: LdapSource) -> None:
        self.source = source
        self.schema = source.schema
        self._servers = source.parsed_servers
        self._first = 0  # the server that is asked first: the one that answered last
        self._context = ssl.create_default_context(cafile=source.ca_file or None)
        path = source.bind_password_file
        self._secret = Path(path).read_text("utf-8").strip("\r\n") if path else ""
        self._filter = ldap_filter.parse(self.schema.filter, frozenset({NAME}))
        self._group_filter = ldap_filter.parse(source.group_filter, frozenset({NAME, "dn"}))
        self._active = source.active
        self._room = asyncio.Semaphore(CONVERSATIONS)
        self._beside = asyncio.Semaphore(1)
        self._inside = 0
        self.trouble: Cannot | None = None  # why it could not be asked the last time

    # --- Is this somebody's password --------------------------------------------------------------------------------

    async def sign_in(
        self, name: str, password: str, may_guess: MayGuess, env: Env, subject: str = ""
    ) -> Tried:  # fmt: skip
        """Judge one try. ``may_guess`` is asked before each password that is passed on, with the id of whose it would
        be, empty while that is not known. With a ``subject`` only that very person will do. Raises DirectoryFull.
        """
        if not password or len(password) > LONGEST_PASSWORD or "\0" in password:
            # RFC 4513 5.1.2: many servers say yes to a name without a password. It never gets as far as to them.
            return Wrong("no password")
        one = _Try(name, password, may_guess, env, subject)
        try:
            async with self.talking() as talk:
                return await self._judge(talk, one)
        except Cannot as problem:
            return Unreachable(problem, one.guessed)

    async def _judge(self, talk: Conversation, one: _Try) -> Tried:
        if self.source.bind_as:
            told = await self._bind_as(talk, one)
            if told is not None:
                return told
        else:
            await self.serve(talk)
        entry = await self._find(talk, one)
        if isinstance(entry, Wrong):
            await self._bind_as_nobody(talk, one)
            return entry
        if not await one.may_guess(self._subject(entry)):
            await self._bind_as_nobody(talk, one)
            return Held()
        one.guessed = True
        told = _failed(talk, await talk.bind(entry.dn, one.password))
        if told is not None:
            return told
        if not self.source.bind_as:
            await self.serve(talk)
        person = await self.describe(talk, entry, one.env.now)
        return Out(person) if person.out else Proved(person)

    async def _bind_as_nobody(self, talk: Conversation, one: _Try) -> None:
        """One bind on each path: whether there is such a person cannot be told by what is asked of the directory."""
        name, password = one.env.draw(16).hex(), one.env.draw(16).hex()
        if not self.source.bind_as:
            await talk.bind(f"cn={name},{self.source.base}", password)
        elif not one.guessed:
            await talk.bind(self.source.bind_as.replace("{name}", name), password)

    async def _bind_as(self, talk: Conversation, one: _Try) -> Tried | None:
        """Bind as the person by the template, so that they may look for themselves; None where that is done."""
        template = self.source.bind_as
        is_dn = "=" in template
        if not is_dn and "=" in one.name:
            return Wrong("a name that cannot stand in bind_as")
        if not await one.may_guess(""):
            await self._bind_as_nobody(talk, one)
            return Held()
        one.guessed = True
        as_whom = template.replace("{name}", ldap_names.escape(one.name) if is_dn else one.name)
        return _failed(talk, await talk.bind(as_whom, one.password))

    async def _find(self, talk: Conversation, one: _Try) -> Entry | Wrong:
        by_id = one.subject and not self.source.bind_as
        wanted = self._by_ids([one.subject]) if by_id else self.filter_for(one.name)
        found = await talk.search(self.search(wanted, 2))
        if len(found.entries) != 1 or found.has_more:
            return Wrong("more than one entry fits", to_mend=True) if found.entries else Wrong("nobody fits")
        entry = found.entries[0]
        # A bind with an empty name is one as nobody, and succeeds.
        if not entry.dn or not self._subject(entry):
            return Wrong(f"an entry has no {self.schema.id} that can be kept", to_mend=True)
        if one.subject and one.subject != self._subject(entry):
            return Wrong("the entry is somebody else's")
        return entry

    # --- Are these people still there -------------------------------------------------------------------------------

    async def look_after(self, subjects: Sequence[str], env: Env) -> dict[str, Described]:
        """Those of the people who are still in the directory, by id, each with ``out`` where they do not belong any
        more. Who is left out is gone. Raises Cannot.
        """
        found: dict[str, Described] = {}
        async with self.talking_beside() as talk:
            await self.serve(talk)
            for at in range(0, len(subjects), PEOPLE_A_SEARCH):
                found |= await self._look_after(talk, subjects[at : at + PEOPLE_A_SEARCH], env)
            if subjects and not found:
                await self.see_anybody(talk)
        return found

    async def _look_after(self, talk: Conversation, subjects: Sequence[str], env: Env) -> dict[str, Described]:
        by_id = self._by_ids(subjects)
        entries = await talk.search(self.search(by_id, len(subjects), page=len(subjects)))
        if entries.has_more:
            raise Cannot(Trouble.SEARCH, f"more entries than people have the {self.schema.id} of one of them")
        active = await self._active_names(talk, by_id, len(subjects))
        found = {}
        for entry in entries.entries:
            out = "" if active is None or entry.dn in active else "does not fit the filter of those who belong here"
            person = self._read(entry, await self._groups(talk, entry), env.now, out)
            found[person.subject] = person
        return found

    async def _active_names(self, talk: Conversation, wanted: ldap_filter.Filter, most: int) -> set[str] | None:
        if self._active is None:
            return None
        both = ldap_filter.All((self._active, wanted))
        asked = Search(self.source.base, Scope.TREE, both, ("1.1",), most, self.source.timeout_seconds, most)
        return {entry.dn for entry in (await talk.search(asked)).entries}

    def _by_ids(self, subjects: Sequence[str]) -> ldap_filter.Filter:
        raw = (ldap_entries.raw_id(subject, binary=self.schema.binary_id) for subject in subjects)
        return ldap_filter.Any(tuple(ldap_filter.Compare("=", self.schema.id, (value,)) for value in raw if value))

    async def see_anybody(self, talk: Conversation) -> None:
        """Before somebody is called gone: an account that lost its right to read sees nobody, and nobody has left."""
        seen = await talk.search(self.search(ldap_filter.Present(self.schema.id), 1))
        if not seen.entries:
            raise Cannot(
                Trouble.BLIND, f"{talk.server.text} shows nobody with {self.schema.id} below {self.source.base!r}"
            )

    # --- What both need ---------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def talking(self) -> AsyncIterator[Conversation]:
        """A conversation with a server that answers, as nobody yet. Raises Cannot and DirectoryFull."""
        if self._inside >= CONVERSATIONS + WAITING:
            raise DirectoryFull
        self._inside += 1
        try:
            async with self._talking(self._room) as talk:
                yield talk
        finally:
            self._inside -= 1

    def talking_beside(self) -> AbstractAsyncContextManager[Conversation]:
        """One in the lane of the background: a flood of sign-ins must not make people count as out of reach, and so be
        held. Raises Cannot.
        """
        return self._talking(self._beside)

    @asynccontextmanager
    async def _talking(self, room: asyncio.Semaphore) -> AsyncIterator[Conversation]:
        limit = self.source.timeout_seconds
        is_open = False
        try:
            async with asyncio.timeout(limit), room, AsyncExitStack() as stack:
                talk = await self._open(stack)
                is_open = True
                yield talk
            self.trouble = None
        except TimeoutError:
            self._pass_over()
            self.trouble = Cannot(Trouble.SLOW, f"{self.source.name} did not answer within {limit} seconds")
            raise self.trouble from None
        except Cannot as problem:
            self.trouble = problem
            if is_open and problem.trouble in _ELSEWHERE:
                self._pass_over()
            raise

    async def _open(self, stack: AsyncExitStack) -> Conversation:
        problem = Cannot(Trouble.CONNECTION, f"{self.source.name} has no server")
        for _ in self._servers:
            try:
                return await self.open_server(stack, self._first)
            except Cannot as one:
                self._pass_over()
                problem = one
        raise problem

    async def open_server(self, stack: AsyncExitStack, at: int) -> Conversation:
        """A conversation with one certain server. Raises Cannot."""
        await stack.enter_async_context(watching("talk with a directory", directory=self.source.name))
        opening = conversation(self._servers[at], self._context, self.source.connect_seconds)
        return await stack.enter_async_context(opening)

    def _pass_over(self) -> None:
        """The next one asks another server first."""
        self._first = (self._first + 1) % len(self._servers)

    async def serve(self, talk: Conversation) -> None:
        """Bind as the account that may look for people, or as nobody."""
        result = await talk.bind(self.source.bind_dn, self._secret)
        if result.code != Code.SUCCESS:
            who = self.source.bind_dn or "anonymous"
            raise Cannot(Trouble.SERVICE, f"{talk.server.text} refuses the bind as {who}{said(result)}")

    def filter_for(self, name: str) -> ldap_filter.Filter:
        """Whom a typed user name means."""
        return ldap_filter.fill(self._filter, {NAME: name.encode("utf-8", "surrogatepass")})

    def search(self, wanted: ldap_filter.Filter, most: int, page: int = 0) -> Search:
        """A search for people."""
        schema = self.schema
        names = (schema.id, schema.login, *schema.display, schema.email, *ldap_entries.STATE_ATTRIBUTES)
        groups = () if schema.groups == "-" or self.source.group_base else (schema.groups,)
        return Search(
            self.source.base, Scope.TREE, wanted, (*names, *groups), most, self.source.timeout_seconds, page
        )  # fmt: skip

    async def describe(self, talk: Conversation, entry: Entry, now: int) -> Described:
        """All that is to be known of a person whose entry was found."""
        out = ""
        if self._active is not None:
            asked = Search(entry.dn, Scope.BASE, self._active, ("1.1",), 1, self.source.timeout_seconds)
            fits = (await talk.search(asked)).entries
            out = "" if fits else "does not fit the filter of those who belong here"
        return self._read(entry, await self._groups(talk, entry), now, out)

    async def _groups(self, talk: Conversation, entry: Entry) -> Sequence[bytes]:
        if not self.source.group_base:
            return entry.attributes.get(self.schema.groups.lower(), ())
        login = ldap_entries.text_of(entry.attributes, self.schema.login)
        wanted = ldap_filter.fill(self._group_filter, {NAME: login.encode(), "dn": entry.dn.encode()})
        most = ldap_entries.MOST_GROUPS
        asked = Search(
            self.source.group_base, Scope.TREE, wanted, ("1.1",), most, self.source.timeout_seconds, 200
        )  # fmt: skip
        return [group.dn.encode() for group in (await talk.search(asked)).entries]

    def _read(self, entry: Entry, groups: Sequence[bytes], now: int, out: str) -> Described:
        values, schema = entry.attributes, self.schema
        display = next(filter(None, (ldap_entries.text_of(values, name) for name in schema.display)), "")
        return Described(
            dn=entry.dn,
            subject=self._subject(entry),
            login=ldap_entries.text_of(values, schema.login),
            display_name=display,
            email=ldap_entries.text_of(values, schema.email),
            groups=ldap_entries.group_names(groups),
            permission=ldap_entries.permission_of(
                groups,
                self.source.permission_by_group,
                Permission[self.source.permission],
                Permission[self.source.most_permission],
            ),
            out=ldap_entries.why_out(values, now) or out,
        )

    def _subject(self, entry: Entry) -> str:
        """The id that stays; empty where there is none, or several, which is none."""
        values = entry.attributes.get(self.schema.id.lower(), ())
        return ldap_entries.subject_of(values[0], binary=self.schema.binary_id) if len(values) == 1 else ""


def _failed(talk: Conversation, result: Result) -> Wrong | None:
    """What a bind as a person says: None where the password is theirs."""
    if result.code == Code.SUCCESS:
        return None
    if result.code in _NOT_JUDGED:
        raise Cannot(Trouble.ANSWER, f"{talk.server.text} does not take the bind{said(result)}")
    return Wrong(f"the directory refuses the password{said(result)}")
