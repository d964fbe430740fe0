"""`genkan app inspect`: every step of the flow is there, and no secret of any."""

import json

import pytest

from genkan.app.session import Session
from genkan.app.steps import Answer, Ask, Loss, Lost, NoReturn, Pause, Returned, Visit, Work
from genkan.cli.app_trace import safe_url, told_of
from tests.terminal.conftest import Terminal


def test_the_way_of_discovery_is_shown(genkan: Terminal) -> None:
    """Without --sign-in nobody is asked to: the requests, their answers, and what they come to."""
    ran = genkan("inspect", genkan.site.base_url)
    lines = ran.out.splitlines()
    assert ran.status == 0, ran.err
    assert lines[0] == "Find the site:"
    assert lines[1].startswith(f"  1  GET {genkan.site.base_url}/rest/nativemobile/1.1/info/login  (")
    assert "     status 200" in lines
    assert any("clientID" in line for line in lines)
    assert lines[-1] == "Everything answered as it should."
    assert genkan.site.phones() == []


def test_the_whole_way_hides_every_secret(genkan: Terminal) -> None:
    """Signed in, renewed, asked, signed out: each step is shown; no code, verifier, token or cookie is."""
    ran = genkan("inspect", genkan.site.base_url, "--sign-in")
    assert ran.status == 0, ran.err + ran.out
    titles = [line for line in ran.out.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert titles == ["Find the site:", "Sign in:", "Renew:", "Call the API:", "Sign out:"]
    assert [phone.reason for phone in genkan.site.phones()] == ["signed_out_by_app"]
    secrets = {
        value
        for asked in genkan.site.faults.asked
        for name, value in {**asked.form, **asked.query}.items()
        if name in {"code", "code_verifier", "refresh_token", "token", "state", "device_id", "code_challenge"}
    }
    secrets |= {
        asked.headers["authorization"] for asked in genkan.site.faults.asked if "authorization" in asked.headers
    }
    assert len(secrets) >= 6
    # The address to open by hand is a person's own and goes beside the output: without its state nobody could sign in.
    assert [secret for secret in secrets if secret in ran.out] == []
    # Whose account it is belongs in no support ticket either.
    assert "alice" not in ran.out.lower()
    assert not genkan.folder.joinpath("sessions").exists()


def test_broken_off_it_is_signed_out(genkan: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the middle leaves no sign-in behind that nobody holds the tokens of."""

    def interrupted(_session: Session) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Session, "whoami", interrupted)
    assert genkan("inspect", genkan.site.base_url, "--sign-in").status == 130
    assert [phone.reason for phone in genkan.site.phones()] == ["signed_out_by_app"]


def test_json_is_the_same_for_programs(genkan: Terminal) -> None:
    """One document: steps in order and a verdict; a site that is not ready is a no with its sentence."""
    genkan.site.switch_off()
    ran = genkan("inspect", genkan.site.base_url, "--json")
    told = json.loads(ran.out)
    assert ran.status == 1
    assert told["steps"][0]["answered"] == "status 200"
    assert told["verdict"] in ran.err


@pytest.mark.parametrize("words", [(), ("ftp://x.example",), ("--sites", "/nonexistent")])
def test_what_names_no_site_is_told(genkan: Terminal, words: tuple[str, ...]) -> None:
    """One line, and nothing is asked."""
    ran = genkan("inspect", *words)
    assert ran.status in {1, 2}
    assert ran.err.count("\n") == 1
    assert genkan.site.faults.asked == []


def test_a_gateways_page_is_named(genkan: Terminal) -> None:
    """What stands in the site's place is told by its status, its Location and the title of its page."""
    genkan.site.faults.gateway()
    ran = genkan("inspect", genkan.site.base_url)
    assert ran.status == 1
    assert "< location: /gateway/sign-in?back=<hidden, " in ran.out
    genkan.site.faults.clear()
    page = b"<html><title>Hotel\n Wi-Fi\x1b[2J</title>"
    genkan.site.faults.answer("info/login", 200, page, "text/html", times=4)
    assert "titled “Hotel Wi-Fi [2J”" in genkan("inspect", genkan.site.base_url).out


def test_addresses_keep_no_secret() -> None:
    """Values of a query, a fragment, a name and a password go; what is harmless stays readable."""
    shown = safe_url("https://u:p@x.example:8443/a?code=c0de&scope=WRITE&state=s&x=1#frag")
    assert shown == (
        "https://x.example:8443/a?code=<hidden, 4 characters>&scope=WRITE&state=<hidden, 1 characters>"
        "&x=<hidden, 1 characters>#<hidden, 4 characters>"
    )
    assert safe_url("http://[bad") == "<hidden, 11 characters>"
    assert safe_url("app://cb?error=access_denied&iss=https://s.example") == (
        "app://cb?error=access_denied&iss=https://s.example"
    )
    # A gateway's session, written into the path for browsers without cookies
    shown = safe_url("https://sso.example/a;v=1/login;jsessionid=0123SECRET?scope=WRITE")
    assert shown == "https://sso.example/a;<hidden, 3 characters>/login;<hidden, 21 characters>?scope=WRITE"
    assert safe_url("/login%3Bjsessionid=0123SECRET") == "/login;<hidden, 21 characters>"


def test_steps_without_an_answer() -> None:
    """What got lost, what the browser did not bring back, a pause; what stays in this machine is no step."""
    lost = told_of(Ask("GET", "https://x.example/"), Lost(Loss.UNREACHABLE, "x cannot be reached."), 3)
    assert lost is not None
    assert lost.answered == "no answer: x cannot be reached."
    nothing = told_of(Visit("https://x.example/?state=abc", "abc"), NoReturn("Broken off."), 0)
    assert nothing is not None
    assert nothing.answered == "nothing came back: Broken off."
    assert "abc" not in repr(nothing)
    back = told_of(Visit("https://x.example/", "abc"), Returned("app://cb?code=xyz&state=abc"), 0)
    assert back is not None
    assert "xyz" not in repr(back)
    assert told_of(Pause(200), None, 0) is not None
    assert told_of(Work(lambda: None), None, 0) is None


def test_what_an_answer_may_show_depends_on_whose_it_is() -> None:
    """A public document is shown but for its secrets; of a token answer and a person's data, harmless names alone."""
    body = json.dumps({"client_secret": "s3", "expires_in": 5, "access_token": "a1", "scope": "WRITE", "x": "y1"})
    json_type = {"content-type": "application/json"}
    public = told_of(Ask("GET", "https://x/"), Answer(200, json_type, body.encode()), 0)
    post = told_of(Ask("POST", "https://x/", body=b""), Answer(200, json_type, body.encode()), 0)
    own = told_of(Ask("GET", "https://x/", (("Authorization", "Bearer t9"),)), Answer(200, json_type, body.encode()), 0)
    assert public is not None
    assert post is not None
    assert own is not None
    assert [word for word in ("s3", "a1", "y1") if word in repr(public)] == ["y1"]
    assert [word for word in ("s3", "a1", "y1", "t9") if word in repr(post) + repr(own)] == []
    assert "WRITE" in repr(post)
