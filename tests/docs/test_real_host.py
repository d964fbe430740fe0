"""The page for a real host at work: its blocks are typed into a shell, for folders of the test, not the system's."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from genkan import settings
from genkan.cli import root
from genkan.cli.workbench import AWAY
from genkan.site.app import route_table
from tests.conftest import installed_program
from tests.ports import free_port
from tests.workshop.tree import ROOT

PAGE = ROOT / "docs/how-to/run-on-a-real-host.md"
UNIT = ROOT / "deploy/systemd/genkan.service"
GENKAN = Path(sys.executable).with_name("genkan")
BLOCK = re.compile(r"^```\n(.*?)^```", re.MULTILINE | re.DOTALL)
DATA, FOLDER, PROGRAM = "/var/lib/genkan", "/etc/genkan", "/opt/genkan/bin/genkan"


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


def readiness() -> str:
    """What the unit has a shell do until the site answers."""
    found = re.fullmatch(r"/bin/sh -c '(.*)'", options()["ExecStartPost"][0])
    assert found is not None
    return found[1]


class Host:
    """The system's folders in the test's, and the tester for every user."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        for name in ("etc", "var/lib", "usr/local/bin", "etc/nginx/conf.d"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def here(self, text: str) -> str:
        """What a block means on this host."""
        for name in (PROGRAM, DATA, FOLDER, "/usr/local/bin", "/etc/nginx"):
            text = text.replace(name, str(GENKAN) if name == PROGRAM else f"{self.folder}{name}")
        text = re.sub(r" -o \w+ -g \w+", "", text).replace("sudo -u genkan ", "env ")
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


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """Set up as the page says."""
    return Host(tmp_path).set_up()


def test_every_block_is_shell() -> None:
    """No line of the page is one that a shell cannot read."""
    for text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        subprocess.run(["sh", "-n", "-c", text], check=True)


def test_the_lock_is_installed_as_make_run_installs_it() -> None:
    """Wheels with the lock's hashes, then the program alone; where they come from is the host's own affair."""
    script = (ROOT / "tools/install.sh").read_text(encoding="utf-8")
    checked = "--only-binary :all: --require-hashes -r "
    assert f'{checked}"$lock"' in script
    assert f"{checked}requirements.lock\n" in block("requirements.lock")
    assert "--no-deps --no-build-isolation" in script
    assert "--no-deps --no-build-isolation" in block("requirements.lock")
    assert "index" not in block("requirements.lock")
    assert "editable" not in block("requirements.lock")


@pytest.mark.long
def test_what_is_installed_needs_no_source(tmp_path: Path) -> None:
    """Step 1, into another folder: the program runs from there, and the source has no trace of it."""
    typed = block("requirements.lock").replace("/opt/genkan", str(tmp_path / "genkan"))
    built = (ROOT / "build").exists()
    installed = ran(["sh", "-eu", "-c", typed], ROOT)
    assert installed.returncode == 0, installed.stderr
    assert installed.stdout.splitlines()[-1].startswith("genkan ")
    assert (ROOT / "build").exists() == built
    asked = [str(tmp_path / "genkan/bin/python"), "-c", "import genkan; print(genkan.__file__)"]
    assert ran(asked, tmp_path).stdout.startswith(str(tmp_path))


def test_the_settings_are_read_and_kept_from_others(host: Host) -> None:
    """The file loads, names the folders of the page, and neither it nor the secret is anybody's to read."""
    file = host.folder / "etc/genkan/genkan.toml"
    read = settings.load({"GENKAN_SETTINGS_FILE": str(file)})
    assert isinstance(read, settings.Settings), read
    assert read.data_dir == f"{host.folder}{DATA}"
    assert read.public.text == "https://site.example.com"
    assert read.trusted_proxies == ("127.0.0.1",)
    assert len(Path(read.proxy_secret_file).read_text()) == 48
    assert [host.mode(f"etc/genkan{name}") for name in ("", "/genkan.toml", "/proxy-secret")] == [0o750, 0o640, 0o640]
    assert host.mode("var/lib/genkan") == 0o700


def test_the_proxy_page_makes_the_same_secret(host: Host) -> None:
    """Who comes by the other page gets a file of the same mode in a folder of the same mode."""
    shutil.rmtree(host.folder / "etc/genkan")
    host.run(block("> /etc/genkan/proxy-secret", ROOT / "docs/how-to/behind-a-proxy.md"))
    assert [host.mode(f"etc/genkan{name}") for name in ("", "/proxy-secret")] == [0o750, 0o640]


