"""A page's markup as a tree, for tests that ask what a browser or a screen reader would find in it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

EMPTY = {"meta", "link", "input", "img", "br", "hr", "wbr"}


@dataclass(slots=True)
class Element:
    """One element with its attributes and what is in it."""

    tag: str
    attributes: dict[str, str]
    inside: "list[Element | str]" = field(default_factory=list)

    def all(self, *tags: str) -> "Iterator[Element]":
        """This element and those in it, in order; of these tags if some are named."""
        if not tags or self.tag in tags:
            yield self
        for part in self.inside:
            if isinstance(part, Element):
                yield from part.all(*tags)

    def having(self, name: str, value: str | None = None) -> "list[Element]":
        """Elements with an attribute, of this value if one is named."""
        return [e for e in self.all() if name in e.attributes and value in (None, e.attributes[name])]

    @property
    def text(self) -> str:
        """All text in it, spaces folded."""
        parts = (part if isinstance(part, str) else part.text for part in self.inside)
        return " ".join("".join(f"{part} " for part in parts).split())


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(set(names)) != len(names):
            raise ValueError(f"<{tag}> has an attribute twice")
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].inside.append(element)
        if tag not in EMPTY:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1].tag != tag:
            raise ValueError(f"</{tag}> closes <{self.open[-1].tag}>")
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].inside.append(data)


def read_page(body: bytes) -> Element:
    """The tree. Raises ValueError where an element is not closed by its own tag or an attribute stands twice."""
    builder = _Builder()
    builder.feed(body.decode("utf-8"))
    builder.close()
    if len(builder.open) != 1:
        raise ValueError(f"<{builder.open[-1].tag}> is not closed")
    return builder.open[0]


def shape(element: Element, keep: Callable[[str], bool] = lambda _name: True) -> list[str]:
    """Tags and names of attributes in order: the same for two pages that differ in values alone."""
    return [" ".join([e.tag, *filter(keep, e.attributes)]) for e in element.all()]
