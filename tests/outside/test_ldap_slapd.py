"""Against a real OpenLDAP server: whose password it is, who is out, who has gone, and whom TLS keeps out."""

import asyncio
import subprocess
from pathlib import Path

import msgspec
import pytest
import trustme
import uvloop

from genkan.clock import system_env
from genkan.outside.ldap import LdapDirectory, Out, Proved, Tried, Unreachable, Wrong
from genkan.outside.ldap_connection import Cannot, Trouble
from genkan.sources import ldap_filter
from genkan.sources.ldap import LdapSource
from genkan.wire.scopes import Permission
from tests.outside.slapd import BASE, GROUPS, PEOPLE, READER, READER_PASSWORD, Slapd

pytestmark = pytest.mark.needs("slapd", "ldapadd")


def directory(slapd: Slapd, **more: object) -> LdapDirectory:
    return LdapDirectory(msgspec.convert(slapd.source(**more), LdapSource))


async def may(subject: str) -> bool:
    return True


async def sign_in(one: LdapDirectory, name: str, password: str, subject: str = "") -> Tried:
    return await one.sign_in(name, password, may, system_env(), subject)


def subject_of(slapd: Slapd, dn: str) -> str:
    return slapd.attribute(dn, "entryUUID")


async def test_the_right_password_proves_the_person(slapd: Slapd) -> None:
    """Right, wrong, empty and unknown, and what the directory tells of who proved to be it."""
    dn = slapd.person("alice", "alice's own")
    one = directory(slapd)
    proved = await sign_in(one, "alice", "alice's own")
    assert isinstance(proved, Proved)
    assert proved.person.subject == subject_of(slapd, dn)
    assert (proved.person.login, proved.person.display_name, proved.person.email) == (
        "alice", "Alice Example", "alice@example.com",
    )  # fmt: skip
    for name, password in (("alice", "alice's OWN"), ("alice", ""), ("nobody", "alice's own"), ("", "alice's own")):
        assert isinstance(await sign_in(one, name, password), Wrong)


@pytest.mark.parametrize(
    "name",
    [
        "*", "bob*", "b*b", "*)(uid=*", "bob)(objectClass=*", "x)(|(uid=bob", "bob\\2a", "\\62ob", "bob\0", "(bob)",
        "x)(uid=bob))(|(uid=x", "uid=bob", "bob,ou=people", "{name}", "\u202ebob", "b\u0000ob",
    ],
)  # fmt: skip
async def test_a_name_cannot_be_a_filter(slapd: Slapd, name: str) -> None:
    """Whatever is typed for a name is compared as a name: with the right password of somebody else it finds nobody."""
    if not slapd.attribute(f"uid=bob,{PEOPLE}", "uid"):
        slapd.person("bob", "bob's own")
    assert isinstance(await sign_in(directory(slapd), name, "bob's own"), Wrong)
    templated = directory(slapd, bind_dn="", bind_password_file="", kept_hours=0, bind_as=f"uid={{name}},{PEOPLE}")
    assert isinstance(await sign_in(templated, name, "bob's own"), Wrong)


@pytest.mark.parametrize("name", ["CAROL", " carol", "carol  ", "\uff43arol"])
async def test_spellings_of_a_name_are_one_person_or_nobody(slapd: Slapd, name: str) -> None:
    """Row 14 of security.md (CVE-2026-47203): case, spaces and Unicode forms end at one id, however they are typed."""
    dn = f"uid=carol,{PEOPLE}"
    if not slapd.attribute(dn, "uid"):
        slapd.person("carol", "carol's own")
    tried = await sign_in(directory(slapd), name, "carol's own")
    assert isinstance(tried, Proved | Wrong)
    if isinstance(tried, Proved):
        assert tried.person.subject == subject_of(slapd, dn)
        assert tried.person.login == "carol"


async def test_a_person_stays_the_same_when_name_and_place_change(slapd: Slapd) -> None:
    """Renamed, and moved within the base: the id stays, the old name is nobody's."""
    dn = slapd.person("dora", "dora's own")
    subject = subject_of(slapd, dn)
    slapd.rename(dn, "uid=dora2")
    slapd.add(f"dn: ou=team,{PEOPLE}\nobjectClass: organizationalUnit\nou: team\n")
    slapd.rename(f"uid=dora2,{PEOPLE}", "uid=dora2", f"ou=team,{PEOPLE}")
    one = directory(slapd)
    proved = await sign_in(one, "dora2", "dora's own")
    assert isinstance(proved, Proved)
    assert (proved.person.subject, proved.person.login) == (subject, "dora2")
    assert isinstance(await sign_in(one, "dora", "dora's own"), Wrong)
    by_id = await sign_in(one, "whatever is shown here", "dora's own", subject)
    assert isinstance(by_id, Proved)


