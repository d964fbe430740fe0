"""What every client of a Jira site calls first: serverInfo for anybody, myself for the bearer of an access token."""

from datetime import UTC, datetime
from urllib.parse import quote

from msgspec import Struct

from genkan import __version__
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account
from genkan.site import answer, bearer
from genkan.site.answer import Answer
from genkan.site.api.documents import public_id
from genkan.site.api.openapi import Operation
from genkan.site.door import Door
from genkan.site.presented_person import certificate_caller
from genkan.site.received import Received
from genkan.site.routes import Guard, Handler, Rule, Who
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


def _myself(account: Account, api: str) -> Myself:
    groups = tuple(GroupName(name, f"{api}/group?groupname={quote(name, safe='')}") for name in account.groups)
    return Myself(
        self=f"{api}/user?username={quote(account.name, safe='')}",
        key=public_id(account.id),
        name=account.name,
        email_address=account.email,
        display_name=account.display_name,
        active=True,
        time_zone=account.time_zone,
        locale=account.locale or DEFAULT_LOCALE,
        groups=GroupNames(len(groups), groups),
    )


def _rule(version: str, name: str, handler: Handler, who: Who, about: str) -> Rule:
    return Rule(f"/rest/api/{version}/{name}", ("GET",), handler, who, Guard.MACHINE, about)


OPERATIONS = tuple(
    operation
    for version in ("2", "latest")
    for operation in (
        Operation(_rule(version, "serverInfo", server_info, Who.ANYONE, "What the site says it is."), ServerInfo),
        Operation(_rule(version, "myself", myself, Who.BEARER, "Whom the access token speaks for."), Myself),
    )
)
