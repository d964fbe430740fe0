"""Composition: settings, store, key ring and door become a serving process. Everything else is given its parts
from here.
"""

import asyncio
import contextlib
import os
import resource
import shlex
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from genkan import __version__, clock
from genkan.doctor.examine import Means
from genkan.doctor.reach import Clocks
from genkan.founding import CannotServe, check_place, found_anew, load_ring
from genkan.httpd import signals
from genkan.httpd.ending import end_at_once, ended_in_any_case
from genkan.httpd.listening import CannotListen, Sockets, listening
from genkan.httpd.overseer import NeverAnswered, Overseer
from genkan.httpd.seat import Said, Seat
from genkan.httpd.server import GRACE_SECONDS, Server
from genkan.httpd.shared import Shared
from genkan.logs import make_log, take_over
from genkan.outside import locks, outlet
from genkan.outside.allocator import give_large_pieces_back
from genkan.outside.certificates import CertificateDesk, Strictness
from genkan.outside.ldap import LdapDirectory
from genkan.outside.openid.client_proof import BadCredential
from genkan.outside.passwords import PasswordLane
from genkan.outside.revocation import Revocations
from genkan.outside.ring_file import read_ring
from genkan.protocol.certificates.bundle import BundleProblem
from genkan.protocol.certificates.rules import RuleProblem
from genkan.protocol.env import SECOND
from genkan.protocol.naming import title_of
from genkan.protocol.outcomes import Announce, Change
from genkan.protocol.records import Served
from genkan.protocol.ring import Ring
from genkan.protocol.signin.passkey_metadata import MetadataProblem
from genkan.protocol.signin.passkey_models import Models, NoModels
from genkan.protocol.signin.setup import setup_link
from genkan.settings import Settings
from genkan.settings_certificates import read_bundle, read_rules
from genkan.settings_passkeys import passkey_models
from genkan.site.app import build
from genkan.site.certificate_keeper import CertificateKeeper
from genkan.site.counted_passwords import CountedPasswords
from genkan.site.directory_keeper import keepers
from genkan.site.door import Door, Health, RingHolder, Secrets, SignInPace, crowd_before
from genkan.site.fellows import Fellows
from genkan.site.keeper import Keeper
from genkan.site.measure import Measures
from genkan.site.metrics import families
from genkan.site.outlook import Outlook
from genkan.site.pages import Pages
from genkan.site.peer import Peers
from genkan.site.sign_on import SignOnDesk, open_desk
from genkan.started import announce_here, say_started, withdraw_here
from genkan.store.api import CannotOpen, Store, StoreAway, StoreUnavailable
from genkan.store.audit_rounds import NODE
from genkan.store.places import open_store
from genkan.store.sqlite_writer import is_writing
from genkan.wire.metadata import Endpoints
from genkan.wire.urls import BaseURL

if TYPE_CHECKING:
    from genkan.traces import Traces

__all__ = ["CannotServe", "load_ring", "open_door", "serve"]

Ending = tuple[signal.Signals, ...]
# Files that the site itself has open: the store's, connections to it and to directories, what is read now and then.
OWN_FILES = 100
# How long the site's first lines are waited for: they are there in milliseconds, or nobody reads.
SAID_SECONDS = 0.5


def serve(settings: Settings, *, anew: bool = False) -> None:
    """Run the site until a signal ends it; ``anew``: after founding it where none is. Raises CannotServe with one
    sentence.
    """
    _check_ring_folder(settings)
    give_large_pieces_back()
    clock.CLOCK.longest_doubt = settings.clock_doubt_seconds * SECOND
    with outlet.never_waiting():
        _served(settings, anew=anew)


def _served(settings: Settings, *, anew: bool) -> None:
    log = make_log(settings.log_format, settings.log_level)
    # What libraries say by themselves.
    take_over("", log, "library", warned="warning")
    try:
        with only_server(settings), listening(settings, log) as sockets, signals.ending() as ending:
            found_anew(settings) if anew else check_place(settings)
            if settings.workers == 1:
                _run(settings, sockets, ending)
            else:
                _oversee(settings, sockets, log, ending)
            withdraw_here(settings)
    except CannotListen as problem:
        raise CannotServe(str(problem)) from None
    except NeverAnswered as problem:
        raise CannotServe(str(problem), passes=problem.passes) from None


def _run(settings: Settings, sockets: Sockets, ending: Ending, seat: Seat | None = None) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, sockets, ending, seat))
    if is_writing():
        # The interpreter would wait for the connection that a thread holds in a disk's hands.
        end_at_once()


def _oversee(settings: Settings, sockets: Sockets, log: Callable[..., None], ending: Ending) -> None:
    """Several processes behind the same sockets; this one only looks after them."""

    def work(seat: Seat) -> None:
        try:
            _run(settings, sockets, signals.OF_WORKERS, seat)
        except (CannotServe, CannotOpen, StoreUnavailable) as problem:
            seat.say(Said(cannot=str(problem), passes=isinstance(problem, StoreAway | StoreUnavailable)))

    Overseer(settings.workers, work, log, partial(_tell, settings), clock.ticks, ending, settings.drain_seconds).run(
        sockets.close
    )


