"""`genkan app` as a person and a script meet it: output, exit statuses, sentences, against a small site."""

import json
import os
import plistlib
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from genkan.app.steps import Returned
from genkan.app.vault import FileVault
from genkan.cli.app import app
from genkan.cli.app_input import insecure_http
from genkan.testing import AppLink, SiteDouble
from genkan.testing.faults import AUTHORIZE, INFO, MYSELF, REVOKE, TOKEN
from genkan.wire import login_info
from genkan.wire.login_info import LoginInfo
from tests.app.by_hand import APP
from tests.app.desk import ECHO

PROGRAM = (sys.executable, "-c", "from genkan.cli.root import main; main()")
SERVER_INFO = "/rest/api/2/serverInfo"


class Ran:
    """What a command left: its status and what it said."""

    def __init__(self, status: Any, capture: pytest.CaptureFixture[str]) -> None:
        self.status = status
        self.out, self.err = capture.readouterr()


Genkan = Callable[..., Ran]


@pytest.fixture
def genkan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Genkan:
    """Runs `genkan app WORDS…` in this process, with a folder of its own and alice at the browser, who agrees."""
    monkeypatch.setenv("GENKAN_APP_DIR", str(tmp_path / "app"))
    monkeypatch.setenv("GENKAN_APP_VAULT", "file")
    monkeypatch.setenv("GENKAN_BROWSER", shlex.join([sys.executable, "-m", "genkan.testing"]))
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)

    def run(*words: str) -> Ran:
        return Ran(app(words, result_action="return_value", exit_on_error=False), capsys)

    return run


def a_sites_file(folder: Path, *entries: Mapping[str, object]) -> str:
    path = folder / "sites.json"
    path.write_text(json.dumps(entries))
    return str(path)


def myself(site: SiteDouble, token: str = "") -> object:
    """What the site says of the bearer of a token, or of alice in another app of hers."""
    bearer = {"Authorization": f"Bearer {token or site.tokens('alice')['access_token']}"}
    return httpx2.get(site.base_url + MYSELF, headers=bearer, trust_env=False).json()


def test_sign_in_and_whoami(genkan: Genkan, site: SiteDouble) -> None:
    """The main job: sign in through the browser and loopback, then the `myself` document exactly as JSON."""
    signed_in = genkan("login", site.base_url)
    assert signed_in.status == 0, signed_in.err
    assert f"Signed in as alice at {site.base_url}." in signed_in.out
    whoami = genkan("whoami", "--json")
    assert whoami.status == 0
    assert json.loads(whoami.out) == myself(site)
    assert "Alice A. (alice)" in genkan("whoami").out
    exchange = site.faults.requests(TOKEN)[0]
    assert exchange.form["redirect_uri"].startswith("http://127.0.0.1:")


