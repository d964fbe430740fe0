"""Application links: making, changing and rotating them, and the app's own link behind the mobile switch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from genkan.protocol import link_wishes
from genkan.protocol.actors import address_of
from genkan.protocol.clients import secret_digest
from genkan.protocol.env import DAY, Env
from genkan.protocol.link_wishes import Fault, LinkWish, kind_of, policy_faults
from genkan.protocol.outcomes import (
    AddLink,
    Change,
    Event,
    EventKind,
    PutLink,
    RaiseStop,
    Refused,
    Step,
    Subject,
    TurnMobile,
)
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import Link, LinkKind, Site, Standing
from genkan.wire.scopes import Permission

APP_REDIRECTS = ("jira-server://oauth-callback", "http://127.0.0.1/oauth-callback", "http://[::1]/oauth-callback")
APP_LINK_NAME = "Mobile app"
DEFAULT_OVERLAP = DAY


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link and its secret, which is told this once (None for a native one)."""

    link: Link
    secret: str | None = field(repr=False)
    change: Change = field(repr=False)


def app_first(redirect_uris: Sequence[str]) -> tuple[str, ...]:
    """A link's redirects as phones read them: the app's own scheme first, the others in their order."""
    return tuple(sorted(redirect_uris, key=lambda uri: uri != APP_REDIRECTS[0]))


def create(wish: LinkWish, actor: str, env: Env, *, allow_http: bool = False) -> NewLink | Refused:
    """A new link: client id of 32 hex digits, secret of 64 for a confidential one (kept as a hash only)."""
    kind = kind_of(wish)
    fault = _refused(chain(link_wishes.faults(wish, allow_http=allow_http), policy_faults(wish, kind)))
    if fault is not None:
        return fault
    secret = env.draw(32).hex() if kind is LinkKind.CONFIDENTIAL else None
    link = Link(
        id=env.draw_id(),
        client_id=wish.client_id or env.draw(16).hex(),
        name=wish.name.strip(),
        kind=kind,
        redirects=wish.redirects,
        permission=wish.permission,
        consent=wish.consent,
        introspect=wish.introspect,
        pkce_required=wish.pkce_required or kind is LinkKind.NATIVE,
        plain_pkce=wish.plain_pkce,
        standing=Standing.ACTIVE,
        stop=0,
        absolute_lifetime=wish.absolute_lifetime,
        created_at=env.now,
        version=1,
        secret=secret_digest(secret) if secret else None,
        ways=wish.ways,
        max_age=wish.max_age,
    )
    return NewLink(link, secret, Change((AddLink(link),), (_event(EventKind.LINK_CREATED, link, actor, env),)))


def change(link: Link, wish: LinkWish, actor: str, env: Env, *, allow_http: bool = False) -> Change | Refused:
    """Change what a link may and where it answers. Its kind stays: a secret cannot be grown into phones that lack
    it.
    """
    fault = _tombstone_fault(link) or _refused(link_wishes.faults(wish, allow_http=allow_http))
    if fault is not None:
        return fault
    if wish.kind is not None and wish.kind is not link.kind:
        return Refused(Reason.INVALID_VALUE, "kind: a link stays native or confidential; make a new link instead")
    fault = _refused(policy_faults(wish, link.kind))
    if fault is not None:
        return fault
    changed = replace(
        link,
        name=wish.name.strip(),
        redirects=wish.redirects,
        permission=wish.permission,
        consent=wish.consent,
        introspect=wish.introspect,
        pkce_required=wish.pkce_required or link.kind is LinkKind.NATIVE,
        plain_pkce=wish.plain_pkce,
        absolute_lifetime=wish.absolute_lifetime,
        ways=wish.ways,
        max_age=wish.max_age,
        version=link.version + 1,
    )
    return Change((PutLink(changed),), (_event(EventKind.LINK_CHANGED, changed, actor, env),))


def rotate_secret(link: Link, overlap: int, actor: str, env: Env) -> NewLink | Refused:
    """A new secret; the one before works for ``overlap`` milliseconds more, so that servers can be changed in peace."""
    gone = _tombstone_fault(link)
    if gone is not None:
        return gone
    if link.kind is LinkKind.NATIVE:
        return Refused(Reason.INVALID_VALUE, "a native link has no secret")
    if overlap < 0:
        return Refused(Reason.INVALID_VALUE, "overlap: it cannot be negative")
    secret = env.draw(32).hex()
    rotated = replace(
        link,
        secret=secret_digest(secret),
        previous_secret=link.secret if overlap else None,
        previous_secret_until=env.now + overlap,
        version=link.version + 1,
    )
    events = (_event(EventKind.LINK_SECRET_ROTATED, rotated, actor, env),)
    return NewLink(rotated, secret, Change((PutLink(rotated),), events))


