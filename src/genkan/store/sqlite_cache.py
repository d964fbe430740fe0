"""What every request needs and hardly ever changes: the site's facts and all links, kept in memory and never stale."""

import sqlite3
from collections.abc import Mapping

from genkan.protocol.records import Link, Site
from genkan.store import rows

_SITE = f"SELECT {rows.SITE_COLUMNS} FROM site"  # noqa: S608 made of constants
_LINKS = f"SELECT number, {rows.LINK_COLUMNS} FROM links ORDER BY created_at, number"  # noqa: S608 made of constants


class SiteCache:
    """Valid for exactly one ``site.version``, a counter that every change of the site's facts or of a link moves.

    A read that depends on these facts brings the counter along in the same statement, so that it sees them and its rows
    at one moment, whichever process wrote them.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.version = -1
        self.site: Site
        self.by_id: Mapping[int, Link] = {}
        self.by_client_id: Mapping[str, Link] = {}
        self.by_number: Mapping[int, Link] = {}
        self.numbers: Mapping[int, int] = {}

    def reload(self) -> None:
        """Read site and links anew, both at one moment."""
        self._db.execute("BEGIN")
        try:
            site = rows.site(self._db.execute(_SITE).fetchone())
            found = self._db.execute(_LINKS).fetchall()
        finally:
            self._db.execute("COMMIT")
        self.by_number = {row[0]: rows.link(row[1:]) for row in found}
        self.by_id = {link.id: link for link in self.by_number.values()}
        self.by_client_id = {link.client_id: link for link in self.by_number.values()}
        self.numbers = {link.id: number for number, link in self.by_number.items()}
        self.site, self.version = site, site.version