def _tell(settings: Settings, lines: tuple[str, ...]) -> None:
    announce_here(settings)
    outlet.OUT.put("\n".join(lines))
    # Whoever waits for the word below may look at these lines at once.
    outlet.OUT.flush(SAID_SECONDS)
    say_started(os.environ)


def _check_ring_folder(settings: Settings) -> None:
    """A folder that was named is never made: a mistyped one would hold a ring that nobody backs up."""
    folder = settings.ring_path.parent
    if not folder.is_dir() and not _is_data_folder(settings, folder):
        raise CannotServe(
            f"there is no folder {folder} for the key ring; make it, or mend GENKAN_SECRET_FILE (secret_file)"
        )


def _is_data_folder(settings: Settings, folder: Path) -> bool:
    return folder.resolve() == Path(settings.data_dir).resolve()


@contextlib.contextmanager
def only_server(settings: Settings) -> Iterator[None]:
    """Hold the store's lock: one serving process, and no restore under its feet. A PostgreSQL database has many."""
    place = settings.store_place
    try:
        with locks.serving(place) if isinstance(place, Path) else contextlib.nullcontext():
            yield
    except locks.Held:
        raise CannotServe(f"another genkan serve uses {place}; stop it first") from None
    except locks.CannotLock as problem:
        raise CannotServe(str(problem)) from None


async def _serve(settings: Settings, sockets: Sockets, ending: Ending, seat: Seat | None) -> None:
    traces = open_traces(settings, seat)
    store = open_store(settings.store_place, create=True, env=clock.system_env(), seconds=settings.write_seconds)
    lane = PasswordLane(settings.password_threads or (seat.threads if seat else 0))
    try:
        ring = await _told_ring(store, settings)
        door = await open_door(settings, traces.store(store) if traces else store, ring, lane, seat, traces)
        announcement = await _announcement(door) if seat is None or seat.announces else []
        keeper = Keeper(door, _node_name(settings, door, seat), clock.wall_ms)
        await keeper.compare_clocks()
        upkeep = [asyncio.create_task(keeper.run()), *(asyncio.create_task(one.run()) for one in keepers(door))]
        certificates = CertificateKeeper(door)
        if certificates.is_needed:
            upkeep.append(asyncio.create_task(certificates.run()))
        try:
            await _server(door, settings, announcement, sockets, ending, seat, traces).serve(list(sockets.plain))
        finally:
            for task in upkeep:
                task.cancel()
            await asyncio.gather(*upkeep, return_exceptions=True)
            await keeper.leave()
    finally:
        lane.close()
        await store.close()
        if traces is not None:
            await asyncio.to_thread(traces.close)


def open_traces(settings: Settings, seat: Seat | None) -> "Traces | None":
    """Traces where they are wished. What they need is loaded then and not else. Raises CannotServe."""
    if not settings.traces_endpoint:
        return None
    try:
        from genkan.traces import Traces  # noqa: PLC0415 - an extra, which costs time and memory when it is loaded
    except ImportError as missing:
        raise CannotServe(
            "GENKAN_TRACES_ENDPOINT: traces need more packages; install genkan[otel] (requirements-otel.lock), "
            f"or leave it out ({missing.name} is missing)"
        ) from None
    # It tells of a collector that does not answer, and of variables of its own that it cannot read.
    take_over("opentelemetry", _log(settings, seat), "traces", warned="warning")
    worker = seat.number if seat else None
    return Traces.sent_to(settings.traces_endpoint, settings.traces_percent, worker)


def _log(settings: Settings, seat: Seat | None) -> Callable[..., None]:
    return make_log(settings.log_format, settings.log_level, **({"worker": seat.number} if seat else {}))


def _node_name(settings: Settings, door: Door, seat: Seat | None) -> str:
    """What this process is called in the store, until it ends: its machine, its number there, and chance."""
    if isinstance(settings.store_place, Path):
        return NODE
    return f"{socket.gethostname()[:60]}/{seat.number if seat else 0}-{door.env().draw(4).hex()}"


async def _told_ring(store: Store, settings: Settings) -> Ring:
    """The ring; a new one that is not beside the store is told of, for it has to be backed up from there."""
    path = settings.ring_path
    is_new = not path.exists()
    ring = await load_ring(store, path)
    if is_new and not _is_data_folder(settings, path.parent):
        outlet.ERR.put(f"genkan: a new key ring is in {path}; back it up apart from the store")
    return ring


