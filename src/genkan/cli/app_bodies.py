"""The body and the headers of ``genkan app request`` from what a person writes: read, or refused with one line.

Owns files, standard input and multipart forms; the session's own headers are not the person's to write.
"""

import json
import mimetypes
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from genkan import clock
from genkan.app.sending import OWN_HEADERS
from genkan.cli.app_words import SET_UP, fail

Pairs = tuple[tuple[str, str], ...]

MOST_BYTES = 256 * 1024 * 1024
FORM = ("Content-Type", "application/x-www-form-urlencoded")
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class NotSendable(Exception):
    """What is wrong with what was written, as one sentence."""


@dataclass(frozen=True, slots=True)
class Written:
    """What the options say of a body; one kind of it at most."""

    data: Sequence[str] = ()
    json_body: str | None = None
    form: Sequence[str] = ()
    upload: Path | None = None


def body_of(written: Written) -> tuple[Pairs, bytes | None] | int:
    """Headers that the body brings along, and the body."""
    given = [bool(written.data), written.json_body is not None, bool(written.form), written.upload is not None]
    if sum(given) > 1:
        return fail("Give one of --data, --json-body, --form and --upload.", SET_UP)
    try:
        return _read(written)
    except NotSendable as problem:
        return fail(str(problem), SET_UP)


def _read(written: Written) -> tuple[Pairs, bytes | None]:
    if written.data:
        return (FORM,), b"&".join(_content(each) for each in written.data)
    if written.json_body is not None:
        return (("Content-Type", "application/json"),), _json(_content(written.json_body))
    if written.form:
        return _multipart(written.form)
    if written.upload is not None:
        return (("Content-Type", _kind_of(written.upload)),), _file(written.upload)
    return (), None


def _json(content: bytes) -> bytes:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        raise NotSendable("The body is not JSON.") from None
    return content


def _content(given: str) -> bytes:
    if given == "@-":
        return _bounded(sys.stdin.buffer.read(MOST_BYTES + 1), "standard input")
    return _file(Path(given[1:])) if given.startswith("@") else given.encode()


def _file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return _bounded(file.read(MOST_BYTES + 1), str(path))
    except (OSError, ValueError) as trouble:
        why = trouble.strerror if isinstance(trouble, OSError) else "it is no name of a file"
        raise NotSendable(f"{path} cannot be read: {why}.") from None


def _bounded(content: bytes, what: str) -> bytes:
    if len(content) > MOST_BYTES:
        raise NotSendable(f"{what} is longer than {MOST_BYTES >> 20} MiB, which one request does not carry.")
    return content


def _multipart(fields: Sequence[str]) -> tuple[Pairs, bytes]:
    """RFC 7578: a part for each field, in their order."""
    boundary = clock.draw(16).hex()
    parts = [_part(field, boundary) for field in fields]
    body = b"".join([*parts, f"--{boundary}--\r\n".encode()])
    # Jira takes a form with a file from a program only with this word, since a browser cannot send it unasked.
    return (("Content-Type", f"multipart/form-data; boundary={boundary}"), ("X-Atlassian-Token", "no-check")), body


def _part(field: str, boundary: str) -> bytes:
    name, equals, value = field.partition("=")
    if not name or not equals:
        raise NotSendable(f"--form {field}: write NAME=VALUE, or NAME=@FILE for a file.")
    lines = [f'Content-Disposition: form-data; name="{_quoted(name)}"']
    content = value.encode()
    if value.startswith("@"):
        place, _, kind = value[1:].partition(";type=")
        path = Path(place)
        content = _file(path)
        lines[0] += f'; filename="{_quoted(path.name)}"'
        lines.append(f"Content-Type: {_checked(kind) if kind else _kind_of(path)}")
    head = "".join(f"{line}\r\n" for line in lines)
    return f"--{boundary}\r\n{head}\r\n".encode() + content + b"\r\n"


def _quoted(text: str) -> str:
    # RFC 7578 2: what would end the quotation or the line is percent-encoded, as browsers do
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


def _kind_of(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def headers_of(written: Iterable[str], before: Pairs) -> Pairs | int:
    """The headers to send: those that were written, and of the others those that they do not replace."""
    try:
        own = tuple(_header(line) for line in written)
    except NotSendable as problem:
        return fail(str(problem), SET_UP)
    replaced = {name.lower() for name, _ in own}
    return (*(pair for pair in before if pair[0].lower() not in replaced), *own)


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    # RFC 9110 5.6.2: a name is a token; 5.5: a value has no line end in it
    if not colon or not name or not _TOKEN.issuperset(name):
        raise NotSendable(f"--header {line}: write it as in 'Accept: text/csv'.")
    if name.lower() in OWN_HEADERS:
        raise NotSendable(f"--header {name}: that one is the session's own to send.")
    return name, _checked(value)


def _checked(value: str) -> str:
    if not all(" " <= character <= "~" or character == "\t" for character in value):
        raise NotSendable("A header holds nothing but the characters of a US keyboard.")
    return value.strip()


def with_query(path: str, pairs: Sequence[str]) -> str | int:
    """The path with parameters added to its query, encoded here so that the person need not."""
    written = [pair.partition("=") for pair in pairs]
    for pair, (name, equals, _) in zip(pairs, written, strict=True):
        if not name or not equals:
            return fail(f"--query {pair}: write NAME=VALUE.", SET_UP)
    if not written:
        return path
    added = urlencode([(name, value) for name, _, value in written], quote_via=quote)
    return f"{path}{'&' if '?' in path else '?'}{added}"
