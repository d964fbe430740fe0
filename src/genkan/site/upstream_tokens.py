"""Providers' own refresh tokens as rows keep them: sealed, and each good for the very person that it is of."""

import msgspec

from genkan.protocol.env import Env
from genkan.protocol.sealing import Purpose
from genkan.site.door import Door


class _Kept(msgspec.Struct, array_like=True, frozen=True):
    """A token with whose it is."""

    source: str
    subject: str
    token: str


def seal_token(source: str, subject: str, token: str, door: Door, env: Env) -> str:
    """A provider's refresh token for the identity's row; empty where there is none."""
    if not token:
        return ""
    return door.sealer.seal_value(Purpose.UPSTREAM, _Kept(source, subject, token), env)


def unseal_token(sealed: str, source: str, subject: str, door: Door) -> str:
    """The refresh token of this very person; empty for anything else."""
    kept = door.sealer.open_value(Purpose.UPSTREAM, sealed, _Kept)
    return kept.token if kept is not None and (kept.source, kept.subject) == (source, subject) else ""
