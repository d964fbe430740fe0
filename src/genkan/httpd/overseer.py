"""One parent over several serving processes that share its sockets: it starts them, starts anew whichever ends, and
passes on that all shall end.
"""

import contextlib
import gc
import os
import selectors
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType

import msgspec

from genkan.httpd import signals
from genkan.httpd.seat import Letterbox, Said, Seat, a_letterbox
from genkan.httpd.server import GRACE_SECONDS
from genkan.outside import outlet

# Whoever ends sooner is waited for longer and longer, so that a fault of the set-up does not burn a processor.
STEADY_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
# Beyond the grace of the connections: what was acknowledged is written, what was noted too.
LEAVE_SECONDS = GRACE_SECONDS + 15.0
# A worker that has said nothing for so long serves nobody: it was stopped, or its loop hangs.
SILENT_SECONDS = 10.0

Work = Callable[[Seat], None]


class NeverAnswered(Exception):
    """Why the first worker did not come up, as one sentence. ``passes``: the next try may do better by itself."""

    def __init__(self, sentence: str, *, passes: bool = True) -> None:
        super().__init__(sentence)
        self.passes = passes


@dataclass(slots=True)
class _Place:
    """One worker's: ``pid`` 0 while there is none, which is begun at ``due``."""

    number: int
    due: float = 0.0
    pid: int = 0
    begun: float = 0.0
    pause: float = 0.0
    answers: bool = False
    # When it was last heard of.
    seen: float = 0.0
    asked: signal.Signals | None = None
    line: socket.socket | None = None
    heard: bytes = b""


