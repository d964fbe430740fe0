"""The bytes of LDAP: the part of BER that RFC 4511 5.1 allows, written and read within bounds."""

from dataclasses import dataclass

from genkan.wire.budget import DIRECTORY_ENTRY, Purse, TooMuch

INTEGER = 0x02
OCTETS = 0x04
BOOLEAN = 0x01
ENUMERATED = 0x0A
SEQUENCE = 0x30
SET = 0x31
MOST_LENGTH_BYTES = 4


class Garbled(Exception):
    """What came is not LDAP."""


def write(tag: int, *parts: bytes) -> bytes:
    """One element."""
    body = b"".join(parts)
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def integer(value: int, tag: int = INTEGER) -> bytes:
    """A number that is not negative."""
    return write(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(value: bytes, tag: int = OCTETS) -> bytes:
    """A string of bytes."""
    return write(tag, value)


def text(value: str, tag: int = OCTETS) -> bytes:
    """A string of characters."""
    return write(tag, value.encode("utf-8", "surrogatepass"))


def boolean(value: bool, tag: int = BOOLEAN) -> bytes:
    """RFC 4511 5.1 (4): true is FF alone."""
    return write(tag, b"\xff" if value else b"\x00")


@dataclass(slots=True)
class Reader:
    """Elements one after the other in ``data[at:end]``. ``purse`` is the whole message's."""

    data: bytes
    at: int
    end: int
    purse: Purse

    @classmethod
    def of(cls, data: bytes) -> "Reader":
        """All of it."""
        return cls(data, 0, len(data), DIRECTORY_ENTRY.purse())

    @property
    def is_done(self) -> bool:
        """Whether nothing is left."""
        return self.at >= self.end

    @property
    def tag(self) -> int:
        """The next element's tag, -1 where there is none."""
        return -1 if self.is_done else self.data[self.at]

    def element(self, tag: int) -> "Reader":
        """Go into the next element, which must have this tag."""
        if self.tag != tag:
            raise Garbled(f"tag {self.tag:#x} where {tag:#x} was due")
        start, size = _length(self.data, self.at + 1, self.end)
        if size > self.end - start:
            raise Garbled("an element is longer than what holds it")
        try:
            self.purse.spend()
        except TooMuch:
            raise Garbled("a message of more values than any entry has") from None
        self.at = start + size
        return Reader(self.data, start, start + size, self.purse)

    def skip(self) -> None:
        """Pass the next element by, whatever it is."""
        self.element(self.tag)

    def octets(self, tag: int = OCTETS) -> bytes:
        """The next element as bytes."""
        found = self.element(tag)
        return self.data[found.at : found.end]

    def text(self, tag: int = OCTETS) -> str:
        """The next element as text; bytes that are none are replaced, for it is only shown."""
        return self.octets(tag).decode("utf-8", "replace")

    def integer(self, tag: int = INTEGER) -> int:
        """The next element as a number of at most 32 bits."""
        raw = self.octets(tag)
        if not 1 <= len(raw) <= 5:
            raise Garbled("a number of a size that LDAP does not have")
        return int.from_bytes(raw, "big", signed=True)


def frame_rest(head: bytes) -> int | None:
    """How many bytes follow this beginning of a message; None while the beginning does not say it."""
    if head[0] != SEQUENCE:
        raise Garbled("not the beginning of an LDAP message")
    if len(head) < 2:
        return None
    count = head[1] & 0x7F if head[1] & 0x80 else 0
    if head[1] == 0x80 or count > MOST_LENGTH_BYTES:
        raise Garbled("a length that LDAP does not have")
    if len(head) < 2 + count:
        return None
    size = int.from_bytes(head[2 : 2 + count], "big") if count else head[1]
    return 2 + count + size - len(head)


def _length(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Where the content begins, and its size."""
    if at >= end:
        raise Garbled("an element without a length")
    first = data[at]
    if first < 0x80:
        return at + 1, first
    count = first & 0x7F
    # RFC 4511 5.1 (1): only the definite form.
    if not 1 <= count <= MOST_LENGTH_BYTES or at + 1 + count > end:
        raise Garbled("a length that LDAP does not have")
    return at + 1 + count, int.from_bytes(data[at + 1 : at + 1 + count], "big")
