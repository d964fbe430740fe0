"""A browser's session as the pages show it, to its person and to administrators."""

from genkan.protocol.browsers import browser_name
from genkan.protocol.devices import device_name
from genkan.protocol.records import Session
from genkan.site.api.people_documents import session_public_id


def session_row(session: Session, path: str, *, here: bool) -> dict[str, object]:
    """``path`` is where the person's sessions are, ``here``: the page is looked at from this very one."""
    return {
        "browser": browser_name(session.user_agent),
        "device": device_name(session.user_agent) if session.user_agent else "",
        "signed_in_at": session.created_at,
        "last_seen": session.last_seen,
        "address": session.address,
        "method": session.method.references(),
        "here": here,
        "action": f"{path}/{session_public_id(session)}/end",
    }
