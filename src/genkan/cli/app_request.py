"""``genkan app request``: one call of the site's API, or a list page by page, printed for a person or a program."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, BinaryIO

import msgspec
from cyclopts import Parameter

from genkan.app.outcomes import Problem
from genkan.app.session import Session
from genkan.app.state import SessionState
from genkan.app.steps import API_LIMIT, Answer
from genkan.cli.app_bodies import MOST_BYTES, Pairs, Written, body_of, headers_of, with_query
from genkan.cli.app_input import is_path
from genkan.cli.app_pages import MOST_PAGES, NoPage, read_page
from genkan.cli.app_session import AccountName, chosen, opened, told
from genkan.cli.app_trace import safe_url
from genkan.cli.app_words import DONE, NO, SET_UP, fail, is_page, page_words, stopped
from genkan.wire.urls import join

PIECE = 64 * 1024
ACCEPT_JSON = ("Accept", "application/json")
REDIRECTS = {301, 302, 303, 307, 308}
Call = Callable[[str], Answer | Problem]


Site = Annotated[str | None, Parameter(help="The site's address, when there are several sessions.")]
Header = Annotated[
    tuple[str, ...], Parameter(name=["--header", "-H"], negative="", help="A header, as in 'Accept: text/csv'.")
]
Query = Annotated[
    tuple[str, ...], Parameter(name=["--query", "-q"], negative="", help="NAME=VALUE to add to the query.")
]
Data = Annotated[
    tuple[str, ...],
    Parameter(
        name=["--data", "-d"],
        negative="",
        help="A form body, joined with & where repeated; @FILE reads it from a file, @- from standard input.",
    ),
]
Form = Annotated[
    tuple[str, ...],
    Parameter(
        name=["--form", "-F"], negative="", help="A field of a multipart form: NAME=VALUE, or NAME=@FILE to upload."
    ),
]
Upload = Annotated[Path | None, Parameter(name=["--upload", "-T"], help="A file as the body, as it is.")]
Include = Annotated[
    bool, Parameter(name=["--include", "-i"], negative="", help="Print status and headers before the body.")
]
Output = Annotated[Path | None, Parameter(name=["--output", "-o"], help="Write the body to this file.")]
Pretty = Annotated[
    bool | None,
    Parameter(negative="--raw", help="Indent JSON, or leave it as it came; a terminal gets it indented."),
]
Paginate = Annotated[
    bool, Parameter(negative="", help="Ask for every page of a list, and print its items as one JSON list.")
]


@told
def request(
    method: Annotated[str, Parameter(help="GET, POST, PUT, DELETE, …")],
    path: Annotated[str, Parameter(help="The path below the site's address, query included.")],
    /,
    *,
    site: Site = None,
    account: AccountName = None,
    header: Header = (),
    query: Query = (),
    data: Data = (),
    json_body: Annotated[str | None, Parameter(help="A JSON body; @FILE and @- as with --data.")] = None,
    form: Form = (),
    upload: Upload = None,
    paginate: Paginate = False,
    include: Include = False,
    output: Output = None,
    pretty: Pretty = None,
) -> int:
    """Call the site's API as the person who is signed in, and print the answer's body.

    Example: genkan app request GET /rest/api/2/serverInfo
    """
    body = body_of(Written(data, json_body, form, upload))
    if isinstance(body, int):
        return body
    headers = headers_of(header, (ACCEPT_JSON, *body[0]))
    if isinstance(headers, int):
        return headers
    whole = with_query(path, query)
    if isinstance(whole, int):
        return whole
    if not method.isascii() or not method.isalpha() or not is_path(whole):
        return fail("Write a method and a path that begins with one slash, as in GET /rest/api/2/myself.", SET_UP)
    if paginate and (method.upper() != "GET" or body[1] is not None or include):
        return fail("--paginate goes with GET alone, without a body and without --include.", SET_UP)
    with opened() as sessions:
        state = chosen(sessions, site, account)
        if isinstance(state, int):
            return state
        # What goes to a file may be as long as what a file sends.
        limit = API_LIMIT if output is None else MOST_BYTES
        call = _caller(sessions.open(state.id), method.upper(), headers, body[1], limit)
        printer = Printer(pretty=sys.stdout.isatty() if pretty is None else pretty, include=include, file=output)
        return _every_page(call, whole, state, printer) if paginate else _once(call, whole, state, printer)


def _caller(session: Session, method: str, headers: Pairs, body: bytes | None, limit: int) -> Call:
    return lambda path: session.call(method, path, headers, body, limit)


class Printer:
    """Where an answer goes and how it looks there."""

    def __init__(self, *, pretty: bool, include: bool, file: Path | None) -> None:
        self.pretty = pretty
        self.include = include
        self.file = None if file == Path("-") else file
        self.shows_headers = include and self.file is None

    def show(self, answer: Answer) -> int:
        """The answer, where it is to go; the status that this ends with."""
        body = _indented(answer.body) if self.pretty else answer.body
        if self.file is not None:
            return _to_file(self.file, lambda file: _written(file, answer.body))
        if sys.stdout.isatty() and not self.include and b"\0" in body:
            kind = answer.headers.get("content-type", "bytes")
            return fail(f"The answer is {len(body)} bytes of {kind}: write it to a file with --output FILE.", SET_UP)
        if self.include:
            lines = [f"HTTP {answer.status}", *(f"{name}: {value}" for name, value in answer.headers.items()), "", ""]
            head = "\n".join(lines)
            sys.stdout.write(_shown(head) if sys.stdout.isatty() else head)
        sys.stdout.flush()
        _written(sys.stdout.buffer, _harmless(body) if sys.stdout.isatty() else body, ends=True)
        return DONE

    def list_to(self, write: Callable[[BinaryIO], int]) -> int:
        """A list goes out as it comes in."""
        if self.file is not None:
            return _to_file(self.file, write)
        sys.stdout.flush()
        return write(sys.stdout.buffer)


def _to_file(path: Path, write: Callable[[BinaryIO], int]) -> int:
    try:
        with path.open("wb") as file:
            return write(file)
    except OSError as trouble:
        return fail(f"{path} cannot be written: {trouble.strerror}.", SET_UP)


def _once(call: Call, path: str, state: SessionState, printer: Printer) -> int:
    answer = call(path)
    if not isinstance(answer, Answer):
        return stopped(answer, state)
    target = _target_of(answer)
    if not printer.shows_headers:
        if target is not None:
            return fail(_elsewhere(answer, target), NO)
        if is_page(answer) and not _is_attachment(answer):
            # A page is for a browser; on a terminal its markup hides what happened, and in a file that nothing came.
            return fail(page_words(answer, join(state.site.base_url, path)), NO)
    status = printer.show(answer)
    if target is not None:
        return status or fail(_elsewhere(answer, target), NO)
    return status if status or answer.status < 400 else fail(f"The site answered {answer.status}.", NO)


def _target_of(answer: Answer) -> str | None:
    """Where a redirect leads, in words; it is not followed, for the token is the site's alone."""
    # RFC 9110 15.4: 300 and 304 among these lead nowhere
    if answer.status not in REDIRECTS:
        return None
    return safe_url(answer.headers.get("location", "")) or "no address"


