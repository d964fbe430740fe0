"""The Python of the README and of the library's page runs as it stands, against a real site; mypy reads it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pair.real import RealPhone, add_person
from tests.security.serving import Serving, serving
from tests.workshop.tree import ROOT

BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
README = ROOT / "README.md"
PAGE = ROOT / "docs/how-to/sign-in-from-a-program.md"
WRITTEN = "http://localhost:8080"


def blocks(page: Path) -> list[str]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A real site with the switch on, and with alice."""
    with serving(tmp_path_factory.mktemp("library"), GENKAN_PASSWORD_THREADS="1") as running:
        running.command("mobile", "on")
        add_person(running, "alice")
        yield running


@pytest.fixture
def phone(site: Serving, tmp_path: Path) -> RealPhone:
    """Alice's machine, which has no keyring and whose owner agreed to encrypted files."""
    phone = RealPhone(site, tmp_path / "app", "alice")
    phone.environment["GENKAN_APP_VAULT"] = "encrypted"
    return phone


def ran(phone: RealPhone, program: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A program of the manual, with the site's real address, to its end."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program.replace(WRITTEN, phone.site.base)],
        env={**phone.environment, **more}, cwd=phone.folder.parent, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip


def test_the_ten_lines_of_the_readme(phone: RealPhone) -> None:
    """They sign in once; the second run has no browser and is signed in; signed out elsewhere, they do it again."""
    (program,) = blocks(README)
    assert len([line for line in program.splitlines() if line.strip()]) <= 10
    for more in ({}, {"GENKAN_BROWSER": "false"}):
        done = ran(phone, program, **more)
        assert (done.returncode, done.stdout) == (0, f"Signed in as alice at {phone.site.base}.\n"), done.stderr
    assert phone.standing() == [("signed_in", "")]
    phone.site.command("phones", "sign-out", "--person", "alice")
    assert [state for state, _ in phone.standing()] == ["signed_out"]
    done = ran(phone, program)
    assert (done.returncode, done.stdout) == (0, f"Signed in as alice at {phone.site.base}.\n"), done.stderr
    assert sorted(state for state, _ in phone.standing()) == ["signed_in", "signed_out"]


def test_every_example_of_the_page(phone: RealPhone) -> None:
    """One after the other on one machine: all end well, and none leaves anything but words behind."""
    found = blocks(PAGE)
    assert len(found) >= 5
    for program in found:
        done = ran(phone, program)
        assert done.returncode == 0, (program, done.stderr)
        assert "gnk_" not in done.stdout + done.stderr


def test_examples_have_types(tmp_path: Path) -> None:
    """`mypy --strict` reads every example, and the types of a user's program, with what is installed."""
    for number, program in enumerate([*blocks(README), *blocks(PAGE)]):
        (tmp_path / f"example_{number}.py").write_text(program)
    (tmp_path / "typed.py").write_text(TYPED)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path / 'cache'}", "."],
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


TYPED = """
from asyncio import Queue
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import assert_type

from genkan.app import (
    Door, Finding, Managed, NoDoor, NoReturn, PersonalToken, Plan, Returned, SwitchedOff, Turn, Unlock, UserAgent,
    Vault, Visit, plan, tokens_of,
)
from genkan.app import no_such_name  # type: ignore[attr-defined]
from genkan.app import (
    Access, Account, App, AppTrouble, AsyncApp, AsyncConnection, Connection, Reply, SessionState, SetUpWrong, Site,
    TryLater, connect,
)


def threads(app: App) -> None:
    with connect("https://jira.example.com") as site:
        assert_type(site, Connection)
        assert_type(site.fresh_token(), str)
        assert_type(site.access(), Access)
        assert_type(site.access().expires_at, int)
        assert_type(site.get("/x"), Reply)
        assert_type(site.get("/x").headers.get("etag"), str | None)
        assert_type(site.whoami(), Account)
        assert_type(site.account, Account | None)
        assert_type(site.site, Site)
        assert_type(site.headers(), dict[str, str])
        assert_type(site.download("/x", Path("x"), timeout=600), Reply)
        assert_type(site.download("/x", BytesIO().write), Reply)
        assert_type(site.request("PUT", "/x", body=Path("x"), timeout=0.5), Reply)
        assert_type(site.is_refused("x", "https://jira.example.com/x", {}), bool)
    assert_type(app.saved(), tuple[SessionState, ...])
    assert_type(app.sign_out_everywhere(), dict[str, str])


async def tasks(app: AsyncApp) -> None:
    async with await app.connect() as site:
        assert_type(site, AsyncConnection)
        assert_type(await site.fresh_token(), str)
        assert_type(await site.get("/x"), Reply)
        assert_type(await site.download("/x", Path("x")), Reply)
        assert_type(await site.download("/x", Queue[bytes]().put), Reply)


def troubles(trouble: AppTrouble) -> str:
    if isinstance(trouble, TryLater):
        assert_type(trouble.after, int | None)
    if isinstance(trouble, SetUpWrong):
        assert_type(trouble.problem.sentence, str)
        assert_type(trouble.advice, str)
        if isinstance(trouble.problem, SwitchedOff):
            return "off"
    return str(trouble)


class Mine:
    redirect_uri = "mine:/cb"

    def visit(self, asked: Visit) -> Returned | NoReturn:
        return Returned(asked.url) if asked.private else NoReturn("No.")

    def close(self) -> None: ...


class MyAgent:
    def open_door(self, redirect_uris: Sequence[str]) -> Door | NoDoor:
        return Mine()


class MyVault:
    words = "a drawer"

    def names(self) -> tuple[str, ...]:
        return ()

    def read(self, name: str) -> str | None:
        return None

    def write(self, name: str, text: str) -> None: ...

    def remove(self, name: str) -> None: ...

    def turn(self, name: str) -> Turn:
        raise NotImplementedError


def ones_own(managed: Managed, unlock: Unlock, site: Connection) -> tuple[Finding, ...]:
    agent: UserAgent = MyAgent()
    vault: Vault = MyVault()
    App(agent=agent, vault=vault, managed=managed)
    first: Plan = plan(managed, [], 0)
    assert_type(tokens_of(site), tuple[PersonalToken, ...])
    return managed.findings if first else ()
"""
