"""The administration API does what the console does: every form names the operation that does the same, every page the
one that tells the same. A page that is new and names none makes this fail.
"""

import pytest

from genkan.site.app import API, route_table
from genkan.site.routes import Guard, Who

PEOPLE, CLIENT, GENKAN = "/rest/genkan/1.0/people/{id}", "/rest/oauth2/latest/client", "/rest/genkan/1.0"
MOBILE = "PUT /rest/nativemobile/1.0/admin/oauth"
# What each form of the console does, as an operation.
DOES = {
    "/setup/mobile": MOBILE,
    "/admin/mobile/on": MOBILE,
    "/admin/mobile/off": MOBILE,
    "/admin/mobile/sign-out-all": MOBILE,
    "/admin/people/create": f"POST {GENKAN}/people",
    "/admin/people/{id}/edit": f"PATCH {PEOPLE}",
    "/admin/people/{id}/permission": f"PATCH {PEOPLE}",
    "/admin/people/{id}/disable": f"PATCH {PEOPLE}",
    "/admin/people/{id}/enable": f"PATCH {PEOPLE}",
    "/admin/people/{id}/sign-out": f"POST {PEOPLE}/sign-out",
    "/admin/people/{id}/delete": f"DELETE {PEOPLE}",
    "/admin/people/{id}/erase": f"POST {PEOPLE}/erasure",
    "/admin/people/{id}/recovery": f"POST {PEOPLE}/recovery-link",
    "/admin/people/{id}/recovery/withdraw": f"DELETE {PEOPLE}/recovery-link",
    "/admin/people/{id}/guesses/lift": f"DELETE {PEOPLE}/sign-in-budget",
    "/admin/people/{id}/identities/add": f"POST {PEOPLE}/identities",
    "/admin/people/{id}/identities/{source}/remove": f"DELETE {PEOPLE}/identities/{{source}}",
    "/admin/people/{id}/certificates/add": f"POST {PEOPLE}/certificate-pins",
    "/admin/people/{id}/certificates/{pin}/remove": f"DELETE {PEOPLE}/certificate-pins/{{pin}}",
    "/admin/people/{id}/certificates/{fingerprint}/revoke": f"DELETE {PEOPLE}/certificates/{{fingerprint}}",
    "/admin/people/{id}/sessions/end-all": f"DELETE {PEOPLE}/sessions",
    "/admin/people/{id}/sessions/{session}/end": f"DELETE {PEOPLE}/sessions/{{session}}",
    "/admin/people/{id}/passkeys/{passkey}/remove": f"DELETE {PEOPLE}/passkeys/{{passkey}}",
    "/admin/links/create": f"POST {CLIENT}",
    "/admin/links/{id}/edit": f"PUT {CLIENT}/{{id}}",
    "/admin/links/{id}/disable": f"PATCH {CLIENT}/{{id}}",
    "/admin/links/{id}/enable": f"PATCH {CLIENT}/{{id}}",
    "/admin/links/{id}/delete": f"DELETE {CLIENT}/{{id}}",
    "/admin/links/{id}/sign-out-all": f"POST {CLIENT}/{{id}}/sign-out",
    "/admin/links/{id}/secret": f"POST {CLIENT}/{{id}}/secret",
    "/admin/phones/sign-out": f"POST {GENKAN}/phones/sign-out",
    "/admin/api-keys/create": f"POST {GENKAN}/api-keys",
    "/admin/api-keys/{id}/adopt": f"POST {GENKAN}/api-keys/{{id}}/adopt",
    "/admin/api-keys/{id}/revoke": f"DELETE {GENKAN}/api-keys/{{id}}",
    "/admin/health/check": f"POST {GENKAN}/installation/check",
    "/admin/health/phone": f"POST {GENKAN}/installation/phone-checks",
    "/admin/health/remedy": f"PATCH {CLIENT}/{{id}}",
    "/admin/mobile/mdm/check": f"POST {GENKAN}/managed-configuration/check",
    "/admin/mobile/preview": f"POST {GENKAN}/managed-configuration/preview",
    "/admin/base-url/name": f"PUT {GENKAN}/site",
    "/admin/sign-in/edit": f"PUT {GENKAN}/site/sign-in",
}
# What each page of the console tells, as an operation.
TELLS = {
    "/admin": f"GET {GENKAN}/installation",
    "/admin/people": f"GET {GENKAN}/people",
    "/admin/people/{id}": f"GET {PEOPLE}",
    "/admin/people/{id}/edit": f"GET {PEOPLE}",
    "/admin/people/{id}/permission": f"GET {PEOPLE}",
    "/admin/people/{id}/identities/add": f"GET {GENKAN}/sign-on",
    "/admin/people/{id}/certificates/add": f"GET {PEOPLE}/certificate-pins",
    "/admin/people/{id}/export": f"GET {PEOPLE}/export",
    "/admin/links": f"GET {CLIENT}",
    "/admin/links/{id}": f"GET {CLIENT}/{{id}}",
    "/admin/links/{id}/edit": f"GET {CLIENT}/{{id}}",
    "/admin/links/{id}/credentials": f"GET {CLIENT}/{{id}}",
    "/admin/links/{id}/delete": f"GET {CLIENT}/{{id}}/usage",
    "/admin/links/{id}/sign-out-all": f"GET {CLIENT}/{{id}}/usage",
    "/admin/phones": f"GET {GENKAN}/phones",
    "/admin/applications": f"GET {GENKAN}/phones",
    "/admin/phones/{id}": f"GET {GENKAN}/phones/{{id}}",
    "/admin/mobile": "GET /rest/nativemobile/1.0/admin/oauth",
    "/admin/mobile/mdm": f"GET {GENKAN}/managed-configuration",
    "/admin/mobile/preview": f"POST {GENKAN}/managed-configuration/preview",
    "/admin/audit": f"GET {GENKAN}/audit-events",
    "/admin/audit/export": f"GET {GENKAN}/audit-export",
    "/admin/audit/refusals": f"GET {GENKAN}/audit-refusals",
    "/admin/audit/chain": f"GET {GENKAN}/audit-verification",
    "/admin/api-keys": f"GET {GENKAN}/api-keys",
    "/admin/api-keys/{id}": f"GET {GENKAN}/api-keys",
    "/admin/health": f"GET {GENKAN}/installation",
    "/admin/base-url": f"GET {GENKAN}/site",
    **{
        f"/admin/health/phone/{{check}}{rest}": f"GET {GENKAN}/installation/phone-checks/{{check}}"
        for rest in ("", "/seen")
    },
    "/admin/sign-in": f"GET {GENKAN}/site/sign-in",
}
# What is for eyes and browsers alone: it changes nothing that a program could change, and tells nothing else.
FOR_PEOPLE = {
    "/admin/links/check": "says while typing what making the link would refuse anyhow",
    "/admin/links/{id}/trial": "runs a link's flow in this very browser",
    "/setup/done": "leads on after set-up",
    "/admin/health/phone/{check}/picture": "is the address of a check, for a camera",
}
OPERATIONS = frozenset(f"{method} {operation.rule.path}" for operation in API for method in operation.rule.methods)
CONSOLE = [
    rule
    for rule in route_table("https://site.example")
    if rule.who is Who.ADMINISTRATOR and rule.guard is not Guard.MACHINE and rule.path not in FOR_PEOPLE
]
FORMS = {rule.path for rule in CONSOLE if rule.guard is Guard.FORM}
# A page that only asks before a form, or leads to another page, tells nothing of its own.
ASKS = {rule.path for rule in CONSOLE if rule.guard is Guard.PAGE and rule.path in FORMS and rule.path not in TELLS}
LEADS_ON = {rule.path for rule in CONSOLE if rule.about.startswith("Leads to ")}
PAGES = {rule.path for rule in CONSOLE if rule.guard is Guard.PAGE} - ASKS - LEADS_ON


