"""The pages of application links, each state that looks different once."""

from dataclasses import replace

from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import ConsentMode, Link, LinkKind, Standing
from genkan.site.admin import link_form
from genkan.site.admin.link_edit_pages import CHANGED
from genkan.site.admin.link_form import LinkForm
from genkan.site.flashes import Flash
from genkan.site.provider.trial import Check, Report
from genkan.store.api import Usage
from genkan.wire.metadata import Endpoints
from genkan.wire.redirects import PROBLEMS
from genkan.wire.scopes import WORDS, Permission
from genkan.wire.sentences import sentence
from tests.browser.gallery_console import framed
from tests.browser.showing_values import Chosen, Shown, carried
from tests.protocol.builders import a_site

LINKS = "/admin/links"
ONE = "/desk/admin/links/00f1e2d3c4b5a697"
USED = 1_795_455_600_000


def pages(chosen: Chosen) -> list[Shown]:
    """All of them."""
    return [*_list(chosen), *_form(chosen), *_one(chosen), *_asking(chosen), *_secrets(chosen), *_trial(chosen)]


def a_link(chosen: Chosen, **changes: object) -> Link:
    """A confidential link."""
    link = Link(
        1, "38843a89f2b02a471000bc022e4b9de8", chosen("Reports of the Facilities Department"), LinkKind.CONFIDENTIAL,
        (chosen("https://reports.internal.example.com/oauth/callback/jira?tenant=facilities-and-grounds"),),
        Permission.WRITE, ConsentMode.REMEMBER, True, True, True, Standing.ACTIVE, 0, 90 * 86_400_000,
        USED - 40 * 86_400_000, 3, b"x", b"y", USED,
    )  # fmt: skip
    return replace(link, **changes)  # type: ignore[arg-type]


def _told(name: str, **changes: object) -> dict[str, object]:
    return {"name": name, "address": ONE, "kind": "native", "state": "active", "permission": "WRITE", **changes}


def _list(chosen: Chosen) -> list[Shown]:
    frame = framed(chosen, LINKS, flash=Flash.LINK_DELETED)
    rows = [
        {**_told(chosen("Mobile app")), "usage": Usage(200, USED, complete=False)},
        {**_told(chosen("Reports"), kind="confidential", state="disabled", permission="SYSTEM_ADMIN"),
         "usage": Usage(0, 0, complete=True)},
    ]  # fmt: skip
    address = "/desk/admin/links"
    values = {"links": rows, "first": address, "next": f"{address}?after=6d", "create_url": f"{address}/create"}
    empty = {**framed(chosen, LINKS), **values, "links": [], "first": "", "next": ""}
    return [
        Shown("links", "links.html", {**frame, **values}),
        Shown("links-none", "links.html", empty),
        Shown("link-create", "link_create.html",
              {**framed(chosen, LINKS), "create_url": f"{address}/create", "list_url": address}),
    ]  # fmt: skip


def _form(chosen: Chosen) -> list[Shown]:
    own = {
        "list_url": "/desk/admin/links",
        "check_url": "/desk/admin/links/check",
        "back_url": ONE,
        "carried": carried(chosen),
        "action": "/desk/admin/links/create",
        "link_name": "",
    }
    fresh = link_form.values(LinkForm(), {}, None)
    wrong = LinkForm("", ("localhost:80/cb", "jira-server://oauth-callback", ""), "", "native", "remember", True)
    faults = link_form.faults_of(wrong, None, Permission.SYSTEM_ADMIN, a_site(), allow_http=False)
    faults["ways"] = [sentence(entry(Reason.ABOVE_CALLER).public)]
    faults["redirect-1"] = [
        sentence(PROBLEMS["relative/path"], {"text": chosen("localhost:80"), "scheme": "localhost"})
    ]
    failed = _chosen_rows(link_form.values(wrong, faults, None), chosen)
    link = a_link(chosen)
    plain = link_form.form_of(a_link(str))
    changed = _chosen_rows(link_form.values(plain, {}, link), chosen)
    changed["shown"] = replace(plain, name=link.name)
    frame = framed(chosen, LINKS)
    return [
        Shown("link-form", "link_form.html", {**frame, **own, **fresh}),
        Shown("link-form-failed", "link_form.html", {**frame, **own, **failed}, 400),
        Shown(
            "link-form-edit", "link_form.html", {**frame, **own, **changed, "link_name": link.name, "notice": CHANGED}
        ),
    ]  # fmt: skip


def _chosen_rows(values: dict[str, object], chosen: Chosen) -> dict[str, object]:
    """The rows with values of somebody; what is said of them stays that of the plain ones."""
    rows = values["rows"]
    assert isinstance(rows, list)
    return {**values, "rows": [{**row, "value": chosen(row["value"])} for row in rows]}


