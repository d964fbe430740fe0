"""One session renewed by several at once over a real server: all stay signed in, one successor for each rotation."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import sleep

from genkan.app.outcomes import Access
from genkan.app.session import Session
from tests.pair.real import MakePhone, RealPhone, add_person
from tests.security.serving import Serving, serving

ROUNDS = 10
EXPIRIES = 8
ACCESS_SECONDS = 2

HOLDER = """
import sys
from pathlib import Path
from genkan import clock
from genkan.app.session import Sessions
from genkan.app.vault import FileVault

with Sessions(FileVault(Path(sys.argv[1])), clock.now_ms, clock.draw) as sessions:
    session = sessions.open(sys.argv[2])
    for line in sys.stdin:
        came = session.access(line.strip() or None)
        print(getattr(came, "token", None) or came, flush=True)
"""


class Holder:
    """A process of its own that holds the session."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._to, self._from = process.stdin, process.stdout

    def ask(self, rejected: str) -> None:
        """Have it find an access token; ``rejected`` is one that a site refused, empty for none."""
        self._to.write(rejected + "\n")
        self._to.flush()

    def told(self) -> str:
        """The token that it found."""
        return self._from.readline().strip()


@contextmanager
def holding(phone: RealPhone, session_id: str) -> Iterator[Holder]:
    command = [sys.executable, "-c", HOLDER, str(phone.folder / "sessions"), session_id]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=phone.environment, **pipes) as process:  # type: ignore[call-overload]
        try:
            yield Holder(process)
        finally:
            process.kill()


def asked_together(holders: Sequence[Holder], rejected: str = "") -> list[str]:
    """The tokens that they find when they are asked at the same moment."""
    for holder in holders:
        holder.ask(rejected)
    return [holder.told() for holder in holders]


def test_two_threads(make_phone: MakePhone) -> None:
    """Two threads whose token was refused at once, ten times: one rotation each time, both get the same token."""
    phone = make_phone()
    session_id = phone.sign_in()
    with phone.sessions() as sessions:
        session = sessions.open(session_id)
        first = session.access()
        assert isinstance(first, Access)
        tokens = [first.token]
        for _ in range(ROUNDS):
            given = in_threads(session, tokens[-1])
            assert len(set(given)) == 1
            tokens.append(given[0])
    assert len(set(tokens)) == ROUNDS + 1
    grant = phone.seen()[0].row.grant
    assert (grant.generation, grant.retries) == (ROUNDS, 0)
    assert phone.standing() == [("signed_in", "")]


def in_threads(session: Session, rejected: str) -> list[str]:
    """The tokens that two threads get which start together."""
    together = threading.Barrier(2)
    given: list[str] = []

    def renew() -> None:
        together.wait(30)
        came = session.access(rejected)
        assert isinstance(came, Access), came
        given.append(came.token)

    threads = [threading.Thread(target=renew) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(given) == 2
    return given


def test_two_processes_and_expiry(tmp_path: Path) -> None:
    """Access tokens of two seconds, two processes, eight times at once: the row moves once for each token given out."""
    # A process that the machine held up finds the token expired again, so equal tokens are not what is counted.
    with serving(tmp_path, GENKAN_ACCESS_SECONDS=str(ACCESS_SECONDS), GENKAN_PASSWORD_THREADS="1") as site:
        site.command("mobile", "on")
        add_person(site, "alice")
        phone = RealPhone(site, tmp_path / "phone", "alice")
        session_id = phone.sign_in()
        seen: list[list[str]] = []
        with holding(phone, session_id) as one, holding(phone, session_id) as other:
            for _ in range(EXPIRIES):
                sleep(ACCESS_SECONDS)
                seen.append(asked_together([one, other]))
        tokens = {token for given in seen for token in given}
        assert all(token.startswith("gnk_at_") for token in tokens)
        assert any(len(set(given)) == 1 for given in seen)
        grant = phone.seen()[0].row.grant
        assert (grant.generation, grant.retries) == (len(tokens), 0)
        assert phone.standing() == [("signed_in", "")]


def test_two_processes(make_phone: MakePhone) -> None:
    """Two processes over one folder, whose token was refused at once: one rotation, and the same token, each time."""
    phone = make_phone()
    session_id = phone.sign_in()
    with holding(phone, session_id) as one, holding(phone, session_id) as other:
        tokens = asked_together([one])
        for _ in range(ROUNDS):
            given = asked_together([one, other], tokens[-1])
            assert len(set(given)) == 1, given
            tokens.append(given[0])
    assert len(set(tokens)) == ROUNDS + 1
    grant = phone.seen()[0].row.grant
    assert (grant.generation, grant.retries) == (ROUNDS, 0)
    assert phone.standing() == [("signed_in", "")]


def test_two_processes_that_know_nothing_of_each_other(make_phone: MakePhone) -> None:
    """The same session in two folders, where no lock can help: the server gives both the same successor each time."""
    phone, twin = make_phone(), make_phone()
    session_id = phone.sign_in()
    shutil.copytree(phone.folder, twin.folder)
    with ExitStack() as stack:
        both = [stack.enter_context(holding(each, session_id)) for each in (phone, twin)]
        tokens = asked_together(both[:1])
        for _ in range(ROUNDS):
            given = asked_together(both, tokens[-1])
            assert len(set(given)) == 1, given
            tokens.append(given[0])
    assert len(set(tokens)) == ROUNDS + 1
    grant = phone.seen()[0].row.grant
    assert (grant.generation, grant.retries) == (ROUNDS, ROUNDS)
    assert phone.standing() == [("signed_in", "")]


def test_two_commands(make_phone: MakePhone) -> None:
    """`genkan app token --bare` twice at once with an expired token: both print the same one, and it works."""
    phone = make_phone()
    session_id = phone.sign_in()
    phone.let_expire(session_id)
    with phone.start("token", "--bare") as one, phone.start("token", "--bare") as other:
        outs = [process.communicate(timeout=60) for process in (one, other)]
    assert [one.returncode, other.returncode] == [0, 0], outs
    assert outs[0] == outs[1]
    assert outs[0][0].startswith("gnk_at_")
    assert phone.app("whoami").returncode == 0
    assert phone.seen()[0].row.grant.generation == 1


def test_the_server_is_killed_between_two_uses(make_phone: MakePhone, served: Serving) -> None:
    """Killed and started again: the session goes on as if nothing had been."""
    phone = make_phone()
    session_id = phone.sign_in()
    with phone.sessions() as sessions:
        first = sessions.open(session_id).access()
        served.kill()
        served.start()
        again = sessions.open(session_id).access(getattr(first, "token", None))
    assert isinstance(again, Access), again
    assert again != first
    assert phone.standing() == [("signed_in", "")]
