"""A real `genkan serve` in a process of its own, on a free port and an empty data folder, and commands beside it."""

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode, urljoin

import httpx2

from genkan.wire import pkce
from tests.browser.reading import Element, read_page
from tests.ports import free_port

START_SECONDS = 30
PASSWORD = "a door, a step, a bell"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
APP_REDIRECT = "jira-server://oauth-callback"


class Served:
    """The site while it runs. ``base`` is its address; ``setup_link`` what it printed beside it, if anything."""

    def __init__(self, folder: Path, path: str = "", **settings: str) -> None:
        self.folder = folder
        port = free_port()
        self.environment = {
            **_without_genkan(os.environ),
            "GENKAN_DATA_DIR": str(folder / "data"),
            "GENKAN_APP_DIR": str(folder / "app"),
            "GENKAN_APP_VAULT": "file",
            "GENKAN_PORT": str(port),
            "GENKAN_PASSWORD_THREADS": "1",
            **({"GENKAN_BASE_URL": f"http://localhost:{port}{path}"} if path else {}),
            **settings,
        }
        self._log = (folder / "serve.log").open("wb")
        self._process = subprocess.Popen(
            [genkan(), "serve"], env=self.environment, cwd=folder, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.base = self._line().removeprefix("ready ")
        self.setup_link = self._line()

    def run(self, *words: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        """A command on this site's settings, to its end."""
        return subprocess.run(
            [genkan(), *words], env=self.environment, cwd=self.folder, input=given, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip

    def start(self, *words: str, **more: str) -> subprocess.Popen[str]:
        """A command that goes on while the test does something else."""
        return subprocess.Popen(
            [genkan(), *words], env={**self.environment, **more}, cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def stop(self) -> None:
        """End the server and wait until it has ended."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(20)
        self._reader.join(20)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()

    def set_up(self, username: str = "alice", display_name: str = "Alice Adams") -> None:
        """The first administrator and the mobile switch, by the forms that a person would fill in."""
        with httpx2.Client(follow_redirects=True, timeout=20) as client:
            page = client.get(self.setup_link)
            person = {"username": username, "display_name": display_name, "email": "alice@site.example"}
            done = submit(client, page, {**person, "password": PASSWORD, "password_again": PASSWORD})
            turned_on = submit(client, done, {})
            if turned_on.status_code != 200 or "genkan app login" not in turned_on.text:
                raise AssertionError(turned_on.text)

    def link(self, name: str, redirect: str, *words: str) -> dict[str, str]:
        """Make an application link; what the command prints of it."""
        made = self.run(
            "link", "create", "--name", name, "--redirect", redirect, "--permission", "WRITE", "--json", *words
        )
        if made.returncode != 0:
            raise AssertionError(made.stderr)
        told: dict[str, str] = json.loads(made.stdout)
        return told

    def redeem(self, code: str, link: Mapping[str, str], user_agent: str) -> None:
        """Exchange a code as the application does, so that the sign-in becomes a row."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": link["clientId"],
            "client_secret": link["clientSecret"],
            "redirect_uri": link["redirects"][0],
            "code_verifier": VERIFIER,
        }
        headers = {"user-agent": user_agent}
        answer = httpx2.post(f"{self.base}/rest/oauth2/latest/token", data=form, headers=headers, timeout=20)
        if answer.status_code != 200:
            raise AssertionError(answer.text)

    @property
    def client_id(self) -> str:
        """The app's client id, as the site tells anybody."""
        told = httpx2.get(f"{self.base}/rest/nativemobile/1.1/info/login", timeout=20).json()
        return str(told["oauth"]["clientID"])

    def authorize_url(self, redirect: str = APP_REDIRECT, state: str = "af0ifjsldkj", **more: str) -> str:
        """Where an app sends a person."""
        asked = {
            "client_id": more.pop("client_id", "") or self.client_id,
            "redirect_uri": redirect,
            "response_type": "code",
            "code_challenge": pkce.challenge_of(VERIFIER),
            "code_challenge_method": "S256",
            "state": state,
            **more,
        }
        return f"{self.base}/rest/oauth2/latest/authorize?{urlencode(asked)}"

    def _read(self) -> None:
        if self._process.stdout is not None:
            for line in self._process.stdout:
                self._lines.put(line.strip())

    def _line(self) -> str:
        try:
            return self._lines.get(timeout=START_SECONDS)
        except queue.Empty:
            self.stop()
            raise AssertionError((self.folder / "serve.log").read_text("utf-8")) from None


def genkan() -> str:
    """The installed command of the environment that runs the tests."""
    found = shutil.which("genkan", path=str(Path(sys.executable).parent))
    if found is None:
        raise AssertionError("the command genkan is not installed beside this Python")
    return found


def submit(
    client: httpx2.Client, page: httpx2.Response, typed: Mapping[str, str], button: tuple[str, str] | None = None
) -> httpx2.Response:
    """Send the page's last form as a browser does: hidden fields, what was typed, and the button."""
    form: Element = [*read_page(page.content).all("form")][-1]
    fields = {e.attributes["name"]: e.attributes.get("value", "") for e in form.having("type", "hidden")}
    data = {**fields, **typed, **dict([button] if button else [])}
    return client.post(urljoin(str(page.url), form.attributes["action"]), data=data)


def _without_genkan(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("GENKAN_")}
