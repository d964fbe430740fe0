"""genkan serve --workers: several processes behind the same addresses, and the parent that looks after them."""

import contextlib
import os
import re
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from genkan.httpd import signals
from genkan.httpd.overseer import LEAVE_SECONDS, LONGEST_PAUSE_SECONDS, NeverAnswered, Overseer
from genkan.httpd.seat import Said
from tests.ports import free_port
from tests.postgres import Server, running_postgres
from tests.security.serving import Serving
from tests.site.tls_world import House

WORKERS = 3
SECONDS = 30


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of databases."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def site(server: Server, tmp_path: Path) -> Iterator[Serving]:
    """A site of several workers over a database of its own that is ready; not started."""
    name = "site_" + re.sub(r"\W", "", tmp_path.name)
    server.a_database(name)
    site = Serving(
        tmp_path, GENKAN_DATABASE_URL=server.url(name), GENKAN_SECRET_FILE=str(tmp_path / "ring.json"),
        GENKAN_WORKERS=str(WORKERS),
    )  # fmt: skip
    yield site
    site.kill()


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that a real process does."""
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def workers(site: Serving) -> list[int]:
    """The process ids of those that live."""
    assert site.process is not None
    pid = site.process.pid
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def lives(pid: int) -> bool:
    """Whether a process runs; what waits to be buried does not."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def up(site: Serving) -> list[str]:
    """Which workers answer, as the measurements say."""
    return re.findall(r'^genkan_up\{worker="(\d+)"\} 1\.0$', httpx2.get(f"{site.base}/metrics").text, re.MULTILINE)


def log_of(site: Serving) -> str:
    return (site.folder / "serve.log").read_text()


@pytest.mark.needs("postgres")
def test_workers_come_back_and_go_together(site: Serving) -> None:
    """What is told once is told once; who is killed is replaced, the set-up link stays good; SIGTERM ends all, and
    lets a request on its way be answered, also where a terminal's Ctrl-C comes to the workers as well; SIGHUP ends
    none.
    """
    site.start()
    assert site.process is not None
    assert site.process.stdout is not None
    link = site.process.stdout.readline().strip()
    assert link.startswith(f"{site.base}/setup/")
    until(lambda: up(site) == ["0", "1", "2"])
    before = workers(site)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(workers(site)) == WORKERS and not set(workers(site)) & set(before))
    assert httpx2.get(link).status_code == 200
    until(lambda: up(site) == ["0", "1", "2"])
    with socket.create_connection(("127.0.0.1", site.port), timeout=SECONDS) as slow:
        slow.sendall(b"POST /rest/oauth2/latest/token HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n")
        time.sleep(0.3)
        asked = workers(site)
        for pid in (site.process.pid, *asked):
            os.kill(pid, signal.SIGHUP)
        time.sleep(0.1)
        assert (site.process.poll(), set(workers(site))) == (None, set(asked))
        site.process.terminate()
        time.sleep(0.3)
        for pid in asked:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
        time.sleep(0.1)
        slow.sendall(b"a")
        assert slow.recv(65_536).startswith(b"HTTP/1.1 4")
    assert site.process.wait(SECONDS) == 0
    assert site.process.stdout.read() == ""
    site.process.stdout.close()
    site.process = None
    assert log_of(site).count("worker ended") == WORKERS
    assert "failed" not in log_of(site)
    # Whoever was killed has had no time to count; nobody may be asked for at an address that nobody serves.
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{site.base}/healthz")


@pytest.mark.needs("postgres")
def test_a_worker_that_was_stopped_is_replaced(site: Serving) -> None:
    """SIGSTOP, or a loop that hangs: it holds connections and answers none, and its parent does not hear of it."""
    site.start()
    until(lambda: up(site) == ["0", "1", "2"])
    before = workers(site)
    os.kill(before[0], signal.SIGSTOP)
    until(lambda: before[0] not in workers(site) and len(workers(site)) == WORKERS)
    until(lambda: up(site) == ["0", "1", "2"])
    assert set(before[1:]) < set(workers(site))
    assert "worker says nothing" in log_of(site)


