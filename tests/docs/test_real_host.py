"""The page for a real host at work: its blocks are typed into a shell, for folders of the test, not the system's."""

import shutil
import subprocess
from pathlib import Path

import pytest

from genkan import settings
from genkan.cli import root
from genkan.cli.workbench import AWAY
from tests.conftest import installed_program
from tests.docs.host import (
    BLOCK,
    DATA,
    FOLDER,
    GENKAN,
    PAGE,
    PROGRAM,
    UNIT,
    Host,
    Service,
    a_manager,
    block,
    options,
    ran,
)
from tests.workshop.tree import ROOT


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
    """Started as the unit starts it, it says when it answers; then every step of the page finds it."""
    service = Service(host)
    try:
        service.start()
        assert "https://site.example.com/setup/" in service.journal.read_text()
        host.run("printf '%s' 'a stone, a lantern' | genkan user add alice --admin --password-stdin")
        host.run(block("genkan mobile on"))
        inside = [line for line in block("/readyz").splitlines() if "site.example.com" not in line]
        assert len(inside) == 2
        assert "https://site.example.com" in host.run("\n".join(inside))
        service.stop()
    finally:
        service.kill()
    assert {path.stat().st_mode & 0o077 for path in (host.folder / "var/lib/genkan").iterdir()} == {0}


def test_a_service_with_wrong_settings_is_not_tried_again(host: Host) -> None:
    """It fails at once, without a word that it had started, with the status that is not tried again."""
    with a_manager() as (address, line):
        also = {"GENKAN_BASE_URL": "ftp://x", "NOTIFY_SOCKET": address}
        ended = ran([str(GENKAN), "serve"], host.folder, host.environment(**also))
        line.setblocking(False)
        with pytest.raises(BlockingIOError):
            line.recv(100)
    assert [str(ended.returncode)] == options()["RestartPreventExitStatus"]
    assert str(AWAY) not in options()["RestartPreventExitStatus"]
    assert options()["After"] == ["network-online.target postgresql.service"]
    assert options()["Wants"] == ["network-online.target"]


def test_the_unit_agrees_with_the_page_and_the_program() -> None:
    """User, folders, settings and command are those of the page; it waits for what the site says itself."""
    unit = options()
    assert unit["Environment"] == [f"GENKAN_SETTINGS_FILE={FOLDER}/genkan.toml"]
    assert unit["User"] == unit["Group"] == unit["StateDirectory"] == ["genkan"]
    assert unit["WorkingDirectory"] == [DATA]
    assert unit["StateDirectoryMode"] == ["0700"]
    program, *words = unit["ExecStart"][0].split()
    assert program == PROGRAM
    root.app.parse_args(words, exit_on_error=False, print_error=False)
    assert unit["Type"] == ["notify"]
    assert not {"ExecStartPost", "NotifyAccess"} & set(unit)
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
