"""The console's page of the MDM set-up: the artefact for each MDM, and what is wrong with a value that was pasted."""

from genkan.mdm.build import NEEDS_BUNDLE_ID, Artefact, build
from genkan.mdm.check import Mended, Report
from genkan.mdm.explain import explain
from genkan.mdm.forms import target_named
from genkan.mdm.targets import GUIDES, Target
from genkan.mdm.words import FORMS
from genkan.site import console
from genkan.site.admin.managed_said import MOST_SHOWN, said
from genkan.site.answer import Answer
from genkan.site.api.managed_checked import checked
from genkan.site.console import Inside
from genkan.site.door import Door
from genkan.site.phone_guide import site_entry
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.site.switch import load_switch

HERE = "/admin/mobile/mdm"
CHECK = HERE + "/check"
LONGEST_BUNDLE_ID = 155


async def show(received: Received, door: Door) -> Answer:
    """GET /admin/mobile/mdm, with ``for`` for another MDM than the first."""
    inside = await console.entrance(received, door)
    if isinstance(inside, Answer):
        return inside
    return await _page(inside, door, inside.query, {})


async def check(received: Received, door: Door) -> Answer:
    """POST /admin/mobile/mdm/check: what is wrong with what was pasted. Nothing is kept."""
    inside = await console.entrance(received, door, back=HERE)
    if isinstance(inside, Answer):
        return inside
    pasted = inside.form.get("pasted", "")
    octets, target = pasted.encode("utf-8", "replace"), target_named(inside.form.get("check_for", ""))
    report = {} if inside.again or not pasted.strip() else _report(*await checked(octets, target, received))
    return await _page(inside, door, inside.form, report)


async def _page(inside: Inside, door: Door, asked: dict[str, str], report: dict[str, object]) -> Answer:
    target = _target(asked.get("for", ""))
    bundle_id = asked.get("bundle_id", "").strip()[:LONGEST_BUNDLE_ID]
    site, link = await load_switch(door.store)
    told = link if site.mobile_enabled else None
    entry = site_entry(await door.title(), door.public.text, told)
    built = build(target, [entry], bundle_id=bundle_id, allow_http=not door.public.secure)
    values = {
        "targets": [(one.value, GUIDES[one].name) for one in Target],
        "target": target.value,
        "guide": GUIDES[target],
        "bundle_id": bundle_id,
        "needs_bundle_id": target in NEEDS_BUNDLE_ID,
        "artefact": built if isinstance(built, Artefact) else None,
        "only_named": entry.oauth is None,
        "pasted": asked.get("pasted", ""),
        "check_for": target_named(asked.get("check_for", "")) or "",
        "report": report,
    }
    return console.page(inside, door, "admin_mdm.html", values)


def _target(name: str) -> Target:
    return target_named(name) or Target.INTUNE


def _report(found: Report, mended: Mended) -> dict[str, object]:
    text = mended.octets.decode("utf-8", "replace") if found.findings and mended.octets is not None else ""
    return {
        "form": FORMS[found.kind.value],
        "broken": found.broken,
        "right": found.right,
        "findings": said(found.findings[:MOST_SHOWN]),
        "more": max(0, len(found.findings) - MOST_SHOWN),
        "sites": found.sites[:MOST_SHOWN],
        "mended": text if mended.done else "",
        "left": len(mended.left),
        "steps": explain(found.managed, android=found.android) if len(found.sites) <= MOST_SHOWN else (),
    }


RULES = (
    Rule(HERE, ("GET",), show, Who.ADMINISTRATOR, Guard.PAGE, "The managed app configuration for each MDM."),
    Rule(
        CHECK,
        ("POST",),
        check,
        Who.ADMINISTRATOR,
        Guard.FORM,
        "Says what is wrong with a value that was pasted.",
        recent=False,
    ),
)
