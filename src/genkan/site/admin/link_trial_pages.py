"""Trying an application link out in the administrator's own browser: where the trial starts, and what came back."""

from genkan.protocol.outcomes import Refused
from genkan.site import answer, console
from genkan.site.answer import Answer
from genkan.site.api.documents import public_id
from genkan.site.api.link_store import find_link
from genkan.site.door import Door
from genkan.site.provider import trial
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.wire.scopes import WORDS

LINKS = "/admin/links"


async def start(received: Received, door: Door) -> Answer:
    """POST /admin/links/{id}/trial: to sign-in and consent, as an application would send the browser there."""
    here = f"{LINKS}/{received.parameters['id']}"
    inside = await console.entrance(received, door, back=here)
    if isinstance(inside, Answer):
        return inside
    if inside.again:
        return console.once_more(door, here)
    link = await find_link(received.parameters["id"], door)
    if link is None:
        return console.not_found(inside, received, door)
    chosen = inside.form.get("redirect", "")
    asked = trial.start(link, chosen if chosen in link.redirects else link.redirects[0], inside.account, door)
    if isinstance(asked, Refused):
        return door.pages.refusal(asked, received.request_id, inside.reader, detail=asked.detail)
    return answer.redirect(asked, 303)


async def result(received: Received, door: Door) -> Answer:
    """GET /admin/links/{id}/trial: the answer as an application would have received it, and what is right about it."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    link = await find_link(received.parameters["id"], door)
    report = await trial.report(inside.query.get(trial.ANSWER, ""), link, inside.account, door) if link else None
    if link is None or report is None:
        return console.not_found(inside, received, door)
    here = f"{door.public.path}{LINKS}/{public_id(link.id)}"
    values = {
        "link_name": link.name,
        "report": report,
        "permission_words": WORDS[report.permission] if report.permission else "",
        "action": f"{here}/trial",
        "link_url": here,
        "list_url": door.public.path + LINKS,
    }
    return console.page(inside, door, "link_trial.html", values)


RULES = (
    Rule(
        LINKS + "/{id}/trial",
        ("POST",),
        start,
        Who.ADMINISTRATOR,
        Guard.FORM,
        "Tries a link out.",
        recent=False,
    ),
    Rule(LINKS + "/{id}/trial", ("GET",), result, Who.ADMINISTRATOR, Guard.PAGE, "What came back from a trial."),
)
