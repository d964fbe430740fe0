"""The step of a Change about who answers for an API key."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AdoptApiKey:
    """Another answers for an API key. Fails when it is unknown, revoked, or answered for by another than ``owner``."""

    key_id: int
    owner: int | None
    adopted_by: int
    at: int
    expires_at: int | None
