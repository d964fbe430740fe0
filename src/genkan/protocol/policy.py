"""The numbers that an administrator may set and that decisions depend on; all in milliseconds."""

from dataclasses import dataclass

from genkan.protocol.env import DAY, HOUR, MINUTE, SECOND


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long codes, tokens, sessions and retries last (tokens.md 3 and 5)."""

    code: int = 60 * SECOND
    access: int = HOUR
    refresh: int = 90 * DAY
    retry_window: int = 30 * SECOND
    interaction: int = HOUR
    session_idle: int = 8 * HOUR
    session_absolute: int = 7 * DAY
    page: int = 12 * HOUR
    rotation_interval: int = SECOND
    rotation_burst: int = 10
    setup_page: int = 30 * MINUTE
    recent: int = 15 * MINUTE
    typed: int = HOUR

    def refresh_end(self, now: int, created_at: int, absolute: int | None) -> int:
        """When a refresh token minted now ends; a link's absolute lifetime caps it."""
        end = now + self.refresh
        return end if absolute is None else min(end, created_at + absolute)

    def access_end(self, now: int, refresh_expires_at: int) -> int:
        """When an access token minted now ends: never after the sign-in itself."""
        return min(now + self.access, refresh_expires_at)
