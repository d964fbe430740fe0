"""What clients claim of themselves in headers, through a real proxy: no form of it reaches the application."""

from collections.abc import Callable

import pytest

from genkan.ops.proxied_headers import CLAIMS, IDENTITY
from tests.proxy.world import SECRET, Front

TWINS = {name: name.replace("-", "_") for name in CLAIMS}
FORMS: dict[str, Callable[[str], list[str]]] = {
    "as it is written": lambda name: [name],
    "small": lambda name: [name.lower()],
    "large": lambda name: [name.upper()],
    "underscores": lambda name: [TWINS[name]],
    "small underscores": lambda name: [TWINS[name].lower()],
    "one underscore": lambda name: [name.replace("-", "_", 1)],
    "twice": lambda name: [name, name],
    "twice, in two spellings": lambda name: [name.upper(), name.lower(), TWINS[name]],
}
# What the proxies themselves tell the application of the way.
OWN = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}


def folded(name: str) -> str:
    """A name as CGI and WSGI read it."""
    return name.lower().replace("_", "-")


@pytest.mark.parametrize("form", FORMS)
def test_no_claim_of_a_client_reaches_the_application(front: Front, form: str) -> None:
    """Every well-known header, in this form; what is not one of them passes as it came."""
    token, known = front.passing_token(), {folded(name) for name in CLAIMS} - OWN - {folded(n) for n in IDENTITY}
    for names in (CLAIMS[at : at + 25] for at in range(0, len(CLAIMS), 25)):
        sent = [(spelt, "spoofed") for name in names for spelt in FORMS[form](name)]
        answer = front.app("GET", token, headers=[*sent, ("X-Harmless", "kept")])
        assert answer.status_code == 200, answer.text
        told = answer.json()["headers"]
        assert [pair for pair in told if "spoofed" in pair[1]] == []
        assert [name for name, _ in told if folded(name) in known and name not in IDENTITY] == []
        assert ["X-Harmless", "kept"] in [[name.title(), value] for name, value in told]


@pytest.mark.parametrize(
    "hops",
    [
        ["close, Remote-User, Remote-Groups, Remote-Name, Remote-Email, Remote-Scope"],
        ["keep-alive, remote-user, REMOTE-GROUPS"],
        ["close", "Remote-User"],
        ["Remote-User", "Upgrade, Remote-Groups"],
        ["X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, Remote-User, X-Genkan-Proxy"],
    ],
)
@pytest.mark.parametrize("upgrade", [[], [("Upgrade", "websocket")], [("Upgrade", "h2c"), ("HTTP2-Settings", "AAMA")]])
def test_a_client_takes_no_header_of_the_proxys_out(
    front: Front, hops: list[str], upgrade: list[tuple[str, str]]
) -> None:
    """RFC 9110 7.6.1 lets Connection name headers of the client's own; those of the proxy arrive all the same."""
    sent = [*(("Connection", hop) for hop in hops), *upgrade]
    answer = front.app("GET", front.passing_token(), headers=sent)
    assert answer.status_code == 200, answer.text
    told = {name.lower(): value for name, value in answer.json()["headers"]}
    assert (told["remote-user"], told["remote-groups"], told["remote-scope"]) == ("alice", "dev,staff", "WRITE")
    assert told.keys() >= OWN
    assert "remote" not in told.get("connection", "").lower()
    assert told.get("upgrade", "websocket") == "websocket", "h2c would lead around the guard"


@pytest.mark.parametrize("named", ["X-Genkan-Proxy", "X-Forwarded-Proto", "X-Forwarded-For, X-Genkan-Proxy", "Host"])
def test_a_client_takes_no_word_to_the_site_out(below: Front, named: str) -> None:
    """The site hears its proxy, hence https and the cookies that belong to it, and a READ token reads."""
    with below.browser() as client:
        page = client.get(f"{below.base}/login", headers=[("Connection", f"close, {named}")])
        assert page.status_code == 200, page.text
    reader = below.token("READ")["access_token"]
    answer = below.app("GET", reader, headers=[("Connection", f"close, {named}, X-Forwarded-Method")])
    assert answer.status_code == 200, answer.text
    assert SECRET not in answer.text
