"""What the app asks before anybody is signed in: info/login, the list of sign-in options, and the metadata document."""

from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.switch import INFO_LOGIN, announced
from genkan.wire import login_info, metadata
from genkan.wire.metadata import WELL_KNOWN

MOST_USER_AGENT = 200
# Anonymous, the same for everybody, no cookie: any cache and any origin may have it, for seconds.
_OPEN = (
    (b"content-type", b"application/json;charset=UTF-8"),
    (b"cache-control", b"public, max-age=5"),
    (b"access-control-allow-origin", b"*"),
)


async def info_login(received: Received, door: Door) -> Answer:
    """GET /rest/nativemobile/1.1/info/login: carries the app's client id while the switch is on, never a secret."""
    site = await door.store.site()
    door.store.note_asker(received.text(b"user-agent", MOST_USER_AGENT), received.peer.network, door.env().now)
    # The store reads its facts into a new value whenever they may have changed, and that is the only thing to go by:
    # after a failover another history can have the same version.
    kept = next(iter(door.announcement), None)
    if kept is not None and kept[0] is site:
        return kept[1]
    link = await door.store.link(site.mobile_link_id) if site.mobile_link_id is not None else None
    told = answer.json(login_info.render(announced(site, link, door.endpoints)), headers=_OPEN)
    # What changed in between, the switch or a link, is told at the next.
    door.announcement[:] = [(site, told)]
    return told


async def info_login_1_0(received: Received, door: Door) -> Answer:
    """The same under 1.0, which knows nothing of OAuth."""
    return answer.json(login_info.render_1_0(), headers=_OPEN)


async def login_options(received: Received, door: Door) -> Answer:
    """GET /rest/authconfig/1.0/login-options: which ways to sign in the login page offers."""
    return answer.json({"results": [{"type": "LOGIN_FORM"}]}, headers=_OPEN)


async def server_metadata(received: Received, door: Door) -> Answer:
    """RFC 8414 3.2: the authorization server's metadata."""
    return answer.json(metadata.document(door.endpoints.issuer), headers=_OPEN)


def rules(base_url: str) -> tuple[Rule, ...]:
    """The routes; the metadata document also stands at the host's root, with the context path after it (RFC 8414
    3.1).
    """
    at_root, _ = metadata.well_known_paths(base_url)
    open_to_all = (Who.ANYONE, Guard.MACHINE)
    return (
        Rule(INFO_LOGIN, ("GET",), info_login, *open_to_all, "What the app asks first."),
        Rule("/rest/nativemobile/1.0/info/login", ("GET",), info_login_1_0, *open_to_all, "The same, without OAuth."),
        Rule("/rest/authconfig/1.0/login-options", ("GET",), login_options, *open_to_all, "Which ways to sign in."),
        Rule(WELL_KNOWN, ("GET",), server_metadata, *open_to_all, "Authorization server metadata (RFC 8414).", at_root),
    )
