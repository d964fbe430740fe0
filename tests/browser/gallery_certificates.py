"""The sign-in page with the way by certificate, with what was wrong with one, and the page for who showed none."""

from genkan.protocol.certificates.faults import CertificateFault, Fault
from genkan.protocol.records import ALL_WAYS, Way
from genkan.protocol.signin.offer import Offer
from tests.browser.showing_values import Chosen, Shown, carried, using

START = "/desk/login/certificate/start?next=%2Fdesk%2Faccount"


def pages(chosen: Chosen) -> list[Shown]:
    """All states of these pages."""
    values: dict[str, object] = {
        "action": "/desk/login",
        "hidden": carried(chosen),
        "username": "",
        "error": "",
        "application": chosen("Jira Mobile"),
        "again": False,
        "offer": Offer(ALL_WAYS),
        "passkey": using(chosen),
        "certificate_start": START,
    }
    expired = CertificateFault(Fault.EXPIRED, "", (("date", chosen("2026-11-25")),)).public
    refused = {**values, "error": expired, "offer": Offer(Way.CERTIFICATE)}
    none = {"again_url": START, "other_url": "/desk/login?form=1"}
    return [
        Shown("login-certificate", "login.html", values),
        Shown("login-certificate-refused", "login.html", refused, 403),
        Shown("certificate-none", "certificate_none.html", none, 403),
    ]
