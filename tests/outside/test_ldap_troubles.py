"""Directories that hang, lie, babble or break off: bounded time and memory, and a sentence that says what it was."""

import asyncio
import socket
from collections.abc import Callable

import msgspec
import pytest

from genkan.outside import ldap
from genkan.outside.ldap import DirectoryFull, Held, LdapDirectory, Proved, Tried, Unreachable, Wrong
from genkan.outside.ldap_connection import Cannot, Trouble
from genkan.protocol.env import Env
from genkan.sources.ldap import LdapSource
from tests.outside.ldap_double import BIND, EXTENDED, SEARCH, UNBIND, Answer, Asked, done, double, entry

ENV = Env(1_700_000_000_000, bytes)
ALICE = "uid=alice,dc=x"


def directory(*servers: str, **more: object) -> LdapDirectory:
    table = {
        "name": "corp", "title": "Corp", "servers": servers, "base": "dc=x", "connect_seconds": 1, "timeout_seconds": 2,
        "dangerously_without_tls": True,
    }  # fmt: skip
    return LdapDirectory(msgspec.convert(table | more, LdapSource))


async def may(subject: str) -> bool:
    return True


async def sign_in(one: LdapDirectory, name: str = "alice", password: str = "right") -> Tried:
    return await one.sign_in(name, password, may, ENV)


def trouble(tried: Tried) -> Trouble | None:
    return tried.cannot.trouble if isinstance(tried, Unreachable) else None


async def good(asked: Asked, writer: asyncio.StreamWriter) -> None:
    """A directory with Alice in it, whose password is `right`."""
    if asked.kind == SEARCH and b"alice" in asked.data:
        writer.write(entry(asked, ALICE, entryUUID="1-2", uid="alice", cn="Alice"))
    wrong = asked.kind == BIND and asked.bound not in {("", ""), (ALICE, "right")}
    writer.write(done(asked, 49 if wrong else 0))