@pytest.mark.needs("postgres")
def test_workers_end_with_their_parent(site: Serving) -> None:
    """A parent that is killed leaves nobody behind that would answer for a site which is started anew."""
    site.start()
    until(lambda: up(site) == ["0", "1", "2"])
    left = workers(site)
    site.kill()
    until(lambda: not any(map(lives, left)))
    site.start()
    until(lambda: up(site) == ["0", "1", "2"])


@pytest.mark.needs("postgres")
@pytest.mark.parametrize("sent", [(signal.SIGTERM, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT), (signal.SIGINT,)])
def test_who_insists_waits_for_no_drain(site: Serving, sent: tuple[signal.Signals, ...]) -> None:
    """A second signal ends it with workers as without; a terminal's Ctrl-C never begins it."""
    site.environment["GENKAN_DRAIN_SECONDS"] = "60"
    site.start()
    process = site.process
    assert process is not None
    until(lambda: up(site) == ["0", "1", "2"])
    for number in sent[:-1]:
        process.send_signal(number)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        assert httpx2.get(f"{site.base}/readyz").json()["reasons"] == ["closing"]
    process.send_signal(sent[-1])
    assert process.wait(SECONDS) == 0
    assert "killed" not in log_of(site)


@pytest.mark.needs("postgres")
def test_who_tells_all_of_them_to_end_insists_on_nothing(site: Serving) -> None:
    """systemd sends SIGTERM to every process of a service: a worker hears it from there and from its parent, and
    drains all the same; a second one to the parent ends that.
    """
    site.environment["GENKAN_DRAIN_SECONDS"] = "60"
    site.start()
    process = site.process
    assert process is not None
    until(lambda: up(site) == ["0", "1", "2"])
    asked = workers(site)
    for pid in (*asked, process.pid, *asked):
        os.kill(pid, signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)
    assert all(map(lives, asked))
    assert httpx2.get(f"{site.base}/readyz").json()["reasons"] == ["closing"]
    process.terminate()
    assert process.wait(SECONDS) == 0
    assert "killed" not in log_of(site)


@pytest.mark.needs("postgres")
def test_every_address_is_shared(server: Server, tmp_path: Path) -> None:
    """TLS of one's own and the origin that asks for certificates are answered by all workers."""
    house = House(tmp_path / "house")
    server.a_database("of_tls")
    certificates = free_port()
    site = Serving(
        tmp_path, GENKAN_DATABASE_URL=server.url("of_tls"), GENKAN_SECRET_FILE=str(tmp_path / "ring.json"),
        GENKAN_WORKERS="2", GENKAN_TLS_CERT=house.files.certificate, GENKAN_TLS_KEY=house.files.key,
        GENKAN_CLIENT_CA=str(house.ca), GENKAN_CERTIFICATE_URL=f"https://localhost:{certificates}",
    )  # fmt: skip
    site.environment["GENKAN_BASE_URL"] = site.base = f"https://localhost:{site.port}"
    site.start()
    try:
        trusting = ssl.create_default_context(cafile=str(house.folder / "web.pem"))
        with httpx2.Client(verify=trusting) as client:
            until(lambda: client.get(f"{site.base}/metrics").text.count("} 1.0") >= 2)
            assert client.get(f"{site.base}/healthz").status_code == 200
            assert client.get(f"https://localhost:{certificates}/").status_code < 500
    finally:
        site.stop()


@pytest.mark.needs("postgres")
def test_a_first_worker_that_cannot_ends_all(site: Serving) -> None:
    """One line that says what to do, as without workers."""
    Path(site.environment["GENKAN_SECRET_FILE"]).write_text("{}")
    Path(site.environment["GENKAN_SECRET_FILE"]).chmod(0o600)
    with pytest.raises(AssertionError, match=r"(?s)\A\s*genkan: [^\n]*ring.json[^\n]*\n\Z"):
        site.start()
    assert site.process is not None
    assert site.process.wait(SECONDS) == 2
    assert site.lines == []


