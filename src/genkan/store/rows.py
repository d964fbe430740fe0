"""Record <-> row: how the engines spell records as compact columns is known here alone. No SQL runs."""

import socket
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from genkan.protocol.facts import KeyFacts, SessionFacts
from genkan.protocol.outcomes import Event, EventKind
from genkan.protocol.records import (
    ALL_WAYS,
    Account,
    ApiKey,
    Consent,
    ConsentMode,
    Grant,
    GrantState,
    Link,
    LinkKind,
    Method,
    Passkey,
    Session,
    Site,
    Standing,
    Way,
)
from genkan.wire.scopes import Permission

Row = tuple[Any, ...]
TextIds = Mapping[str, int]
Texts = Mapping[int, str]

STANDINGS = (Standing.ACTIVE, Standing.DISABLED, Standing.DELETED)
LINK_KINDS = (LinkKind.NATIVE, LinkKind.CONFIDENTIAL)
CONSENT_MODES = (ConsentMode.ALWAYS, ConsentMode.REMEMBER)
STANDING_CODES = {standing: code for code, standing in enumerate(STANDINGS)}
LINK_KIND_CODES = {kind: code for code, kind in enumerate(LINK_KINDS)}
CONSENT_MODE_CODES = {mode: code for code, mode in enumerate(CONSENT_MODES)}

# Calling an enum is several times slower than a look-up, and every request decodes some.
_PERMISSIONS = (Permission.READ, *Permission)
_STATES = tuple(GrantState)
_METHODS = tuple(Method(bits) for bits in range(256))

_WAYS = tuple(Way(bits) for bits in range(ALL_WAYS + 1))

_encode_list = msgspec.json.Encoder().encode
_decode_list = msgspec.json.Decoder(tuple[str, ...]).decode

SITE_COLUMNS = (
    "site_id, version, ring_version, ring_fingerprint, mobile_enabled, mobile_link_id, heal_until, setup_digest, "
    "has_administrator, behind_since, title, ways, max_age, restored_at"
)
ACCOUNT_COLUMNS = (
    "a.id, a.name, a.folded, a.display_name, a.email, a.permission, a.groups, a.standing, a.stop, a.created_at, "
    "a.version, a.locale, a.time_zone"
)
ACCOUNT_WIDTH = 13
LINK_COLUMNS = (
    "id, client_id, name, kind, redirects, permission, consent, introspect, pkce_required, plain_pkce, standing, stop, "
    "absolute_lifetime, created_at, version, secret, previous_secret, previous_secret_until, ways, max_age"
)
GRANT_COLUMNS = (
    "g.id, g.scope, g.access_scope, g.generation, g.key_id, g.previous_key_id, g.created_at, g.rotated_at, "
    "g.access_expires_at, g.refresh_expires_at, g.account_stop, g.link_stop, g.method, g.auth_time, g.device, "
    "g.user_agent, g.address, g.network, g.seen_generation, g.seen_at, g.last_seen, g.retries, g.rotation_due, "
    "g.redirect, g.state, g.reason, g.ended_at, g.certificate"
)
SESSION_COLUMNS = (
    "s.id, s.account_stop, s.method, s.auth_time, s.created_at, s.last_seen, s.expires_at, s.user_agent, s.address, "
    "s.certificate, s.source, s.upstream_sid"
)
PASSKEY_COLUMNS = (
    "p.id, p.public_key, p.counter, p.name, p.aaguid, p.transports, p.rp_id, p.backup_eligible, p.backed_up, "
    "p.attested, p.created_at, p.last_used_at, p.cloned_at"
)
PASSKEY_WIDTH = 13
API_KEY_COLUMNS = (
    "k.id, k.name, k.digest, k.permission, k.created_at, k.expires_at, k.revoked_at, k.maker, k.adopted_by, "
    "k.adopted_at"
)
API_KEY_WIDTH = 10
EVENT_COLUMNS = "kind, at, actor, account_id, link_id, grant_id, address, reason, detail"


# Bytes as a parameter on the hot paths. The driver looks for an adapter of every parameter but numbers, text and this
# type (CPython, Modules/_sqlite/statement.c: need_adapt), which costs more than what most statements here do.
Blob = bytearray


def id_time(grant_id: bytes) -> int:
    """What a grant's times are counted from: its id's first 48 bits, its moment of birth in milliseconds."""
    return int.from_bytes(grant_id[:6], "big")