def test_loopback_only_where_listed(genkan: Genkan, site: SiteDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the site lists the app's scheme alone, the address is printed and the pasted one is read."""
    announced = LoginInfo(True, site.switch_on().client_id, (APP,), "WRITE")
    site.faults.answer(INFO, 200, json.dumps(login_info.render(announced)).encode())
    monkeypatch.setattr("sys.stdin", Typing(lambda: "not an address\n"))
    refused = genkan("login", site.base_url)
    assert refused.status == 1
    assert "not the answer to this sign-in" in refused.err
    url = next(line for line in refused.out.splitlines() if line.startswith("http"))
    assert "redirect_uri=jira-server%3A%2F%2Foauth-callback" in url


class Typing:
    """Standard input that types one line when it is read."""

    def __init__(self, line: Callable[[], str]) -> None:
        self.readline = line


def test_no_browser_over_pipes(tmp_path: Path, site: SiteDouble) -> None:
    """`--no-browser`: the address alone on a line of standard output, the answer from standard input."""
    environ = {**os.environ, "GENKAN_APP_DIR": str(tmp_path / "app"), "GENKAN_APP_VAULT": "file"}
    command = [*PROGRAM, "app", "login", site.base_url, "--no-browser"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environ, **pipes) as process:  # type: ignore[call-overload]
        url = process.stdout.readline().strip()
        address = site.person()(url) or ""
        assert address.startswith("jira-server://oauth-callback?code=")
        out, err = process.communicate(f'  "{address}"\n', timeout=60)
    assert process.returncode == 0, err
    assert "Signed in as alice" in out
    assert "code=" not in out + err
    again = [*PROGRAM, "app", "whoami", "--json"]
    whoami = subprocess.run(again, env=environ, capture_output=True, text=True, check=True)
    assert json.loads(whoami.stdout) == myself(site)


def test_exit_status_of_the_program(tmp_path: Path) -> None:
    """The process ends with 1 for a no, and says so in one line."""
    environ = {**os.environ, "GENKAN_APP_DIR": str(tmp_path / "app"), "GENKAN_APP_VAULT": "file"}
    command = [*PROGRAM, "app", "whoami"]
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "genkan app: Nobody is signed in. Type: genkan app login URL\n"
    assert list(tmp_path.iterdir()) == []


def test_the_five_routes(genkan: Genkan, site: SiteDouble, tmp_path: Path) -> None:
    """MDM with and without `oauth`, a typed address, a gateway, and switched off: each ends as it should."""
    entry = {"title": "Ours", "baseURL": site.base_url}
    with_oauth = {**entry, "oauth": {"clientID": site.switch_on().client_id, "cacheSessionInMobileBrowser": True}}
    for where in (["--sites", "with"], ["--sites", "without"], [site.base_url]):
        file = a_sites_file(tmp_path, with_oauth if where[-1] == "with" else entry)
        ran = genkan("login", *(file if word in {"with", "without"} else word for word in where))
        assert ran.status == 0, ran.err
    site.faults.gateway()
    gateway = genkan("login", site.base_url)
    assert gateway.status == 1
    assert "MDM" in gateway.err
    assert INFO in gateway.err
    site.faults.clear()
    site.switch_off()
    off = genkan("login", site.base_url)
    assert off.status == 1
    assert "switched off" in off.err
    site.faults.answer(INFO, 404)
    site.faults.answer(SERVER_INFO, 200, b'{"version": "9.4.0"}')
    old = genkan("login", site.base_url)
    assert old.status == 1
    assert "9.12.14" in old.err


def test_one_line_errors(genkan: Genkan, site: SiteDouble) -> None:
    """What goes wrong is one line on standard error that says what to do."""
    for words, status in (
        (("login",), 2),
        (("whoami",), 1),
        (("whoami", "https://other.example"), 1),
        (("token", "--bare", "--header"), 2),
        (("request", "GET", "//evil.example/"), 2),
        (("request", "GET", "rest/api"), 2),
        (("request", "POST", "/x", "--json-body", "{"), 2),
        (("request", "POST", "/x", "--data", "a", "--json-body", "{}"), 2),
        (("request", "POST", "/x", "--data", "@/nonexistent"), 2),
        (("login", site.base_url, "--sites", "/nonexistent"), 2),
        (("login", site.base_url, "--client-secret-file", "/nonexistent"), 2),
        (("logout", site.base_url, "--everywhere"), 2),
    ):
        ran = genkan(*words)
        assert ran.status == status, (words, ran.err)
        assert len(ran.err.strip().splitlines()) == 1, ran.err
        assert ran.err.startswith("genkan app: ")
        assert ran.out == ""


def test_private_and_shared(genkan: Genkan, site: SiteDouble, tmp_path: Path) -> None:
    """A private sign-in comes of `cacheSessionInMobileBrowser`, which nobody undoes, or of the person's wish."""
    oauth = {"clientID": site.switch_on().client_id, "cacheSessionInMobileBrowser": False}
    file = a_sites_file(tmp_path, {"baseURL": site.base_url, "oauth": oauth})
    for words in (["--sites", file], ["--sites", file, "--shared"], [site.base_url], [site.base_url, "--private"]):
        assert genkan("login", *words).status == 0
    seen = [asked.query for asked in site.faults.requests(AUTHORIZE) if "genkan-app" not in asked.headers["user-agent"]]
    private = ("login", "true")
    told = [(query.get("prompt"), query.get("ephemeral")) for query in seen]
    assert told == [private, private, (None, None), private]


def test_request(genkan: Genkan, site: SiteDouble) -> None:
    """The body is printed as it came; a status of 400 and above is a no."""
    genkan("login", site.base_url)
    posted = genkan("request", "post", ECHO, "--data", "a=1")
    assert (posted.status, json.loads(posted.out)) == (0, {"method": "POST", "form": {"a": "1"}})
    sent = genkan("request", "PUT", ECHO, "--site", site.base_url, "--json-body", '{"b": 2}')
    assert sent.status == 0
    last = site.faults.asked[-1]
    assert (last.method, last.body) == ("PUT", b'{"b": 2}')
    assert (last.headers["content-type"], last.headers["accept"]) == ("application/json", "application/json")


def test_a_page_in_place_of_an_answer_is_told_and_not_printed(genkan: Genkan, site: SiteDouble) -> None:
    """Markup hides what happened: status and address are said on standard error, and the output stays empty."""
    genkan("login", site.base_url)
    missing = genkan("request", "GET", "/nothing?a=1")
    told = f"genkan app: The site answered 404 with a web page at {site.base_url}/nothing?a=1: check the path.\n"
    assert (missing.status, missing.out, missing.err) == (1, "", told)
    site.faults.answer("/page", 200, b"<h1>x</h1>", "text/html; charset=utf-8")
    page = genkan("request", "GET", "/page")
    assert (page.status, page.out) == (1, "")
    assert "answered 200 with a web page" in page.err
    site.faults.answer("/json", 404, b'{"x": 1}')
    refused = genkan("request", "GET", "/json")
    assert (refused.status, refused.out, refused.err) == (1, '{"x": 1}\n', "genkan app: The site answered 404.\n")


def test_a_scope_that_is_none_is_refused_before_anything_is_asked(genkan: Genkan, site: SiteDouble) -> None:
    """Only the four words will do, and neither the site nor the browser hears of another."""
    for word in ("FOO", "read", "", "READ FOO"):
        refused = genkan("login", site.base_url, "--scope", word)
        assert (refused.status, refused.out) == (2, "")
        assert refused.err.endswith("write one of READ, WRITE, ADMIN, SYSTEM_ADMIN.\n")
    assert site.faults.asked == []
    assert genkan("login", site.base_url, "--scope", "READ").status == 0


@pytest.mark.parametrize(("word", "plain"), [("1", True), ("yes", True), ("TRUE", True), ("0", False), ("", False)])
def test_plain_http_is_allowed_in_the_words_that_the_site_takes(word: str, plain: bool) -> None:
    """GENKAN_INSECURE_HTTP means the same on both sides."""
    assert insecure_http({"GENKAN_INSECURE_HTTP": word}) is plain


def test_token(genkan: Genkan, site: SiteDouble) -> None:
    """A usable access token for scripts, bare, as a header, or with what is known; never the refresh token."""
    genkan("login", site.base_url)
    token = genkan("token").out.removesuffix("\n")
    assert myself(site, token) == myself(site)
    assert genkan("token", "--bare").out == f"{token}\n"
    assert genkan("token", "--header").out == f"Authorization: Bearer {token}\n"
    shown = genkan("token", site.base_url, "--json")
    row = json.loads(shown.out)
    assert (row["access_token"], row["token_type"], row["scope"]) == (token, "Bearer", "WRITE")
    assert 3000 < row["expires_in"] <= 3600
    assert (row["site"], row["account"]) == (site.base_url, "alice")
    assert "gnk_rt_" not in shown.out + shown.err


def test_several_sessions(genkan: Genkan, site: SiteDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    """With several sessions and no address the command says which there are."""
    genkan("login", site.base_url)
    monkeypatch.setenv("PERSON_NAME", "bob")
    genkan("login", site.base_url)
    unclear = genkan("token")
    assert unclear.status == 2
    assert "alice" in unclear.err
    assert "bob" in unclear.err
    assert "--account" in unclear.err
    assert json.loads(genkan("whoami", "--account", "bob", "--json").out)["name"] == "bob"


def test_logout(genkan: Genkan, site: SiteDouble) -> None:
    """The site is told, then the session is forgotten; after that nobody is signed in."""
    genkan("login", site.base_url)
    out = genkan("logout")
    assert (out.status, [phone.state for phone in site.phones()]) == (0, ["signed_out"])
    assert genkan("whoami").status == 1
    assert genkan("logout", "--everywhere").status == 0


def test_logout_out_of_reach(genkan: Genkan, site: SiteDouble) -> None:
    """Out of reach nothing changes and the way out is named; `--forget` forgets and says what stays."""
    genkan("login", site.base_url)
    site.faults.fail(REVOKE, 503, times=99)
    kept = genkan("logout")
    assert kept.status == 1
    assert "--forget" in kept.err
    assert genkan("whoami").status == 0
    forgotten = genkan("logout", "--everywhere", "--forget")
    assert forgotten.status == 0
    assert "may still count" in forgotten.err
    assert genkan("whoami").status == 1


def test_sites(genkan: Genkan, site: SiteDouble, tmp_path: Path) -> None:
    """The login screen: managed sites first, sessions beside them, as words and as JSON."""
    assert genkan("sites").out == "No site yet: run genkan app login URL.\n"
    file = a_sites_file(tmp_path, {"title": "Ours", "baseURL": site.base_url}, {"baseURL": "https://b.example"})
    genkan("login", site.base_url)
    shown = genkan("sites", "--sites", file)
    assert shown.status == 0
    assert shown.out == f"Ours  {site.base_url}  signed in as alice\nhttps://b.example  not signed in\n"
    row = json.loads(genkan("sites", "--sites", file, "--json").out)["sites"][0]
    assert (row["title"], row["managed"], row["sessions"][0]["account"]) == ("Ours", True, "alice")


def test_a_value_of_the_environment(
    genkan: Genkan, site: SiteDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`GENKAN_APP_MANAGED` is the value itself, `GENKAN_APP_SITES` a file with it; a file that is named goes first."""
    file = a_sites_file(tmp_path, {"title": "Theirs", "baseURL": "https://theirs.example"})
    monkeypatch.setenv("GENKAN_APP_SITES", file)
    assert "Theirs" in genkan("sites").out
    monkeypatch.setenv("GENKAN_APP_MANAGED", json.dumps([{"title": "Ours", "baseURL": site.base_url}]))
    assert genkan("sites").out == f"Ours  {site.base_url}  not signed in\n"
    assert genkan("login").status == 0
    other = tmp_path / "other.json"
    other.write_text(json.dumps([{"title": "Named", "baseURL": "https://named.example"}]))
    assert "Named" in genkan("sites", "--sites", str(other)).out


def test_a_property_list_of_an_mdm(genkan: Genkan, site: SiteDouble, tmp_path: Path) -> None:
    """What a console takes is what the command takes: the whole dictionary as a property list."""
    file = tmp_path / "sites.plist"
    value = json.dumps([{"title": "Ours", "baseURL": site.base_url}])
    file.write_bytes(plistlib.dumps({"sites": value}))
    assert genkan("sites", "--sites", str(file)).out == f"Ours  {site.base_url}  not signed in\n"
    file.write_bytes(b"bplist00 damaged")
    damaged = genkan("sites", "--sites", str(file))
    assert damaged.status == 2
    assert "damaged property list" in damaged.err


def test_a_broken_sites_file(genkan: Genkan, site: SiteDouble, tmp_path: Path) -> None:
    """M8: entry and fault are named, what is right is offered, and a typed address still signs in."""
    file = a_sites_file(tmp_path, {"title": "Ours", "baseURL": "https://ours.example"}, {"title": "No address"})
    shown = genkan("sites", "--sites", file)
    assert shown.status == 2
    assert "/1" in shown.err
    assert "https://ours.example" in shown.out
    typed = genkan("login", site.base_url, "--sites", file)
    assert typed.status == 0
    assert "/1" in typed.err


@pytest.mark.parametrize("command", ["login", "inspect"])
def test_a_broken_sites_file_chooses_no_site(genkan: Genkan, site: SiteDouble, tmp_path: Path, command: str) -> None:
    """Where nobody names a site, the one right entry beside a wrong one is not taken for the one that is meant."""
    file = a_sites_file(tmp_path, {"title": "Ours", "baseURL": site.base_url}, {"title": "No address"})
    ran = genkan(command, "--sites", file)
    assert ran.status == 2
    assert f"or name the site: {site.base_url}" in ran.err
    assert site.faults.asked == []
    none = tmp_path / "broken.json"
    none.write_text("[{")
    assert genkan(command, "--sites", str(none)).status == 2
    assert genkan("login", site.base_url, "--sites", file).status == 0


def test_a_client_secret_comes_from_a_file(genkan: Genkan, site: SiteDouble, tmp_path: Path) -> None:
    """A link with a secret: the secret is in the form of the exchange, and in no argument."""
    link = site.add_link(AppLink("Own", ("http://127.0.0.1/own",), confidential=True))
    secret = tmp_path / "secret"
    secret.write_text(f"{link.client_secret}\n")
    own = ("--client-id", link.client_id, "--client-secret-file", str(secret), "--redirect", *link.redirects)
    ran = genkan("login", site.base_url, *own)
    assert ran.status == 0, ran.err
    (exchange,) = site.faults.requests(TOKEN)
    assert exchange.form["client_secret"] == link.client_secret


def test_damaged_sessions_are_told(genkan: Genkan, site: SiteDouble, tmp_path: Path) -> None:
    """A session file that cannot be read is a line, not a crash, and signing in again works."""
    genkan("login", site.base_url)
    vault = FileVault(tmp_path / "app" / "sessions")
    for name in vault.names():
        vault.write(name, "{" if name != "device" else "d")
    told = genkan("whoami")
    assert told.status == 1
    assert "damaged" in told.err
    assert genkan("sites").status == 0
    assert genkan("login", site.base_url).status == 0
    assert genkan("whoami").status == 0


def test_a_folder_open_to_others_is_told(genkan: Genkan, site: SiteDouble, tmp_path: Path) -> None:
    """What the vault refuses is a set-up fault with the command to run."""
    genkan("login", site.base_url)
    (tmp_path / "app" / "sessions").chmod(0o755)
    ran = genkan("whoami")
    assert ran.status == 2
    assert "chmod 700" in ran.err


def test_interrupted(genkan: Genkan, site: SiteDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while waiting for the browser ends in one line."""
    monkeypatch.setattr("genkan.app.loopback.LoopbackDoor.visit", interrupt)
    ran = genkan("login", site.base_url)
    assert ran.status == 130
    assert ran.err.strip().splitlines()[-1] == "genkan app: Broken off."


def interrupt(*_: object) -> Returned:
    raise KeyboardInterrupt


@pytest.mark.parametrize("command", ["sites", "login", "whoami", "request", "token", "logout"])
def test_help_has_an_example(genkan: Genkan, command: str) -> None:
    """Every command shows how it is used."""
    ran = genkan(command, "--help")
    assert re.search(rf"Example: .*genkan app {command}", re.sub(r"\s+", " ", ran.out))
