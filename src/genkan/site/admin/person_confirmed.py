"""What is done to a person after a page has asked: disabling, deleting, erasing, signing out everywhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from genkan.protocol.administration import Administrator
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.reasons import entry
from genkan.protocol.records import Account, Standing
from genkan.site import console
from genkan.site.admin.person_shown import PEOPLE, person_facts, person_path, person_state
from genkan.site.answer import Answer
from genkan.site.api.people import applied, living, named_by_path
from genkan.site.console import Inside
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.kept import kept_days
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who

Decide = Callable[[Administrator, Account, Env], Change | Refused]


@dataclass(frozen=True, slots=True)
class Act:
    """``buried``: a deleted person will do as well. ``leaves``: afterwards there is nothing to look at any more."""

    decide: Decide
    flash: Flash
    about: str
    recent: bool
    buried: bool = False
    leaves: bool = False


ACTS: Mapping[str, Act] = {
    "disable": Act(
        lambda caller, account, env: caller.stand(account, Standing.DISABLED, env),
        Flash.DISABLED, "Disables a person and ends all sign-ins.", recent=False,
    ),
    "sign-out": Act(
        lambda caller, account, env: caller.sign_out(account, env),
        Flash.PERSON_SIGNED_OUT, "Signs a person out everywhere.", recent=False,
    ),
    "delete": Act(
        lambda caller, account, env: caller.stand(account, Standing.DELETED, env),
        Flash.DELETED, "Deletes a person and ends all sign-ins.", recent=True,
    ),
    "erase": Act(
        lambda caller, account, env: caller.erase(account, env),
        Flash.ERASED, "Erases a person for good.", recent=True, buried=True, leaves=True,
    ),
}  # fmt: skip


async def ask(received: Received, door: Door) -> Answer:
    """GET /admin/people/{id}/{act}: what goes and what stays."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    name, act = _act(received)
    account = await (named_by_path if act.buried else living)(received, door)
    if account is None:
        return console.not_found(inside, received, door)
    return await _page(name, account, inside, None, door)


async def do(received: Received, door: Door) -> Answer:
    """POST /admin/people/{id}/{act}"""
    name, act = _act(received)
    inside = await console.entrance(received, door, back=f"{PEOPLE}/{received.parameters['id']}/{name}")
    if isinstance(inside, Answer):
        return inside
    before = await (named_by_path if act.buried else living)(received, door)
    if before is None:
        return console.not_found(inside, received, door)
    if inside.again:
        return await _page(name, before, inside, None, door)
    caller = inside.administrator
    done = await applied(received, door, lambda a, env: act.decide(caller, a, env), buried=act.buried)
    if isinstance(done, Refused):
        return await _page(name, before, inside, done, door)
    return console.done(door, PEOPLE if act.leaves else person_path(done), act.flash)


def _act(received: Received) -> tuple[str, Act]:
    """The path's last part; each has a rule of its own."""
    name = received.path.rpartition("/")[2]
    return name, ACTS[name]


async def _page(name: str, account: Account, inside: Inside, error: Refused | None, door: Door) -> Answer:
    values = {
        **person_facts(account, inside, door),
        **await person_state(account, inside, door),
        "act": name,
        "kept": kept_days(door),
        "error": entry(error.reason).public if error else "",
    }
    return console.page(inside, door, "person_confirm.html", values, status=console.form_status(inside, error))


RULES = tuple(
    rule
    for name, act in ACTS.items()
    for rule in (
        Rule(f"{PEOPLE}/{{id}}/{name}", ("GET",), ask, Who.ADMINISTRATOR, Guard.PAGE, f"Asks first: {act.about}",
             recent=act.recent or None),
        Rule(f"{PEOPLE}/{{id}}/{name}", ("POST",), do, Who.ADMINISTRATOR, Guard.FORM, act.about, recent=act.recent),
    )
)  # fmt: skip
