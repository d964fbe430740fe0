"""How long it is kept what is kept about people, as far as settings decide about it."""

from genkan.protocol.env import DAY
from genkan.site.door import Door


def kept_days(door: Door) -> dict[str, int]:
    """In days; 0 for the audit: for ever."""
    return {"session": -(-door.lifetimes.session_absolute // DAY), "audit": door.settings.audit_days}
