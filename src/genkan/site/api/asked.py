"""The query of a list of the API: only parameters that are declared, each as its declaration says. And what lists
share: accounts and links by what callers name them.
"""

from collections.abc import Sequence

from genkan.protocol import accounts
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account, Link
from genkan.site import read
from genkan.site.api.documents import read_public_id
from genkan.site.api.openapi import Query
from genkan.site.door import Door
from genkan.site.received import Malformed, Received

DIGITS = 18


def parameters(received: Received, declared: Sequence[Query]) -> read.Form:
    """The query's parameters. Malformed for one that nobody declared, and for a value outside its declaration."""
    asked = read.query(received)
    known = {query.name: query for query in declared}
    strange = asked.keys() - known.keys()
    if strange:
        raise Malformed(Reason.INVALID_VALUE, f"unknown parameter {min(strange)[:50]}")
    for name, text in asked.items():
        _check(known[name], text)
    return asked


def _check(query: Query, text: str) -> None:
    choices = ("true", "false") if query.type == "boolean" else query.choices
    if choices and text not in choices:
        raise Malformed(Reason.INVALID_VALUE, f"{query.name}: {', '.join(choices)}")
    if query.type == "integer":
        least, most = query.least or 0, query.most
        number = _number(text)
        if number is None or number < least or (most is not None and number > most):
            raise Malformed(Reason.INVALID_VALUE, f"{query.name}: {least} to {most}")


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else None


async def account_named(name: str, door: Door) -> Account | None:
    """The account of this name in any spelling."""
    folded = accounts.fold(name)
    return await door.store.account_by_name(folded) if folded else None


async def link_named(text: str, door: Door) -> Link | None:
    """The link with this id or client id, deleted or not."""
    number = read_public_id(text)
    link = await door.store.link(number) if number is not None else None
    return link or await door.store.link_by_client_id(text)
