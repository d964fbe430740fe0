"""Signing out from the console: a page that names what will end, and the form that ends it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from genkan.protocol.env import Env
from genkan.protocol.phones import PhoneRow, PhoneState, judge
from genkan.protocol.records import Account, Link, Standing
from genkan.site import console
from genkan.site.admin.phone_rows import phone_row, shown_name
from genkan.site.answer import Answer
from genkan.site.api.documents import read_phone_id, read_public_id
from genkan.site.api.phone_filters import ONE, Filters, back_path, filters_at, find, search_for
from genkan.site.api.signing_out import Decided, of_link, of_person, of_phones
from genkan.site.console import Inside
from genkan.site.door import Door
from genkan.site.flashes import Flash
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.store.api import PhoneOrder, PhoneQuery
from genkan.store.rounds import TRIES

PATH = f"{ONE}/sign-out"
# The names of a form's fields: a sign-in each, or one of the three that stand for many.
CHOSEN = "phone-"
PERSON, LINK, FOUND, BACK = "person", "link", "found", "back"
# What "all that the list finds" ends at once, how often it looks for them, and how many end in one write.
MOST_FOUND = 500
ROUNDS_FOUND = 40
AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Ending:
    """What will end: the rows that were named, or everything of a person or a link. ``live`` of them still count."""

    rows: tuple[PhoneRow, ...] = ()
    account: Account | None = None
    link: Link | None = None
    found: Filters | None = None
    live: int = 0
    complete: bool = True


async def ask(received: Received, door: Door) -> Answer:
    """GET /admin/phones/sign-out: the question."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    return await _question(inside, inside.query, door)


async def act(received: Received, door: Door) -> Answer:
    """POST /admin/phones/sign-out: the sign-outs. Sent twice, the second one finds nothing that is left to end."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    if inside.again:
        return await _question(inside, inside.form, door)
    back = back_path(inside.form.get(BACK, ""))
    for _ in range(TRIES):
        env = door.env()
        ending = await _named(inside.form, door, env)
        if ending is None:
            return console.done(door, back, Flash.GONE)
        if await _ended(ending, inside.actor, door, env):
            return console.done(door, back, Flash.PHONES_SIGNED_OUT)
    return console.busy(inside, received, door)


async def _ended(ending: Ending, actor: str, door: Door, env: Env) -> bool:
    """Ends it; of many rows some in each write, so that nobody else waits for all of them."""
    for start in range(0, len(ending.rows), AT_ONCE):
        change, _ = of_phones(ending.rows[start : start + AT_ONCE], actor, env)
        await door.store.apply(change)
    decided: Decided | None = None
    if ending.account is not None:
        decided = await of_person(ending.account, actor, door.store, env)
    elif ending.link is not None:
        decided = await of_link(ending.link, actor, door.store, env)
    return decided is None or await door.store.apply(decided[0])


async def _named(asked: Mapping[str, str], door: Door, env: Env) -> Ending | None:
    """What the fields name, as it stands now; None where it is not there any more."""
    if asked.get(PERSON):
        account = await door.store.account(read_public_id(asked[PERSON]) or 0)
        if account is None or account.standing is Standing.DELETED:
            return None
        usage = await door.store.usage(PhoneQuery(account_id=account.id), env.now)
        return Ending(account=account, live=usage.live, complete=usage.complete)
    if asked.get(LINK):
        link = await door.store.link(read_public_id(asked[LINK]) or 0)
        if link is None or link.standing is Standing.DELETED:
            return None
        usage = await door.store.usage(PhoneQuery(link_id=link.id), env.now)
        return Ending(link=link, live=usage.live, complete=usage.complete)
    if asked.get(FOUND):
        return await _found(filters_at(asked[FOUND]), door, env)
    return await _chosen(asked, door, env)


async def _chosen(asked: Mapping[str, str], door: Door, env: Env) -> Ending | None:
    ids = [read_phone_id(name.removeprefix(CHOSEN)) for name in asked if name.startswith(CHOSEN)]
    looked = [await door.store.phone(grant_id) for grant_id in ids if grant_id]
    rows = tuple(row for row in looked if row is not None)
    live = sum(judge(row, env).state is PhoneState.SIGNED_IN for row in rows)
    return Ending(rows, live=live) if rows else None


async def _found(filters: Filters, door: Door, env: Env) -> Ending | None:
    """The oldest of those that are signed in; there may be more of them than end at once."""
    asked = replace(filters.first(), state=PhoneState.SIGNED_IN, order=PhoneOrder.OLDEST)
    search = search_for(asked, env.now)
    if search is None or not filters.is_narrow or filters.reason:
        return None
    page = await find(replace(search, limit=MOST_FOUND), door.store, ROUNDS_FOUND)
    return Ending(page.rows, found=filters, live=len(page.rows), complete=page.next is None)


async def _question(inside: Inside, asked: Mapping[str, str], door: Door) -> Answer:
    """The page that names what will end."""
    env, back = door.env(), back_path(asked.get(BACK, ""))
    ending = await _named(asked, door, env)
    if ending is None:
        named = any(asked.get(name) for name in (PERSON, LINK, FOUND)) or any(n.startswith(CHOSEN) for n in asked)
        return console.done(door, back, Flash.GONE if named else Flash.NOTHING_CHOSEN)
    kept = {name: word for name, word in asked.items() if name in (PERSON, LINK, FOUND) or name.startswith(CHOSEN)}
    values = {
        "action": door.public.path + PATH,
        "hidden_fields": {**inside.hidden, **kept, BACK: back},
        "back": door.public.path + back,
        "phones": [phone_row(judge(row, env), frozenset(), door.public.path) for row in ending.rows[:50]],
        "count": len(ending.rows),
        "live": ending.live,
        "complete": ending.complete,
        "person": shown_name(ending.account) if ending.account else "",
        "link": ending.link.name if ending.link else "",
        "found": ending.found,
        "is_self": ending.account is not None and ending.account.id == inside.account.id,
    }
    return console.page(inside, door, "phones_sign_out.html", values)


RULES = (
    Rule(PATH, ("GET",), ask, Who.ADMINISTRATOR, Guard.PAGE, "Asks before phones are signed out.", recent=True),
    Rule(PATH, ("POST",), act, Who.ADMINISTRATOR, Guard.FORM, "Signs phones out.", recent=True),
)
