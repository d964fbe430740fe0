"""S8: S1 and S4 with few and with many grants in the store, the limit on rotations of one grant kept; and what a grant
takes on disk. One real sign-in is copied over and over, each copy another grant of another person."""

import secrets
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench import footprint, servers, station
from bench.browser import Answer
from bench.copies import Changes, copied_people, copy, opened
from bench.flow import WrongAnswer
from bench.outcome import Outcome
from bench.peers.base import Call
from bench.peers.genkan import PERSON, Genkan
from bench.runner import measure
from bench.scenarios import Bearer, Refresh, get
from bench.station import Station
from bench.wrk import Load

REFRESHED = 20_000
CALLED = 4_000
SAMPLE = REFRESHED + CALLED
SPREAD_MS = 600_000
GRANTS_A_PERSON = 2


@dataclass
class Sample:
    """Tokens of grants spread over the whole store: some to refresh, others to call with."""

    refresh: list[str] = field(default_factory=list)
    access: list[str] = field(default_factory=list)


def measure_growth(outcome: Outcome, grants: int, cache: Path, folder: Path) -> None:
    """Adds the figures of S8, and of S9 those about the disk. ``grants`` are more than ``SAMPLE``."""
    stations: list[Station] = []
    samples: dict[str, Sample] = {}
    try:
        for count in (SAMPLE, grants):
            name = f"genkan, {count:,} grants"
            stations.append(station.start(Genkan(name, limited=True), cache, folder / f"of-{count}"))
            samples[name] = _fill(stations[-1], count)
        outcome.growth = measure([GrownRefresh(samples), GrownBearer(samples)], stations, outcome.plan)
    finally:
        for each in stations:
            each.server.stop()
    few, many = (each.peer.name for each in stations)
    by_key = {(result.scenario.id, result.peer): result for result in outcome.growth}
    for figure, scenario in (("s8_s1", "S1"), ("s8_s4", "S4")):
        if by_key[scenario, few].valid and by_key[scenario, many].valid:
            outcome.figures[figure] = by_key[scenario, many].rate / by_key[scenario, few].rate
    taken = footprint.on_disk(_database(stations[-1]), "grants")
    outcome.figures |= {"table_bytes": taken.table_bytes, "index_bytes": taken.index_bytes}


class GrownRefresh(Refresh):
    """S1 with the sample's refresh tokens."""

    def __init__(self, samples: dict[str, Sample]) -> None:
        super().__init__()
        self._chains = {name: sample.refresh for name, sample in samples.items()}

    def chains(self, station: Station) -> list[str]:
        return self._chains[station.peer.name]


class GrownBearer(Bearer):
    """S4 with the sample's access tokens, each asked and judged once before."""

    def __init__(self, samples: dict[str, Sample]) -> None:
        self._samples = samples
        self._loads: dict[str, Load] = {}

    def prepare(self, station: Station) -> Load:
        name = station.peer.name
        if name not in self._loads:
            self._loads[name] = self.judged(self._asked(station), Call("", {"active": True}))
        return self._loads[name]

    def _asked(self, station: Station) -> list[tuple[str, Answer]]:
        path, browser = station.known.bearer.path, station.browser()
        asked, names = [], set()
        for token in self._samples[station.peer.name].access:
            headers = {"Authorization": f"Bearer {token}"}
            answer = browser.get(path, headers)
            asked.append((get(f"127.0.0.1:{station.server.port}", path, headers), answer))
            names.add(answer.body)
        if len(names) < len(asked) // (2 * GRANTS_A_PERSON):
            raise WrongAnswer("the sample's grants belong to too few people")
        return asked


def _database(station: Station) -> Path:
    return station.place.folder / "data" / "genkan.sqlite3"


def _fill(station: Station, count: int) -> Sample:
    """Signs in once, copies that grant until there are `count`, and starts the server again on the full store."""
    station.sign_in(station.browser(), station.known.native, 0)
    station.server.stop()
    try:
        with opened(_database(station)) as connection:
            ids = _copies(connection, count)
            return _tokens(connection, station.place.folder / "data", ids)
    finally:
        command = station.peer.command(station.place)
        station.server = servers.start(command, station.place.port, station.place.folder)


def _copies(connection: sqlite3.Connection, count: int) -> list[bytes]:
    """Fills the store; the ids of the sample."""
    people = copied_people(connection, PERSON.name, max(1, count // GRANTS_A_PERSON))
    template = connection.execute("SELECT id FROM grants ORDER BY id DESC LIMIT 1").fetchone()[0]
    chosen = {index * count // SAMPLE for index in range(SAMPLE)}
    ids: list[bytes] = []
    copy(connection, "grants", ("id", template), _grants(template, count, people, chosen, ids))
    return ids


def _grants(template: bytes, count: int, people: range, chosen: set[int], ids: list[bytes]) -> Iterator[Changes]:
    """Ids of the last ten minutes in order, as sign-ins append them, each of a person drawn by lot."""
    latest = int.from_bytes(template[:6], "big") - 1
    for index in range(count):
        moment = latest - SPREAD_MS + SPREAD_MS * index // count
        made = moment.to_bytes(6, "big") + template[6:8] + secrets.token_bytes(8)
        if index in chosen:
            ids.append(made)
        yield {"id": made, "account": people[secrets.randbelow(len(people))], "device": secrets.token_bytes(16)}


def _tokens(connection: sqlite3.Connection, data: Path, ids: list[bytes]) -> Sample:
    """Mints the tokens of the chosen grants with the site's own key ring."""
    from genkan.protocol.ring import Ring, parse  # noqa: PLC0415 - peers are measured without Genkan's modules
    from genkan.protocol.sealing import Kind, Sealer  # noqa: PLC0415

    ring = parse((data / "secrets.json").read_bytes())
    if not isinstance(ring, Ring):
        raise TypeError(ring.sentence)
    sealer = Sealer(ring, connection.execute("SELECT site_id FROM site").fetchone()[0])
    read = "SELECT key_id, generation FROM grants WHERE id = ?"
    key_id, generation = connection.execute(read, (ids[0],)).fetchone()
    secrets.SystemRandom().shuffle(ids)
    return Sample(
        [sealer.token(Kind.REFRESH, key_id, each, generation) for each in ids[:REFRESHED]],
        [sealer.token(Kind.ACCESS, key_id, each, generation) for each in ids[REFRESHED:]],
    )