@pytest.mark.parametrize("path", sorted(FORMS))
def test_what_a_form_does_an_operation_does(path: str) -> None:
    """Whatever an administrator can press, a program can call."""
    assert path in DOES, f"{path}: which operation does the same?"
    assert DOES[path] in OPERATIONS


@pytest.mark.parametrize("path", sorted(PAGES))
def test_what_a_page_tells_an_operation_tells(path: str) -> None:
    """Whatever an administrator can see, a program can read."""
    assert path in TELLS, f"{path}: which operation tells the same?"
    assert TELLS[path] in OPERATIONS


def test_nothing_is_named_that_is_gone() -> None:
    """Each line of the tables is of a route that there is."""
    every = {rule.path for rule in route_table("https://site.example")}
    assert DOES.keys() == FORMS
    assert TELLS.keys() == PAGES
    assert FOR_PEOPLE.keys() <= every


def test_every_operation_that_changes_something_has_its_form() -> None:
    """And the other way round: nothing can only be done by a program, but where the console has another way."""
    another_way = {
        f"POST {PEOPLE}/password": "a one-time link, so that no administrator knows the password",
        f"POST {PEOPLE}/recovery": "the break-glass of the box",
        f"DELETE {PEOPLE}/consents/{{link}}": "signing the person out of the link's phones, or the person's own page",
        f"DELETE {GENKAN}/phones/{{id}}": "the form for many",
    }
    changing = {
        f"{method} {operation.rule.path}"
        for operation in API
        for method in operation.rule.methods
        if operation.rule.who is Who.ADMINISTRATOR and method != "GET"
    }
    newest = {name for name in changing if not name.split(" ")[1].startswith(("/rest/oauth2/1.0/", "/rest/genkan/1/"))}
    assert newest - set(DOES.values()) == another_way.keys()