@dataclass(slots=True)
class Overseer:
    """``work`` is what a worker does, from its first line to its end. ``tell`` prints what is told once."""

    count: int
    work: Work
    log: Callable[..., None]
    tell: Callable[[tuple[str, ...]], None]
    ticks: Callable[[], float]
    ending: tuple[signal.Signals, ...] = signals.SOME
    # How long workers go on before they begin to end.
    drain_seconds: float = 0.0
    _places: list[_Place] = field(init=False)
    _boxes: tuple[Letterbox, ...] = ()
    _looks: selectors.BaseSelector = field(init=False)
    _told: bool = False
    # When draining is over, and how workers are asked to end.
    _leaving: float | None = None
    _word: signal.Signals = signal.SIGTERM
    _killed: bool = False

    def __post_init__(self) -> None:
        # The first makes what is made once (a key ring, the set-up link); the others begin when it answers.
        self._places = [_Place(number, due=0.0 if number == 0 else float("inf")) for number in range(self.count)]

    def run(self, let_go: Callable[[], None]) -> None:
        """Until all have ended after a signal that ends, or until the first cannot begin. Raises NeverAnswered.

        ``let_go`` closes the parent's own hold on the sockets, so that nobody waits in a queue that none serves.
        """
        with self._signalled():
            while self._leaving is None or any(place.pid for place in self._places):
                self._begin_due()
                self._wait(self._patience())
                self._end_silent()
                self._bury()
                if self._leaving is not None:
                    self._see_off(let_go)

    @contextlib.contextmanager
    def _signalled(self) -> Iterator[None]:
        """Signals end a wait; what they ask for is done between two waits."""
        self._boxes = tuple(a_letterbox() for _ in range(self.count))
        self._looks = selectors.DefaultSelector()
        wakes, wake = socket.socketpair()
        for end in (wakes, wake):
            end.setblocking(False)
        before = {number: signal.signal(number, self._leave) for number in self.ending}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        former = signal.set_wakeup_fd(wake.fileno())
        self._looks.register(wakes, selectors.EVENT_READ, None)
        try:
            yield
        finally:
            signal.set_wakeup_fd(former)
            for number, handler in before.items():
                signal.signal(number, handler)
            for place in self._places:
                self._hang_up(place)
            for box in self._boxes:
                box.close()
            self._looks.close()
            wakes.close()
            wake.close()

    def _leave(self, number: int, _frame: FrameType | None) -> None:
        """As without workers: only a first SIGTERM lets them drain, and whatever comes after it ends that."""
        if self._leaving is None and number == signal.SIGTERM:
            self._leaving = self.ticks() + self.drain_seconds
            return
        self._word = signals.AT_ONCE
        self._leaving = self.ticks() if self._leaving is None else min(self._leaving, self.ticks())

    def _begin_due(self) -> None:
        for place in self._places:
            if self._leaving is None and not place.pid and place.due <= self.ticks():
                self._begin(place)

    def _begin(self, place: _Place) -> None:
        line, theirs = socket.socketpair()
        gc.freeze()  # What is there by now stays shared as long as no collection of a worker touches it.
        # What is sent to the worker before it has handlers of its own must not be taken by ours.
        signal.pthread_sigmask(signal.SIG_BLOCK, self.ending)
        try:
            pid = os.fork()
        except OSError as problem:
            self._put_off(place, line, theirs, problem)
            return
        if not pid:
            line.close()
            self._become(Seat(place.number, not self._told, theirs, self._boxes))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self.ending)
        theirs.close()
        place.pid, place.begun, place.line, place.heard = pid, self.ticks(), line, b""
        self._looks.register(line, selectors.EVENT_READ, place)
        if self._told:
            self.log("info", "worker begins", worker=place.number, pid=pid)

    def _put_off(self, place: _Place, line: socket.socket, theirs: socket.socket, problem: OSError) -> None:
        """The machine has no room for another process just now."""
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self.ending)
        line.close()
        theirs.close()
        if not self._told:
            raise NeverAnswered(f"no process can be started: {problem.strerror}")
        place.due = self.ticks() + LONGEST_PAUSE_SECONDS
        self.log("error", "worker cannot be started", worker=place.number, problem=problem.strerror)

    def _become(self, seat: Seat) -> None:
        """What the parent had is let go of: a line to another worker that stayed open here would not tell it that the
        parent is gone.
        """
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (*signals.OF_WORKERS, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            signals.ignored_by_workers()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, self.ending)
            for key in list(self._looks.get_map().values()):
                if isinstance(key.fileobj, socket.socket):
                    key.fileobj.close()
            self._looks.close()
            self.work(seat)
            code = 0
        except Exception as bug:  # noqa: BLE001 - the process ends here, and says why
            self.log("error", "worker failed", worker=seat.number, error=repr(bug), exc_info=bug)
        finally:
            outlet.flush()
            # Not by returning: everything above in the stack is the parent's to end.
            os._exit(code)

    def _wait(self, seconds: float | None) -> None:
        for key, _ in self._looks.select(seconds):
            if key.data is None:
                _emptied(key.fileobj)
            else:
                self._hear(key.data)

    def _patience(self) -> float | None:
        """Seconds until something is due without anything happening."""
        if self._leaving is not None:
            return 1.0
        due = min((place.due if not place.pid else place.seen + SILENT_SECONDS for place in self._places
                   if not place.pid or place.answers), default=float("inf"))  # fmt: skip
        return None if due == float("inf") else max(0.0, due - self.ticks())

    def _hear(self, place: _Place) -> None:
        assert place.line is not None  # noqa: S101 - it was looked at
        part = place.line.recv(65_536)
        if not part:
            self._hang_up(place)
            return
        place.seen = self.ticks()
        *lines, place.heard = (place.heard + part).split(b"\n")
        for line in filter(None, lines):
            self._heard(place, msgspec.json.decode(line, type=Said))

    def _heard(self, place: _Place, said: Said) -> None:
        if said.cannot and not self._told:
            os.waitpid(place.pid, 0)
            raise NeverAnswered(said.cannot, passes=said.passes)
        if said.cannot:
            self.log("error", "worker cannot begin", worker=place.number, problem=said.cannot)
            return
        place.answers = True
        if not self._told:
            self._told = True
            self.tell(said.lines)
            for other in self._places:
                other.due = min(other.due, self.ticks())

    def _end_silent(self) -> None:
        """Whoever answered and says nothing any more is ended, to be begun anew."""
        # Whoever was stopped itself, or had its wait cut off, has not heard yet what was said meanwhile.
        self._wait(0)
        for place in self._places:
            if place.pid and place.answers and self.ticks() - place.seen >= SILENT_SECONDS:
                place.seen = self.ticks()
                self.log("error", "worker says nothing and is killed", worker=place.number, pid=place.pid)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(place.pid, signal.SIGKILL)

    def _bury(self) -> None:
        """Whoever has ended is begun anew, the later the sooner it ended."""
        for place in self._places:
            if not place.pid:
                continue
            pid, status = os.waitpid(place.pid, os.WNOHANG)
            if pid:
                self._ended(place, os.waitstatus_to_exitcode(status))

    def _ended(self, place: _Place, code: int) -> None:
        if place.line is not None:
            self._last_words(place)
        lived = self.ticks() - place.begun
        place.pid = 0
        if self._leaving is not None:
            if code and place.answers and not self._killed:
                self.log("error", "worker ended before it had finished", worker=place.number, how=_how(code))
            return
        if not self._told:
            raise NeverAnswered(f"the first worker ended ({_how(code)}) before it answered; its last lines say why")
        steady = place.answers and lived >= STEADY_SECONDS
        place.pause = 0.0 if steady else min(LONGEST_PAUSE_SECONDS, max(FIRST_PAUSE_SECONDS, place.pause * 2))
        place.due, place.answers = self.ticks() + place.pause, False
        told = {"worker": place.number, "how": _how(code), "again_in_seconds": round(place.pause, 1)}
        self.log("error", "worker ended", **told)

    def _last_words(self, place: _Place) -> None:
        """What it said before it ended and was not heard yet."""
        while place.line is not None:
            self._hear(place)

    def _hang_up(self, place: _Place) -> None:
        if place.line is not None:
            self._looks.unregister(place.line)
            place.line.close()
            place.line = None

    def _see_off(self, let_go: Callable[[], None]) -> None:
        """Everybody is asked to end, and once more to end at once; who has not in time is not asked any more."""
        if self._leaving is None or self._killed:
            return
        let_go()
        late, word = self.ticks() - self._leaving >= LEAVE_SECONDS, self._word
        for place in self._places:
            if place.pid and (late or place.asked is not word):
                place.asked = word
                with contextlib.suppress(ProcessLookupError):
                    os.kill(place.pid, signal.SIGKILL if late else word)
        if late:
            self._killed = True
            self.log("error", "workers did not end in time and were killed")


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"status {code}"


def _emptied(wakes: object) -> None:
    assert isinstance(wakes, socket.socket)  # noqa: S101 - it was registered
    with contextlib.suppress(BlockingIOError):
        while wakes.recv(4096):
            pass