def set_standing(link: Link, standing: Standing, actor: str, env: Env) -> Change | Refused:
    """Disable (suspends and resumes), enable, or delete (ends every sign-in, for ever; the row stays as a
    tombstone).
    """
    gone = _tombstone_fault(link)
    if gone is not None:
        return gone
    changed = replace(link, standing=standing, version=link.version + 1)
    kinds = {
        Standing.ACTIVE: EventKind.LINK_ENABLED,
        Standing.DISABLED: EventKind.LINK_DISABLED,
        Standing.DELETED: EventKind.LINK_DELETED,
    }
    steps: tuple[Step, ...] = (PutLink(changed),)
    if standing is Standing.DELETED:
        steps += (RaiseStop(Subject.LINK, link.id, EndReason.LINK_DELETED, env.now),)
    return Change(steps, (_event(kinds[standing], changed, actor, env),))


def sign_out_all(link: Link, actor: str, env: Env) -> Change:
    """End every sign-in of a link; the link stays usable."""
    stop = RaiseStop(Subject.LINK, link.id, EndReason.LINK_SIGNED_OUT, env.now)
    return Change((stop,), (_event(EventKind.LINK_SIGNED_OUT, link, actor, env),))


def turned(site: Site, link: Link | None, enabled: bool, sign_out: bool, actor: str, env: Env) -> Change | Refused:
    """The change that turns the mobile switch; empty where nothing is left to do, since saying it twice is no news."""
    if enabled:
        stands = site.mobile_enabled and link is not None and link.usable
        return Change(()) if stands else turn_mobile_on(site, link, actor, env)
    if link is None or link.standing is Standing.DELETED or not (site.mobile_enabled or sign_out):
        return Change(())
    return turn_mobile_off(site, link, sign_out, actor, env)


def turn_mobile_on(site: Site, link: Link | None, actor: str, env: Env) -> Change | Refused:
    """Announce the app's link, making it the first time and enabling it again after an off with sign-out."""
    steps: tuple[Step, ...] = ()
    if link is None or link.standing is Standing.DELETED:
        made = create(LinkWish(APP_LINK_NAME, APP_REDIRECTS, Permission.WRITE, LinkKind.NATIVE), actor, env)
        if isinstance(made, Refused):
            return made
        link, steps = made.link, made.change.steps
    elif link.standing is Standing.DISABLED:
        steps = (PutLink(replace(link, standing=Standing.ACTIVE, version=link.version + 1)),)
    turn = TurnMobile(True, link.id, site.version)
    return Change((*steps, turn), (_event(EventKind.MOBILE_ON, link, actor, env),))


def turn_mobile_off(site: Site, link: Link, sign_out: bool, actor: str, env: Env) -> Change:
    """Stop announcing. Without ``sign_out`` phones go on; with it the link is disabled and everyone is signed out."""
    steps: tuple[Step, ...] = (TurnMobile(False, link.id, site.version),)
    if sign_out and link.usable:
        steps += (PutLink(replace(link, standing=Standing.DISABLED, version=link.version + 1)),)
    if sign_out:
        steps += (RaiseStop(Subject.LINK, link.id, EndReason.MOBILE_SWITCHED_OFF, env.now),)
    detail = "with sign-out" if sign_out else "phones kept"
    return Change(steps, (_event(EventKind.MOBILE_OFF, link, actor, env, detail),))


def _tombstone_fault(link: Link) -> Refused | None:
    """A deleted link stays deleted: nothing brings a client id back that administrators believe to be dead."""
    return Refused(Reason.NOT_FOUND) if link.standing is Standing.DELETED else None


def _refused(faults: Iterator[Fault]) -> Refused | None:
    """The first fault, for a program."""
    first = next(faults, None)
    return None if first is None else Refused(Reason.INVALID_VALUE, first.detail)


def _event(kind: EventKind, link: Link, actor: str, env: Env, detail: str = "") -> Event:
    return Event(kind, env.now, actor, link_id=link.id, address=address_of(actor), detail=detail or link.name)