def instead(kind: int, answer: Callable[[Asked], bytes]) -> Answer:
    """The good directory, but for one kind of request."""

    async def told(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asked.kind == kind:
            writer.write(answer(asked))
        else:
            await good(asked, writer)

    return told


async def test_the_double_lets_the_right_password_in() -> None:
    """The server that these tests bend is one that works when it is not bent."""
    async with double(good) as server:
        assert isinstance(await sign_in(directory(server.url)), Proved)
        assert isinstance(await sign_in(directory(server.url), password="wrong"), Wrong)


@pytest.mark.parametrize("password", ["", "a\0b", "x" * 5000])
async def test_a_password_that_proves_nothing_never_reaches_a_server(password: str) -> None:
    """RFC 4513 5.1.2: an empty password would make an unauthenticated bind, which many servers answer with yes."""
    async with double(good) as server:
        assert isinstance(await sign_in(directory(server.url), password=password), Wrong)
        assert server.connections == 0


async def test_an_entry_without_a_name_proves_nobody() -> None:
    """A bind with an empty name is one as nobody and succeeds: an entry that has none is refused before it."""
    bent = instead(SEARCH, lambda asked: entry(asked, "", entryUUID="1-2", uid="alice") + done(asked))
    async with double(bent) as server:
        assert isinstance(await sign_in(directory(server.url)), Wrong)
        assert not [one for one in server.binds() if one[1] == "right"]


@pytest.mark.parametrize("marks", [{}, {"entryUUID": ""}, {"entryUUID": "a\nb"}, {"entryUUID": "x" * 200}])
async def test_an_entry_without_an_id_that_stays_proves_nobody(marks: dict[str, str]) -> None:
    """Without an id that is never given to anybody else, somebody's account could become somebody else's."""
    bent = instead(SEARCH, lambda asked: entry(asked, ALICE, uid="alice", **marks) + done(asked))
    async with double(bent) as server:
        assert isinstance(await sign_in(directory(server.url)), Wrong)


async def test_two_entries_prove_nobody() -> None:
    """A name that fits two entries is refused; nobody's password is passed on."""
    bent = instead(
        SEARCH,
        lambda asked: (
            entry(asked, ALICE, entryUUID="1-2") + entry(asked, "uid=alice,dc=y", entryUUID="3-4") + done(asked, 4)
        ),
    )
    async with double(bent) as server:
        assert isinstance(await sign_in(directory(server.url)), Wrong)
        assert not [one for one in server.binds() if one[1] == "right"]


async def test_every_try_binds_and_searches_as_often() -> None:
    """Whether there is such a person cannot be counted from what is asked: a bind as service, a search, a bind."""
    async with double(good) as server:
        await sign_in(directory(server.url), "alice", "wrong")
        known = [one.kind for one in server.asked if one.kind != UNBIND]
        server.asked.clear()
        await sign_in(directory(server.url), "nobody", "wrong")
        assert [one.kind for one in server.asked if one.kind != UNBIND] == known == [BIND, SEARCH, BIND]
        assert "wrong" not in [password for _, password in server.binds()]


@pytest.mark.parametrize("template", ["uid={name},dc=x", "{name}@example.com"])
async def test_by_a_template_every_try_binds_as_often(template: str) -> None:
    """A try whose password must not be passed on binds all the same, as nobody: once, as a wrong password does."""

    async def no(subject: str) -> bool:
        return False

    async with double(good) as server:
        one = directory(server.url, bind_as=template, kept_hours=0)
        await one.sign_in("alice", "wrong", may, ENV)
        told = [asked.kind for asked in server.asked if asked.kind != UNBIND]
        server.asked.clear()
        assert await one.sign_in("alice", "right", no, ENV) == Held()
        assert [asked.kind for asked in server.asked if asked.kind != UNBIND] == told == [BIND]
        ((name, password),) = server.binds()
        assert ("alice" in name, password == "right") == (False, False)


async def test_without_room_in_the_budget_nothing_is_guessed() -> None:
    """Before a password is passed on, the budget is asked, with the id of whose it would be."""
    whose: list[str] = []

    async def no(subject: str) -> bool:
        whose.append(subject)
        return False

    async with double(good) as server:
        assert await directory(server.url).sign_in("alice", "right", no, ENV) == Held()
        assert whose == ["1-2"]
        assert "right" not in [password for _, password in server.binds()]
        held = [one.kind for one in server.asked if one.kind != UNBIND]
        server.asked.clear()
        await directory(server.url).sign_in("nobody", "right", no, ENV)
        # Whose budget is used up is asked for as often as somebody who is not there.
        assert [one.kind for one in server.asked if one.kind != UNBIND] == held == [BIND, SEARCH, BIND]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda asked: b"HTTP/1.1 400 Bad Request\r\n\r\n", Trouble.ANSWER),
        (lambda asked: bytes.fromhex("30847fffffff"), Trouble.ANSWER),
        (lambda asked: bytes.fromhex("3080"), Trouble.ANSWER),
        (lambda asked: bytes.fromhex("3003020101"), Trouble.ANSWER),
        (lambda asked: done(Asked(asked.number + 1, asked.kind, b"")), Trouble.ANSWER),
        (lambda asked: done(Asked(asked.number, EXTENDED, b"")), Trouble.ANSWER),
        (lambda asked: done(Asked(0, EXTENDED, b""), 52, "going down"), Trouble.CONNECTION),
        (lambda asked: done(asked, 32), Trouble.BASE),
        (lambda asked: done(asked, 50), Trouble.SEARCH),
        (lambda asked: done(asked, 10), Trouble.SEARCH),
        (lambda asked: entry(asked, ALICE, entryUUID="1-2") * 50 + done(asked), Trouble.ANSWER),
        (lambda asked: b"", Trouble.SLOW),
        (lambda asked: done(asked)[:-1], Trouble.SLOW),
    ],
)
async def test_an_odd_answer_is_named_and_ends_there(answer: Callable[[Asked], bytes], told: Trouble) -> None:
    """Garbage, endless or half messages, foreign numbers and refusals: each is one kind of trouble, never a sign-in."""
    async with double(instead(SEARCH, answer)) as server:
        tried = await sign_in(directory(server.url))
        assert trouble(tried) is told
        assert isinstance(tried, Unreachable)
        assert not tried.guessed
        assert "right" not in tried.cannot.sentence


@pytest.mark.parametrize("code", [51, 52, 8, 13, 10])
async def test_a_bind_that_was_not_judged_is_not_a_wrong_password(code: int) -> None:
    """Busy, unavailable, stronger authentication wanted: told as unreachable, and that a password was passed on."""

    def bent(asked: Asked) -> bytes:
        return done(asked, code if asked.bound[0] else 0)

    async with double(instead(BIND, bent)) as server:
        tried = await sign_in(directory(server.url))
        assert isinstance(tried, Unreachable)
        assert tried.guessed


