"""The ``[[ldap]]`` tables: what an operator wrote is a whole source or one sentence that names the key."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from genkan.settings_given import BadSetting
from genkan.sign_on_file import read_sign_on
from genkan.sources import ldap_filter, ldap_servers
from genkan.sources.ldap import SCHEMAS, LdapSource
from genkan.sources.ldap_servers import Security, Server

LEAST: Mapping[str, Any] = {
    "name": "corp", "title": "Corp", "servers": ["ldaps://ldap.example.com"], "base": "ou=people,dc=example,dc=com",
}  # fmt: skip


def source(**more: object) -> LdapSource:
    return msgspec.convert(dict(LEAST) | more, LdapSource)


def test_the_least_is_enough() -> None:
    """Name, title, a server and a base: TLS, an id that stays, and the usual attributes without a word of it."""
    least = source()
    assert least.parsed_servers == (Server("ldap.example.com", 636, Security.TLS),)
    assert (least.schema.id, least.schema.login, least.schema.filter) == (
        "entryUUID", "uid", "(&(objectClass=person)(uid={name}))",
    )  # fmt: skip
    assert least.active is None
    assert least.most_permission == "WRITE"


@pytest.mark.parametrize("kind", list(SCHEMAS))
def test_each_kind_is_whole(kind: str) -> None:
    """The filters of each kind can be read, and its id is one that stays."""
    made = source(kind=kind)
    assert ldap_filter.places_of(ldap_filter.parse(made.schema.filter, frozenset({"name"}))) == {"name"}
    assert made.schema.binary_id is (kind == "active-directory")
    assert (made.active is None) is (kind == "openldap")


@pytest.mark.parametrize(
    ("text", "plain", "server"),
    [
        ("ldaps://LDAP.example.com", False, Server("ldap.example.com", 636, Security.TLS)),
        ("ldaps://[::1]:6360/", False, Server("::1", 6360, Security.TLS)),
        ("ldap://10.0.0.1", False, Server("10.0.0.1", 389, Security.START_TLS)),
        ("ldap://10.0.0.1", True, Server("10.0.0.1", 389, Security.NONE)),
        ("ldaps://10.0.0.1", True, Server("10.0.0.1", 636, Security.TLS)),
    ],
)
def test_servers_are_kept_from_others(text: str, plain: bool, server: Server) -> None:
    """ldap:// goes on with StartTLS unless the dangerous option says otherwise; ldaps:// always is TLS."""
    assert ldap_servers.parse(text, plain=plain) == server


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"servers": []}, "servers: write one to 8"),
        ({"servers": ["ldap.example.com"]}, "servers: 'ldap.example.com' is no server"),
        ({"servers": ["https://ldap.example.com"]}, "servers: 'https://ldap.example.com' is no server"),
        ({"servers": ["ldaps://user@ldap.example.com"]}, "is no server"),
        ({"servers": ["ldaps://ldap.example.com/dc=x??sub"]}, "write the server alone"),
        ({"servers": ["ldaps://x"] * 9}, "servers: write one to 8"),
        ({"dangerously_without_tls": True}, "dangerously_without_tls: every server is ldaps://"),
        ({"base": " "}, "base: write the entry"),
        ({"base": "people"}, "base: 'people': "),
        ({"bind_dn": "cn=x"}, "bind_password_file: bind_dn needs its password"),
        ({"bind_as": "uid=x"}, "bind_as: write {name} once"),
        ({"bind_as": "uid={name},dc=x"}, "bind_as: without bind_dn nobody can be asked after"),
        ({"lockout_tries": 2}, "lockout_tries: write 0, or 3 and more"),
        ({"filter": "(uid=x)"}, "filter: write {name} where it belongs"),
        ({"filter": "(uid={name}"}, "filter: ) is missing"),
        ({"filter": "(uid={user})"}, "filter: { begins a place"),
        ({"active_filter": "(uid={name})"}, "active_filter: { begins a place"),
        ({"group_filter": "(cn=staff)"}, "group_filter: write {dn} or {name}"),
        ({"permissions": {"admins": "ADMIN"}}, "permissions: 'admins': "),
        ({"permissions": {"cn=admins": "ROOT"}}, "permissions"),
        ({"id_attribute": "entry uuid"}, "id_attribute: 'entry uuid' is no attribute"),
        ({"ca_file": "/no/such/file"}, "ca_file: /no/such/file cannot be read"),
        ({"connect_seconds": 0}, "connect_seconds"),
        ({"kind": "novell"}, "kind"),
        ({"start_tls": False}, "start_tls: there is no such key"),
        ({"title": ""}, "title"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_the_key(more: Mapping[str, object], said: str, tmp_path: Path) -> None:
    """Whatever is wrong, the site does not start, and the sentence says which file, table and key to mend."""
    import tomli_w

    file = tmp_path / "sign-on.toml"
    file.write_text(tomli_w.dumps({"ldap": [{**LEAST, **more}]}))
    with pytest.raises(BadSetting) as problem:
        read_sign_on(str(file))
    assert str(problem.value).startswith(f"{file}: [[ldap]] 1: ")
    assert said in str(problem.value)
    assert "\n" not in str(problem.value)


def test_a_password_file_that_is_empty_is_refused(tmp_path: Path) -> None:
    """A bind with a name and no password proves nothing: it is refused before the site starts."""
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(msgspec.ValidationError, match="bind_password_file"):
        source(bind_dn="cn=x", bind_password_file=str(tmp_path / "empty"))


def test_active_filters_of_kind_and_operator_both_count() -> None:
    """An operator's own filter does not let disabled people of the kind through."""
    made = source(kind="active-directory", active_filter="(employeeType=active)")
    assert made.active is not None
    shown = ldap_filter.shown(made.active)
    assert "userAccountControl" in shown
    assert "(employeeType=active)" in shown