def _one(chosen: Chosen) -> list[Shown]:
    frame = {
        **framed(chosen, LINKS),
        "list_url": "/desk/admin/links",
        "sign_ins_url": "/desk/admin/phones?link=0000000000000002",
        "mobile_on": True,
        "in_reach": True,
    }
    link = a_link(chosen)
    native = {"kind": LinkKind.NATIVE, "consent": ConsentMode.ALWAYS, "plain_pkce": False, "absolute_lifetime": None}
    app = a_link(chosen, **native, redirects=(chosen("jira-server://oauth-callback"), chosen("http://127.0.0.1/cb")))
    values = {"details": link, "permission_words": WORDS[link.permission], "way_words": ["Passkey", "Password"],
              "usage": Usage(7, USED, complete=True)}  # fmt: skip
    told = _told(link.name, kind="confidential")
    return [
        Shown("link-above", "link.html", {**frame, **values, "link": {**told, "state": "disabled"}, "in_reach": False,
                                          "is_app_link": False}),
        Shown("link", "link.html", {**frame, **values, "link": {**told, "state": "disabled"}, "is_app_link": False}),
        Shown("link-app", "link.html",
              {**frame, **values, "details": app, "link": _told(chosen("Mobile app")), "is_app_link": True}),
    ]  # fmt: skip


def _asking(chosen: Chosen) -> list[Shown]:
    frame = {**framed(chosen, LINKS), "list_url": "/desk/admin/links", "link": _told(chosen("Mobile app"))}
    some, none = Usage(1234, USED, complete=True), Usage(0, 0, complete=True)
    return [
        Shown("link-delete", "link_confirm.html", {**frame, "act": "delete", "usage": some, "announced": True}),
        Shown("link-sign-out", "link_confirm.html",
              {**frame, "act": "sign-out-all", "usage": none, "announced": False}),
    ]  # fmt: skip


def _secrets(chosen: Chosen) -> list[Shown]:
    link = a_link(chosen)
    frame = {
        **framed(chosen, LINKS, flash=Flash.LINK_MADE),
        "list_url": "/desk/admin/links",
        "link_url": ONE,
        "link": link,
        "endpoints": Endpoints("https://site.example/desk"),
        "secret_url": f"{ONE}/secret",
        "managed": "",
    }
    value = f'[{{"title": "{chosen("Example Desk")}", "baseURL": "https://site.example/desk"}}]'
    app = {**frame, "link": a_link(chosen, kind=LinkKind.NATIVE, previous_secret=None), "secret_url": ""}
    asked = {
        **framed(chosen, LINKS), "list_url": "/desk/admin/links", "link_url": ONE, "back_url": ONE, "link": link,
        "action": f"{ONE}/secret", "carried": carried(chosen), "overlap": 24, "overlaps": [0, 1, 24, 168, 720],
        "stale": True,
    }  # fmt: skip
    return [
        Shown("link-credentials", "link_credentials.html", {**frame, "secret": "7f3a" * 16}),
        Shown("link-credentials-later", "link_credentials.html", {**frame, "secret": ""}),
        Shown("link-credentials-app", "link_credentials.html", {**app, "secret": "", "managed": value}),
        Shown("link-secret", "link_secret.html", asked),
    ]


def _trial(chosen: Chosen) -> list[Shown]:
    frame = {
        **framed(chosen, LINKS), "list_url": "/desk/admin/links", "link_url": ONE, "action": f"{ONE}/trial",
        "link_name": chosen("Reports"), "permission_words": WORDS[Permission.WRITE],
    }  # fmt: skip
    checks = (Check("state", True), Check("iss", True), Check("code", True))
    late = (*checks[:2], Check("code", False, "The authorization code has expired."))
    redirect = chosen("https://reports.example.com/cb")
    given = (("code", "gnk_ac_Zm9vYmFy…"), ("state", chosen("af0ifjsldkj…")), ("iss", "https://site.example/desk"))
    good = Report(redirect, given, "", "", checks, Permission.WRITE)
    denied = Report(redirect, (("error", "access_denied"),), "access_denied", "", (), None)
    refused = Report(redirect, (("error", "server_error"),), "server_error", "", (), None)
    return [
        Shown("link-trial", "link_trial.html", {**frame, "report": good}),
        Shown("link-trial-late", "link_trial.html", {**frame, "report": replace(good, checks=late, permission=None)}),
        Shown("link-trial-denied", "link_trial.html", {**frame, "report": denied}),
        Shown("link-trial-refused", "link_trial.html", {**frame, "report": refused}),
    ]
