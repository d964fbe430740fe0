"""Opening tokens and codes under the ring as loaded, and noticing that a newer ring is talked of (tokens.md 7)."""

from collections.abc import Callable
from typing import TypeVar

from genkan.protocol.env import Env
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Site
from genkan.protocol.sealing import Code, Handle, Sealer, Unsealable
from genkan.site.door import Door

Opened = TypeVar("Opened")


async def open_token(text: str, door: Door, env: Env) -> Handle | Refused:
    """An access or refresh token, opened. Everything that is not genuine dies without a read."""
    opened = door.sealer.open_token(text)
    if isinstance(opened, Unsealable):
        if not opened.unknown_key:
            return Refused(Reason.TOKEN_BROKEN)
        return await _open_anew(Sealer.open_token, text, Reason.TOKEN_BROKEN, door, env)
    return opened


async def open_code(text: str, door: Door, env: Env) -> Code | Refused:
    """An authorization code, opened."""
    opened = door.sealer.open_code(text)
    if isinstance(opened, Unsealable):
        if not opened.unknown_key:
            return Refused(Reason.CODE_BROKEN)
        return await _open_anew(Sealer.open_code, text, Reason.CODE_BROKEN, door, env)
    return opened


async def _open_anew(
    attempt: Callable[[Sealer, str], Opened | Unsealable], text: str, broken: Reason, door: Door, env: Env
) -> Opened | Refused:
    """A key that this ring lacks may be in its newer file; while the store names a newer ring than can be had here,
    nobody is told that the token is bad.
    """
    door.ring.renew(env.now)
    opened = attempt(door.sealer, text)
    if not isinstance(opened, Unsealable):
        return opened
    if door.ring.is_behind(await door.store.site(), env.now):
        return Refused(Reason.RING_BEHIND, retry_after=1)
    return Refused(broken)


def ring_fault(used: Sealer, site: Site, door: Door, env: Env) -> Refused | None:
    """Whether what ``used`` opened may not be judged: BUSY when a newer ring is here now and it must be opened anew."""
    if site.ring_version <= used.ring.version:
        return None
    if door.ring.is_behind(site, env.now):
        return Refused(Reason.RING_BEHIND, retry_after=1)
    return Refused(Reason.BUSY, retry_after=1)
