"""Reading the manifest of application links, by which a Confluence is told from a Jira.

Bounded: no document type, no entity of its own, few levels; what is too much or broken is no manifest.
"""

from collections.abc import Mapping
from xml.parsers import expat

MANIFEST = "/rest/applinks/1.0/manifest"
CONFLUENCE = "confluence"
MOST_BYTES = 64 * 1024
_DEEPEST = 8
_MOST_TEXT = 500


class _Refused(Exception):
    pass


def read(body: bytes) -> Mapping[str, str]:
    """The texts right below its root, by their names; empty where it is none."""
    if len(body) > MOST_BYTES:
        return {}
    path: list[str] = []
    texts: dict[str, str] = {}

    def begin(name: str, _attributes: object) -> None:
        path.append(name)
        if len(path) > _DEEPEST:
            raise _Refused

    def refuse(*_: object) -> None:
        raise _Refused

    def keep(text: str) -> None:
        if len(path) == 2:
            texts[path[1]] = (texts.get(path[1], "") + text)[:_MOST_TEXT]

    reader = expat.ParserCreate()
    reader.StartElementHandler = begin
    reader.EndElementHandler = lambda _name: path.pop()
    reader.CharacterDataHandler = keep
    reader.StartDoctypeDeclHandler = refuse
    try:
        reader.Parse(body, True)
    except (expat.ExpatError, _Refused, ValueError):
        return {}
    return {name: text.strip() for name, text in texts.items()} if texts.get("typeId") else {}
