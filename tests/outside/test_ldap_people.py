"""Off-boarding against a real OpenLDAP: what one round of asking makes of who stays, left, was disabled or changed."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from genkan.outside import ldap
from genkan.outside.ldap import DirectoryFull, LdapDirectory
from genkan.outside.ldap_people import LdapPeople
from genkan.protocol.env import DAY, Env
from genkan.protocol.offboarding import Presence
from genkan.protocol.records import Identity
from genkan.sources.ldap import LdapSource
from genkan.wire.scopes import Permission
from tests.outside.ldap_double import BIND, SEARCH, Asked, done, double, entry
from tests.outside.slapd import BASE, PEOPLE, Slapd
from tests.outside.test_ldap_troubles import directory as double_directory
from tests.outside.test_ldap_troubles import instead, sign_in

NOW = 20_000 * DAY
ENV = Env(NOW, bytes)


def people(slapd: Slapd, **more: object) -> LdapPeople:
    return LdapPeople(LdapDirectory(msgspec.convert(slapd.source(**more), LdapSource)), lambda: ENV)


def identity(subject: str, label: str = "somebody") -> Identity:
    return Identity("corp", subject, 7, label, NOW, NOW, NOW)


@pytest.mark.needs("slapd", "ldapadd")
async def test_one_round_tells_who_stays_and_who_left(slapd: Slapd) -> None:
    """Present, disabled, deleted, moved away and never heard of, in one call and in the order asked."""
    names = ("p-stays", "p-out", "p-gone", "p-left")
    dns = {name: slapd.person(name, "the password") for name in names}
    asked = [identity(slapd.attribute(dns[name], "entryUUID"), name) for name in names]
    slapd.change(f"dn: {dns['p-out']}\nchangetype: modify\nadd: shadowExpire\nshadowExpire: 1\n")
    slapd.delete(dns["p-gone"])
    slapd.rename(dns["p-left"], "uid=p-left", f"ou=left,{BASE}")
    unknown = identity("00000000-0000-0000-0000-000000000000")
    told = await people(slapd).present([*asked, unknown])
    assert [one.presence for one in told] == [
        Presence.PRESENT, Presence.DISABLED, Presence.GONE, Presence.GONE, Presence.GONE,
    ]  # fmt: skip


@pytest.mark.needs("slapd", "ldapadd")
async def test_who_stays_is_described(slapd: Slapd) -> None:
    """What changed in the directory comes with the answer: groups and the right that they give."""
    dn = slapd.person("p-heidi", "the password")
    group = slapd.group("p-admins", dn)
    asked = [identity(slapd.attribute(dn, "entryUUID").upper())]
    one = people(slapd, permissions={group: "SYSTEM_ADMIN"}, most_permission="ADMIN")
    (told,) = await one.present(asked)
    assert told.person is not None
    assert (told.person.permission, told.person.groups) == (Permission.ADMIN, ("p-admins",))
    slapd.delete(group)
    (told,) = await one.present(asked)
    assert told.person is not None
    assert (told.person.permission, told.person.groups) == (Permission.WRITE, ())


@pytest.mark.needs("slapd", "ldapadd")
async def test_a_directory_that_is_away_tells_nothing_of_anybody(slapd: Slapd) -> None:
    """Unreachable for everybody, with the reason; and as before when it is back."""
    dn = slapd.person("p-nina", "the password")
    one, asked = people(slapd), [identity(slapd.attribute(dn, "entryUUID"))] * 3
    assert await one.trouble() == ""
    slapd.stop()
    try:
        assert [told.presence for told in await one.present(asked)] == [Presence.UNREACHABLE] * 3
        assert "localhost" in await one.trouble()
    finally:
        slapd.start()
    assert [told.presence for told in await one.present(asked)] == [Presence.PRESENT] * 3
    assert await one.trouble() == ""


@pytest.mark.needs("slapd", "ldapadd")
@pytest.mark.parametrize(
    "keys", [{"base": f"ou=nowhere,{BASE}"}, {"base": f"ou=left,{PEOPLE}"}, {"id_attribute": "employeeNumber"}]
)
async def test_a_mistake_in_the_file_is_no_mass_departure(slapd: Slapd, keys: dict[str, object]) -> None:
    """A base that is not there, or people without the id that is asked for: nobody has left."""
    dn = slapd.person(f"p-olaf-{len(str(keys))}", "the password")
    asked = [identity(slapd.attribute(dn, "entryUUID"))]
    assert [told.presence for told in await people(slapd, **keys).present(asked)] == [Presence.UNREACHABLE]
    assert await people(slapd, **keys).trouble()


async def test_an_id_that_cannot_be_one_says_nothing() -> None:
    """An administrator's typing mistake in an id in bytes disables nobody."""
    shown: Callable[..., bytes] = lambda asked: entry(asked, "cn=a,dc=x", objectGUID="0123456789abcdef") + done(asked)  # noqa: E731
    async with double(instead(SEARCH, shown)) as server:
        one = LdapPeople(double_directory(server.url, kind="active-directory", active_filter=""), lambda: ENV)
        told = await one.present(
            [identity("not hexadecimal"), identity(b"0123456789abcdef".hex()), identity("00" * 16)]
        )
    assert [answer.presence for answer in told] == [Presence.UNREACHABLE, Presence.PRESENT, Presence.GONE]


async def test_a_flood_of_sign_ins_makes_nobody_count_as_out_of_reach() -> None:
    """While all room for sign-ins is taken, and nobody more gets in, people are asked after as ever."""
    never = asyncio.Event()

    async def slow(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asked.kind == BIND and asked.bound[0]:
            await never.wait()
        if asked.kind == SEARCH:
            writer.write(entry(asked, "uid=alice,dc=x", entryUUID="1-2", uid="alice"))
        writer.write(done(asked))

    async with double(slow) as server:
        one = double_directory(server.url, timeout_seconds=30)
        many = [asyncio.create_task(sign_in(one)) for _ in range(ldap.CONVERSATIONS + ldap.WAITING)]
        while len([name for name, _ in server.binds() if name]) < ldap.CONVERSATIONS:
            await asyncio.sleep(0)
        with pytest.raises(DirectoryFull):
            await sign_in(one)
        people_of_it = LdapPeople(one, lambda: ENV)
        assert [told.presence for told in await people_of_it.present([identity("1-2")])] == [Presence.PRESENT]
        assert await people_of_it.trouble() == ""
        for task in many:
            task.cancel()
        await asyncio.gather(*many, return_exceptions=True)