def an_overseer(now: list[float], logged: list[dict[str, object]]) -> Overseer:
    """One whose clock stands where it is put, and that never starts anything here."""

    def log(_level: str, _event: str, **fields: object) -> None:
        logged.append(fields)

    return Overseer(2, lambda _: None, log, lambda _: None, lambda: now[0])


def test_who_ends_too_soon_waits_longer_and_longer() -> None:
    """Half a second, then twice as long, never more than half a minute; who lived well is replaced at once."""
    now, logged = [1_000.0], list[dict[str, object]]()
    overseer = an_overseer(now, logged)
    place = overseer._places[0]
    overseer._heard(place, Said(("ready",)))
    for expected in (0.5, 1, 2, 4, 8, 16, LONGEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS):
        place.begun, place.pid = now[0], 1
        overseer._ended(place, -9)
        assert place.due == now[0] + expected
    place.begun, place.pid, place.answers = now[0] - 60, 1, True
    overseer._ended(place, 0)
    assert place.due == now[0]
    assert logged[0] == {"worker": 0, "how": "signal 9", "again_in_seconds": 0.5}


def test_the_first_must_answer_before_any_other_begins() -> None:
    """Where it ends before it answered the site does not start; later ones that cannot begin are told of only."""
    now, logged = [0.0], list[dict[str, object]]()
    overseer = an_overseer(now, logged)
    first, second = overseer._places
    assert (first.due, second.due) == (0.0, float("inf"))
    with pytest.raises(NeverAnswered, match="status 1"):
        overseer._ended(first, 1)
    overseer._heard(first, Said(("ready",)))
    assert second.due == 0.0
    overseer._heard(second, Said(cannot="no ring"))
    assert logged == [{"worker": 1, "problem": "no ring"}]


def test_who_dies_while_the_others_drain_is_told_of() -> None:
    """Nobody takes its place, and what it was answering is lost. Who ends in order, or had not answered yet, or was
    killed for being late, is no news.
    """
    now, logged = [100.0], list[dict[str, object]]()
    overseer = an_overseer(now, logged)
    overseer._leave(signal.SIGTERM, None)
    place = overseer._places[1]
    place.answers = True
    for code, killed in ((-9, False), (0, False), (-9, True)):
        place.pid, overseer._killed = 4711, killed
        overseer._ended(place, code)
    place.answers, overseer._killed = False, False
    overseer._ended(place, -15)
    assert logged == [{"worker": 1, "how": "signal 9"}]


def test_workers_are_killed_only_after_the_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its seconds come before those that a graceful end may take."""
    now, killed = [100.0], list[int]()
    overseer = an_overseer(now, [])
    overseer.drain_seconds = 60.0
    overseer._places[0].pid = 4711
    monkeypatch.setattr(os, "kill", lambda _pid, number: killed.append(number))
    overseer._leave(signal.SIGTERM, None)
    for seconds in (0.0, 1.0, 60 + LEAVE_SECONDS - 0.1, 60 + LEAVE_SECONDS):
        now[0] = 100 + seconds
        overseer._see_off(lambda: None)
    assert killed == [signal.SIGTERM, signal.SIGKILL]


def test_who_insists_is_believed_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each worker is told so once, and is killed as long after it as after a drain."""
    now, killed = [100.0], list[int]()
    overseer = an_overseer(now, [])
    overseer.drain_seconds = 60.0
    overseer._places[0].pid = 4711
    monkeypatch.setattr(os, "kill", lambda _pid, number: killed.append(number))
    for seconds in (0.0, 5.0, 6.0):
        now[0] = 100 + seconds
        overseer._leave(signal.SIGTERM, None)
        overseer._see_off(lambda: None)
    for seconds in (5 + LEAVE_SECONDS - 0.1, 5 + LEAVE_SECONDS):
        now[0] = 100 + seconds
        overseer._see_off(lambda: None)
    assert killed == [signal.SIGTERM, signals.AT_ONCE, signal.SIGKILL]
