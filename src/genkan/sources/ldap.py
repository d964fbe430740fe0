"""An LDAP directory as an operator describes it: the ``[[ldap]]`` tables of the sign-on file."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from genkan.protocol.directory import SourceRule
from genkan.protocol.env import MINUTE
from genkan.sources import ldap_filter, ldap_names, ldap_servers
from genkan.sources.base import Source
from genkan.wire.scopes import Permission

NAME = "name"
MOST_SERVERS = 8


class Schema(msgspec.Struct, frozen=True, kw_only=True):
    """What a kind of directory calls things."""

    filter: str
    active: str
    id: str
    binary_id: bool = False
    login: str
    display: tuple[str, ...] = ("displayName", "cn")
    email: str = "mail"
    groups: str = "memberOf"


# Each active filter leaves out people whom the kind's own tools call disabled. Attributes which say so of an entry are
# read besides (ldap_entries), so that it counts also where a filter cannot see it.
SCHEMAS: Mapping[str, Schema] = {
    "openldap": Schema(filter="(&(objectClass=person)(uid={name}))", active="", id="entryUUID", login="uid"),
    "freeipa": Schema(
        filter="(&(objectClass=posixAccount)(uid={name}))",
        active="(!(nsAccountLock=TRUE))",
        id="ipaUniqueID",
        login="uid",
    ),
    "active-directory": Schema(
        filter="(&(objectCategory=person)(objectClass=user)(sAMAccountName={name}))",
        # MS-ADTS 2.2.16: ADS_UF_ACCOUNTDISABLE, asked for by the rule that ands bits.
        active="(!(userAccountControl:1.2.840.113556.1.4.803:=2))",
        id="objectGUID",
        binary_id=True,
        login="sAMAccountName",
    ),
}


class LdapSource(Source, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One LDAP directory whose passwords are taken in the sign-in form."""

    servers: Annotated[
        tuple[str, ...],
        Meta(
            description="Its servers, asked in this order until one answers: ldaps://host, or ldap://host, which goes "
            "on with StartTLS. The certificate must be for the host as written."
        ),
    ]
    base: Annotated[
        str, Meta(description="The entry below which people are looked for, as in ou=people,dc=example,dc=com.")
    ]
    kind: Annotated[
        Literal["openldap", "active-directory", "freeipa"],
        Meta(description="What it is; the attributes and filters below that are not set follow it."),
    ] = "openldap"
    bind_dn: Annotated[
        str,
        Meta(
            description="The account by which people are looked for; it needs to read and nothing else. Unset: the "
            "directory is asked by nobody in particular (anonymous bind)."
        ),
    ] = ""
    bind_password_file: Annotated[str, Meta(description="A file with the password of bind_dn.")] = ""
    bind_as: Annotated[
        str,
        Meta(
            description="Where no account may look for people: as whom a person binds before they are looked for, as "
            "in uid={name},ou=people,dc=example,dc=com or {name}@example.com. Asking after people in the background "
            "still goes by bind_dn."
        ),
    ] = ""
    filter: Annotated[
        str,
        Meta(
            description="Whom a typed user name means; {name} is the place of the name. It must find one entry alone."
        ),
    ] = ""
    active_filter: Annotated[
        str,
        Meta(
            description="What an entry must fit besides to be somebody who still belongs here, as in "
            "(employeeType=active). Who does not fit any more is disabled."
        ),
    ] = ""
    id_attribute: Annotated[
        str,
        Meta(
            description="The attribute that stays with a person when their name and place change and is never given to "
            "anybody else. Never change it: people are linked by it."
        ),
    ] = ""
    login_attribute: Annotated[str, Meta(description="The attribute with the user name.")] = ""
    display_attribute: Annotated[str, Meta(description="The attribute with the name that people read.")] = ""
    email_attribute: Annotated[str, Meta(description="The attribute with the e-mail address.")] = ""
    groups_attribute: Annotated[
        str, Meta(description="The attribute with the groups of a person, as in memberOf; - for none.")
    ] = ""
    group_base: Annotated[
        str,
        Meta(
            description="Where the directory does not keep groups with people: the entry below which groups are looked "
            "for."
        ),
    ] = ""
    group_filter: Annotated[
        str,
        Meta(
            description="Which groups a person is in; {dn} is the place of the person's entry, {name} of the user name."
        ),
    ] = "(|(member={dn})(uniqueMember={dn})(memberUid={name}))"
    permissions: Annotated[
        Mapping[str, Literal["READ", "WRITE", "ADMIN", "SYSTEM_ADMIN"]],
        Meta(
            description="What members of a group may do, by the group's distinguished name; the highest counts, "
            "permission where none fits. Unset: the directory has no say in it once the account is there."
        ),
    ] = {}
    most_permission: Annotated[
        Literal["READ", "WRITE", "ADMIN", "SYSTEM_ADMIN"],
        Meta(
            description="What the directory can give at most, whatever permissions says: whoever runs the directory "
            "can give themselves as much."
        ),
    ] = "WRITE"
    ca_file: Annotated[
        str,
        Meta(
            description="A file in PEM with the authorities that its servers' certificates are from. Unset: the "
            "system's."
        ),
    ] = ""
    dangerously_without_tls: Annotated[
        bool,
        Meta(
            description="Talk to ldap:// servers without StartTLS: everybody on the way reads every password, and can "
            "answer as the directory."
        ),
    ] = False
    connect_seconds: Annotated[
        int, Meta(description="How long a server may take to accept a connection, TLS included.", ge=1, le=30)
    ] = 4
    timeout_seconds: Annotated[
        int, Meta(description="How long one sign-in or one round of asking after people may take.", ge=1, le=60)
    ] = 10
    lockout_tries: Annotated[
        int,
        Meta(
            description="After how many wrong passwords the directory itself locks a person; Genkan passes on fewer, "
            "so that nobody can lock people out of everything else by it. 0: it never does.",
            ge=0,
            le=1000,
        ),
    ] = 10
    lockout_minutes: Annotated[
        int, Meta(description="For how long the directory counts a wrong password.", ge=1, le=1440)
    ] = 10

    def __post_init__(self) -> None:
        """What no type says."""
        super().__post_init__()
        for check in (_server_fault, _bind_fault, _filter_fault, _name_fault, _attribute_fault, _file_fault):
            wrong = check(self)
            if wrong:
                raise ValueError(wrong)

    @property
    def schema(self) -> Schema:
        """What its kind calls things, unless the operator says otherwise."""
        usual = SCHEMAS[self.kind]
        return Schema(
            filter=self.filter or usual.filter,
            active=usual.active,
            id=self.id_attribute or usual.id,
            binary_id=(self.id_attribute or usual.id).lower() == "objectguid",
            login=self.login_attribute or usual.login,
            display=(self.display_attribute,) if self.display_attribute else usual.display,
            email=self.email_attribute or usual.email,
            groups=self.groups_attribute or usual.groups,
        )

    @property
    def parsed_servers(self) -> tuple[ldap_servers.Server, ...]:
        """The servers; validated when they were read."""
        return tuple(ldap_servers.parse(text, plain=self.dangerously_without_tls) for text in self.servers)

    @property
    def active(self) -> ldap_filter.Filter | None:
        """What an entry must fit to be of somebody who still belongs here; None where there is nothing to fit."""
        texts = [text for text in (self.schema.active, self.active_filter) if text]
        return ldap_filter.All(tuple(map(ldap_filter.parse, texts))) if texts else None

    @property
    def rule(self) -> SourceRule:
        """The same as the rules want it."""
        return replace(super().rule, most_permission=Permission[self.most_permission])

    @property
    def window(self) -> int:
        """For how long the directory counts a wrong password, in milliseconds."""
        return self.lockout_minutes * MINUTE

    @property
    def permission_by_group(self) -> dict[tuple[ldap_names.Level, ...], Permission]:
        """The permissions by what the groups' names mean."""
        return {ldap_names.parse(dn): Permission[name] for dn, name in self.permissions.items()}