def _elsewhere(answer: Answer, target: str) -> str:
    return f"The site answered {answer.status} and leads to {target}, where the app does not follow: nothing was read."


def _is_attachment(answer: Answer) -> bool:
    """A file that somebody attached may be a page as well, and the site says so."""
    # RFC 6266 4.2
    return answer.headers.get("content-disposition", "").strip().lower().startswith("attachment")


def _every_page(call: Call, path: str, state: SessionState, printer: Printer) -> int:
    return printer.list_to(lambda file: _write_pages(call, path, state, file))


def _write_pages(call: Call, path: str, state: SessionState, file: BinaryIO) -> int:
    """One JSON list. Where a page fails it is left open, so that nobody takes a part for the whole."""
    between = b"[\n"
    asked: set[str] = set()
    following: str | None = path
    while following is not None:
        asked.add(following)
        answer = call(following)
        if not isinstance(answer, Answer):
            return stopped(answer, state)
        if answer.status >= 300 or is_page(answer):
            return fail(f"The site answered {answer.status} for {following}.", NO)
        page = read_page(state.site.base_url, following, answer)
        if isinstance(page, NoPage):
            return fail(page.sentence, NO)
        for item in page.items:
            file.write(between + item)
            between = b",\n"
        following = page.following
        if following in asked or len(asked) >= MOST_PAGES:
            return fail("The pages of this list do not end: it names one again, or more than can be.", NO)
    file.write(b"[]\n" if between == b"[\n" else b"\n]\n")
    file.flush()
    return DONE


def _written(file: BinaryIO, body: bytes, *, ends: bool = False) -> int:
    # In pieces, so that a pipe that nobody reads any more is noticed however long the rest is.
    file.writelines(body[start : start + PIECE] for start in range(0, len(body), PIECE))
    if ends and body and not body.endswith(b"\n"):
        file.write(b"\n")
    file.flush()
    return DONE


def _indented(body: bytes) -> bytes:
    """JSON on several lines, every number and name as it was written; anything else as it is."""
    try:
        return msgspec.json.format(body, indent=2)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return body


def _harmless(body: bytes) -> bytes:
    """What a terminal would obey is shown and not obeyed: the body is the site's, and whoever writes there."""
    text = body.decode("utf-8", "replace")
    if all(character.isprintable() or character in "\n\t\r" for character in text):
        return body
    return _shown(text).encode()


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in text)
