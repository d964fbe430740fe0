"""Redirects of the very path that was asked for: a move is told from a proxy that hides scheme or host, from a path
that is sent to itself, and from a gateway.
"""

import pytest

from genkan.doctor.examine import judge
from genkan.doctor.gateways import turned_away
from genkan.doctor.observed import Heard, Q, Seen
from genkan.doctor.verdicts import Probe, Report, Verdict
from tests.doctor.world import INFO, SERVER, TOKEN, probe, target

NOW = 1_800_000_000_000
SITE = "https://jira.example.com"
PROBES = {
    "server-info": (Q.SERVER_INFO, SERVER),
    "info-login": (Q.INFO_LOGIN, INFO),
    "token-endpoint": (Q.TOKEN, TOKEN),
}


def report(to: str, base: str = SITE) -> Report:
    """What is said where each path is redirected to ``to``, {p} being the path."""
    seen = Seen(target(base))
    for question, path in PROBES.values():
        location = to.replace("{p}", path)
        seen.hops[question] = (Heard(base + path, 302, (("location", location),), b"", 5, NOW),)
    return judge(seen, NOW)


def each(found: Report) -> list[Probe]:
    return [probe(found, name) for name in PROBES]


@pytest.mark.parametrize(
    ("to", "phrase"),
    [("http://jira.example.com{p}", "X-Forwarded-Proto"), ("http://jira.example.com:8080{p}", "proxy_redirect"),
     ("http://10.2.3.4:8080{p}", "proxy_set_header Host"), ("https://10.2.3.4{p}", "proxy_set_header Host"),
     ("http://jira-backend:8080{p}", "proxy_set_header Host"), ("https://[fd00::7]{p}", "proxy_set_header Host")],
)  # fmt: skip
def test_a_proxy_that_hides_scheme_or_host(to: str, phrase: str) -> None:
    """Nobody is told to use plain http or a private address in the app: the proxy is what to mend."""
    for found in each(report(to)):
        assert found.verdict is Verdict.WRONG, found
        assert phrase in found.fix
        assert "Use http" not in found.fix
        assert "hides" in found.answered


@pytest.mark.parametrize(
    ("base", "to", "use"),
    [(SITE, f"{SITE}/jira{{p}}", f"{SITE}/jira"), (SITE, "https://new.example.com{p}", "https://new.example.com"),
     ("http://jira.example.com", f"{SITE}{{p}}", SITE),
     ("https://10.1.2.3", "https://10.1.2.3/jira{p}", "https://10.1.2.3/jira"),
     ("https://jira.local", "https://issues.local{p}", "https://issues.local"), (SITE, "/jira{p}", f"{SITE}/jira")],
)  # fmt: skip
def test_a_site_that_moved(base: str, to: str, use: str) -> None:
    """The address to use is said, by each of the paths, and first by the one that the app asks first."""
    found = report(to, base)
    assert all(f"Use {use} in the app" in one.fix for one in each(found)), each(found)
    if base == SITE:
        assert found.first is not None
        assert found.first.id == "server-info"


@pytest.mark.parametrize("to", ["{p}/", "{p}", f"{SITE}{{p}}?again=1", f"{SITE}:443{{p}}/x"])
def test_a_path_that_is_sent_to_itself(to: str) -> None:
    """No gateway is blamed for a slash: the word login is in the site's own path."""
    for found in each(report(to)):
        assert found.verdict is Verdict.WRONG
        assert "to itself" in found.answered
        assert "xempt" not in found.fix


@pytest.mark.parametrize(
    ("asked", "to", "gate"),
    [(INFO, f"{INFO}/", False), (INFO, f"/jira{INFO}", False), (INFO, "/sso/login", True), (INFO, "/login", True),
     ("/sso" + INFO, "/sso/start", False), ("/sso" + INFO, "/sso/login", True),
     (SERVER, "/secure/Dashboard.jspa", False),
     (SERVER, f"{INFO}", True)],
)  # fmt: skip
def test_words_of_a_sign_in_count_in_what_is_new(asked: str, to: str, gate: bool) -> None:
    """What the path that was asked holds itself says nothing of a gateway."""
    assert turned_away(Heard(SITE + asked, 302, (("location", to),), b"", 5, 0), SITE) is gate
