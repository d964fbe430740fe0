"""Owns the finding of an MDM's variables in a value: what it puts something else in place of, so that the phone gets
another text than the file has.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from genkan.mdm.targets import GUIDES, Target
from genkan.wire.managed_entry import client_id_fault
from genkan.wire.managed_records import Findings, Place

# $NAME, $NAME$, ${name}, %NAME%, {{name}}; single braces are ordinary text but where an MDM is known to take them.
_SHAPES = re.compile(
    r"\$\{[A-Za-z][\w.]{0,60}\}|\$[A-Z][A-Z0-9_]{2,60}\$?|%[A-Z][A-Z0-9_]{2,60}%|\{\{ ?[A-Za-z][\w.]{0,60} ?\}\}"
)
_KNOWN: Mapping[str, tuple[Target, ...]] = {
    variable.text: tuple(target for target, guide in GUIDES.items() if variable in guide.variables)
    for one in GUIDES.values()
    for variable in one.variables
}
_IN_BRACES = tuple(text for text in _KNOWN if text.startswith("{") and not text.startswith("{{"))


def check_variables(entries: Sequence[object], at: str, target: Target | None, findings: Findings) -> None:
    """Find variables in titles, addresses and client ids; one of the MDM that is meant may stand in a title."""
    for number, entry in enumerate(entries):
        for place, text in _texts(entry, Place(number, f"{at}/{number}")):
            is_title = place.pointer.endswith("/title")
            for variable in _known_in(text) if place.pointer.endswith("/baseURL") else variables_in(text):
                if not (is_title and target is not None and target in _owners(variable)):
                    _add(variable, place, target, findings)


def _texts(entry: object, place: Place) -> Iterator[tuple[Place, str]]:
    """What a phone shows or uses of an entry, where it is text; a client id that is none was told."""
    if not isinstance(entry, dict):
        return
    for key in ("title", "baseURL"):
        if isinstance(entry.get(key), str):
            yield place.at(key), entry[key]
    client_id = entry["oauth"].get("clientID") if isinstance(entry.get("oauth"), dict) else None
    if isinstance(client_id, str) and client_id_fault(client_id) is None:
        yield place.at("oauth").at("clientID"), client_id


def variables_in(text: str) -> tuple[str, ...]:
    """What has the shape of a variable, each once, in order."""
    found = [shape.group() for shape in _SHAPES.finditer(text)]
    return tuple(dict.fromkeys([*found, *(known for known in _IN_BRACES if known in text and "{" + known not in text)]))


def _known_in(address: str) -> tuple[str, ...]:
    """In an address a shape proves nothing: % and $ may stand there."""
    return tuple(known for known in _KNOWN if known in address)


def _owners(variable: str) -> tuple[Target, ...]:
    bare = variable.replace(" ", "").lower()
    return tuple(owner for text, owners in _KNOWN.items() if text.lower() == bare for owner in owners)


def _add(variable: str, place: Place, target: Target | None, findings: Findings) -> None:
    owners = _owners(variable)
    if target is not None:
        findings.add(place, "variable-of-other", variable=variable, mdm=GUIDES[target].name)
    elif owners:
        findings.add(place, "variable-of-mdm", variable=variable, mdm=", ".join(GUIDES[owner].name for owner in owners))
    else:
        findings.add(place, "variable", variable=variable)
