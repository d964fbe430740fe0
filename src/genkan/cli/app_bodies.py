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
from genkan.app.files import MOST_HELD, source_of
from genkan.app.sending import OWN_HEADERS, TOKEN
from genkan.app.steps import Source
from genkan.cli.app_words import SET_UP, fail

Pairs = tuple[tuple[str, str], ...]
Body = bytes | Source | None
FORM = ("Content-Type", "application/x-www-form-urlencoded")


class NotSendable(Exception):
    """What is wrong with what was written, as one sentence."""


@dataclass(frozen=True, slots=True)
class Written:
    """What the options say of a body; one kind of it at most."""

    data: Sequence[str] = ()
    json_body: str | None = None
    form: Sequence[str] = ()
    upload: Path | None = None


def body_of(written: Written) -> tuple[Pairs, Body] | int:
    """Headers that the body brings along, and the body; files are read while it is sent."""
    given = [bool(written.data), written.json_body is not None, bool(written.form), written.upload is not None]
    if sum(given) > 1:
        return fail("Give one of --data, --json-body, --form and --upload.", SET_UP)
    try:
        headers, parts = _parts(written)
        return headers, source_of(parts) if parts else None
    except NotSendable as problem:
        return fail(str(problem), SET_UP)
    except (OSError, ValueError) as trouble:
        return fail(_unread(trouble), SET_UP)


def _parts(written: Written) -> tuple[Pairs, list[bytes | Path]]:
    if written.data:
        joined = [part for each in written.data for part in (b"&", _content(each))]
        return (FORM,), joined[1:]
    if written.json_body is not None:
        return (("Content-Type", "application/json"),), [_json(_read(_content(written.json_body)))]
    if written.form:
        return _multipart(written.form)
    if written.upload is not None:
        return (("Content-Type", _kind_of(written.upload)),), [written.upload]
    return (), []


def _unread(trouble: OSError | ValueError) -> str:
    if isinstance(trouble, OSError):
        return f"{trouble.filename} cannot be read: {trouble.strerror}."
    return "A file cannot be read: its name is no name of a file."


def _json(content: bytes) -> bytes:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        raise NotSendable("The body is not JSON.") from None
    return content


def _content(given: str) -> bytes | Path:
    if given == "@-":
        return _bounded(sys.stdin.buffer.read(MOST_HELD + 1), "standard input")
    return Path(given[1:]) if given.startswith("@") else _typed(given)


def _read(content: bytes | Path) -> bytes:
    if isinstance(content, bytes):
        return content
    with content.open("rb") as file:
        return _bounded(file.read(MOST_HELD + 1), str(content))


def _bounded(content: bytes, what: str) -> bytes:
    if len(content) > MOST_HELD:
        raise NotSendable(f"{what} is longer than {MOST_HELD >> 20} MiB: write it to a file, and send that.")
    return content


def _multipart(fields: Sequence[str]) -> tuple[Pairs, list[bytes | Path]]:
    """RFC 7578: a part for each field, in their order."""
    boundary = clock.draw(16).hex()
    parts = [piece for field in fields for piece in _part(field, boundary)]
    # Jira takes a form with a file from a program only with this word, since a browser cannot send it unasked.
    headers = (("Content-Type", f"multipart/form-data; boundary={boundary}"), ("X-Atlassian-Token", "no-check"))
    return headers, [*parts, f"--{boundary}--\r\n".encode()]


def _part(field: str, boundary: str) -> tuple[bytes | Path, ...]:
    name, equals, value = field.partition("=")
    if not name or not equals:
        raise NotSendable(f"--form {field}: write NAME=VALUE, or NAME=@FILE for a file.")
    lines = [f'Content-Disposition: form-data; name="{_quoted(name)}"']
    content: bytes | Path = _typed(value)
    if value.startswith("@"):
        place, _, kind = value[1:].partition(";type=")
        content = Path(place)
        lines[0] += f'; filename="{_quoted(content.name)}"'
        lines.append(f"Content-Type: {_checked(kind) if kind else _kind_of(content)}")
    head = "".join(f"{line}\r\n" for line in lines)
    return _typed(f"--{boundary}\r\n{head}\r\n"), content, b"\r\n"


def _typed(text: str) -> bytes:
    """What a person typed, byte for byte, also where it is no UTF-8."""
    return text.encode("utf-8", "surrogateescape")


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
    if not colon or not name or not TOKEN.issuperset(name):
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