async def open_door(
    settings: Settings,
    store: Store,
    ring: Ring,
    lane: PasswordLane,
    seat: Seat | None = None,
    traces: "Traces | None" = None,
) -> Door:
    """Everything that handlers are given, from the settings and the open store."""
    public = settings.public
    site = await store.site()
    log = _log(settings, seat)
    measures = traces.measures() if traces else Measures()
    return Door(
        settings=settings,
        public=public,
        endpoints=Endpoints(public.text),
        lifetimes=settings.lifetimes,
        store=store,
        ring=RingHolder(ring, site.site_id, lambda: _reread(settings.ring_path)),
        env=clock.system_env,
        passwords=CountedPasswords(lane, measures.passwords),
        pages=Pages(public, title_of(settings.site_title, site)),
        crowd=crowd_before(lane.threads, settings, measures.passwords),
        measures=measures,
        sign_ins=SignInPace.set_by(settings),
        fellows=Fellows(seat.number, seat.ways) if seat else None,
        health=Health(clock=clock.CLOCK, founded_at=(await store.moments()).founded_at),
        secrets=Secrets(metrics_token=_secret(settings.metrics_token_file)),
        log=log,
        program=_program(public),
        sign_on=_desk(settings),
        directories=tuple(LdapDirectory(source) for source in settings.read_sign_on().ldap),
        certificates=replace(certificate_desk(settings), log=log),
        models=_models(settings),
        outlook=Outlook(Means(Clocks(clock.wall_ms, clock.ticks))),
    )


def certificate_desk(settings: Settings) -> CertificateDesk:
    """The desk that judges client certificates, as the settings want it. Raises CannotServe."""
    bundle, rules = read_bundle(settings.client_ca), read_rules(settings.certificate_rules)
    if isinstance(bundle, BundleProblem):  # it was good when the settings were read, a moment ago
        raise CannotServe(f"GENKAN_CLIENT_CA: {bundle.wrong}")
    if isinstance(rules, RuleProblem):
        raise CannotServe(f"GENKAN_CERTIFICATE_RULES: {rules.wrong}")
    revocations = Revocations(settings.reach, [Path(path) for path in settings.certificate_crls])
    return CertificateDesk(bundle, rules, Strictness(settings.certificate_revocation), revocations)


def _models(settings: Settings) -> Models | NoModels:
    """Which models of authenticators are taken. Raises CannotServe."""
    models = passkey_models(settings, clock.wall_ms())
    if isinstance(models, MetadataProblem):
        raise CannotServe(f"GENKAN_PASSKEY_METADATA: {settings.passkey_metadata} {models.wrong}")
    return models


def _desk(settings: Settings) -> SignOnDesk:
    try:
        return open_desk(settings.read_sign_on(), settings.reach, clock.system_env)
    except BadCredential as problem:
        raise CannotServe(f"GENKAN_SIGN_ON_FILE: {problem}") from None


def _program(public: BaseURL) -> str:
    """What to type to call this program: its path where the shell would not find it, told on this machine alone."""
    called = Path(sys.argv[0]).absolute()
    found = shutil.which("genkan")
    is_found = found is not None and Path(found).resolve() == called.resolve()
    return "genkan" if is_found or called.name != "genkan" or not public.is_loopback else shlex.quote(str(called))


def _reread(path: Path) -> Ring | None:
    ring = read_ring(path)
    return ring if isinstance(ring, Ring) else None


def _secret(path: str) -> str:
    return Path(path).read_text("utf-8").strip() if path else ""


async def _announcement(door: Door) -> list[str]:
    """What goes to standard output: ``ready``, and the set-up link while there is no administrator."""
    lines = [f"ready {door.public.text}"]
    served = Served(door.public.text, __version__, door.env().now)
    await door.store.apply(Change((Announce(served),)))
    site = await door.store.site()
    if not site.has_administrator:
        link = setup_link(door.env())
        await door.store.apply(link.change)
        lines.append(f"{door.public.text}/setup/{link.token}")
    return lines


def most_connections(settings: Settings) -> int:
    """As the settings want it, and no more than the system leaves files for besides those that the site itself uses."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return settings.most_connections if files < 0 else max(1, min(settings.most_connections, files - OWN_FILES))


def _server(
    door: Door,
    settings: Settings,
    announcement: list[str],
    sockets: Sockets,
    ending: Ending,
    seat: Seat | None,
    traces: "Traces | None" = None,
) -> Server:
    # A warning of the server's tells of a client that speaks no HTTP: anybody can cause as many as they like.
    take_over("uvicorn.error", door.log, "server", warned="debug")
    peers = Peers(settings.trusted_proxies, _secret(settings.proxy_secret_file))
    app = build(door, peers, clock.ticks)

    def ready() -> None:
        if seat is None:
            return _tell(settings, tuple(announcement))
        seat.when_left_alone(server.leave)
        if door.fellows is not None:
            door.fellows.listen(lambda: families(door))
        seat.say(Said(tuple(announcement)))
        return seat.beat()

    def closing() -> None:
        if door.health.closing:
            return
        door.health.closing = True
        ended_in_any_case(settings.drain_seconds + GRACE_SECONDS + 3.0, door.log)

    door.measures.handshakes = sockets.handshakes
    shared = Shared(
        traces.around(app.respond, peers) if traces else app.respond, door.log, door.env().draw(4).hex(),
        most_connections=most_connections(settings), is_proxy=peers.is_listed, figures=door.measures.server,
    )  # fmt: skip
    server = Server(shared, ready, closing, sockets.secured, ending, settings.drain_seconds)
    return server
