"""Trying a directory out step by step, for the operator: what was asked, what came of it, and what to mend."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from genkan.outside.ldap import LdapDirectory
from genkan.outside.ldap_connection import Cannot, Conversation, Trouble
from genkan.outside.ldap_messages import Entry
from genkan.protocol.env import Env
from genkan.sources import ldap_filter
from genkan.sources.ldap_servers import Security

MOST_COUNTED = 1000
FIXES: Mapping[Trouble, str] = {
    Trouble.NAME: "Mend the host in servers, or the name service of this machine.",
    Trouble.CONNECTION: "Look whether the server runs and a firewall lets this machine through, and mend the port in "
    "servers: ldaps:// is 636, ldap:// with StartTLS 389.",
    Trouble.CERTIFICATE: "Name the authority that its certificate is from in ca_file, and write the host in servers as "
    "the certificate has it.",
    Trouble.TLS: "Write ldaps:// for a server that takes TLS from the start and ldap:// for one that takes StartTLS, "
    "and see that it speaks TLS 1.2 or newer.",
    Trouble.SLOW: "Look whether a firewall swallows the connection; raise connect_seconds or timeout_seconds for a "
    "server that is only slow.",
    Trouble.ANSWER: "See that servers names the LDAP port of a directory, and look into the directory's log.",
    Trouble.SERVICE: "Mend bind_dn, or write its present password into bind_password_file.",
    Trouble.BASE: "Write into base the entry below which people are, as the directory has it.",
    Trouble.SEARCH: "Let bind_dn search below base; where bind_dn is unset the directory may want one.",
    Trouble.BLIND: "Let bind_dn read the entries below base and their id_attribute.",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what was tried, whether it went well, what was found, and what to do where it did not."""

    tried: str
    good: bool
    found: str
    fix: str = ""


async def try_out(directory: LdapDirectory, name: str, env: Env) -> list[Step]:
    """Every step up to the first that fails; ``name`` is a user name to look up, empty for none. Passwords of people
    are not asked for.
    """
    steps = [await _try_server(directory, at) for at in range(len(directory.source.servers))]
    if not any(step.good for step in steps):
        return steps
    tried = "Look for people"
    try:
        async with directory.talking() as talk:
            tried = f"Bind as {directory.source.bind_dn or 'nobody in particular'}"
            await directory.serve(talk)
            steps.append(Step(tried, True, "accepted"))
            tried = f"Look for people below {directory.source.base}"
            steps.append(await _count(directory, talk, tried))
            if name:
                tried = f"Look for {name}"
                steps.extend(await _look_for(directory, talk, name, env))
    except Cannot as problem:
        steps.append(_failed(tried, problem))
    return steps


async def _try_server(directory: LdapDirectory, at: int) -> Step:
    server = directory.source.parsed_servers[at]
    tried = f"Connect to {server.text}"
    try:
        async with AsyncExitStack() as stack:
            await directory.open_server(stack, at)
    except Cannot as problem:
        return _failed(tried, problem)
    how = {Security.TLS: "TLS", Security.START_TLS: "StartTLS", Security.NONE: "without TLS"}[server.security]
    return Step(tried, True, f"connected, {how}")


def _failed(tried: str, problem: Cannot) -> Step:
    return Step(tried, False, problem.sentence, FIXES[problem.trouble])


async def _count(directory: LdapDirectory, talk: Conversation, tried: str) -> Step:
    await directory.see_anybody(talk)
    anybody = directory.search(ldap_filter.Present(directory.schema.id), MOST_COUNTED, page=200)
    found = await talk.search(anybody)
    count = f"{len(found.entries)} entries{' and more' if found.has_more else ''} with {directory.schema.id}"
    return Step(tried, True, count)


async def _look_for(directory: LdapDirectory, talk: Conversation, name: str, env: Env) -> Sequence[Step]:
    wanted = directory.filter_for(name)
    found = await talk.search(directory.search(wanted, 2))
    tried = f"Look for {name} by {ldap_filter.shown(wanted)}"
    if not found.entries:
        return [
            Step(
                tried,
                False,
                "nobody fits",
                "See that the name is right, mend filter, and try what is shown with ldapsearch.",
            )
        ]
    if len(found.entries) > 1 or found.has_more:
        more = "Narrow filter until it finds one entry alone; nobody is signed in while it finds two."
        return [Step(tried, False, f"more than one entry fits, {found.entries[0].dn} among them", more)]
    entry = found.entries[0]
    return [Step(tried, True, entry.dn), *await _described(directory, talk, entry, env)]


async def _described(directory: LdapDirectory, talk: Conversation, entry: Entry, env: Env) -> Sequence[Step]:
    person = await directory.describe(talk, entry, env.now)
    names = directory.schema
    if not person.subject:
        fix = "Set id_attribute to one that this directory has, that never changes and is never given away again."
        return [Step(f"Read {names.id}", False, "there is none, or not one alone", fix)]
    steps = [Step(f"Read {names.id}", True, person.subject)]
    login = person.login or "nothing that can be read"
    steps.append(Step(f"Read {names.login}", bool(person.login), login, "" if person.login else "Set login_attribute."))
    groups = ", ".join(person.groups) or "in no group"
    steps.append(Step("Read groups", True, groups))
    if person.permission is not None:
        steps.append(Step("Look up permissions", True, person.permission.name))
    belongs = person.out or "yes"
    steps.append(
        Step("Belongs here", not person.out, belongs, "Enable the person in the directory." if person.out else "")
    )
    return steps
