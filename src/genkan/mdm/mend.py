"""Owns the mending: what can be put right without asking anybody is, by the name of what was found. What remains is for
a person. Knows no wrapping.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TypeAlias

from genkan.mdm import joining
from genkan.wire import managed, urls
from genkan.wire.managed_entry import LONGEST_TITLE, before_page, client_id_fault, fit_title, meant_by
from genkan.wire.managed_records import Finding, Findings, Place
from genkan.wire.managed_text import Members, read
from genkan.wire.managed_words import ADDRESS

_ROUNDS = 6
_YES, _NO = frozenset({"true", "yes", "1", "on"}), frozenset({"false", "no", "0", "off"})
_PLAIN_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*\.[A-Za-z]{2,63}(?::[0-9]{1,5})?(?:/.*)?")
_AROUND = " \t\r\n\u00a0\u3000\"'\ufeff\u200b\u2060"
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

Holder: TypeAlias = "dict[str, object] | list[object]"
Mender = Callable[["Spot"], bool]


class _Round:
    """What is asked again and again about all findings of one round."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.spellings = Counter(_meaning(finding) for finding in findings if finding.name == "misspelt")


def _meaning(finding: Finding) -> tuple[str, str]:
    """The object in which a key stands, and the key that was meant."""
    return finding.pointer.rpartition("/")[0], finding.value("write")


class Spot:
    """Where something was found, and what is there. A mender says whether it changed anything."""

    def __init__(self, finding: Finding, path: list[object], tokens: list[str], around: _Round) -> None:
        self.finding = finding
        self.round = around
        self.path = path
        self.token = tokens[-1] if tokens else ""

    @property
    def value(self) -> object:
        """What stands there."""
        return self.path[-1]

    @property
    def holder(self) -> object:
        """The object or array in which it stands."""
        return self.path[-2] if len(self.path) > 1 else None

    @property
    def around(self) -> object:
        """What the holder stands in."""
        return self.path[-3] if len(self.path) > 2 else None

    def write(self, value: object) -> bool:
        """Put a value in its place."""
        if isinstance(self.holder, dict):
            self.holder[self.token] = value
        elif isinstance(self.holder, list):
            self.holder[int(self.token)] = value
        else:
            return False
        return True

    def remove(self) -> bool:
        """Take it out."""
        if isinstance(self.holder, dict):
            del self.holder[self.token]
        elif isinstance(self.holder, list):
            del self.holder[int(self.token)]
        else:
            return False
        return True

    def rename(self, name: str) -> bool:
        """Give it the name that was meant, in the same place."""
        if not isinstance(self.holder, dict):
            return False
        members = [(name if key == self.token else key, value) for key, value in self.holder.items()]
        self.holder.clear()
        self.holder.update(members)
        return True


def mended_text(text: str) -> str | None:
    """The value of `sites`, or the settings around it, as good as it gets; None where nothing can be made of it."""
    reading = read(text, Place(), Findings())
    if reading is None:
        return None
    return dumps(mended(reading.value))


def mended_settings(settings: Mapping[str, object]) -> dict[str, object]:
    """Settings with their `sites` mended, as a String."""
    value = settings.get("sites")
    reading = read(value, Place(), Findings()) if isinstance(value, str) else None
    opened = dict(settings) if reading is None else {**settings, "sites": reading.value}
    inner = opened.get("sites")
    if isinstance(inner, dict) and "sites" in inner:
        opened = {**opened, "sites": inner["sites"]}
    done = mended(opened)
    settled = done if isinstance(done, dict) else opened
    if reading is not None or isinstance(settled.get("sites"), list | dict):
        settled = {**settled, "sites": _as_before(value, settled.get("sites"))}
    return settled


def _as_before(written: object, sites: object) -> object:
    """The text that was there where it says the same, so that nothing is rewritten without need."""
    if isinstance(written, str) and managed.parse(written).findings == () and json.loads(written) == sites:
        return written
    return dumps(sites)


def dumps(value: object) -> str:
    """JSON on one line, with nothing in it that XML could not carry."""
    return _NOT_IN_XML.sub(_escaped, _json(value))


