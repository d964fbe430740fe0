"""Making and changing an application link in the console: the dialog as administrators know it, and what is said of it
while they type.
"""

from collections.abc import Mapping

from genkan.protocol import links
from genkan.protocol.env import Env
from genkan.protocol.link_wishes import LinkWish
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Link
from genkan.site import answer, browser, console, shown_once
from genkan.site.admin import link_form
from genkan.site.admin.link_form import Faults, LinkForm, read_form
from genkan.site.answer import Answer
from genkan.site.api.documents import public_id
from genkan.site.api.link_store import act_on_link, find_link
from genkan.site.console import Inside
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.store.rounds import TRIES

LINKS = "/admin/links"
CREATE = LINKS + "/create"
TYPE, DIRECTION = "type", "direction"
EXTERNAL, INCOMING = "external", "incoming"
CHANGED = (
    "Somebody else changed this link meanwhile. Look through what you typed and save it once more, or start again."
)


async def create_page(received: Received, door: Door) -> Answer:
    """GET /admin/links/create: type and direction first, then the link's own form."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    if (inside.query.get(TYPE), inside.query.get(DIRECTION)) == (EXTERNAL, INCOMING):
        return _create_form(inside, door, LinkForm(), door.env().draw(16).hex())
    base = door.public.path
    values = {"create_url": base + CREATE, "list_url": base + LINKS}
    return console.page(inside, door, "link_create.html", values)


async def create(received: Received, door: Door) -> Answer:
    """POST /admin/links/create: a new link, and on to its credentials, which tell its secret this once."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    shown, draft = read_form(inside.form), inside.form.get(link_form.DRAFT) or door.env().draw(16).hex()
    stepped = link_form.stepped(shown, inside.form.get(link_form.STEP, ""))
    if inside.again or stepped is not None:
        return _create_form(inside, door, stepped or shown, draft)
    faults = await _faults(shown, None, inside, door)
    wish = shown.wish(client_id=draft)
    if faults or wish is None:
        return _create_form(inside, door, shown, draft, faults=faults)
    return await _made(received, inside, door, wish)


async def _made(received: Received, inside: Inside, door: Door, wish: LinkWish) -> Answer:
    for _ in range(TRIES):
        made_before = await door.store.link_by_client_id(wish.client_id or "")
        if made_before is not None:
            # Sent twice: the first one made it, and told the secret to the page that this one leads to.
            return answer.redirect(f"{door.public.text}{LINKS}/{public_id(made_before.id)}/credentials", 303)
        made = links.create(wish, inside.actor, door.env(), allow_http=door.settings.insecure_redirects)
        if isinstance(made, Refused):
            return door.pages.refusal(made, received.request_id, inside.reader, detail=made.detail)
        change = inside.administrator.on_link(made.change, await door.store.site())
        if isinstance(change, Refused):
            return door.pages.refusal(change, received.request_id, inside.reader)
        if await door.store.apply(change):
            path = f"{LINKS}/{public_id(made.link.id)}/credentials"
            done = console.done(door, path, Flash.LINK_MADE)
            return shown_once.give(done, made.link.client_id, made.secret or "", inside.session, door)
    return console.busy(inside, received, door)


def _create_form(inside: Inside, door: Door, shown: LinkForm, draft: str, *, faults: Faults | None = None) -> Answer:
    values = {
        "action": door.public.path + CREATE,
        "carried": {**inside.hidden, link_form.DRAFT: draft},
        "link_name": "",
        "back_url": door.public.path + LINKS,
    }
    return _form(inside, door, shown, None, values, faults or {})


async def edit_page(received: Received, door: Door) -> Answer:
    """GET /admin/links/{id}/edit: the form filled in with the link as it is."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    link = await find_link(received.parameters["id"], door)
    if link is None:
        return console.not_found(inside, received, door)
    return _edit_form(inside, door, link_form.form_of(link), link)


async def edit(received: Received, door: Door) -> Answer:
    """POST /admin/links/{id}/edit: the change, if nobody else made one since the form was shown."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    link = await find_link(received.parameters["id"], door)
    if link is None:
        return console.not_found(inside, received, door)
    shown = read_form(inside.form)
    stepped = link_form.stepped(shown, inside.form.get(link_form.STEP, ""))
    if inside.again or stepped is not None:
        return _edit_form(inside, door, stepped or shown, link)
    if inside.form.get(link_form.VERSION) != str(link.version):
        return _edit_form(inside, door, shown, link, notice=CHANGED)
    faults = await _faults(shown, link, inside, door)
    wish = shown.wish(link)
    if faults or wish is None:
        return _edit_form(inside, door, shown, link, faults=faults)
    return await _changed(received, inside, door, link, wish)


