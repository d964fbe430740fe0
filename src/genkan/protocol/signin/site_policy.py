"""The sign-in policy of the whole site: which ways it takes and how recent a sign-in must be. It cannot shut out the
last who administers it.
"""

from dataclasses import dataclass

from genkan.protocol.actors import address_of
from genkan.protocol.entrances import Entrances
from genkan.protocol.env import DAY, MINUTE, SECOND, Env
from genkan.protocol.outcomes import Change, Event, EventKind, NeedAdministrator, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import ALL_WAYS, Site, Way
from genkan.protocol.signin.ways import words_of
from genkan.protocol.signin_steps import PutSignInPolicy
from genkan.wire.scopes import Permission

# What a way needs that the settings do not give.
MISSING = {
    Way.PASSKEY: "ways: passkeys need https and a host name, no IP address, in GENKAN_BASE_URL",
    Way.CERTIFICATE: "ways: certificates need an authority in GENKAN_CLIENT_CA",
    Way.CORPORATE: "ways: the corporate way needs an OpenID provider in GENKAN_SIGN_ON_FILE",
}
LEAST_MAX_AGE = MINUTE
MOST_MAX_AGE = 10 * 365 * DAY


@dataclass(frozen=True, slots=True)
class PolicyWish:
    """What is asked for: ``ways`` that every link takes which says nothing else, and ``max_age`` in milliseconds that a
    sign-in may be old when an application asks for one (None: any).
    """

    ways: Way
    max_age: int | None


def max_age_fault(max_age: int | None) -> Refused | None:
    """Below a minute, people could not get from the sign-in page to the application."""
    if max_age is None or LEAST_MAX_AGE <= max_age <= MOST_MAX_AGE:
        return None
    return Refused(Reason.INVALID_VALUE, "max age: none, or at least a minute")


def set_policy(
    site: Site, wish: PolicyWish, here: Entrances, actor: str, env: Env, *, somebody_left: bool
) -> Change | Refused:
    """The change; empty where nothing differs. ``somebody_left``: an active system administrator has a way in by what
    is asked for and the settings make possible (``here``), as far as can be seen; the step that is added makes sure.

    Nobody is signed out by it (tokens.md 4: narrowing is not ending): phones go on refreshing, and a browser session
    that came another way has to sign in again at its next step.
    """
    if not wish.ways & ALL_WAYS:
        return Refused(Reason.INVALID_VALUE, "ways: at least one")
    fault = max_age_fault(wish.max_age)
    if fault is not None:
        return fault
    if (wish.ways, wish.max_age) == (site.ways, site.max_age):
        return Change(())
    narrowed = bool(site.ways & ~wish.ways)
    if narrowed and not wish.ways & here.ways:
        return Refused(Reason.INVALID_VALUE, next(what for way, what in MISSING.items() if way in wish.ways))
    if narrowed and not somebody_left:
        return Refused(Reason.NOBODY_COULD_SIGN_IN)
    put = PutSignInPolicy(wish.ways, wish.max_age, site.version)
    event = Event(EventKind.SIGN_IN_POLICY_CHANGED, env.now, actor, address=address_of(actor), detail=_told(wish))
    need = NeedAdministrator(Permission.SYSTEM_ADMIN, env.now, here)
    return Change((put, need) if narrowed else (put,), (event,))


def _told(wish: PolicyWish) -> str:
    age = "" if wish.max_age is None else f"; at most {wish.max_age // SECOND} s old"
    return ", ".join(words_of(wish.ways)) + age
