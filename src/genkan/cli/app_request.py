"""``genkan app request``: one call of the site's API, or a list page by page, printed for a person or a program."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from genkan import clock
from genkan.app.drive import Driver
from genkan.app.files import WholeFile, is_file, is_page
from genkan.app.outcomes import Problem
from genkan.app.reply import reply_of
from genkan.app.sending import checked_seconds
from genkan.app.session import Session
from genkan.app.state import SessionState
from genkan.app.steps import Answer, Call, Sink
from genkan.app.troubles import ApiRefused
from genkan.cli.app_bodies import Written, body_of, headers_of, with_query
from genkan.cli.app_input import is_path
from genkan.cli.app_pages import MOST_PAGES, NoPage, read_page
from genkan.cli.app_session import AccountName, chosen, opened, told
from genkan.cli.app_trace import safe_url
from genkan.cli.app_words import DONE, NO, SET_UP, fail, page_words, stopped
from genkan.wire.urls import join

PIECE = 64 * 1024
ACCEPT_JSON = ("Accept", "application/json")
REDIRECTS = {301, 302, 303, 307, 308}
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
Output = Annotated[
    Path | None,
    Parameter(name=["--output", "-o"], help="Write the body to this file, which is there when it is whole."),
]
Pretty = Annotated[
    bool | None,
    Parameter(negative="--raw", help="Indent JSON, or leave it as it came; a terminal gets it indented."),
]
Timeout = Annotated[
    float | None,
    Parameter(
        name=["--timeout", "-m"],
        help="The most seconds from the connection to the answer's last byte; a page each with --paginate.",
    ),
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
    timeout: Timeout = None,
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
    if method.upper() == "HEAD" and output is not None:
        return fail("An answer to HEAD has no body to write: use --include in the place of --output.", SET_UP)
    try:
        asked = Call(method.upper(), whole, headers, body[1], seconds=checked_seconds(timeout))
    except ValueError as wrong:
        return fail(f"--timeout: {wrong}.", SET_UP)
    with opened() as sessions:
        state = chosen(sessions, site, account)
        if isinstance(state, int):
            return state
        talk = Talk(sessions.open(state.id), state, asked)
        printer = Printer(pretty=sys.stdout.isatty() if pretty is None else pretty, include=include)
        return _answered(talk, printer, None if output == Path("-") else output, paginate=paginate)


def _answered(talk: "Talk", printer: "Printer", file: Path | None, *, paginate: bool) -> int:
    if file is not None:
        return _to_file(file, talk, paginate=paginate)
    if not paginate:
        return _once(talk, printer)
    sys.stdout.flush()
    status = _write_pages(talk, sys.stdout.buffer.write)
    sys.stdout.buffer.flush()
    return status or DONE


@dataclass(frozen=True, slots=True)
class Talk:
    """A session, and what is asked with it."""

    session: Session
    state: SessionState
    asked: Call

    def ask(self, **changed: Any) -> Answer | Problem:
        """Ask, with so much changed; raises ``OSError`` for a file that cannot be read any more."""
        return self.session.call(replace(self.asked, **changed))

    @property
    def address(self) -> str:
        """Where it is asked."""
        return join(self.state.site.base_url, self.asked.path)


@dataclass(frozen=True, slots=True)
class Printer:
    """How an answer looks on the output."""

    pretty: bool
    include: bool

    def show(self, answer: Answer) -> int:
        """The answer; the status that this ends with."""
        body = _indented(answer.body) if self.pretty else answer.body
        if sys.stdout.isatty() and not self.include and b"\0" in body:
            kind = answer.headers.get("content-type", "bytes")
            return fail(f"The answer is {len(body)} bytes of {kind}: write it to a file with --output FILE.", SET_UP)
        if self.include:
            lines = [f"HTTP {answer.status}", *(f"{name}: {value}" for name, value in answer.headers.items()), "", ""]
            head = "\n".join(lines)
            sys.stdout.write(_shown(head) if sys.stdout.isatty() else head)
        sys.stdout.flush()
        _print(_harmless(body) if sys.stdout.isatty() else body)
        return DONE


def _to_file(path: Path, talk: Talk, *, paginate: bool) -> int:
    """An answer, or a list, that is in the file when it is whole; else what was there stays."""
    file = WholeFile(path, clock.draw)
    try:
        Driver(clock.ticks).run(file.proved(talk.asked.seconds))
        status = _write_pages(talk, file.write) if paginate else _download(talk, file)
        if status is None:
            file.finish()
    except OSError as trouble:
        what = "written" if trouble.filename == str(path) else "read"
        return fail(f"{trouble.filename} cannot be {what}: {trouble.strerror}.", SET_UP)
    finally:
        file.discard()
    return status or DONE


def _download(talk: Talk, file: WholeFile) -> int | None:
    """None when all of it has come, else the status that this ends with."""
    answer = talk.ask(sink=Sink(file.write, within=file.within))
    if not isinstance(answer, Answer):
        return stopped(answer, talk.state)
    if is_file(answer.status, answer.headers):
        return None
    if answer.status < 400 and not _is_elsewhere(answer) and not is_page(answer.headers):
        # RFC 9110 15.4.5: 304, say: what is there is what would have come
        return DONE
    return _no_answer(answer, talk) or fail(_refusal(answer, talk.state), NO)


def _once(talk: Talk, printer: Printer) -> int:
    try:
        answer = talk.ask()
    except OSError as trouble:
        return fail(f"{trouble.filename} cannot be read: {trouble.strerror}.", SET_UP)
    if not isinstance(answer, Answer):
        return stopped(answer, talk.state)
    if not printer.include and (status := _no_answer(answer, talk)):
        return status
    status = printer.show(answer)
    if _is_elsewhere(answer):
        return status or fail(_elsewhere(answer), NO)
    return status if status or answer.status < 400 else fail(f"The site answered {answer.status}.", NO)


def _no_answer(answer: Answer, talk: Talk) -> int | None:
    """The status that a redirect, or a page in an answer's place, ends with; None for any other."""
    if _is_elsewhere(answer):
        return fail(_elsewhere(answer), NO)
    if is_page(answer.headers) and not is_file(answer.status, answer.headers):
        # A page is for a browser; on a terminal its markup hides what happened, and in a file that nothing came.
        return fail(page_words(answer, talk.address), NO)
    return None