@lru_cache(maxsize=4096)
def pack_address(address: str) -> Blob | str:
    """An IP address in 4 or 16 bytes where its text comes back exactly the same; any other text as it is."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        packed = socket.inet_pton(family, address)
        return Blob(packed) if socket.inet_ntop(family, packed) == address else address
    except (OSError, ValueError):
        return address


# No address is as long as this prefix: what follows it is any other text.
_NO_ADDRESS = bytes(17)


def address_bytes(packed: Blob | str) -> bytes:
    """What pack_address gives, for a column that takes bytes alone."""
    if isinstance(packed, str):
        return _NO_ADDRESS + packed.encode() if packed else b""
    return bytes(packed)


@lru_cache(maxsize=4096)
def unpack_address(stored: bytes | str) -> str:
    """The text that pack_address was given, in either form."""
    if isinstance(stored, str):
        return stored
    if len(stored) not in (4, 16):
        return stored[len(_NO_ADDRESS) :].decode()
    return socket.inet_ntop(socket.AF_INET if len(stored) == 4 else socket.AF_INET6, stored)


def site(row: Row) -> Site:
    """From SITE_COLUMNS."""
    (site_id, version, ring_version, fingerprint, enabled, link_id, heal_until, setup, administrator, behind,
     title, ways, max_age, restored_at) = row  # fmt: skip
    return Site(
        site_id, version, ring_version, fingerprint, bool(enabled), link_id, heal_until, setup, bool(administrator),
        behind, title, _WAYS[ways], max_age, restored_at,
    )  # fmt: skip


@lru_cache(maxsize=1024)
def account(row: Row) -> Account:
    """From ACCOUNT_COLUMNS. Equal rows are one value: what is asked for again and again is decoded once."""
    (account_id, name, folded, display_name, email, permission, groups, standing, stop, created_at, version, locale,
     time_zone) = row  # fmt: skip
    return Account(
        account_id, name, folded, display_name, email, _PERMISSIONS[permission], _decode_list(groups),
        STANDINGS[standing], stop, created_at, version, locale, time_zone,
    )  # fmt: skip


def account_values(account: Account) -> Row:
    """What a PutAccount writes; everything but the id, the stop counter and the time it was made."""
    return (
        account.name, account.folded, account.display_name, account.email, int(account.permission),
        _encode_list(account.groups).decode(), STANDING_CODES[account.standing], account.version, account.locale,
        account.time_zone,
    )  # fmt: skip


def link(row: Row) -> Link:
    """From LINK_COLUMNS."""
    (link_id, client_id, name, kind, redirects, permission, consent, introspect, required, plain, standing, stop,
     lifetime, created_at, version, secret, previous, previous_until, ways, max_age) = row  # fmt: skip
    return Link(
        link_id, client_id, name, LINK_KINDS[kind], _decode_list(redirects), _PERMISSIONS[permission],
        CONSENT_MODES[consent], bool(introspect), bool(required), bool(plain), STANDINGS[standing], stop, lifetime,
        created_at, version, secret, previous, previous_until, _WAYS[ways], max_age,
    )  # fmt: skip


def link_values(link: Link) -> Row:
    """What a PutLink writes; everything but id, client id, stop counter and the time it was made."""
    return (
        link.name, LINK_KIND_CODES[link.kind], _encode_list(link.redirects).decode(), int(link.permission),
        CONSENT_MODE_CODES[link.consent], link.introspect, link.pkce_required, link.plain_pkce,
        STANDING_CODES[link.standing], link.absolute_lifetime, link.version, link.secret, link.previous_secret,
        link.previous_secret_until, int(link.ways), link.max_age,
    )  # fmt: skip


def grant(row: Row, account_id: int, link_id: int, texts: Texts) -> Grant:
    """From GRANT_COLUMNS, with the ids that its row names by number."""
    (grant_id, scope, access_scope, generation, key_id, previous_key_id, created, rotated, access_left, refresh_left,
     account_stop, link_stop, method, auth_time, device, user_agent, address, network, seen_generation, seen_at,
     last_seen, retries, due, redirect, state, reason, ended_at, certificate) = row  # fmt: skip
    born = int.from_bytes(grant_id[:6], "big")
    rotated += born
    return Grant(
        grant_id, account_id, link_id, _PERMISSIONS[scope], _PERMISSIONS[access_scope], generation, key_id,
        previous_key_id, born + created, rotated, rotated + access_left, rotated + refresh_left, account_stop,
        link_stop, _METHODS[method], born + auth_time, device, texts[user_agent], unpack_address(address),
        texts[network], seen_generation, until(born, seen_at), until(born, last_seen), retries,
        until(rotated, due), redirect, _STATES[state], texts[reason], ended_at, certificate or 0,
    )  # fmt: skip


def grant_values(grant: Grant, ids: TextIds) -> Row:
    """A whole new row but for the numbers of its account and link, in the order of GRANT_COLUMNS."""
    born, rotated = id_time(grant.id), grant.rotated_at
    return (
        Blob(grant.id), int(grant.scope), int(grant.access_scope), grant.generation, grant.key_id,
        grant.previous_key_id,
        grant.created_at - born, rotated - born, grant.access_expires_at - rotated, grant.refresh_expires_at - rotated,
        grant.account_stop, grant.link_stop, int(grant.method), grant.auth_time - born,
        None if grant.device is None else Blob(grant.device),
        ids[grant.user_agent], pack_address(grant.address), ids[grant.network], grant.seen_generation,
        since(born, grant.seen_at), since(born, grant.last_seen), grant.retries, since(rotated, grant.rotation_due),
        grant.redirect, int(grant.state), ids[grant.reason], grant.ended_at, grant.certificate,
    )  # fmt: skip


def rotated_values(grant: Grant, ids: TextIds) -> Row:
    """What a rotation writes: nothing of what was seen, nothing of the retries."""
    rotated = grant.rotated_at
    return (
        grant.generation, grant.key_id, grant.previous_key_id, rotated - id_time(grant.id),
        grant.access_expires_at - rotated, grant.refresh_expires_at - rotated, int(grant.access_scope),
        since(rotated, grant.rotation_due), ids[grant.user_agent], ids[grant.network],
    )  # fmt: skip


def since(base: int, at: int) -> int:
    """A time counted from another one, where 0 keeps meaning never: the very moment itself becomes 1."""
    if not at:
        return 0
    return at - base + (at >= base)


def until(base: int, counted: int) -> int:
    """The time that since() was given."""
    if not counted:
        return 0
    return base + counted - (counted > 0)


def session(row: Row, account_id: int, texts: Texts) -> Session:
    """From SESSION_COLUMNS."""
    (session_id, stop, method, auth_time, created_at, last_seen, expires_at, user_agent, address, certificate, source,
     upstream_sid) = row  # fmt: skip
    return Session(
        session_id, account_id, stop, _METHODS[method], auth_time, created_at, last_seen, expires_at, texts[user_agent],
        unpack_address(address), certificate or 0, source, upstream_sid,
    )  # fmt: skip


def session_facts(row: Row, texts: Texts) -> SessionFacts:
    """From ACCOUNT_COLUMNS and SESSION_COLUMNS."""
    person = account(row[:ACCOUNT_WIDTH])
    return SessionFacts(session(row[ACCOUNT_WIDTH:], person.id, texts), person)


def session_values(session: Session, ids: TextIds) -> Row:
    """A whole row but for the number of its account."""
    return (
        session.id, session.account_stop, int(session.method), session.auth_time, session.created_at, session.last_seen,
        session.expires_at, ids[session.user_agent], pack_address(session.address), session.certificate or None,
        session.source, session.upstream_sid,
    )  # fmt: skip


def passkey(row: Row, account_id: int) -> Passkey:
    """From PASSKEY_COLUMNS."""
    (key_id, public_key, counter, name, aaguid, transports, rp_id, eligible, backed_up, attested, created_at,
     last_used_at, cloned_at) = row  # fmt: skip
    return Passkey(
        key_id, account_id, public_key, counter, name, aaguid, _decode_list(transports), rp_id, bool(eligible),
        bool(backed_up), bool(attested), created_at, last_used_at, cloned_at,
    )  # fmt: skip


def passkey_values(passkey: Passkey) -> Row:
    """A whole row but for the number of its account, in the order of PASSKEY_COLUMNS."""
    return (
        passkey.id, passkey.public_key, passkey.counter, passkey.name, passkey.aaguid,
        _encode_list(passkey.transports).decode(), passkey.rp_id, passkey.backup_eligible, passkey.backed_up,
        passkey.attested, passkey.created_at, passkey.last_used_at, passkey.cloned_at,
    )  # fmt: skip


def consent(row: Row, account_id: int, link_id: int) -> Consent:
    """From mark, scope, given_at."""
    mark, scope, given_at = row
    return Consent(account_id, link_id, mark, None if scope is None else _PERMISSIONS[scope], given_at)


def key_facts(row: Row) -> KeyFacts:
    """From API_KEY_COLUMNS and ACCOUNT_COLUMNS, of which the latter may be empty."""
    key_id, name, digest, permission, *rest = row[:API_KEY_WIDTH]
    owner = None if row[API_KEY_WIDTH] is None else account(row[API_KEY_WIDTH:])
    return KeyFacts(ApiKey(key_id, name, digest, _PERMISSIONS[permission], *rest), owner)


def event(row: Row, texts: Texts) -> Event:
    """From EVENT_COLUMNS."""
    kind, at, actor, account_id, link_id, grant_id, address, reason, detail = row
    return Event(
        EventKind(texts[kind]), at, texts[actor], account_id, link_id, grant_id, unpack_address(address), texts[reason],
        detail,
    )  # fmt: skip


def event_values(event: Event, ids: TextIds) -> Row:
    """A row of the audit, in the order of EVENT_COLUMNS."""
    return (
        ids[event.kind], event.at, ids[event.actor], event.account_id, event.link_id,
        None if event.grant_id is None else Blob(event.grant_id),
        pack_address(event.address), ids[event.reason], event.detail,
    )  # fmt: skip
