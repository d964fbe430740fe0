"""The question whether it is still the same person, as its answers come: who is asked, and what a wrong one is told."""

from dataclasses import dataclass

from genkan.protocol.env import Env
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import entry
from genkan.protocol.records import Account
from genkan.site import answer, browser, console, read
from genkan.site.answer import Answer
from genkan.site.browser import Visitor
from genkan.site.door import Door
from genkan.site.presence import is_recent
from genkan.site.read import Form
from genkan.site.received import Received
from genkan.site.sign_in_form import after_sign_in


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is signed in and answers, and what they sent."""

    account: Account
    who: Visitor
    form: Form
    env: Env

    async def once_more(self, refused: Refused, door: Door) -> Answer:
        """The question again, with what was wrong."""
        row = entry(refused.reason)
        return await console.confirm_page(self.form, self.who, door, self.env, error=row.public, status=row.status)


async def asked(received: Received, door: Door) -> Asked | Answer:
    """The answer to the question, where there is one to judge."""
    env, form = door.env(), read.form(received)
    who = await browser.visitor(received, door, env)
    if who.person is None:
        return answer.redirect(f"{door.public.text}/login", 303)
    one = Asked(who.person.account, who, form, env)
    fault = browser.form_fault(received, form, who, door, env)
    if fault is None:
        return one
    if await is_recent(who.person, door, env):
        # Sent twice: the first one made a new session, and the page's token went with the one before it.
        return after_sign_in(form, one.account, who, door)
    return await one.once_more(fault, door)