async def test_a_name_given_to_somebody_else_is_somebody_else(slapd: Slapd) -> None:
    """A user name that is given away again is another id; asked for by the old id, nobody proves it."""
    dn = slapd.person("erin", "first erin")
    before = subject_of(slapd, dn)
    slapd.delete(dn)
    slapd.person("erin", "second erin")
    one = directory(slapd)
    proved = await sign_in(one, "erin", "second erin")
    assert isinstance(proved, Proved)
    assert proved.person.subject != before
    assert isinstance(await sign_in(one, "erin", "second erin", before), Wrong)


@pytest.mark.parametrize(
    ("name", "attribute", "value"),
    [
        ("frank", "shadowExpire", "1"),
        ("fred", "pwdAccountLockedTime", "000001010000Z"),
        ("fritz", "employeeType", "left"),
    ],
)
async def test_who_is_disabled_is_out(slapd: Slapd, name: str, attribute: str, value: str) -> None:
    """Expired, locked by an administrator, or not fitting the operator's filter: out at once and when asked after."""
    dn = slapd.person(name, "the password", more=[("employeeType", "active")])
    one = directory(slapd, active_filter="(employeeType=active)")
    subject = subject_of(slapd, dn)
    assert isinstance(await sign_in(one, name, "the password"), Proved)
    assert not (await one.look_after([subject], system_env()))[subject].out
    slapd.change(f"dn: {dn}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n")
    assert isinstance(await sign_in(one, name, "the password"), Out | Wrong)
    assert (await one.look_after([subject], system_env()))[subject].out


async def test_a_lock_by_wrong_passwords_is_nobody_leaving(slapd: Slapd) -> None:
    """Anybody can lock somebody by guessing: it must not end the sign-ins of who is locked."""
    dn = slapd.person("grace", "grace's own", more=[("pwdAccountLockedTime", "20261125120000Z")])
    subject = subject_of(slapd, dn)
    assert not (await directory(slapd).look_after([subject], system_env()))[subject].out


async def test_who_is_deleted_is_gone_and_others_stay(slapd: Slapd) -> None:
    """More people than one search asks after; those deleted or moved out of the base are missing, and nobody else."""
    dns = [slapd.person(f"many{number}", "the password") for number in range(8)]
    subjects = [subject_of(slapd, dn) for dn in dns]
    slapd.delete(dns[2])
    slapd.rename(dns[5], "uid=many5", f"ou=left,{BASE}")
    unknown = [f"00000000-0000-0000-0000-{number:012}" for number in range(120)]
    found = await directory(slapd).look_after([*unknown, *subjects], system_env())
    assert set(found) == set(subjects) - {subjects[2], subjects[5]}


@pytest.mark.parametrize("kept", ["with people", "with groups"])
async def test_groups_give_permissions_up_to_the_cap(slapd: Slapd, kept: str) -> None:
    """Groups by memberOf and by a search for groups; a change of them counts at the next look."""
    name = f"heidi-{kept.replace(' ', '-')}"
    dn = slapd.person(name, "the password")
    table = {f"CN={name}-admins, {GROUPS}": "SYSTEM_ADMIN"}
    more = {"group_base": GROUPS} if kept == "with groups" else {}
    one = directory(slapd, permissions=table, most_permission="ADMIN", **more)
    subject = subject_of(slapd, dn)
    assert (await one.look_after([subject], system_env()))[subject].permission is Permission.WRITE
    group = slapd.group(f"{name}-admins", dn)
    proved = await sign_in(one, name, "the password")
    assert isinstance(proved, Proved)
    assert (proved.person.groups, proved.person.permission) == ((f"{name}-admins",), Permission.ADMIN)
    slapd.delete(group)
    assert (await one.look_after([subject], system_env()))[subject].permission is Permission.WRITE


async def test_people_may_look_for_themselves_by_a_template(slapd: Slapd) -> None:
    """Without an account that looks for people, each binds as themselves first."""
    slapd.person("ivan", "ivan's own")
    one = directory(slapd, bind_dn="", bind_password_file="", kept_hours=0, bind_as=f"uid={{name}},{PEOPLE}")
    assert isinstance(await sign_in(one, "ivan", "ivan's own"), Proved)
    assert isinstance(await sign_in(one, "ivan", "wrong"), Wrong)
    assert isinstance(await sign_in(one, "nobody", "ivan's own"), Wrong)


async def test_a_place_that_does_not_exist_is_no_mass_departure(slapd: Slapd) -> None:
    """A wrong base, or an account that may read nothing: an error, never people who left."""
    dn = slapd.person("judy", "judy's own")
    with pytest.raises(Cannot) as problem:
        await directory(slapd, base=f"ou=nowhere,{BASE}").look_after([subject_of(slapd, dn)], system_env())
    assert problem.value.trouble is Trouble.BASE
    blind = directory(slapd, bind_dn=dn, bind_password_file=secret(slapd, "judy's own"), base=f"ou=left,{BASE}")
    with pytest.raises(Cannot) as problem:
        await blind.look_after([subject_of(slapd, dn)], system_env())
    assert problem.value.trouble in {Trouble.BLIND, Trouble.BASE, Trouble.SEARCH}


