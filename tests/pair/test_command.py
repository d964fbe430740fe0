"""`genkan app` end to end: a real server, a scripted browser, exit statuses, and one line for what is wrong."""

import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from genkan.cli.app import app
from genkan.testing.person import Person, RealBrowser
from tests.pair.real import MakePhone, RealPhone, add_person
from tests.ports import free_port
from tests.security.serving import Serving
from tests.site.world import PASSWORD

Inside = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Inside:
    """Runs `genkan app WORDS…` of a phone in this process: the same words and statuses, without a start each time."""
    for display in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(display, raising=False)

    def run(phone: RealPhone, *words: str, given: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        for name, value in {**phone.settings, **more}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.stdin", io.StringIO(given))
        status = app(words, result_action="return_value", exit_on_error=False)
        out, err = capsys.readouterr()
        return subprocess.CompletedProcess(words, status, out, err)

    return run


@pytest.fixture
def phone(make_phone: MakePhone) -> RealPhone:
    """A terminal where nobody has signed in yet."""
    return make_phone()


def walk(phone: RealPhone, url: str, decision: str = "allow") -> str:
    """What a person's browser, on any machine, ends at."""
    browser = RealBrowser()
    address = Person(browser, phone.name, (PASSWORD,), decision)(url)
    browser.close()
    return address or ""


def test_the_whole_way(phone: RealPhone) -> None:
    """Sign in through the browser and loopback, whoami, token, a request, sign out: what a newcomer does."""
    base = phone.site.base
    login = phone.app("login", base)
    assert login.returncode == 0, login.stderr
    assert login.stderr.splitlines()[0].startswith("Sign in on the page that opens in your browser;")
    assert login.stderr.splitlines()[2].startswith(f"{base}/rest/oauth2/latest/authorize?")
    assert login.stdout == (
        f"Signed in as {phone.name} at {base}. The session is kept in an owner-only file in {phone.folder}/sessions.\n"
    )
    whoami = phone.app("whoami", "--json")
    assert whoami.returncode == 0
    document = json.loads(whoami.stdout)
    assert (document["name"], document["active"]) == (phone.name, True)
    token = phone.app("token", "--bare").stdout
    assert token.startswith("gnk_at_")
    assert token.count("\n") == 1
    (row,) = json.loads(phone.site.command("phones", "list", "--json", "--person", phone.name))
    assert (row["person"], row["state"], row["device"], row["method"]) == (phone.name, "signed_in", "Terminal", "pwd")
    asked = phone.app("request", "GET", "/rest/api/2/myself")
    assert (asked.returncode, json.loads(asked.stdout)) == (0, document)
    logout = phone.app("logout")
    assert (logout.returncode, logout.stdout) == (0, f"Signed out: {phone.name} at {base}.\n")
    assert phone.standing() == [("signed_out", "signed_out_by_app")]
    after = phone.app("whoami")
    assert (after.returncode, after.stdout) == (1, "")
    assert after.stderr == "genkan app: Nobody is signed in. Type: genkan app login URL\n"


def test_pasting_the_address(phone: RealPhone) -> None:
    """`login --no-browser`: the address goes to any browser, the app's own address is pasted, the session works."""
    with phone.start("login", phone.site.base, "--no-browser") as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        query = parse_qs(urlsplit(url).query)
        assert query["redirect_uri"] == ["jira-server://oauth-callback"]
        address = walk(phone, url)
        assert address.startswith("jira-server://oauth-callback?code=")
        out, err = process.communicate(f"  '{address}' \n", timeout=60)
    assert process.returncode == 0, err
    assert f"Signed in as {phone.name}" in out
    assert "code=" not in out + err
    assert json.loads(phone.app("whoami", "--json").stdout)["name"] == phone.name
    assert phone.standing() == [("signed_in", "")]


@pytest.mark.parametrize(
    ("pasted", "told"),
    [
        ("\n", "genkan app: The sign-in was broken off: start it again."),
        (
            "jira-server://oauth-callback?code=x&state=y\n",
            "genkan app: What the browser brought back is not the answer",
        ),
        ("https://site.example/\n", "genkan app: What the browser brought back is not the answer to this sign-in:"),
    ],
)
def test_pasting_something_else(phone: RealPhone, inside: Inside, pasted: str, told: str) -> None:
    """What is not the answer is refused in one line with status 1, and nothing is kept."""
    ran = inside(phone, "login", phone.site.base, "--no-browser", given=pasted)
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1].startswith(told)
    assert phone.standing() == []
    assert inside(phone, "whoami").returncode == 1


def test_denied(phone: RealPhone, inside: Inside) -> None:
    """The person denies in the browser: one line, status 1."""
    ran = inside(phone, "login", phone.site.base, PERSON_DECISION="deny")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.splitlines()[-1] == f"genkan app: No sign-in at {phone.site.base}: The request was denied."


def test_signed_out_elsewhere(phone: RealPhone, inside: Inside) -> None:
    """`genkan phones sign-out` takes effect at once: the app says so once and remembers it; sites shows it."""
    phone.sign_in()
    phone.site.command("phones", "sign-out", phone.seen()[0].row.grant.id.hex())
    base = phone.site.base
    told = (
        f"genkan app: You are signed out of {base}: sign in again. It says: This sign-in has ended. "
        f"Type: genkan app login {base}\n"
    )
    for _ in range(2):
        ran = inside(phone, "whoami", "--json")
        assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", told)
    assert inside(phone, "sites").stdout == f"{phone.site.base}  {phone.name}: signed out by the site\n"
    assert phone.standing() == [("signed_out", "signed_out_by_admin")]
    assert inside(phone, "login", phone.site.base).returncode == 0
    assert inside(phone, "whoami").returncode == 0