def _json(value: object) -> str:
    """A key that was written twice with two values stays so: nobody but a person can choose."""
    if isinstance(value, list):
        return f"[{', '.join(map(_json, value))}]"
    if isinstance(value, dict):
        earlier = value.earlier if isinstance(value, Members) else ()
        pairs = [*earlier, *value.items()]
        return "{" + ", ".join(f"{json.dumps(key, ensure_ascii=False)}: {_json(item)}" for key, item in pairs) + "}"
    return json.dumps(value, ensure_ascii=False)


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"


def mended(value: object) -> object:
    """A decoded value with everything put right that can be."""
    value = _plain(value)
    for _ in range(_ROUNDS):
        findings = managed.parse_value(value).findings
        whole = _whole(value, findings)
        if whole is not value:
            value = whole
            continue
        around = _Round(findings)
        if not [finding for finding in sorted(findings, key=_turn) if _mend(value, finding, around)]:
            break
        value = _plain(value)
    return value


def _turn(finding: Finding) -> tuple[int, bool, int]:
    """The last entry first and the deepest place first, so that what is taken out moves nothing that is still to do."""
    return (
        -(finding.entry or 0),
        finding.name in {"same-site", "not-object", "array-in-array"},
        -finding.pointer.count("/"),
    )


def _plain(value: object) -> object:
    """The same without the memory of repeated keys, where all of a key's values were alike."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        inner = Members({key: _plain(item) for key, item in value.items()})
        if isinstance(value, Members):
            inner.earlier = value.earlier
            inner.repeated = tuple(key for key in value.repeated if key in dict(value.earlier))
        return inner
    return value


def _whole(value: object, findings: tuple[Finding, ...]) -> object:
    """The array around what should be in one; the same value where nothing is to be done."""
    names = {finding.name: finding for finding in findings}
    if "bare-object" not in names and "not-array" not in names:
        return value
    if isinstance(value, dict) and "sites" in value:
        inner = _in_array(value["sites"])
        return value if inner is None else {**value, "sites": inner}
    inner = _in_array(value)
    return value if inner is None else inner


def _in_array(value: object) -> list[object] | None:
    if isinstance(value, dict):
        return [value]
    if isinstance(value, str) and isinstance(urls.parse_base_url(value), urls.BaseURL):
        return [{"baseURL": value}]
    return None


def _mend(value: object, finding: Finding, around: _Round) -> bool:
    mender = _MENDERS.get(finding.name) or (_address if finding.name.startswith(ADDRESS) else None)
    spot = _spot(value, finding, around)
    return mender is not None and spot is not None and mender(spot)


def _spot(value: object, finding: Finding, around: _Round) -> Spot | None:
    """Follow the pointer (RFC 6901 4)."""
    tokens = [token.replace("~1", "/").replace("~0", "~") for token in finding.pointer.split("/")[1:]]
    if finding.name == "bare-object":
        return None
    path: list[object] = [value]
    for token in tokens:
        here = path[-1]
        if isinstance(here, dict) and token in here:
            path.append(here[token])
        elif isinstance(here, list) and token.isdecimal() and int(token) < len(here):
            path.append(here[int(token)])
        else:
            return None
    return Spot(finding, path, tokens, around)


def _written(spot: Spot) -> bool:
    return spot.write(spot.finding.value("write"))


def _removed(spot: Spot) -> bool:
    return spot.remove()


def _unknown(spot: Spot) -> bool:
    """What no phone reads goes, but not what somebody may have meant otherwise than what stands under the right key."""
    meant = meant_by(spot.token)
    right = spot.holder.get(meant) if isinstance(spot.holder, dict) and meant is not None else spot.value
    if right != spot.value or (spot.value and isinstance(spot.value, dict | list)):
        return False
    return spot.remove()


def _renamed(spot: Spot) -> bool:
    """Two spellings of one key are for a person to choose from."""
    return spot.round.spellings[_meaning(spot.finding)] == 1 and spot.rename(spot.finding.value("write"))


def _into_oauth(spot: Spot) -> bool:
    entry, name, value = spot.holder, spot.finding.value("write"), spot.value
    if not isinstance(entry, dict) or not isinstance(entry.get("oauth", {}), dict):
        return False
    oauth = entry.setdefault("oauth", Members())
    if not isinstance(oauth, dict) or oauth.setdefault(name, value) != value:
        return False
    return spot.remove()


def _out_of_oauth(spot: Spot) -> bool:
    entry, value = spot.around, spot.value
    if not isinstance(entry, dict) or entry.setdefault(spot.finding.value("write"), value) != value:
        return False
    return spot.remove()


def _flag(spot: Spot) -> bool:
    value = spot.value
    if value is None:
        return spot.remove()
    folded = str(value).strip().lower() if isinstance(value, str | int) else ""
    if folded in _YES or folded in _NO:
        return spot.write(folded in _YES)
    return False


def _title(spot: Spot) -> bool:
    value = spot.value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return spot.write(str(value)[:LONGEST_TITLE])
    title = fit_title(value) if isinstance(value, str) else None
    return spot.remove() if title is None else spot.write(title)


def _entry(spot: Spot) -> bool:
    """An entry that is no object: nothing at all, or an object inside a string."""
    if spot.value is None:
        return spot.remove()
    reading = read(spot.value, Place(), Findings()) if isinstance(spot.value, str) else None
    if reading is not None and isinstance(reading.value, dict):
        return spot.write(reading.value)
    return False


def _opened_array(spot: Spot) -> bool:
    """What is in the inner array, in its place."""
    if not isinstance(spot.holder, list) or not isinstance(spot.value, list):
        return False
    at = int(spot.token)
    spot.holder[at : at + 1] = spot.value
    return True


def _address_alone(spot: Spot) -> bool:
    return spot.write(Members({"baseURL": spot.finding.value("write")}))


def _address(spot: Spot) -> bool:
    """An address that cannot be read: without what does not belong there."""
    value = spot.value
    if not isinstance(value, str):
        return False
    text = value.strip().strip("\ufeff\u200b\u2060").replace("\\", "/").partition("#")[0].partition("?")[0]
    first, colon, behind = text.partition(":")
    if first.lower() in {"https", "http"} and colon and behind.startswith("/"):
        text = f"{first}://{behind.lstrip('/')}"
    if "://" not in text and _PLAIN_HOST.fullmatch(text):
        text = f"https://{text}"
    scheme, joint, rest = text.partition("://")
    authority, slash, path = rest.partition("/")
    if joint and "@" in authority:
        text = f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"
    base = urls.parse_base_url(urls.in_ascii(text) or text, allow_http=True)
    if isinstance(base, urls.BaseURLProblem) or text == value == base.text:
        return False
    page = before_page(base.path)
    return spot.write(base.text if page is None else base.origin + page)


def _https(spot: Spot) -> bool:
    """Behind a port of its own nobody knows whether https is there."""
    base = urls.parse_base_url(str(spot.value), allow_http=True)
    return isinstance(base, urls.BaseURL) and base.port is None and spot.write(spot.finding.value("write"))


def _oauth(spot: Spot) -> bool:
    value = spot.value
    if value is None or value is False:
        return spot.remove()
    if isinstance(value, str) and client_id_fault(value) is None:
        return spot.write(Members({"clientID": value}))
    return False


def _client_id(spot: Spot) -> bool:
    value = spot.value
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    # What stands around it was copied along; a space inside may stand for anything, so a person is asked.
    stripped = value.strip(_AROUND) if isinstance(value, str) else ""
    return client_id_fault(stripped) is None and spot.write(stripped)


def _same_site(spot: Spot) -> bool:
    """Two entries for one site become one that says what both say; where they disagree a person has to choose."""
    sites, first = spot.around, spot.finding.value("first")
    if not isinstance(sites, list):
        return False
    later, earlier = int(spot.finding.pointer.split("/")[-2]), int(first.rpartition("/")[2])
    both = joining.one_of_two(sites[earlier], sites[later])
    if both is None:
        return False
    sites[earlier] = both
    del sites[later]
    return True


_MENDERS: Mapping[str, Mender] = {
    "misspelt": _renamed,
    "beside-oauth": _into_oauth,
    "inside-oauth": _out_of_oauth,
    "unknown-key": _unknown,
    "secret": _removed,
    "flag-in-quotes": _flag,
    "flag-type": _flag,
    "title-type": _title,
    "title-empty": _title,
    "title-long": _title,
    "title-control": _title,
    "address-alone": _address_alone,
    "not-object": _entry,
    "array-in-array": _opened_array,
    "http": _https,
    "page": _written,
    "slash": _written,
    "oauth-type": _oauth,
    "client-id-type": _client_id,
    "client-id-characters": _client_id,
    "same-site": _same_site,
}
