"""What a site has that a copy of it has not, told by comparing the two SQLite stores. Changes neither."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from genkan.store.api import CannotOpen

_SITES = "SELECT (SELECT site_id FROM site) = (SELECT site_id FROM present.site)"
# A name without a schema is the copy's own, on both engines.
NEWER = """
    SELECT
        (SELECT COUNT(*) FROM present.grants p WHERE NOT EXISTS (SELECT 1 FROM grants c WHERE c.id = p.id)),
        (SELECT COUNT(*) FROM grants c JOIN present.grants p ON p.id = c.id
            WHERE c.state = 0 AND p.generation > c.generation),
        (SELECT COUNT(*) FROM grants c JOIN present.grants p ON p.id = c.id WHERE c.state = 0 AND p.state = 1),
        (SELECT COUNT(*) FROM present.links p WHERE NOT EXISTS (SELECT 1 FROM links c WHERE c.id = p.id)),
        (SELECT COUNT(*) FROM present.accounts p WHERE NOT EXISTS (SELECT 1 FROM accounts c WHERE c.id = p.id)),
        (SELECT COUNT(*) FROM links c JOIN present.links p ON p.id = c.id WHERE p.version > c.version)
            + (SELECT COUNT(*) FROM accounts c JOIN present.accounts p ON p.id = c.id WHERE p.version > c.version)
            + (SELECT COUNT(*) FROM api_keys c JOIN present.api_keys p ON p.id = c.id
                WHERE p.revoked_at IS NOT NULL AND c.revoked_at IS NULL),
        (SELECT COUNT(*) FROM present.stops p WHERE NOT EXISTS (
            SELECT 1 FROM stops c WHERE c.subject = p.subject AND c.number = p.number AND c.counter >= p.counter)),
        (SELECT COUNT(*) FROM present.audit p WHERE p.id > ?)
"""


@dataclass(frozen=True, slots=True)
class Losses:
    """Counts of what came after the backup. ``sign_ins``, ``links``, ``accounts`` are not in it; ``gone_on`` phones
    refreshed since; ``signed_out`` ended since and would live again; ``changed`` accounts and links, and API keys that
    were revoked, would be as before; ``stops`` are of whole accounts, links or keys, ``events`` lines of the audit.
    """

    sign_ins: int
    gone_on: int
    signed_out: int
    links: int
    accounts: int
    changed: int
    stops: int
    events: int


def losses(copy: Path, present: Path, last_event: int) -> Losses | None:
    """``last_event`` is the last line of the audit that the backup has: its copy may have been written to since.

    None where the two are different sites, or the present one cannot be read: then nobody can know.
    """
    if not present.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)) as db:
            db.execute("ATTACH DATABASE ? AS present", (f"{present.absolute().as_uri()}?mode=rw",))
            db.execute("PRAGMA query_only=ON")
            if db.execute(_SITES).fetchone()[0] != 1:
                return None
            return Losses(*db.execute(NEWER, (last_event,)).fetchone())
    except sqlite3.OperationalError as problem:
        if "no such" in str(problem):
            return None
        raise CannotOpen(f"{present} cannot be compared: {problem}") from problem
    except sqlite3.DatabaseError:
        return None
