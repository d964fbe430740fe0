"""The console's page of the MDM set-up: what is built for an MDM, and what was found in a value."""

from genkan.mdm import check as checking
from genkan.mdm.build import Artefact, build
from genkan.mdm.explain import explain
from genkan.mdm.targets import GUIDES, Target
from genkan.mdm.words import FORMS
from genkan.site.admin.managed_said import said
from genkan.wire.managed import OAuthEntry, SiteEntry
from tests.browser.gallery_console import framed
from tests.browser.showing_values import Chosen, Shown

CLIENT = "38843a89f2b02a471000bc022e4b9de8"
BROKEN = (
    '[{"title": "Front Desk", "baseURL": "https://site.example/desk/secure/Dashboard.jspa", "clientId": "'
    + CLIENT
    + '"}, '
    '{"title": "Wiki", "baseURL": "https://wiki.example/", "colour": "red"}, {"title": "Old", "oauth": {}}]'
)


def pages(chosen: Chosen) -> list[Shown]:
    """All states of the page."""
    site = SiteEntry(chosen("Front Desk")[:100], "https://site.example/desk", OAuthEntry(CLIENT))
    first = _built(chosen, Target.INTUNE, site)
    named = _built(chosen, Target.SOTI, SiteEntry(site.title, site.base_url))
    right = checking.check(b'[{"title": "Front Desk", "baseURL": "https://site.example/desk"}]')
    wrong = {**first, "pasted": chosen(BROKEN), "report": _report(BROKEN.encode())}
    return [
        Shown("mdm", "admin_mdm.html", first),
        Shown("mdm-named", "admin_mdm.html", {**named, "only_named": True}),
        Shown("mdm-declarative", "admin_mdm.html", _built(chosen, Target.DDM, site)),
        Shown("mdm-bundle", "admin_mdm.html", {**first, **_without(Target.APPCONFIG), "bundle_id": chosen("")}),
        Shown("mdm-wrong", "admin_mdm.html", wrong),
        Shown("mdm-right", "admin_mdm.html", {**wrong, "report": _report_of(right, None)}),
        Shown("mdm-unreadable", "admin_mdm.html", {**wrong, "report": {**_report(b"<html/>"), "more": 12}}),
    ]


def _built(chosen: Chosen, target: Target, site: SiteEntry) -> dict[str, object]:
    made = build(target, [site])
    assert isinstance(made, Artefact)
    return {**_frame(chosen), **_without(target), "artefact": made, "needs_bundle_id": False}


def _without(target: Target) -> dict[str, object]:
    return {"target": target.value, "guide": GUIDES[target], "artefact": None, "needs_bundle_id": True}


def _frame(chosen: Chosen) -> dict[str, object]:
    return {
        **framed(chosen, "/admin/mobile/mdm"),
        "targets": [(one.value, GUIDES[one].name) for one in Target],
        "bundle_id": "",
        "only_named": False,
        "pasted": "",
        "check_for": "",
        "report": {},
    }


def _report(octets: bytes) -> dict[str, object]:
    return _report_of(checking.check(octets), checking.fix(octets))


def _report_of(found: checking.Report, mended: checking.Mended | None) -> dict[str, object]:
    text = mended.octets.decode() if mended is not None and mended.octets is not None else ""
    return {
        "form": FORMS[found.kind.value],
        "broken": found.broken,
        "right": found.right,
        "findings": said(found.findings),
        "more": 0,
        "sites": found.sites,
        "mended": text,
        "left": len(mended.left) if mended is not None else 0,
        "steps": explain(found.managed),
    }