async def test_a_server_that_drips_is_cut_off() -> None:
    """A byte now and then does not keep a conversation alive: the time is of the whole, not of each byte."""

    async def drip(asked: Asked, writer: asyncio.StreamWriter) -> None:
        for byte in b"\x30\x7f" + b"\x04\x00" * 200:
            writer.write(bytes((byte,)))
            await writer.drain()
            await asyncio.sleep(0.05)

    async with double(drip) as server:
        assert trouble(await sign_in(directory(server.url))) is Trouble.SLOW


async def test_a_server_that_never_ends_is_cut_off() -> None:
    """Hints without end use up the bytes that a conversation may have, not the memory."""

    async def endless(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asked.kind != SEARCH:
            await good(asked, writer)
            return
        hint = entry(asked, "cn=x", description="x" * 60_000).replace(b"\x64", b"\x73", 1)
        while True:
            writer.write(hint)
            await writer.drain()

    async with double(endless) as server:
        assert trouble(await sign_in(directory(server.url, timeout_seconds=30))) is Trouble.ANSWER


async def test_a_hanging_server_keeps_nobody_else_waiting() -> None:
    """More tries than it may have at once are refused at once, and the loop goes on meanwhile; room comes back."""
    hang = asyncio.Event()

    async def hanging(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await hang.wait()

    async with double(hanging) as server:
        one = directory(server.url)
        many = [asyncio.create_task(sign_in(one)) for _ in range(ldap.CONVERSATIONS + ldap.WAITING)]
        await asyncio.sleep(0.1)
        assert server.connections <= ldap.CONVERSATIONS
        with pytest.raises(DirectoryFull):
            await sign_in(one)
        assert {trouble(tried) for tried in await asyncio.gather(*many)} == {Trouble.SLOW}
        assert trouble(await sign_in(one)) is Trouble.SLOW


async def test_a_caller_who_goes_away_gives_the_room_back() -> None:
    """A sign-in that is cancelled closes its connection and counts no more."""
    hang = asyncio.Event()

    async def hanging(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await hang.wait()

    async with double(hanging) as server:
        one = directory(server.url, timeout_seconds=30)
        for _ in range(ldap.CONVERSATIONS + ldap.WAITING + 1):
            waiting = asyncio.create_task(sign_in(one))
            await asyncio.sleep(0.005)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
    async with double(good) as better:
        one._servers = directory(better.url)._servers
        assert isinstance(await sign_in(one), Proved)


@pytest.mark.parametrize("first", ["refusing", "silent", "nameless"])
async def test_the_next_server_answers_where_one_does_not(first: str) -> None:
    """Fail-over: refused, silent, or a name that does not exist; the one that answered is asked first from then on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        if first == "silent":
            listening.listen(8)
        host = "no-such-host.invalid" if first == "nameless" else "127.0.0.1"
        async with double(good) as server:
            one = directory(f"ldaps://{host}:{listening.getsockname()[1]}", server.url)
            assert isinstance(await sign_in(one), Proved)
            assert one._first == 1


async def test_a_server_that_went_silent_is_not_asked_again_first() -> None:
    """One that takes connections and answers nothing costs one try its time; the next try goes to another server."""
    hang = asyncio.Event()

    async def hanging(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await hang.wait()

    async with double(hanging) as silent, double(good) as server:
        one = directory(silent.url, server.url)
        assert trouble(await sign_in(one)) is Trouble.SLOW
        assert isinstance(await sign_in(one), Proved)


async def test_nobody_is_gone_from_a_directory_that_shows_nobody() -> None:
    """An account that lost its right to read would see that everybody left: then nobody has."""

    async def blind(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(done(asked))

    async with double(blind) as server:
        with pytest.raises(Cannot) as problem:
            await directory(server.url).look_after(["1-2", "3-4"], ENV)
        assert problem.value.trouble is Trouble.BLIND


async def test_who_is_not_shown_beside_others_is_gone() -> None:
    """One who is there and one who is not, in one search."""
    async with double(
        instead(SEARCH, lambda asked: entry(asked, ALICE, entryUUID="1-2", uid="alice") + done(asked))
    ) as server:
        found = await directory(server.url).look_after(["1-2", "3-4"], ENV)
        assert set(found) == {"1-2"}
        assert len([one for one in server.asked if one.kind == SEARCH]) == 1
