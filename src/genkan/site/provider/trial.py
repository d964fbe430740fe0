"""Trying a link out: a request that only the console seals, whose answer comes back to the console, and what an
application would make of that answer. Nothing is redeemed, and no redirect URI is matched otherwise than ever.
"""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import msgspec
from msgspec import structs

from genkan.protocol.authorize import AuthorizeAsked, ErrorPage, ErrorRedirect, Interaction, consider
from genkan.protocol.env import CLOCK_LEEWAY, MINUTE, Env
from genkan.protocol.interaction import seal_interaction
from genkan.protocol.outcomes import Redeemed, Refused
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Account, Link
from genkan.protocol.redeem import RedeemAsked, redeem
from genkan.protocol.sealing import Purpose
from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.api.documents import public_id
from genkan.site.door import Door
from genkan.site.opening import open_code
from genkan.site.received import Received
from genkan.wire import pkce
from genkan.wire.oauth import CODE_PREFIX
from genkan.wire.scopes import Permission

HUB = "/rest/oauth2/latest/authorize"
ANSWER = "answer"
LONGEST = 15 * MINUTE
SHOWN_OF_CODE = len(CODE_PREFIX) + 8


class _Started(msgspec.Struct, array_like=True, frozen=True, tag="started"):
    """What the console keeps in ``state``, as an application keeps it in its session."""

    link_id: int
    verifier: str


class _Answered(msgspec.Struct, array_like=True, frozen=True, tag="answered"):
    """Where the answer would have gone, with its parameters."""

    account_id: int
    link_id: int
    redirect_uri: str
    location: str
    at: int


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that an application looks at, and whether it is right."""

    name: str
    right: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What came back. ``error`` is the protocol's word; ``permission`` what the application would have been given."""

    redirect_uri: str
    parameters: tuple[tuple[str, str], ...]
    error: str
    description: str
    checks: tuple[Check, ...]
    permission: Permission | None

    @property
    def right(self) -> bool:
        """Whether an application would be signed in now."""
        return not self.error and all(check.right for check in self.checks)


def start(link: Link, redirect_uri: str, account: Account, door: Door) -> str | Refused:
    """The address at which the trial begins, or why an application would not get anywhere."""
    env = door.env()
    verifier = env.draw(32).hex()
    state = door.sealer.seal_value(Purpose.TRIAL, _Started(link.id, verifier), env)
    asked = AuthorizeAsked(
        link.client_id, redirect_uri, "code", None, state, pkce.challenge_of(verifier), "S256", "consent", False
    )
    outcome = consider(asked, link, env)
    if isinstance(outcome, ErrorPage | ErrorRedirect):
        return outcome.refused
    interaction = structs.replace(outcome.interaction, trial=account.id)
    return f"{door.public.text}{HUB}/{seal_interaction(door.sealer, interaction, env)}"


def answered(asked: Interaction, location: str, received: Received, door: Door, env: Env) -> Answer:
    """The answer of a trial goes to the console's page, sealed: a code stands in no address of ours."""
    kept = _Answered(asked.trial, asked.link_id, asked.redirect_uri, location, env.now)
    sealed = door.sealer.seal_value(Purpose.TRIAL, kept, env)
    page = f"{door.public.text}/admin/links/{public_id(asked.link_id)}/trial?{ANSWER}={sealed}"
    return answer.redirect(page, 303 if received.method == "POST" else 302)


async def report(sealed: str, link: Link, account: Account, door: Door) -> Report | None:
    """What an application would make of the answer; None for what is no answer to a trial of this person's."""
    env = door.env()
    opened = door.sealer.open_value(Purpose.TRIAL, sealed, _Answered)
    if opened is None or (opened.account_id, opened.link_id) != (account.id, link.id):
        return None
    if not -CLOCK_LEEWAY <= env.now - opened.at <= LONGEST:
        return None
    given = dict(parse_qsl(urlsplit(opened.location).query, keep_blank_values=True))
    shown = tuple((name, _short(name, value)) for name, value in given.items() if name not in _own(opened))
    if "error" in given:
        return Report(opened.redirect_uri, shown, given["error"], given.get("error_description", ""), (), None)
    outcome = await _redeemed(given, opened.redirect_uri, link, door, env)
    refused = outcome if isinstance(outcome, Refused) else None
    started = door.sealer.open_value(Purpose.TRIAL, given.get("state"), _Started)
    checks = (
        Check("state", started is not None and started.link_id == link.id),
        Check("iss", given.get("iss") == door.endpoints.issuer),
        Check("code", refused is None, entry(refused.reason).public if refused else ""),
    )
    permission = None if isinstance(outcome, Refused) else min(outcome.grant.scope, account.permission)
    return Report(opened.redirect_uri, shown, "", "", checks, permission)


async def _redeemed(given: dict[str, str], redirect_uri: str, link: Link, door: Door, env: Env) -> Redeemed | Refused:
    """The very decision of the code exchange, which is not applied: no phone is signed in and the code lapses."""
    code = await open_code(given.get("code", ""), door, env)
    if isinstance(code, Refused):
        return code
    started = door.sealer.open_value(Purpose.TRIAL, given.get("state"), _Started)
    asked = RedeemAsked(code, link, redirect_uri, started.verifier if started else "", None, "", "", "",
                        door.sealer.active_id)  # fmt: skip
    facts = await door.store.code_facts(code.grant_id, code.account_id, link.id)
    outcome = redeem(asked, facts, env, door.lifetimes)
    return outcome if isinstance(outcome, Redeemed | Refused) else Refused(Reason.CODE_REDEEMED)


def _own(opened: _Answered) -> set[str]:
    return {name for name, _ in parse_qsl(urlsplit(opened.redirect_uri).query, keep_blank_values=True)}


def _short(name: str, value: str) -> str:
    """A code is a secret as long as it lives, and the state is long."""
    shown = SHOWN_OF_CODE if name in ("code", "state") else 200
    return value if len(value) <= shown else value[:shown] + "…"
