"""genkan serve: what it prints and refuses, and commands of other processes while it runs."""

import json
import os
import pty
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from genkan.outside.ring_file import make_ring_file, replace_ring_file
from genkan.protocol.ring import new_ring
from tests.cli.shell import PASSWORD, Shell
from tests.ports import free_port
from tests.protocol.builders import an_env
from tests.security.serving import COMMAND, Serving, serving


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Serving]:
    """A site that serves a fresh folder."""
    with serving(tmp_path) as site:
        yield site


def ran(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """``genkan serve`` where it must not come up: to its end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GENKAN_")}
    return subprocess.run(
        [*COMMAND, "serve", *words], cwd=folder, env={**environment, **settings}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


def refusal(ended: subprocess.CompletedProcess[str]) -> str:
    """The one line of a serve that did not start."""
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("genkan: "), ended.stderr
    assert ended.stderr.count("\n") == 1, ended.stderr
    return ended.stderr


def announced(site: Serving) -> list[str]:
    """All that a site prints on standard output until it is stopped."""
    process = site.process
    assert process is not None
    assert process.stdout is not None
    process.terminate()
    rest = process.stdout.read().split()
    process.stdout.close()
    assert process.wait(30) == 0
    site.process = None
    return [*site.lines, *rest]


def test_a_first_start_prints_ready_and_the_set_up_link(served: Serving) -> None:
    """Two lines and nothing else; the files are the owner's alone; it ends with status 0 when it is asked to."""
    data = served.folder / "data"
    assert {name: stat.S_IMODE((data / name).stat().st_mode) for name in ("genkan.sqlite3", "secrets.json")} == {
        "genkan.sqlite3": 0o600,
        "secrets.json": 0o600,
    }
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert httpx2.get(f"{served.base}/healthz").status_code == 200
    ready, link = announced(served)
    assert ready == f"ready {served.base}"
    assert link.startswith(f"{served.base}/setup/")


def test_the_set_up_link_dies_with_the_first_administrator(tmp_path: Path) -> None:
    """Made by command while the site runs, the administrator ends it at once; the next start prints none."""
    with serving(tmp_path) as site:
        assert site.process is not None
        assert site.process.stdout is not None
        link = site.process.stdout.readline().strip()
        assert httpx2.get(link).status_code == 200
        site.command("user", "add", "alice", "--password-stdin", "--admin", given=PASSWORD)
        assert httpx2.get(link).status_code == 404
        site.stop()
        site.start()
        assert announced(site) == [f"ready {site.base}"]


def test_flags_win_over_variables(tmp_path: Path) -> None:
    """--port, --base-url, --data-dir and --host are what it serves with."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GENKAN_")}
    words = (
        "--port",
        str(port),
        "--host",
        "127.0.0.1",
        "--base-url",
        f"http://127.0.0.1:{port}/door",
        "--data-dir",
        "d",
    )
    process = subprocess.Popen(
        [*COMMAND, "serve", *words], cwd=tmp_path, env={**environment, "GENKAN_PORT": "1", "GENKAN_DATA_DIR": "e"},
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"ready http://127.0.0.1:{port}/door\n"
        assert httpx2.get(f"http://127.0.0.1:{port}/door/healthz").status_code == 200
        assert (tmp_path / "d" / "genkan.sqlite3").exists()
        assert not (tmp_path / "e").exists()
    finally:
        process.kill()
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()


@pytest.mark.parametrize("level", ["info", "debug"])
def test_what_is_no_http_leaves_no_stray_line(tmp_path: Path, level: str) -> None:
    """The server's own words come as lines like all others, and what anybody can cause only at the level debug."""
    port = free_port()
    settings = {"GENKAN_PORT": str(port), "GENKAN_BASE_URL": f"http://127.0.0.1:{port}", "GENKAN_DATA_DIR": "data"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GENKAN_")}
    with subprocess.Popen(
        [*COMMAND, "serve"], cwd=tmp_path, env={**environment, **settings, "GENKAN_LOG_LEVEL": level,
             "GENKAN_LOG_FORMAT": "json"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        with socket.create_connection(("127.0.0.1", port), 10) as client:
            client.sendall(b"\x16\x03\x01 not HTTP\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 400")
        process.terminate()
        said = process.communicate(timeout=30)[1].splitlines()
    assert [json.loads(line)["event"] for line in said] == ["a request could not be read"] * (level == "debug")


def test_commands_take_effect_on_the_next_request(served: Serving) -> None:
    """The switch shows in the next ``info/login``, a link in the next answer, without a restart."""
    address = f"{served.base}/rest/nativemobile/1.1/info/login"
    assert httpx2.get(address).json()["oauth"] == {"enabled": False}
    served.command("mobile", "on")
    assert httpx2.get(address).json()["oauth"]["enabled"] is True
    served.command("mobile", "off")
    assert httpx2.get(address).json()["oauth"] == {"enabled": False}


def test_an_api_key_opens_the_administration_until_it_is_revoked(
    served: Serving, bare: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key made by command lists links over REST with ADMIN, not with READ, and not after it was revoked."""
    monkeypatch.setenv("GENKAN_DATA_DIR", str(served.folder / "data"))
    address = f"{served.base}/rest/oauth2/latest/client"

    def answered(key: str) -> int:
        return httpx2.get(address, headers={"authorization": f"Bearer {key}"}).status_code

    admin = bare.good("api-key", "create", "job", "--permission", "ADMIN", "--json").json
    reader = bare.good("api-key", "create", "wiki", "--json").json
    assert (answered(admin["apiKey"]), answered(reader["apiKey"])) == (200, 403)
    bare.good("api-key", "revoke", admin["id"])
    assert answered(admin["apiKey"]) == 401


def test_a_running_site_learns_a_key_by_itself(served: Serving, bare: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Added while nobody calls, the key can be activated as soon as the site says that it has read the ring."""
    monkeypatch.setenv("GENKAN_DATA_DIR", str(served.folder / "data"))
    key_id = bare.good("keys", "add", "--json").json["id"]
    said, tries = "", 0
    while (ended := bare("keys", "activate", key_id)).status and tries < 200:
        said, tries = ended.err, tries + 1
        assert "site has not read the newest key ring yet" in said
        time.sleep(0.05)
    assert ended.status == 0, said
    for _ in range(200):
        if httpx2.get(f"{served.base}/readyz").status_code == 200:
            break
        time.sleep(0.05)
    assert httpx2.get(f"{served.base}/readyz").json() == {"ready": True, "reasons": []}
    assert bare("status", "--json").json["checks"][1]["ok"] is True


def test_a_second_server_and_a_restore_are_refused(served: Serving) -> None:
    """One serving process a store; nothing is restored or migrated under it."""
    folder, data = served.folder, str(served.folder / "data")
    again = ran(folder, "--data-dir", data, "--port", str(free_port()))
    assert "another genkan serve uses" in refusal(again)
    environment = served.environment
    for words in (("restore", f"{data}/genkan.sqlite3", "--heal"), ("migrate",)):
        ended = subprocess.run(
            [*COMMAND, *words], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert "stop it first" in refusal(ended)
    assert httpx2.get(f"{served.base}/healthz").status_code == 200


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_postgresql_that_is_away_may_be_tried_again(tmp_path: Path, workers: str) -> None:
    """After a power cut the site may be up first: one line, and another status than of what a person has to mend."""
    where = f"postgresql://genkan@/site?host={tmp_path}"
    told = ran(
        tmp_path, GENKAN_PORT=str(free_port()), GENKAN_WORKERS=workers, GENKAN_DATABASE_URL=where,
        GENKAN_SECRET_FILE=str(tmp_path / "ring.json"),
    )  # fmt: skip
    assert (told.returncode, told.stdout, told.stderr.count("\n")) == (75, "", 1)
    assert told.stderr.startswith("genkan: the PostgreSQL database cannot be opened: ")


def test_a_hang_up_is_no_end(served: Serving) -> None:
    """What rotates logs and asks for settings to be read anew sends SIGHUP; whoever else is there goes on."""
    assert served.process is not None
    served.process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        served.process.wait(0.5)
    assert httpx2.get(f"{served.base}/healthz").status_code == 200


def test_a_site_that_is_told_to_stop_says_so_before_it_goes(tmp_path: Path) -> None:
    """Whoever passes requests to it hears of it while it still answers, on new connections too; a second SIGTERM is
    believed at once.
    """
    with serving(tmp_path, GENKAN_DRAIN_SECONDS="60") as site, httpx2.Client(base_url=site.base) as client:
        process = site.process
        assert process is not None
        assert "connection" not in client.get("/healthz").headers
        process.terminate()
        while (told := client.get("/readyz")).status_code == 200:
            time.sleep(0.01)
        assert (told.status_code, told.json()["reasons"]) == (503, ["closing"])
        for _ in range(2):
            answer = httpx2.get(f"{site.base}/healthz")
            assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        process.terminate()
        assert process.wait(10) == 0


def test_the_time_to_hear_of_it_ends(tmp_path: Path) -> None:
    """After as many seconds as the setting says, without anybody's help."""
    with serving(tmp_path, GENKAN_DRAIN_SECONDS="1") as site:
        assert site.process is not None
        site.process.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            site.process.wait(0.9)
        assert site.process.wait(10) == 0


@pytest.mark.usefixtures("signals_end")
def test_a_terminal_that_is_closed_ends_the_site_in_order(tmp_path: Path) -> None:
    """Nobody is left at the port that the next start wants."""
    site = Serving(tmp_path)
    ours, theirs = pty.openpty()
    try:
        site.start(stdin=theirs)
        assert site.process is not None
        site.process.send_signal(signal.SIGHUP)
        assert site.process.wait(10) == 0
    finally:
        site.kill()
        os.close(ours)
        os.close(theirs)


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    """The address and the settings to change are named, and no site is made."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = ran(tmp_path, "--port", str(taken.getsockname()[1]))
    assert "GENKAN_PORT" in refusal(ended)
    assert not (tmp_path / "genkan-data" / "genkan.sqlite3").exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"GENKAN_COLOUR": "blue"}, "GENKAN_COLOUR: there is no such setting"),
        ({"GENKAN_PORT": "70000"}, "GENKAN_PORT"),
        ({"GENKAN_BASE_URL": "http://site.example.com"}, "GENKAN_BASE_URL"),
        ({"GENKAN_WORKERS": "2"}, "GENKAN_WORKERS: SQLite has exactly one writing process"),
        ({"GENKAN_PORT": "tcp://10.0.0.1:8080"}, "enableServiceLinks"),
        ({"GENKAN_TRUSTED_PROXIES": "127.0.0.1"}, "GENKAN_PROXY_SECRET_FILE"),
        ({"GENKAN_HOST": "no.such.host.invalid"}, "GENKAN_HOST"),
    ],
)
def test_a_bad_setting_is_named(tmp_path: Path, settings: dict[str, str], said: str) -> None:
    """It stops the start with one line and leaves no site behind."""
    assert said in refusal(ran(tmp_path, **settings))
    assert not (tmp_path / "genkan-data" / "genkan.sqlite3").exists()


def test_the_ring_must_be_the_sites(tmp_path: Path) -> None:
    """A lost, foreign or readable ring, and one that was there before the first start and is no ring: one line each."""
    site = Serving(tmp_path)
    site.start()
    site.stop()
    data, ring = str(tmp_path / "data"), tmp_path / "data" / "secrets.json"
    kept = ring.read_bytes()
    words = ("--data-dir", data, "--port", str(free_port()))
    ring.unlink()
    assert "is not there" in refusal(ran(tmp_path, *words))
    assert not ring.exists()
    make_ring_file(ring, new_ring(an_env()))
    assert "belongs to another site" in refusal(ran(tmp_path, *words))
    replace_ring_file(ring, new_ring(an_env()))
    ring.chmod(0o640)
    assert "chmod 600" in refusal(ran(tmp_path, *words))
    ring.write_bytes(kept[:100])
    ring.chmod(0o600)
    assert "not a Genkan key ring" in refusal(ran(tmp_path, *words))
    ring.write_bytes(kept)
    site.start()
    site.stop()


def test_a_database_that_is_none_is_one_line(tmp_path: Path) -> None:
    """A file of another kind in the store's place is named and left as it is."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "genkan.sqlite3").write_bytes(b"something else entirely, and long enough " * 30)
    assert "genkan.sqlite3" in refusal(ran(tmp_path, "--data-dir", str(data), "--port", str(free_port())))
    assert (data / "genkan.sqlite3").read_bytes().startswith(b"something else")


def test_a_folder_that_was_named_for_the_ring_is_not_made(tmp_path: Path) -> None:
    """A mistyped GENKAN_SECRET_FILE stops the first start in one line, and leaves nothing behind."""
    told = refusal(ran(tmp_path, "--port", str(free_port()), GENKAN_SECRET_FILE="etc/gekan/ring.json"))
    assert told.startswith("genkan: there is no folder etc/gekan for the key ring; make it, or mend GENKAN_SECRET_FILE")
    assert list(tmp_path.iterdir()) == []


def test_a_new_ring_beside_the_data_is_told_of_once(tmp_path: Path) -> None:
    """Where the ring is made elsewhere a line on standard error says so, at the first start alone."""
    rings = tmp_path / "rings"
    rings.mkdir()
    told = f"genkan: a new key ring is in {rings / 'ring.json'}; back it up apart from the store\n"
    for _ in range(2):
        with serving(tmp_path, GENKAN_SECRET_FILE=str(rings / "ring.json")) as site:
            site.stop()
        assert (tmp_path / "serve.log").read_text().count(told) == 1


def test_the_data_folder_is_a_place_for_a_ring_before_it_is_there(tmp_path: Path) -> None:
    """Named or not, the data folder is made with the site, and a ring in it is where it is expected."""
    with serving(tmp_path, GENKAN_SECRET_FILE=str(tmp_path / "data" / "ring.json")):
        assert (tmp_path / "data" / "ring.json").exists()
    assert "key ring" not in (tmp_path / "serve.log").read_text()
