"""A host that is set up by the manual's page: the system's folders in one of the test's, and its service at work."""

import contextlib
import os
import re
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.ports import free_port
from tests.workshop.tree import ROOT

PAGE = ROOT / "docs/how-to/run-on-a-real-host.md"
UNIT = ROOT / "deploy/systemd/genkan.service"
GENKAN = Path(sys.executable).with_name("genkan")
BLOCK = re.compile(r"^```\n(.*?)^```", re.MULTILINE | re.DOTALL)
DATA, FOLDER, PROGRAM = "/var/lib/genkan", "/etc/genkan", "/opt/genkan/bin/genkan"
SECONDS = 30


def block(holding: str, page: Path = PAGE) -> str:
    """The one block of a page that holds this."""
    found = [text for text in BLOCK.findall(page.read_text(encoding="utf-8")) if holding in text]
    assert len(found) == 1, (holding, found)
    return str(found[0])


def options() -> dict[str, list[str]]:
    """The unit's lines, by name."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def ran(words: list[str], folder: Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A program that has ended, well or not."""
    return subprocess.run(words, check=False, cwd=folder, env=environment, capture_output=True, text=True)


class Host:
    """The system's folders in the test's. ``user`` is who the site's user is, with a group of the same number; without
    one the tester is every user. ``instead`` are more words that a block means otherwise here.
    """

    def __init__(self, folder: Path, user: int | None = None) -> None:
        self.folder = folder
        self.user = user
        self.port = free_port()
        self.instead: dict[str, str] = {}
        for name in ("etc", "var/lib", "var/backups", "usr/local/bin", "etc/nginx/conf.d"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def here(self, text: str) -> str:
        """What a block means on this host."""
        own = {name: f"{self.folder}{name}" for name in (DATA, FOLDER, "/usr/local/bin", "/etc/nginx", "/var/backups")}
        for name, meant in ({"/opt/genkan/bin": str(GENKAN.parent)} | own | self.instead).items():
            text = text.replace(name, meant)
        if self.user is None:
            text = re.sub(r" -o \w+ -g \w+", "", text).replace("sudo -u genkan ", "env ")
        else:
            become = f"setpriv --reuid {self.user} --regid {self.user} --clear-groups env "
            text = re.sub(r"(-[og]) genkan\b", rf"\1 {self.user}", text).replace("sudo -u genkan ", become)
        return text.replace(":8080", f":{self.port}")

    def run(self, text: str, **also: str) -> str:
        """What the lines print, typed into a shell; the first that fails ends it."""
        typed = ["sh", "-eu", "-c", self.here(text)]
        ended = ran(typed, self.folder, self.environment(**also))
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def environment(self, **also: str) -> dict[str, str]:
        """The script that the page writes comes first; no setting of the tester's own."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GENKAN_")}
        return kept | {"PATH": f"{self.folder}/usr/local/bin:{kept['PATH']}"} | also

    def set_up(self) -> "Host":
        """Steps 2 and 3: folders, secret, settings and the script."""
        folders = [line for line in block("useradd").splitlines() if line.startswith("install ")]
        assert len(folders) == 2
        self.run("\n".join(folders))
        self.run(block("genkan.toml <<"))
        self.run(block("> /usr/local/bin/genkan <<"))
        return self

    def mode(self, name: str) -> int:
        """The permissions of a file of this host."""
        return (self.folder / name).stat().st_mode & 0o777


class Service:
    """The unit's process, started as systemd starts it; its output is in ``journal``."""

    def __init__(self, host: Host) -> None:
        self.base = f"http://127.0.0.1:{host.port}"
        self.journal = host.folder / "journal"
        self._host = host
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once the site has said that it answers."""
        named = dict(line.split("=", 1) for line in options()["Environment"])
        own = {name: self._host.here(value) for name, value in named.items()}
        with a_manager() as (address, line), self.journal.open("ab") as journal:
            self._process = subprocess.Popen(
                self._host.here(options()["ExecStart"][0]).split(),
                cwd=f"{self._host.folder}{DATA}", stdout=journal, stderr=journal, umask=int(options()["UMask"][0], 8),
                env=self._host.environment(**own, GENKAN_PORT=str(self._host.port), NOTIFY_SOCKET=address),
                user=self._host.user, group=self._host.user, extra_groups=None if self._host.user is None else [],
            )  # fmt: skip
            try:
                assert line.recv(100) == b"READY=1"
            except TimeoutError:
                raise AssertionError(self.journal.read_text()[-2000:]) from None

    def stop(self) -> None:
        """SIGTERM; asserts that it ends well."""
        assert self._process is not None
        self._process.terminate()
        assert self._process.wait(SECONDS) == 0
        self._process = None

    def kill(self) -> None:
        """Whatever happened before."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def a_manager() -> Iterator[tuple[str, socket.socket]]:
    """Who waits for a service, at an address of the abstract kind; it gives up after a while."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        name = f"genkan-test-{secrets.token_hex(8)}"
        line.bind(f"\0{name}")
        line.settimeout(SECONDS)
        yield f"@{name}", line
