"""What every client of a Jira site calls first: serverInfo for anybody, myself for the bearer of an access token."""

from datetime import UTC, datetime
from urllib.parse import quote

from msgspec import Struct

from genkan import __version__
from genkan.protocol.accounts import fold
from genkan.protocol.outcomes import Live, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Standing
from genkan.site import answer, bearer, read
from genkan.site.answer import Answer
from genkan.site.api.documents import public_id, read_public_id
from genkan.site.api.openapi import Operation, Query
from genkan.site.door import Door
from genkan.site.presented_person import certificate_caller
from genkan.site.received import Received
from genkan.site.routes import Guard, Handler, Rule, Who
from genkan.wire.scopes import Permission
from genkan.wire.versions import parse_version

DEFAULT_LOCALE = "en_US"


class ServerInfo(Struct, frozen=True, rename="camel"):
    """What the site says it is; the version is the one whose surface it offers."""

    base_url: str
    version: str
    version_numbers: tuple[int, ...]
    deployment_type: str
    build_number: int
    server_time: str
    scm_info: str
    server_title: str


class GroupName(Struct, frozen=True):
    """A group, by name and address."""

    name: str
    self: str


class GroupNames(Struct, frozen=True):
    """The groups of a person."""

    size: int
    items: tuple[GroupName, ...]


class Myself(Struct, frozen=True, rename="camel"):
    """The person that a token speaks for. ``key`` is the stable id, the ``sub`` of introspection."""

    self: str
    key: str
    name: str
    email_address: str
    display_name: str
    active: bool
    time_zone: str
    locale: str
    groups: GroupNames


async def server_info(received: Received, door: Door) -> Answer:
    """GET /rest/api/2/serverInfo: anonymous, built from the settings and the site's name."""
    version = door.settings.compat_version
    parsed = parse_version(version)
    numbers = parsed.parts[:3] if parsed is not None else (0, 0, 0)
    time = datetime.fromtimestamp(door.env().now / 1000, UTC)
    return answer.json(
        ServerInfo(
            base_url=door.public.text,
            version=version,
            version_numbers=numbers,
            deployment_type="Server",
            build_number=numbers[0] * 1_000_000 + numbers[1] * 10_000 + numbers[2],
            server_time=f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}+0000",
            scm_info=f"genkan-{__version__}",
            server_title=await door.title(),
        )
    )


async def myself(received: Received, door: Door) -> Answer:
    """GET /rest/api/2/myself: any live access token tells whose it is; READ is enough. Never leaves a cookie. A client
    certificate will do where those are asked for everywhere; a token that is shown decides.
    """
    outcome = await bearer.shown(received, door)
    found: Account | Refused = outcome if isinstance(outcome, Refused) else outcome.account
    if isinstance(outcome, Refused) and outcome.reason is Reason.BEARER_MISSING:
        found = await certificate_caller(received, door) or outcome
    if isinstance(found, Refused):
        door.note(found, received, door.env().now)
        return answer.bearer_error(found, bearer.REALM)
    return answer.json(_myself(found, door.public.text + "/rest/api/2"))


async def user(received: Received, door: Door) -> Answer:
    """GET /rest/api/2/user?username= or ?key=, which ``self`` of ``myself`` points to: oneself with any live token,
    others with ADMIN, and nobody whose right is above one's own. What may not be seen is not there.
    """
    live = await bearer.shown(received, door)
    if isinstance(live, Refused):
        door.note(live, received, door.env().now)
        return answer.bearer_error(live, bearer.REALM)
    asked = read.query(received)
    found = await _account_asked(asked, door)
    if found is None:
        return answer.error(Refused(Reason.MISSING_PARAMETER, "username or key"))
    if isinstance(found, Refused) or not _may_see(live, found):
        return answer.error(Refused(Reason.NOT_FOUND))
    return answer.json(_myself(found, door.public.text + "/rest/api/2"))


async def _account_asked(asked: read.Form, door: Door) -> Account | Refused | None:
    """The account that is named; None where none is."""
    name, key = asked.get("username"), asked.get("key")
    if not name and not key:
        return None
    number, folded = read_public_id(key) if key else None, fold(name) if name and not key else None
    found = await door.store.account(number) if number is not None else None
    if folded is not None:
        found = await door.store.account_by_name(folded)
    gone = found is None or found.standing is Standing.DELETED
    return Refused(Reason.NOT_FOUND) if found is None or gone else found


def _may_see(live: Live, other: Account) -> bool:
    if other.id == live.account.id:
        return True
    return live.permission >= Permission.ADMIN and other.permission <= live.permission


def _myself(account: Account, api: str) -> Myself:
    groups = tuple(GroupName(name, f"{api}/group?groupname={quote(name, safe='')}") for name in account.groups)
    return Myself(
        self=f"{api}/user?username={quote(account.name, safe='')}",
        key=public_id(account.id),
        name=account.name,
        email_address=account.email,
        display_name=account.display_name,
        active=account.standing is Standing.ACTIVE,
        time_zone=account.time_zone,
        locale=account.locale or DEFAULT_LOCALE,
        groups=GroupNames(len(groups), groups),
    )


def _rule(version: str, name: str, handler: Handler, who: Who, about: str) -> Rule:
    return Rule(f"/rest/api/{version}/{name}", ("GET",), handler, who, Guard.MACHINE, about)


_WHOM = (
    Query("username", "string", "The name of the account."),
    Query("key", "string", "Its key, as myself tells it."),
)
OPERATIONS = tuple(
    operation
    for version in ("2", "latest")
    for operation in (
        Operation(_rule(version, "serverInfo", server_info, Who.ANYONE, "What the site says it is."), ServerInfo),
        Operation(_rule(version, "myself", myself, Who.BEARER, "Whom the access token speaks for."), Myself),
        Operation(_rule(version, "user", user, Who.BEARER, "A person by name or key."), Myself, query=_WHOM),
    )
)
