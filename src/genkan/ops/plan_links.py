"""What a configuration's links and its mobile switch ask for. Pure."""

from dataclasses import replace

from msgspec import UNSET, UnsetType

from genkan.ops.configuration import LinkEntry, MobileEntry, place
from genkan.ops.draft import Draft, Unplannable, Wanted, differences, good
from genkan.ops.present import link_wish
from genkan.protocol import given_secrets, links
from genkan.protocol.env import SECOND
from genkan.protocol.link_wishes import LinkWish
from genkan.protocol.links import APP_LINK_NAME, APP_REDIRECTS, NewLink
from genkan.protocol.outcomes import PutLink, Refused
from genkan.protocol.records import ConsentMode, Link, LinkKind, Standing
from genkan.protocol.signin.ways import words_of
from genkan.site.api.bodies import ways_asked
from genkan.wire.scopes import Permission

MOBILE = "mobile"
STANDING_LINES = {
    Standing.ACTIVE: "enable the link {}",
    Standing.DISABLED: "disable the link {}: its sign-ins wait",
    Standing.DELETED: "delete the link {}, which ends all its sign-ins",
}


def plan_links(wanted: Wanted, draft: Draft) -> None:
    """Make what is missing, change what differs, in the order of the file. Deletes too; who may work comes later."""
    seen: set[int] = set()
    for number, entry in enumerate(wanted.configuration.link):
        where = place("link", number, entry.name)
        link = _found(where, entry, draft)
        if entry.state is Standing.DELETED:
            if link is not None:
                _set_standing(where, link, Standing.DELETED, draft)
            continue
        secret = wanted.link_secrets.get(number)
        if link is None:
            link = _make(where, entry, secret, draft)
        else:
            _change(where, entry, link, draft)
            _take_secret(where, draft.present.links[link.id], secret, draft)
        if link.id in seen:
            raise Unplannable(f"{where}: the link stands in the file twice")
        seen.add(link.id)


def plan_link_standings(wanted: Wanted, draft: Draft) -> None:
    """Enable and disable. It comes after the switch, which enables the app's link when it is turned on."""
    for number, entry in enumerate(wanted.configuration.link):
        if entry.state in (UNSET, Standing.DELETED):
            continue
        where = place("link", number, entry.name)
        link = _found(where, entry, draft)
        if link is not None and link.standing is not entry.state:
            _set_standing(where, link, Standing(entry.state), draft)


def _found(where: str, entry: LinkEntry, draft: Draft) -> Link | None:
    if isinstance(entry.client_id, str):
        return _by_client_id(f"{where}: client_id", entry.client_id, draft)
    living = [link for link in draft.present.links.values() if link.standing is not Standing.DELETED]
    named = [link for link in living if link.name == entry.name.strip()]
    if len(named) > 1:
        ids = " or ".join(f'"{link.client_id}"' for link in named)
        raise Unplannable(f"{where}: {len(named)} links have this name; say which with client_id = {ids}")
    return named[0] if named else None


def _by_client_id(where: str, client_id: str, draft: Draft) -> Link | None:
    link = next((link for link in draft.present.links.values() if link.client_id == client_id), None)
    if link is not None and link.standing is Standing.DELETED:
        raise Unplannable(f"{where}: {client_id} was a link's that is deleted; a client id is never used again")
    return link


def _make(where: str, entry: LinkEntry, secret: str | None, draft: Draft) -> Link:
    if isinstance(entry.redirects, UnsetType):
        raise Unplannable(f"{where}: there is no such link yet, and to make it redirects are needed")
    wish = _wish(entry, LinkWish(entry.name, entry.redirects, Permission.WRITE))
    made = good(where, links.create(wish, draft.actor, draft.env, allow_http=draft.allow_http))
    if secret is not None:
        made = good(where, given_secrets.born_with(made, secret))
    draft.make_link(f"make the {made.link.kind.value} link {made.link.name}", made)
    return made.link


def _change(where: str, entry: LinkEntry, link: Link, draft: Draft) -> None:
    wish, now = _wish(entry, link_wish(link)), link_wish(link)
    if replace(wish, kind=None, client_id=None) == now and wish.kind in (None, link.kind):
        # What is there already is not judged anew: settings may have become stricter since.
        return
    change = good(where, links.change(link, wish, draft.actor, draft.env, allow_http=draft.allow_http))
    changed = next(step.link for step in change.steps if isinstance(step, PutLink))
    said = differences(_told(link), _told(changed))
    if said:
        draft.do(f"change the link {link.name}: {said}", change)


