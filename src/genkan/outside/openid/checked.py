"""A provider's tokens, verified with its keys as they are now, with one look for new ones where they are unknown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from genkan.outside.openid.provider import Tokens, Upstream
from genkan.protocol.openid import claims as mapping
from genkan.protocol.openid import tokens as rules
from genkan.protocol.openid.claims import Mapped
from genkan.protocol.openid.faults import Fault
from genkan.protocol.openid.keys import Key
from genkan.protocol.openid.tokens import Asked, IdToken, LogoutToken, Trust
from genkan.sources.openid import OpenIDSource

T = TypeVar("T", IdToken, LogoutToken)


@dataclass(frozen=True, slots=True)
class Described:
    """Who signed in, with all that the provider tells of them."""

    token: IdToken
    claims: dict[str, Any] = field(repr=False)


def trust(source: OpenIDSource) -> Trust:
    """Whose tokens count, as the operator wrote it."""
    return Trust(source.issuer, source.client_id, source.algorithms, source.leeway)


def mapped(source: OpenIDSource) -> Mapped:
    """Which claim is what, as the operator wrote it."""
    return Mapped(
        source.name, source.name_claim, source.display_name_claim, source.email_claim, source.groups_claim,
        source.email_verified, source.strong,
    )  # fmt: skip


async def describe(upstream: Upstream, given: Tokens, asked: Asked, now: int) -> Described | Fault:
    """The ID token, and userinfo where the token leaves out what is asked for."""
    token = await _read_id_token(upstream, given.id_token, asked, now)
    if isinstance(token, Fault):
        return token
    if not given.access_token or not mapping.wants_userinfo(token.claims, mapped(upstream.source)):
        return Described(token, dict(token.claims))
    more = await upstream.userinfo(given.access_token, token.subject)
    if isinstance(more, Fault):
        return more
    return Described(token, mapping.joined(token.claims, more, mapped(upstream.source)))


async def _read_id_token(upstream: Upstream, text: str, asked: Asked, now: int) -> IdToken | Fault:
    expected = trust(upstream.source)
    return await _with_keys(upstream, lambda keys: rules.read_id_token(text, keys, expected, asked, now))


async def read_logout_token(upstream: Upstream, text: str, now: int) -> LogoutToken | Fault:
    """A logout token, whoever sends it."""
    expected = trust(upstream.source)
    return await _with_keys(upstream, lambda keys: rules.read_logout_token(text, keys, expected, now))


async def _with_keys(upstream: Upstream, read: Callable[[Sequence[Key]], T | Fault]) -> T | Fault:
    keys = await upstream.keys()
    found = keys if isinstance(keys, Fault) else read(keys)
    if not isinstance(found, Fault) or not found.names_unknown_key:
        return found
    keys = await upstream.keys(unknown=True)
    return keys if isinstance(keys, Fault) else read(keys)
