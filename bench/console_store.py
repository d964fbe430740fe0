"""Owns the store that pages are measured on: phones as months of use leave them, their people, an audit."""

import random
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.copies import Changes, copied_people, copy
from bench.peers.genkan import PERSON

DAY_MS = 86_400_000
OLDEST_DAYS = 200
AUDIT_LINES = 200_000
APPLICATION_EVERY = 200
ENDED_EVERY = 33
IDLE_EVERY = 20
# Those without a device mark are compared with the person's others, which costs a look at these.
UNMARKED_EVERY = 7
USUAL_IDLE_DAYS = 14
KEPT_DAYS = 30
REASONS = ("signed_in_again", "signed_out_by_app", "signed_out_by_person", "signed_out_by_admin", "account_disabled",
           "replayed")  # fmt: skip
AGENTS = ("AtlassianMobileApp/2.0 (iPhone; iOS 26.1)", "JIRA/500 CFNetwork/1494 Darwin/23.4.0 AtlassianMobileApp",
          "JiraApp/8.1.0 (Android 16; Pixel 9) okhttp/4.12.0", "genkan-app/0.1.0 AtlassianMobileApp")  # fmt: skip


@dataclass(frozen=True)
class Known:
    """What stands in the store, as addresses of pages name it. Samples are spread over all of it."""

    phones: Sequence[str]
    people: Sequence[str]
    names: Sequence[str]
    native: str
    confidential: str


def fill(connection: sqlite3.Connection, phones: int, people: int) -> Known:
    """From one sign-in with a phone and one with an application, each made by the server itself."""
    numbers = copied_people(connection, PERSON.name, people)
    templates = [_newest(connection, kind) for kind in (0, 1)]
    chance = random.Random(4)
    made = list(_grants(connection, templates, phones, numbers, chance))
    for kind, template in enumerate(templates):
        of_kind = (changes for number, changes in enumerate(made) if (number % APPLICATION_EVERY == 0) == bool(kind))
        copy(connection, "grants", ("id", template), of_kind)
    _audit(connection, made)
    return _known(connection, made, chance)


def _newest(connection: sqlite3.Connection, kind: int) -> bytes:
    asked = "SELECT g.id FROM grants g JOIN links l ON l.number = g.link WHERE l.kind = ? ORDER BY g.id DESC LIMIT 1"
    found: bytes = connection.execute(asked, (kind,)).fetchone()[0]
    return found


def _texts(connection: sqlite3.Connection, texts: Sequence[str]) -> list[int]:
    connection.executemany("INSERT OR IGNORE INTO texts (text) VALUES (?)", [(text,) for text in texts])
    return [connection.execute("SELECT id FROM texts WHERE text = ?", (text,)).fetchone()[0] for text in texts]


def _grants(
    connection: sqlite3.Connection, templates: Sequence[bytes], count: int, people: range, chance: random.Random
) -> Iterator[Changes]:
    """Signed in over months; most used within the last days, some idle for long, a few ended."""
    now = int.from_bytes(templates[0][:6], "big") - 1
    agents, reasons = _texts(connection, AGENTS), _texts(connection, REASONS)
    for number in range(count):
        age = OLDEST_DAYS * DAY_MS * (count - number) // count
        most_idle = age if number % IDLE_EVERY == 0 else min(age, USUAL_IDLE_DAYS * DAY_MS)
        rotated = age - chance.randrange(most_idle)
        is_ended = number % ENDED_EVERY == 0
        yield {
            "id": (now - age).to_bytes(6, "big") + secrets.token_bytes(10),
            "account": people[chance.randrange(len(people))],
            "device": None if number % UNMARKED_EVERY == 0 else secrets.token_bytes(16),
            "user_agent": chance.choice(agents),
            "generation": 1 + rotated // DAY_MS,
            "rotated_at": rotated,
            "last_seen": rotated + 1,
            "state": int(is_ended),
            "reason": chance.choice(reasons) if is_ended else 0,
            "ended_at": now - chance.randrange(min(age, KEPT_DAYS * DAY_MS)) if is_ended else 0,
        }


def _audit(connection: sqlite3.Connection, grants: Sequence[Changes]) -> None:
    """A line for each of the latest sign-ins, numbered on from what the server wrote."""
    last = connection.execute("SELECT id FROM audit WHERE grant_id IS NOT NULL ORDER BY id DESC LIMIT 1").fetchone()[0]
    first = connection.execute("SELECT max(id) FROM audit").fetchone()[0] + 1
    ids = [grant["id"] for grant in grants[-AUDIT_LINES:]]
    lines: Iterator[Changes] = (
        {"id": first + number, "grant_id": made, "at": int.from_bytes(bytes(made[:6]), "big")}
        for number, made in enumerate(ids)
        if isinstance(made, bytes)
    )
    copy(connection, "audit", ("id", last), lines)


def _known(connection: sqlite3.Connection, grants: Sequence[Changes], chance: random.Random) -> Known:
    phones = [str(bytes(g["id"]).hex()) for g in chance.sample(grants, 200) if isinstance(g["id"], bytes)]
    accounts = connection.execute("SELECT id, folded FROM accounts WHERE number % 97 = 5 LIMIT 200").fetchall()
    links = dict(connection.execute("SELECT kind, id FROM links ORDER BY number DESC").fetchall())
    return Known(
        phones, [f"{row[0]:016x}" for row in accounts], [row[1] for row in accounts], f"{links[0]:016x}",
        f"{links[1]:016x}",
    )  # fmt: skip