def test_the_printed_configuration_is_roots_alone(host: Host) -> None:
    """It holds the secret, whatever the umask was."""
    first = block("/etc/nginx/conf.d/genkan.conf").splitlines()[0]
    host.run(f"umask 022\n{first}")
    printed = (host.folder / "etc/nginx/conf.d/genkan.conf").read_text()
    assert (host.folder / "etc/genkan/proxy-secret").read_text() in printed
    assert "server_name site.example.com;" in printed
    assert host.mode("etc/nginx/conf.d/genkan.conf") == 0o600


@pytest.mark.needs("curl")
def test_the_service_and_the_commands_are_one_site(host: Host) -> None:
    """Started as the unit starts it, it answers when the unit says so; then every step of the page finds it."""
    named = dict(line.split("=", 1) for line in options()["Environment"])
    started = host.environment(**{name: host.here(value) for name, value in named.items()}, GENKAN_PORT=str(host.port))
    serve = host.here(options()["ExecStart"][0]).split()
    with (host.folder / "journal").open("wb") as journal:
        process = subprocess.Popen(
            serve,
            cwd=f"{host.folder}{DATA}",
            env=started,
            stdout=journal,
            stderr=journal,
            umask=int(options()["UMask"][0], 8),
        )
    try:
        host.run(readiness(), MAINPID=str(process.pid))
        assert "https://site.example.com/setup/" in (host.folder / "journal").read_text()
        host.run("printf '%s' 'a stone, a lantern' | genkan user add alice --admin --password-stdin")
        host.run(block("genkan mobile on"))
        inside = [line for line in block("/readyz").splitlines() if "site.example.com" not in line]
        assert len(inside) == 2
        assert "https://site.example.com" in host.run("\n".join(inside))
    finally:
        process.terminate()
        assert process.wait(20) == 0
    assert {path.stat().st_mode & 0o077 for path in (host.folder / "var/lib/genkan").iterdir()} == {0}


@pytest.mark.needs("curl")
def test_a_service_that_ends_is_not_waited_for(host: Host) -> None:
    """With wrong settings the start fails at once, with the status that is not tried again."""
    ended = ran([str(GENKAN), "serve"], host.folder, host.environment(GENKAN_BASE_URL="ftp://x"))
    assert [str(ended.returncode)] == options()["RestartPreventExitStatus"]
    assert str(AWAY) not in options()["RestartPreventExitStatus"]
    assert options()["After"] == ["network-online.target postgresql.service"]
    assert options()["Wants"] == ["network-online.target"]
    gone = subprocess.Popen(["true"])
    gone.wait()
    waited = ran(["sh", "-c", host.here(readiness())], host.folder, host.environment(MAINPID=str(gone.pid)))
    assert waited.returncode == 1


def test_the_unit_agrees_with_the_page_and_the_program() -> None:
    """User, folders, settings, port and command are those of the page; what it asks for readiness is a route."""
    unit = options()
    assert unit["Environment"] == [f"GENKAN_SETTINGS_FILE={FOLDER}/genkan.toml"]
    assert unit["User"] == unit["Group"] == unit["StateDirectory"] == ["genkan"]
    assert unit["WorkingDirectory"] == [DATA]
    assert unit["StateDirectoryMode"] == ["0700"]
    program, *words = unit["ExecStart"][0].split()
    assert program == PROGRAM
    root.app.parse_args(words, exit_on_error=False, print_error=False)
    assert f"http://127.0.0.1:{settings.Settings().port}/healthz" in unit["ExecStartPost"][0]
    assert "/healthz" in {rule.path for rule in route_table("https://site.example.com")}
    assert unit["WantedBy"] == ["multi-user.target"]


def test_the_unit_gains_nothing_and_writes_its_data_alone() -> None:
    """What the page promises of it stands in it, and nothing beside the data folder is opened for writing again."""
    unit = options()
    for name in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "RestrictSUIDSGID"):
        assert unit[name] == ["yes"], name
    assert unit["ProtectSystem"] == ["strict"]
    assert unit["CapabilityBoundingSet"] == [""]
    assert unit["KillSignal"] == ["SIGTERM"]
    assert unit["Restart"] == ["on-failure"]
    assert not {"ReadWritePaths", "AmbientCapabilities", "BindPaths"} & set(unit)


@pytest.mark.needs("systemd-analyze")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    """No line is unknown to it, and its own judgement of the exposure is its best."""
    unit = tmp_path / "genkan.service"
    unit.write_text(UNIT.read_text(encoding="utf-8").replace(PROGRAM, str(GENKAN)))
    analyze = installed_program("systemd-analyze")
    verified = ran([analyze, "verify", str(unit)], tmp_path)
    assert [line for line in verified.stderr.splitlines() if "genkan.service" in line] == []
    judged = [analyze, "security", "--offline=yes", "--threshold=20", str(unit)]
    assert ran(judged, tmp_path).returncode == 0
