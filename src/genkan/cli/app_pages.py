"""A list that comes in pages: what is on one, and where the next one is, in the ways that sites of this kind have.

Owns the reading of pages: Jira's startAt and nextPage, Bitbucket's nextPageStart, Genkan's next, and RFC 8288's links.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from genkan.app.steps import Answer
from genkan.wire.jsontext import decode, integer, text

LISTS = ("values", "issues", "results", "items", "comments", "worklogs", "records")
# Our own lists go on after the last row, but for phones, of which the newest come first.
CURSORS = {"phones": "before"}
MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class Page:
    """The items as they were written, and the path of the page after this one."""

    items: tuple[bytes, ...]
    following: str | None


@dataclass(frozen=True, slots=True)
class NoPage:
    """Why an answer is no page of a list."""

    sentence: str


def read_page(base_url: str, path: str, answer: Answer) -> Page | NoPage:
    """The page that an answer to this path is."""
    try:
        whole = msgspec.json.decode(answer.body, type=dict[str, msgspec.Raw] | list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return NoPage("The answer is no JSON list and no page of one: leave --paginate out.")
    if isinstance(whole, list):
        return _page(base_url, whole, _linked(answer.headers.get("link", "")))
    name = _list_name(whole)
    if name is None:
        return NoPage("The answer has no list in it, or several: leave --paginate out.")
    items = msgspec.json.decode(whole[name], type=list[msgspec.Raw])
    members = {key: decode(bytes(value)) for key, value in whole.items() if key != name}
    return _page(base_url, items, _following(path, name, len(items), members))


def _page(base_url: str, items: Sequence[msgspec.Raw], following: str | None) -> Page | NoPage:
    if following is not None and "://" in following:
        # An address is only followed where it stays with the site: the token goes along.
        if not following.startswith(f"{base_url}/"):
            return NoPage("The next page lies outside the site: nothing more was asked.")
        following = following[len(base_url) :]
    elif following is not None and not following.startswith("/"):
        return NoPage("The answer names a next page that is no address: nothing more was asked.")
    return Page(tuple(bytes(item) for item in items), following)


def _list_name(members: Mapping[str, msgspec.Raw]) -> str | None:
    lists = [name for name, value in members.items() if bytes(value)[:1] == b"["]
    known = [name for name in LISTS if name in lists]
    return known[0] if known else lists[0] if len(lists) == 1 else None


def _following(path: str, name: str, count: int, members: Mapping[str, object]) -> str | None:
    if members.get("isLast") is True or members.get("isLastPage") is True:
        return None
    if following := text(members.get("nextPage")):
        return following
    if (start := integer(members.get("nextPageStart"))) is not None:
        return _with(path, "start", str(start))
    if following := text(members.get("next")):
        # Bitbucket Cloud writes an address there, our own API the mark to go on from.
        return following if "://" in following else _with(path, CURSORS.get(name, "after"), following)
    return _counted(path, count, members)


def _counted(path: str, count: int, members: Mapping[str, object]) -> str | None:
    """Jira's older lists say where they began and how many there are."""
    began, total = integer(members.get("startAt")), integer(members.get("total"))
    if began is None or count == 0 or (total is not None and began + count >= total):
        return None
    if total is None and "isLast" not in members:
        return None
    return _with(path, "startAt", str(began + count))


def _with(path: str, name: str, value: str) -> str:
    bare, _, query = path.partition("?")
    kept = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != name]
    return f"{bare}?{urlencode([*kept, (name, value)])}"


def _linked(header: str) -> str | None:
    """RFC 8288 3: the link whose relation is ``next``."""
    for link in _links(header):
        address, _, parameters = link.partition(">")
        relations = [part.strip().partition("=")[2].strip('", ') for part in parameters.split(";") if "rel" in part]
        if any("next" in relation.split() for relation in relations):
            parts = urlsplit(address)
            return address if parts.scheme else None
    return None


def _links(header: str) -> Iterator[str]:
    return (part for part in header.split("<")[1:] if ">" in part)
