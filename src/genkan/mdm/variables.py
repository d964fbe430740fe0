"""Owns the finding of an MDM's variables in a value: what it puts something else in place of, so that the phone gets
another text than the file has.
"""

import re
from collections.abc import Iterator, Mapping

from genkan.mdm.targets import GUIDES, Target
from genkan.wire.managed import SiteEntry
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


def check_variables(sites: tuple[SiteEntry, ...], at: str, target: Target | None, findings: Findings) -> None:
    """Find variables in titles, addresses and client ids; one of the MDM that is meant may stand in a title."""
    for number, site in enumerate(sites):
        place = Place(number, f"{at}/{number}")
        for key, text in _texts(site):
            for variable in _known_in(text) if key == "baseURL" else variables_in(text):
                if not (key == "title" and target is not None and target in _owners(variable)):
                    _add(variable, place.at(key) if key != "clientID" else place.at("oauth").at(key), target, findings)


def _texts(site: SiteEntry) -> Iterator[tuple[str, str]]:
    yield "title", site.title or ""
    yield "baseURL", site.base_url
    yield "clientID", site.oauth.client_id if site.oauth else ""


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
