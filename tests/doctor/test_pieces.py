"""The pieces that judge: names of certificates, form-action, likeness of pages, exemptions, and what comes first."""

import pytest

from genkan.doctor.certificates import covers
from genkan.doctor.exemptions import exemption
from genkan.doctor.gateways import Front, gateway_of, recognise, turned_away
from genkan.doctor.likeness import alike
from genkan.doctor.observed import Heard, origin_of, place
from genkan.doctor.policy import allows_form_to, policies
from genkan.doctor.saying import plain
from genkan.doctor.verdicts import Probe, Report, Verdict, worst
from tests.doctor.world import APP

BASE = "https://jira.example.com"


def heard(status: int = 200, body: bytes = b"", *headers: tuple[str, str]) -> Heard:
    return Heard(f"{BASE}/x", status, headers, body, 5, 0)


@pytest.mark.parametrize(
    ("names", "host", "right"),
    [(["jira.example.com"], "jira.example.com", True), (["*.example.com"], "jira.example.com", True),
     (["*.example.com"], "a.jira.example.com", False), (["*.example.com"], "example.com", False),
     (["*"], "localhost", False), (["192.0.2.1"], "192.0.2.1", True), (["*.0.2.1"], "192.0.2.1", False),
     (["2001:db8::1"], "2001:db8:0::1", True), ([], "jira.example.com", False)],
)  # fmt: skip
def test_which_hosts_a_certificate_covers(names: list[str], host: str, right: bool) -> None:
    """RFC 9525 6.3: the very name, or a wildcard in its first label; addresses letter by letter."""
    assert covers(names, host) is right


@pytest.mark.parametrize(
    ("policy", "right"),
    [("default-src 'none'", True), ("form-action 'self'", False), ("form-action 'self' jira-server:", True),
     ("form-action *", False), ("form-action", False), ("FORM-ACTION Jira-Server:", True), ("", True),
     ("form-action https:", False), ("form-action jira-server://oauth-callback", True),
     ("form-action-x 'self'", True)],
)  # fmt: skip
def test_where_a_policy_lets_forms_end(policy: str, right: bool) -> None:
    """CSP3 6.4.1: without form-action anywhere; with it only where a source fits, and a star fits no app's scheme."""
    assert allows_form_to(policy, APP) is right


def test_every_policy_of_a_page_counts() -> None:
    """Two headers, and two policies in one."""
    page = heard(200, b"", ("content-security-policy", "a, b"), ("content-security-policy", "c"))
    assert policies(page) == ("a", "b", "c")


def test_likeness_passes_over_what_changes() -> None:
    """Numbers and keys differ each time; other words, another status or a redirect are another answer."""
    one = heard(400, b"<h1>Unknown client</h1> ask about 8399cfec-7 at 15:26")
    assert alike(one, heard(400, b"<h1>Unknown client</h1> ask about 1b2c3d4e-9 at 15:27"))
    assert not alike(one, heard(400, b"<h1>The redirect address</h1> is not the one that was registered here"))
    assert not alike(one, heard(403, one.body))


@pytest.mark.parametrize("front", Front)
def test_each_exemption_names_each_path(front: Front) -> None:
    """Every path stands in it, whole, and for an unknown product each common one is there."""
    paths = ["/jira/rest/nativemobile/1.1/info/login", "/jira/rest/api/2/serverInfo"]
    text = str(exemption(front, paths))
    assert all(path in text for path in paths)
    named = [each.value.split()[0] for each in Front if each is not Front.OTHER]
    assert [name for name in named if name in text] or front is Front.OTHER
    if front is Front.OTHER:
        assert {"nginx", "Apache", "Caddy", "HAProxy", "Traefik"} <= set(text.replace(",", " ").split())


def test_the_front_is_known_by_its_server_header() -> None:
    """A gateway that asks elsewhere has its exemption in the proxy that says its name."""
    sent = heard(302, b"", ("location", "https://corp.okta.com/app"), ("server", "nginx/1.29.1"))
    assert gateway_of(sent).front is Front.NGINX
    assert gateway_of(heard(302, b"", ("location", "https://corp.okta.com/app"))).front is Front.OTHER


def test_an_answer_of_the_site_is_no_gateway() -> None:
    """Neither its own redirects, nor its pages, nor its refusals are taken for one."""
    for answer in (heard(200, b"{}"), heard(302, b"", ("location", f"{BASE}/secure/Dashboard.jspa")),
                   heard(404), heard(200, b"", ("set-cookie", "JSESSIONID=1"))):  # fmt: skip
        assert not turned_away(answer, BASE)
        assert recognise(answer) is None


def test_what_is_shown_of_an_address_holds_no_query() -> None:
    """A redirect may carry somebody's session: only scheme, host and path are shown, and no user name."""
    assert place("https://me:secret@sso.example/login?session=secret#x") == "https://sso.example/login"
    assert place("http://[") == "an address that cannot be read"
    assert origin_of("https://JIRA.example.com:443/x") == BASE
    assert origin_of("https://jira.example.com:x/") == ""


def test_the_first_to_change() -> None:
    """The first that is wrong, else the first warning; the worst is the whole's verdict."""
    none = plain("")
    probes = [Probe(str(number), verdict, none, none, none, plain("x")) for number, verdict in enumerate(
        (Verdict.OK, Verdict.WARNING, Verdict.UNKNOWN, Verdict.WRONG, Verdict.WRONG))]  # fmt: skip
    assert Report(BASE, tuple(probes)).first == probes[3]
    assert Report(BASE, tuple(probes)).verdict is Verdict.WRONG
    assert Report(BASE, tuple(probes[:3])).first == probes[1]
    assert Report(BASE, (probes[0], probes[2])).first is None
    assert worst([]) is Verdict.OK
    assert worst([Verdict.OK, Verdict.UNKNOWN]) is Verdict.UNKNOWN