def secret(slapd: Slapd, text: str) -> str:
    path = slapd.folder / "another-secret"
    path.write_text(text)
    return str(path)


async def test_a_refused_service_account_is_named(slapd: Slapd) -> None:
    """The wrong password of our own account is the operator's trouble, and never a wrong password of a person."""
    tried = await sign_in(directory(slapd, bind_password_file=secret(slapd, "wrong")), "alice", "alice's own")
    assert isinstance(tried, Unreachable)
    assert (tried.cannot.trouble, tried.guessed) == (Trouble.SERVICE, False)
    assert "wrong" not in tried.cannot.sentence


@pytest.mark.parametrize("security", ["ldaps", "starttls"])
async def test_a_server_that_is_not_trusted_gets_no_password(slapd: Slapd, security: str, tmp_path: Path) -> None:
    """TLS from the start or by StartTLS, by another authority or for another host: no bind at all."""
    server = slapd.tls if security == "ldaps" else slapd.plain
    slapd.person(f"kim-{security}", "kim's own")
    assert isinstance(await sign_in(directory(slapd, servers=(server,)), f"kim-{security}", "kim's own"), Proved)
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    other = directory(slapd, servers=(server,), ca_file=str(tmp_path / "other.pem"))
    elsewhere = directory(slapd, servers=(server.replace("localhost", "127.0.0.2"),))
    for one in (other, elsewhere, directory(slapd, servers=(server,), ca_file="")):
        tried = await sign_in(one, f"kim-{security}", "kim's own")
        assert isinstance(tried, Unreachable)
        assert tried.cannot.trouble in {Trouble.CERTIFICATE, Trouble.CONNECTION}
        assert not tried.guessed


async def test_without_tls_only_by_the_name_of_what_it_loses(slapd: Slapd) -> None:
    """Plain LDAP works with the dangerous option alone."""
    slapd.person("leo", "leo's own")
    one = directory(slapd, servers=(slapd.plain,), dangerously_without_tls=True, ca_file="")
    assert isinstance(await sign_in(one, "leo", "leo's own"), Proved)


def test_starttls_works_on_the_loop_that_serves(slapd: Slapd) -> None:
    """The site runs on uvloop, whose TLS is another: the same there."""
    slapd.person("mia", "mia's own")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for server in (slapd.plain, slapd.tls):
            one = directory(slapd, servers=(server,))
            assert isinstance(runner.run(sign_in(one, "mia", "mia's own")), Proved)
            assert isinstance(runner.run(sign_in(one, "mia", "wrong")), Wrong)


async def test_unreachable_then_back(slapd: Slapd) -> None:
    """Stopped, everybody's sign-in is unreachable and nobody is gone; started again, all is as before."""
    dn = slapd.person("nina", "nina's own")
    one, subject = directory(slapd), subject_of(slapd, dn)
    slapd.stop()
    try:
        assert isinstance(await sign_in(one, "nina", "nina's own"), Unreachable)
        with pytest.raises(Cannot):
            await one.look_after([subject], system_env())
    finally:
        slapd.start()
    assert isinstance(await sign_in(one, "nina", "nina's own"), Proved)
    assert set(await one.look_after([subject], system_env())) == {subject}


def test_our_filters_find_what_openldaps_own_tool_finds(slapd: Slapd) -> None:
    """Each kind of filter, sent by us and by ldapsearch: the same entries."""
    for name in ("olga", "oscar", "otto"):
        slapd.person(name, "the password", more=[("employeeNumber", str(len(name))), ("title", f"a*b ({name})")])
    texts = [
        "(uid=o*)", "(uid=*a)", "(uid=o*g*)", "(|(uid=olga)(uid=otto))", "(&(uid=o*)(!(uid=otto)))",
        r"(title=a\2ab \28olga\29)", "(uid~=olga)", "(cn=OLGA example)", "(employeeNumber:caseIgnoreMatch:=5)",
        "(ou:dn:=people)", "(&(uid=o*)(shadowExpire=*))",
    ]  # fmt: skip
    for text in texts:
        assert asyncio.run(_ours(slapd, text)) == _theirs(slapd, text), text


async def _ours(slapd: Slapd, text: str) -> set[str]:
    one = directory(slapd)
    async with one.talking() as talk:
        await one.serve(talk)
        return {entry.dn for entry in (await talk.search(one.search(ldap_filter.parse(text), 500, page=2))).entries}


def _theirs(slapd: Slapd, text: str) -> set[str]:
    command = ["ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-H", f"ldap://127.0.0.1:{slapd.plain_port}"]
    command += ["-D", READER, "-w", READER_PASSWORD, "-b", PEOPLE, text, "1.1"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    return {line[4:] for line in told.splitlines() if line.startswith("dn: ")}