def _told(link: Link) -> dict[str, object]:
    lifetime = link.absolute_lifetime
    return {
        "name": link.name,
        "redirects": link.redirects,
        "permission": link.permission.name,
        "consent": link.consent.value,
        "introspect": link.introspect,
        "pkce_required": link.pkce_required,
        "plain_pkce": link.plain_pkce,
        "absolute_lifetime_seconds": lifetime // SECOND if lifetime else None,
        "ways": words_of(link.ways),
        "max_age_seconds": link.max_age // SECOND if link.max_age else None,
    }


def _wish(entry: LinkEntry, now: LinkWish) -> LinkWish:
    """The link as it is or would be by default, but for what the entry says."""
    given: dict[str, object] = {
        "redirects": entry.redirects,
        "introspect": entry.introspect,
        "pkce_required": entry.pkce_required,
        "plain_pkce": entry.plain_pkce,
        "client_id": entry.client_id,
    }
    if isinstance(entry.kind, str):
        given["kind"] = LinkKind(entry.kind)
    if isinstance(entry.consent, str):
        given["consent"] = ConsentMode(entry.consent)
    if isinstance(entry.permission, str):
        given["permission"] = Permission[entry.permission]
    if isinstance(entry.absolute_lifetime_seconds, int):
        given["absolute_lifetime"] = entry.absolute_lifetime_seconds * SECOND or None
    if not isinstance(entry.ways, UnsetType):
        given["ways"] = ways_asked(entry.ways)
    if isinstance(entry.max_age_seconds, int):
        given["max_age"] = entry.max_age_seconds * SECOND or None
    said = {name: value for name, value in given.items() if value is not UNSET}
    return replace(now, name=entry.name.strip(), **said)  # type: ignore[arg-type]


def _take_secret(where: str, link: Link, secret: str | None, draft: Draft) -> None:
    if secret is not None and not given_secrets.is_kept(link, secret):
        change = good(where, given_secrets.take_over(link, secret, draft.actor, draft.env))
        draft.do(f"take over the secret of the link {link.name}; the one before stops working", change)


def _set_standing(where: str, link: Link, standing: Standing, draft: Draft) -> None:
    change = good(where, links.set_standing(link, standing, draft.actor, draft.env))
    draft.do(STANDING_LINES[standing].format(link.name), change)


def plan_mobile(entry: MobileEntry, draft: Draft) -> None:
    """Turn the switch as asked, for the link that is asked for."""
    link = _app_link(entry, draft)
    same = link is not None and link.id == draft.present.site.mobile_link_id
    if entry.enabled and not (draft.present.mobile_on and same):
        change = good(MOBILE, links.turn_mobile_on(draft.present.site, link, draft.actor, draft.env))
        draft.do(f"turn the mobile switch on{_with(link)}", change)
    elif not entry.enabled and link is not None and (draft.present.mobile_on or not same):
        said = (
            "turn the mobile switch off; phones stay signed in" if draft.present.mobile_on else "choose the app's link"
        )
        change = links.turn_mobile_off(draft.present.site, link, False, draft.actor, draft.env)
        draft.do(f"{said}{_with(link)}", change)


def _with(link: Link | None) -> str:
    return f" (client id {link.client_id})" if link else ""


def _app_link(entry: MobileEntry, draft: Draft) -> Link | None:
    if not isinstance(entry.client_id, str):
        return draft.present.app_link
    link = _by_client_id(f"{MOBILE}: client_id", entry.client_id, draft)
    if link is None:
        made = good(MOBILE, _new_app_link(entry.client_id, draft))
        draft.make_link(f"make the app's link with the client id {entry.client_id}", made)
        link = made.link
    return link


def _new_app_link(client_id: str, draft: Draft) -> NewLink | Refused:
    wish = LinkWish(APP_LINK_NAME, APP_REDIRECTS, Permission.WRITE, LinkKind.NATIVE, client_id=client_id)
    return links.create(wish, draft.actor, draft.env)
