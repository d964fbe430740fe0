"""Owns the guess at what was meant by a text that is almost JSON: every slip is named with its place, none is passed
over. Knows no site.
"""

import json
from dataclasses import dataclass

from genkan.wire import characters
from genkan.wire.uri import HEX

CURLED = frozenset("“”„‟″«»〝〞〟❝❞\N{FULLWIDTH QUOTATION MARK}")
_SINGLE = frozenset(
    "'’`\N{LEFT SINGLE QUOTATION MARK}\N{SINGLE LOW-9 QUOTATION MARK}\u201b\N{FULLWIDTH APOSTROPHE}\u275b\u275c"
)
# What an input method for Chinese, Japanese or Korean writes where JSON has the narrow one.
WIDE = {chr(ord(narrow) + 0xFEE0): narrow for narrow in "[]{}:,"} | {"、": ",", "【": "[", "】": "]"}
_CLOSES = {'"': frozenset('"'), **dict.fromkeys(CURLED, CURLED | {'"'}), **dict.fromkeys(_SINGLE, _SINGLE)}
_SPACE = frozenset(" \t\r\n")
_DIGITS = frozenset("0123456789")
_WORD = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_") | _DIGITS
_OF_NUMBERS = _DIGITS | frozenset("+-.eE")
_LONGEST_NUMBER = 40
_NO_PLAIN = frozenset(_CLOSES) | {"\\"} | {chr(code) for code in range(32)}
_LITERALS: dict[str, object] = {"true": True, "false": False, "null": None, "none": None}
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_DEEPEST = 40
_BEHIND = ";,.`\0"
# Slips that one character is.
_OF_CHARACTERS = frozenset(
    {"typographic-quotes", "single-quotes", "full-width", "odd-spaces", "line-breaks", "nul-behind"}
)


@dataclass(frozen=True, slots=True)
class Guessed:
    """What was meant. Objects are tuples of pairs, so that no repeated key is lost; `slips` say where each is first."""

    value: object
    slips: dict[str, str]


class _Stuck(Exception):
    """What follows cannot be guessed."""


def guess(text: str) -> Guessed | str:
    """The value, or why there is none: ``cut-off`` where the text ends too early, else ``unclear``."""
    reader = _Reader(text)
    try:
        value = reader.whole()
    except _Stuck as stuck:
        return str(stuck)
    return Guessed(value, {name: reader.place(name, at) for name, at in reader.slips.items()})