def test_managed_sites(phone: RealPhone, inside: Inside, tmp_path: Path) -> None:
    """The MDM value by file, with `oauth` and without: signs in without an address being typed."""
    client_id = json.loads(phone.site.command("mobile", "status", "--json"))["clientID"]
    file = tmp_path / "sites.json"
    oauth = {"clientID": client_id, "cacheSessionInMobileBrowser": True}
    for entry in ({"title": "Ours", "baseURL": phone.site.base}, {"baseURL": phone.site.base, "oauth": oauth}):
        file.write_text(json.dumps([entry]))
        ran = inside(phone, "login", "--sites", str(file))
        assert ran.returncode == 0, ran.stderr
        assert inside(phone, "whoami").returncode == 0


def test_a_browser_that_is_not_there(phone: RealPhone) -> None:
    """When no browser can be opened the address is said, and whoever opens it on this machine signs the app in."""
    with phone.start("login", phone.site.base, GENKAN_BROWSER="/nonexistent/browser") as process:
        assert process.stderr is not None
        lines = [process.stderr.readline().strip() for _ in range(2)]
        assert lines[0].startswith(
            "No browser could be opened: GENKAN_BROWSER says '/nonexistent/browser', which cannot be started. "
        )
        address = walk(phone, lines[1])
        assert address.startswith("http://127.0.0.1:")
        browser = RealBrowser()
        landed = browser.get(address)
        assert browser.get(address.partition("/oauth-callback")[0] + landed.headers["location"]).status_code == 200
        browser.close()
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.startswith(f"Signed in as {phone.name}")


WRONG: tuple[tuple[tuple[str, ...], int, str, dict[str, str]], ...] = (
    (("login", "NOBODY"), 1, "cannot be reached: check the address and the network", {}),
    (("login", "BASE/jira"), 2, "No site was found at BASE/jira: check the address, context path included.", {}),
    (("login", "http://jira.example.com"), 2, "https", {}),
    (("login", "not an address"), 2, "", {}),
    (("login",), 2, "Name the address of the site", {}),
    (("login", "LOCALHOST"), 2, "calls itself BASE", {}),
    (("whoami", "BASE"), 1, "Nobody is signed in. Type: genkan app login BASE", {}),
    (("token", "--bare", "--json"), 2, "Choose one of --bare, --header and --json.", {}),
    (("request", "GET", "https://evil.example/"), 2, "Write a method and a path", {}),
    (("sites",), 2, "chmod 700", {"GENKAN_APP_DIR": "OPEN"}),
    (
        ("login", "BASE"),
        2,
        "GENKAN_APP_VAULT is “cloud”: write keyring, encrypted or file.",
        {"GENKAN_APP_VAULT": "cloud"},
    ),
    (("login", "BASE"), 2, "cannot be written", {"GENKAN_APP_DIR": "/proc/nowhere"}),
)


@pytest.mark.parametrize(("words", "status", "told", "settings"), WRONG)
def test_wrong_set_ups(
    served: Serving,
    tmp_path: Path,
    inside: Inside,
    words: tuple[str, ...],
    status: int,
    told: str,
    settings: dict[str, str],
) -> None:
    """Each fault is one line on standard error that names what to do, below it the doctor's words where it has some,
    nothing on standard output, and the status that tells a "no" (1) from a set-up to mend (2).
    """
    phone = RealPhone(served, tmp_path / "phone", "nobody")
    (tmp_path / "open" / "sessions").mkdir(parents=True, mode=0o755)
    places = {
        "NOBODY": f"http://127.0.0.1:{free_port()}",
        "LOCALHOST": served.base.replace("127.0.0.1", "localhost"),
        "BASE": served.base,
        "OPEN": str(tmp_path / "open"),
    }

    def meant(text: str) -> str:
        for word, place in places.items():
            text = text.replace(word, place)
        return text

    more = {name: meant(value) for name, value in settings.items()}
    ran = inside(phone, *map(meant, words), **more)
    assert (ran.returncode, ran.stdout) == (status, "")
    sentence, *advice = ran.stderr.splitlines()
    assert sentence.startswith("genkan app: ")
    assert meant(told) in sentence
    assert [line for line in advice if not line.startswith("genkan check says: ")] == []


def test_the_switch(tmp_path: Path, inside: Inside) -> None:
    """Off, on, off with sign-out, on again, below a context path: what the app says each time, and its status."""
    site = Serving(tmp_path, GENKAN_PASSWORD_THREADS="1")
    site.base += "/desk"
    site.environment["GENKAN_BASE_URL"] = site.base
    site.start()
    try:
        add_person(site, "alice")
        phone = RealPhone(site, tmp_path / "phone", "alice")
        off = inside(phone, "login", site.base)
        assert (off.returncode, off.stdout) == (1, "")
        sentence, advice = off.stderr.splitlines()
        assert sentence == (
            f"genkan app: OAuth 2.0 for the app is switched off at {site.base}: its administrator turns it on under "
            "Settings, System, Mobile app, or on a Genkan site with genkan mobile on."
        )
        assert advice.startswith("genkan check says: ")
        client_id = json.loads(site.command("mobile", "on", "--json"))["clientID"]
        assert inside(phone, "login", site.base).returncode == 0
        site.command("mobile", "off", "--sign-out")
        told = inside(phone, "whoami")
        assert (told.returncode, told.stdout) == (1, "")
        assert phone.standing() == [("signed_out", "mobile_switched_off")]
        assert json.loads(site.command("mobile", "on", "--json"))["clientID"] == client_id
        assert inside(phone, "whoami").returncode == 1
        assert inside(phone, "login", site.base).returncode == 0
        assert inside(phone, "whoami").returncode == 0
    finally:
        site.kill()