def _server_fault(source: LdapSource) -> str:
    if not 1 <= len(source.servers) <= MOST_SERVERS:
        return f'servers: write one to {MOST_SERVERS}, as in ["ldaps://ldap.example.com"]'
    try:
        servers = source.parsed_servers
    except ldap_servers.BadServer as problem:
        return f"servers: {problem}"
    if source.dangerously_without_tls and all(one.security is ldap_servers.Security.TLS for one in servers):
        return "dangerously_without_tls: every server is ldaps://, so leave it out"
    return ""


def _bind_fault(source: LdapSource) -> str:
    if source.bind_dn and not source.bind_password_file:
        return "bind_password_file: bind_dn needs its password; a name without one proves nothing"
    if source.bind_password_file and not source.bind_dn:
        return "bind_dn: write whose password bind_password_file is"
    if 0 < source.lockout_tries < 3:
        return "lockout_tries: write 0, or 3 and more: one that locks people sooner leaves no try to pass on"
    if source.bind_as and source.bind_as.count("{name}") != 1:
        return "bind_as: write {name} once, where the typed user name belongs"
    if source.bind_as and not source.bind_dn and source.kept_hours:
        return (
            "bind_as: without bind_dn nobody can be asked after; write one, or kept_hours = 0 to keep people for ever"
        )
    return ""


def _filter_fault(source: LdapSource) -> str:
    wanted = (
        ("filter", source.schema.filter, frozenset({NAME}), True),
        ("active_filter", source.active_filter or "(objectClass=*)", frozenset[str](), False),
        ("group_filter", source.group_filter, frozenset({NAME, "dn"}), True),
    )
    for field, text, places, needs_place in wanted:
        try:
            parsed = ldap_filter.parse(text, places)
        except ldap_filter.BadFilter as problem:
            return f"{field}: {problem}"
        if needs_place and not ldap_filter.places_of(parsed):
            return f"{field}: write {' or '.join(f'{{{place}}}' for place in sorted(places))} where it belongs"
    return ""


def _name_fault(source: LdapSource) -> str:
    written = {"base": source.base, "bind_dn": source.bind_dn, "group_base": source.group_base}
    if not source.base.strip():
        return "base: write the entry below which people are, as in dc=example,dc=com"
    for field, text in [*written.items(), *(("permissions", dn) for dn in source.permissions)]:
        # Active Directory takes user@example.com and DOMAIN\user for a name to bind with.
        if field == "bind_dn" and "=" not in text:
            continue
        try:
            ldap_names.parse(text)
        except ldap_names.BadName as problem:
            return f"{field}: {text[:80]!r}: {problem}"
    return ""


def _attribute_fault(source: LdapSource) -> str:
    for field in ("id_attribute", "login_attribute", "display_attribute", "email_attribute", "groups_attribute"):
        text = getattr(source, field)
        if text and text != "-" and not all(c.isascii() and (c.isalnum() or c in "-.") for c in text):
            return f"{field}: {text[:80]!r} is no attribute"
    return ""


def _file_fault(source: LdapSource) -> str:
    for field, path in (("bind_password_file", source.bind_password_file), ("ca_file", source.ca_file)):
        try:
            if path and not Path(path).read_text("utf-8").strip():
                return f"{field}: {path} is empty"
        except (OSError, ValueError) as problem:
            return f"{field}: {path} cannot be read: {getattr(problem, 'strerror', None) or 'it is not text'}"
    return ""
