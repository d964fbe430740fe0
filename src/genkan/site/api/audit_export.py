"""Lines of the audit for other programs: JSON, and CSV that no spreadsheet obeys. The commands and the site write the
same.
"""

import csv
import io
import json
from collections.abc import AsyncGenerator

from genkan.site.answer import Answer
from genkan.site.api.audit_documents import Names, event_document
from genkan.site.api.documents import plain
from genkan.store.api import AuditQuery, Store
from genkan.store.audit_walk import pages

# What a spreadsheet may take for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
EXPORTED = (
    "id", "at", "kind", "actor", "actorName", "account", "accountId", "link", "linkId", "phone", "address", "reason",
    "detail",
)  # fmt: skip
FORMATS = {"csv": "text/csv", "jsonl": "application/jsonl"}


def download(store: Store, query: AuditQuery, form: str) -> Answer:
    """The same as a file that a browser keeps."""
    headers = (
        (b"content-type", f"{FORMATS[form]}; charset=utf-8".encode()),
        (b"content-disposition", f'attachment; filename="audit.{form}"'.encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    )
    return Answer(200, headers, parts=exported(store, query, form))


async def exported(store: Store, query: AuditQuery, form: str) -> AsyncGenerator[bytes, None]:
    """Everything that a query asks for, piece by piece, in one of FORMATS; its ``limit`` is that of one piece."""
    names = Names(store)
    if form == "csv":
        yield row(dict.fromkeys(EXPORTED), heading=True)
    async for page in pages(store, query):
        shown = [plain(await event_document(line, names)) for line in page.lines]
        yield b"".join(row(one) if form == "csv" else json.dumps(one).encode() + b"\n" for one in shown)


def row(shown: dict[str, object], *, heading: bool = False) -> bytes:
    """A line of CSV (RFC 4180 2), or the names of its columns."""
    text = io.StringIO()
    csv.writer(text).writerow(EXPORTED if heading else [cell(shown[name]) for name in EXPORTED])
    return text.getvalue().encode()


def cell(value: object) -> str:
    """A cell of CSV. What a spreadsheet would take for a formula gets an apostrophe before it, as one would type it."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