def _refusal(answer: Answer, state: SessionState) -> str:
    """The site's own words, which go to no file."""
    try:
        reply_of(answer, state.site.name).checked()
    except ApiRefused as refused:
        return str(refused)
    return f"The site answered {answer.status}."


def _is_elsewhere(answer: Answer) -> bool:
    """A redirect; it is not followed, for the token is the site's alone."""
    # RFC 9110 15.4: 300 and 304 among these lead nowhere
    return answer.status in REDIRECTS


def _elsewhere(answer: Answer) -> str:
    target = safe_url(answer.headers.get("location", "")) or "no address"
    return f"The site answered {answer.status} and leads to {target}, where the app does not follow: nothing was read."


def _write_pages(talk: Talk, write: Callable[[bytes], object]) -> int | None:
    """One JSON list; None when it is whole. Where a page fails it is left open, so that nobody takes a part for it."""
    between = b"[\n"
    asked: set[str] = set()
    following: str | None = talk.asked.path
    while following is not None:
        asked.add(following)
        answer = talk.ask(path=following)
        if not isinstance(answer, Answer):
            return stopped(answer, talk.state)
        if answer.status >= 300 or is_page(answer.headers):
            return fail(f"The site answered {answer.status} for {following}.", NO)
        page = read_page(talk.state.site.base_url, following, answer)
        if isinstance(page, NoPage):
            return fail(page.sentence, NO)
        for item in page.items:
            write(between + item)
            between = b",\n"
        following = page.following
        if following in asked or len(asked) >= MOST_PAGES:
            return fail("The pages of this list do not end: it names one again, or more than can be.", NO)
    write(b"[]\n" if between == b"[\n" else b"\n]\n")
    return None


def _print(body: bytes) -> None:
    # In pieces, so that a pipe that nobody reads any more is noticed however long the rest is.
    sys.stdout.buffer.writelines(body[start : start + PIECE] for start in range(0, len(body), PIECE))
    if body and not body.endswith(b"\n"):
        sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()


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
