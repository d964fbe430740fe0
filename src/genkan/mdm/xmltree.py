"""Owns the reading of XML that others wrote: a bounded tree whose elements know where they stand in the text, so that
one value can be replaced and all the rest stays as it was. Declared entities are refused. Knows no MDM.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from xml.parsers import expat

from genkan.wire.budget import MDM_FILE, TooMuch

_JUNK = expat.errors.codes[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]
_TAG = re.compile(rb"""<(?:[^"'>]|"[^"]*"|'[^']*')*>""")


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that stands in an element beside its text and its elements; ``at`` is its line and column."""

    what: str
    at: str


@dataclass(slots=True)
class Element:
    """An element. `start` and `end` are the octets that it takes, tags included; `at` is its line and column. `marks`
    are the comments, instructions and CDATA sections right in it, in order.
    """

    tag: str
    attributes: dict[str, str]
    start: int
    at: str = ""
    end: int = 0
    marks: list[Mark] = field(default_factory=list)
    text: str = ""
    children: "list[Element]" = field(default_factory=list)

    def child(self, tag: str) -> "Element | None":
        """The first child with this tag."""
        return next((child for child in self.children if child.tag == tag), None)

    def attribute(self, name: str) -> str:
        """An attribute by its name, whatever its prefix; empty where there is none."""
        return next((text for key, text in self.attributes.items() if key.rpartition(":")[2] == name), "")


COMMENT, INSTRUCTION, CDATA = "<!-- … -->", "<? … ?>", "<![CDATA[ … ]]>"


@dataclass(frozen=True, slots=True)
class XMLFault:
    """Why there is no tree."""

    name: Literal["entities", "xml-deep", "xml-broken", "xml-second"]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """Octets to write in place of those from `start` to `end`."""

    start: int
    end: int
    text: str


class _Refused(Exception):
    def __init__(self, name: Literal["entities", "xml-deep"]) -> None:
        super().__init__(name)
        self.name = name


def parse(text: str) -> Element | XMLFault:
    """The tree of a document, or why there is none; never raises, whatever the text."""
    builder = _Builder(text.encode("utf-8", "replace"))
    try:
        return builder.read()
    except _Refused as refused:
        return XMLFault(refused.name)
    except TooMuch:
        return XMLFault("xml-deep")
    except expat.ExpatError as fault:
        name: Literal["xml-broken", "xml-second"] = "xml-second" if fault.code == _JUNK else "xml-broken"
        return XMLFault(name, f"line {fault.lineno}, column {fault.offset + 1}")


class _Builder:
    """Builds the tree from the parser's calls."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._stack: list[tuple[Element, list[str]]] = []
        self._root: Element | None = None
        self._purse = MDM_FILE.purse()
        # What the declaration says of the encoding was true before the text was decoded.
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.EntityDeclHandler = self._entity
        self._parser.CommentHandler = lambda _text: self._mark(COMMENT)
        self._parser.ProcessingInstructionHandler = lambda _target, _text: self._mark(INSTRUCTION)
        self._parser.StartCdataSectionHandler = lambda: self._mark(CDATA)

    def read(self) -> Element:
        """Run through the whole document."""
        self._parser.Parse(self._octets, True)
        if self._root is None:
            raise _Refused("xml-deep")
        return self._root

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._purse.spend()
        if len(self._stack) >= MDM_FILE.depth:
            raise _Refused("xml-deep")
        element = Element(tag, attributes, self._parser.CurrentByteIndex, self._here())
        if self._stack:
            self._stack[-1][0].children.append(element)
        else:
            self._root = element
        self._stack.append((element, []))

    def _end(self, _tag: str) -> None:
        (element, texts), at = self._stack.pop(), self._parser.CurrentByteIndex
        element.text = "".join(texts)
        first = _TAG.match(self._octets, element.start)
        # The end of an element that is one tag is told from behind that tag.
        is_one = first is not None and first.end() == at and first.group().endswith(b"/>")
        last = None if is_one else _TAG.match(self._octets, at)
        element.end = last.end() if last else at

    def _here(self) -> str:
        return f"line {self._parser.CurrentLineNumber}, column {self._parser.CurrentColumnNumber + 1}"

    def _mark(self, what: str) -> None:
        if self._stack:
            self._purse.spend()
            self._stack[-1][0].marks.append(Mark(what, self._here()))

    def _text(self, text: str) -> None:
        if self._stack:
            self._stack[-1][1].append(text)

    def _doctype(self, _name: str, _system: str | None, _public: str | None, has_internal_subset: int) -> None:
        if has_internal_subset:
            raise _Refused("entities")

    def _entity(self, *_declared: object) -> None:
        raise _Refused("entities")


def edited(text: str, edits: Sequence[Edit]) -> str:
    """The document with some places written anew."""
    octets, pieces, at = text.encode("utf-8", "replace"), list[bytes](), 0
    for edit in sorted(edits, key=lambda edit: edit.start):
        pieces += [octets[at : edit.start], edit.text.encode()]
        at = edit.end
    return b"".join([*pieces, octets[at:]]).decode("utf-8")


def source(octets: bytes, element: Element) -> str:
    """What stands between an element's first and last tag, as it is written in the document's octets."""
    first, last = _TAG.match(octets, element.start), octets.rfind(b"</", element.start, element.end)
    return octets[first.end() : last].decode("utf-8", "replace") if first and last >= first.end() else ""


def start_tag(text: str, element: Element) -> tuple[int, str]:
    """Where an element's first tag stands, and the tag."""
    octets = text.encode("utf-8", "replace")
    tag = _TAG.match(octets, element.start)
    return element.start, tag.group().decode() if tag else ""