async def _faults(shown: LinkForm, link: Link | None, inside: Inside, door: Door) -> Faults:
    site, allow_http = await door.store.site(), door.settings.insecure_redirects
    return link_form.faults_of(shown, link, inside.permission, site, allow_http=allow_http)


async def _changed(received: Received, inside: Inside, door: Door, link: Link, wish: LinkWish) -> Answer:
    allow_http = door.settings.insecure_redirects

    def decide(found: Link, actor: str, env: Env) -> Change | Refused:
        if found.version != link.version:
            return Refused(Reason.CONFLICT)
        return links.change(found, wish, actor, env, allow_http=allow_http)

    outcome = await act_on_link(received.parameters["id"], inside.administrator, door, decide)
    if not isinstance(outcome, Refused):
        return console.done(door, f"{LINKS}/{public_id(link.id)}", Flash.SAVED)
    if outcome.reason is Reason.CONFLICT:
        return _edit_form(inside, door, read_form(inside.form), link, notice=CHANGED)
    return door.pages.refusal(outcome, received.request_id, inside.reader, detail=outcome.detail)


def _edit_form(
    inside: Inside,
    door: Door,
    shown: LinkForm,
    link: Link,
    *,
    faults: Faults | None = None,
    notice: str = "",
) -> Answer:
    here = f"{door.public.path}{LINKS}/{public_id(link.id)}"
    # The form stays one of the version that it was filled in from, until the person has been told of a newer one.
    version = str(link.version) if notice else inside.form.get(link_form.VERSION, str(link.version))
    values = {
        "action": f"{here}/edit",
        "carried": {**inside.hidden, link_form.VERSION: version, "link": public_id(link.id)},
        "link_name": link.name,
        "back_url": here,
        **({"notice": notice} if notice else {}),
    }
    return _form(inside, door, shown, link, values, faults or {})


def _form(
    inside: Inside,
    door: Door,
    shown: LinkForm,
    link: Link | None,
    values: Mapping[str, object],
    faults: Faults,
) -> Answer:
    told = link_form.values(shown, faults, link)
    own = {"list_url": door.public.path + LINKS, "check_url": f"{door.public.path}{LINKS}/check"}
    status = 400 if faults else 200
    return console.page(inside, door, "link_form.html", {**told, **own, **values}, status=status)


async def check(received: Received, door: Door) -> Answer:
    """POST /admin/links/check: what is wrong with the form so far, said by the rules that saving goes by."""
    inside = await console.entrance(received, door, back=CREATE)
    if isinstance(inside, Answer):
        return inside
    shown = read_form(inside.form)
    link = await find_link(inside.form["link"], door) if inside.form.get("link") else None
    faults = await _faults(shown, link, inside, door)
    values = link_form.values(shown, faults, link, only_written=True)
    return browser.with_device(door.pages.page("link_said.html", values, inside.reader), inside.visitor, door)


_HERE = (Who.ADMINISTRATOR, Guard.PAGE)
_FORM = (Who.ADMINISTRATOR, Guard.FORM)
RULES = (
    Rule(CREATE, ("GET",), create_page, *_HERE, "The dialog that makes a link.", recent=True),
    Rule(CREATE, ("POST",), create, *_FORM, "Makes a link.", recent=True),
    Rule(LINKS + "/check", ("POST",), check, *_FORM, "Says what is wrong with a link so far.", recent=False),
    Rule(LINKS + "/{id}/edit", ("GET",), edit_page, *_HERE, "The form of a link.", recent=True),
    Rule(LINKS + "/{id}/edit", ("POST",), edit, *_FORM, "Changes a link.", recent=True),
)