class _Reader:
    """One pass through a text, from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.slips: dict[str, int] = {}

    def place(self, name: str, at: int) -> str:
        """Line and column, counted from 1, and the character where that is what is wrong."""
        where = characters.place(self._text, at)
        return f"{where} ({characters.named(self._text[at])})" if name in _OF_CHARACTERS else where

    def value(self, depth: int) -> object:
        """Any value."""
        self._skip()
        character = self._peek()
        if depth > _DEEPEST:
            raise _Stuck("unclear")
        if character == "[":
            return self._array(depth)
        if character == "{":
            return self._object(depth)
        if character in _CLOSES:
            return self._string()
        return self._scalar()

    def whole(self) -> object:
        """The value; where others follow it, all of them in one array."""
        first = self.value(0)
        values = [first]
        while self._goes_on():
            values.append(self.value(0))
        if len(values) == 1:
            return first
        items = [item for value in values for item in (value if isinstance(value, list) else [value])]
        if any(not isinstance(item, tuple) or "sites" in dict(item) for item in items):
            raise _Stuck("unclear")
        return items

    def _goes_on(self) -> bool:
        """Whether another array or object follows; pass over what may stand in between or at the end."""
        self._skip()
        begun = self._at
        while self._at < len(self._text) and self._text[self._at] in _BEHIND:
            self._at += 1
            self._skip()
        if self._at < len(self._text):
            if self._peek() not in "[{":
                raise _Stuck("unclear")
            self._slip("second-value")
            return True
        if begun < len(self._text):
            self._slip("nul-behind" if self._text[begun] == "\0" else "text-behind", begun)
        return False

    def _peek(self) -> str:
        """The next character; a wide bracket, colon or comma is told as the narrow one that was meant."""
        if self._at >= len(self._text):
            raise _Stuck("cut-off")
        character = self._text[self._at]
        if character in WIDE:
            self._slip("full-width")
            return WIDE[character]
        return character

    def _slip(self, name: str, at: int | None = None) -> None:
        self.slips.setdefault(name, self._at if at is None else at)

    def _skip(self) -> None:
        """White space, and what people take for it."""
        while self._at < len(self._text):
            if self._text[self._at] in _SPACE:
                self._at += 1
            elif self._text[self._at].isspace() or self._text[self._at] in "\ufeff\u200b\u2060":
                self._slip("odd-spaces")
                self._at += 1
            elif self._text.startswith(("//", "/*"), self._at):
                self._comment()
            else:
                return

    def _comment(self) -> None:
        self._slip("comments")
        mark = "*/" if self._text.startswith("/*", self._at) else "\n"
        end = self._text.find(mark, self._at + 2)
        self._at = len(self._text) if end < 0 else end + len(mark)

    def _array(self, depth: int) -> list[object]:
        items: list[object] = []
        self._at += 1
        while not self._closed("]", first=not items):
            items.append(self.value(depth + 1))
        return items

    def _object(self, depth: int) -> tuple[tuple[str, object], ...]:
        members: list[tuple[str, object]] = []
        self._at += 1
        while not self._closed("}", first=not members):
            name = self._name()
            self._skip()
            if self._peek() != ":":
                raise _Stuck("unclear")
            self._at += 1
            members.append((name, self.value(depth + 1)))
        return tuple(members)

    def _closed(self, bracket: str, *, first: bool) -> bool:
        """Pass the comma, or the bracket that ends the array or the object."""
        self._skip()
        comma = self._at
        if self._peek() == "," and not first:
            self._at += 1
            self._skip()
            if self._peek() == bracket:
                self._slip("comma-too-many", comma)
        elif self._peek() != bracket and not first:
            self._slip("comma-missing")
        if self._peek() != bracket:
            return False
        self._at += 1
        return True

    def _name(self) -> str:
        if self._peek() in _CLOSES:
            return self._string()
        at, word = self._at, self._run(_WORD)
        if not word or word[0] in _DIGITS:
            raise _Stuck("unclear")
        self._slip("bare-words", at)
        return word

    def _run(self, characters: frozenset[str]) -> str:
        """The longest stretch of such characters from here on."""
        begun = self._at
        while self._at < len(self._text) and self._text[self._at] in characters:
            self._at += 1
        return self._text[begun : self._at]

    def _string(self) -> str:
        """Text in quotes of any kind; quotes of another kind inside are part of it."""
        opened = self._peek()
        if opened != '"':
            self._slip("typographic-quotes" if opened in CURLED else "single-quotes")
        closes, parts = _CLOSES[opened], list[str]()
        self._at += 1
        while self._inside() not in closes:
            parts.append(self._piece())
        self._at += 1
        # \u escapes spell one character outside the basic plane as two
        return "".join(parts).encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _inside(self) -> str:
        """The next character of a text, as it is."""
        if self._at >= len(self._text):
            raise _Stuck("cut-off")
        return self._text[self._at]

    def _piece(self) -> str:
        begun = self._at
        while self._at < len(self._text) and self._text[self._at] not in _NO_PLAIN:
            self._at += 1
        if self._at > begun:
            return self._text[begun : self._at]
        character = self._text[self._at]
        if character == "\\":
            return self._escape()
        if character < " ":
            self._slip("line-breaks")
            character = " "
        self._at += 1
        return character

    def _escape(self) -> str:
        self._at += 1
        character = self._inside()
        self._at += 1
        if character == "u":
            digits = self._text[self._at : self._at + 4]
            if len(digits) != 4 or not HEX.issuperset(digits):
                raise _Stuck("unclear")
            self._at += 4
            return chr(int(digits, 16))
        if character not in _ESCAPES:
            self._slip("odd-escapes", self._at - 2)
        return _ESCAPES.get(character, character)

    def _scalar(self) -> object:
        if self._peek() in _DIGITS or self._peek() == "-":
            return _number(self._run(_OF_NUMBERS))
        at, word = self._at, self._run(_WORD)
        if word.lower() not in _LITERALS:
            raise _Stuck("unclear")
        if word not in {"true", "false", "null"}:
            self._slip("literals", at)
        return _LITERALS[word.lower()]


def _number(written: str) -> object:
    try:
        value: object = json.loads(written) if len(written) <= _LONGEST_NUMBER else None
    except ValueError:
        value = None
    if value is None or value == float("inf"):
        raise _Stuck("unclear")
    return value
