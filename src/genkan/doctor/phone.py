"""What a phone's own browser told of itself, as values: few, bounded, each one of a list. Judges nothing."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

import msgspec

from genkan.wire.urls import BaseURL

# Ten years: whatever a clock says beyond that is no more wrong.
MOST_SKEW_MS = 10 * 365 * 86_400_000
LONGEST_TOLD = 1000


class Cookies(StrEnum):
    """What became of the cookie that the page set."""

    UNTOLD = ""
    KEPT = "kept"
    LOST = "lost"  # without a script nobody can say by whom
    BROWSER = "browser"  # the browser keeps none
    DOWN = "down"  # it never reached the browser
    UP = "up"  # what the browser keeps never reaches the site


class Crossing(StrEnum):
    """What became of it when another site led back."""

    UNTOLD = ""
    AWAY = "away"
    KEPT = "kept"
    LOST = "lost"
    SAME = "same"  # the browser took the other site for this one


class Protocol(StrEnum):
    """What the browser says it spoke (RFC 7301 6: names of ALPN)."""

    UNTOLD = ""
    HTTP_1_0 = "http/1.0"
    HTTP_1_1 = "http/1.1"
    HTTP_2 = "h2"
    HTTP_3 = "h3"


class Info(StrEnum):
    """How the app's first question was answered to this browser, without cookies."""

    UNTOLD = ""
    ANNOUNCED = "announced"
    OFF = "off"
    REDIRECTED = "redirected"
    STATUS = "status"
    OTHER = "other"
    UNREACHABLE = "unreachable"


class Passkeys(StrEnum):
    """What the browser can do with passkeys."""

    UNTOLD = ""
    NONE = "none"
    INSECURE = "insecure"
    NO_LOCK = "no-lock"
    PLATFORM = "platform"


class Autofill(StrEnum):
    """Whether it offers them where a user name is typed."""

    UNTOLD = ""
    YES = "yes"
    NO = "no"


class Certificate(StrEnum):
    """What became of the way to the origin that asks for certificates."""

    UNTOLD = ""
    AWAY = "away"
    NONE = "none"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class Return(StrEnum):
    """What became of the way to the app. ``LEFT``: the browser saw that it was left; the rest says who holds it."""

    UNTOLD = ""
    ASKED = "asked"
    LEFT = "left"
    YES = "yes"
    NO = "no"


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything that is kept of one phone. ``skew``: its clock ahead of the site's, in milliseconds; ``secure`` None:
    not told. ``fault``: the name of why its certificate was refused.
    """

    script: bool = False
    touch: bool = False
    secure: bool | None = None
    skew: int | None = None
    status: int = 0
    cookies: Cookies = Cookies.UNTOLD
    crossing: Crossing = Crossing.UNTOLD
    protocol: Protocol = Protocol.UNTOLD
    info: Info = Info.UNTOLD
    passkeys: Passkeys = Passkeys.UNTOLD
    autofill: Autofill = Autofill.UNTOLD
    certificate: Certificate = Certificate.UNTOLD
    fault: str = ""
    app: Return = Return.UNTOLD


class Phone(msgspec.Struct, frozen=True):
    """A phone as it is judged. ``app``: the other app that shows the page, empty where it does not say, None in a
    browser. ``is_phone``: and not a computer. ``origin``: where certificates are asked for, empty where nowhere.
    ``scheme``: of the app. ``still_for``: milliseconds since it last told something.
    """

    base: BaseURL
    told: Told
    app: str | None
    is_phone: bool
    origin: str = ""
    scheme: str = "jira-server"
    still_for: int = 0


def told_of_form(form: Mapping[str, str], now: int, before: Told) -> Told:
    """What the page's script found out, beside what is known already. What is in no list counts as not told."""
    if form.get("script") != "1":
        return before
    return msgspec.structs.replace(
        before,
        script=True,
        touch=form.get("touch") == "1",
        secure={"1": True, "0": False}.get(form.get("secure", "")),
        skew=_skew(form.get("clock", ""), now),
        status=_status(form.get("status", "")),
        protocol=one_of(Protocol, form.get("protocol", "")),
        info=one_of(Info, form.get("info", "")),
        passkeys=one_of(Passkeys, form.get("passkeys", "")),
        autofill=one_of(Autofill, form.get("autofill", "")),
    )


_E = TypeVar("_E", bound=StrEnum)


def one_of(kind: type[_E], text: str) -> _E:
    """The member of this value, or that for what was not told."""
    return next((member for member in kind if member.value == text), kind(""))


def _skew(text: str, now: int) -> int | None:
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        return None
    return max(-MOST_SKEW_MS, min(MOST_SKEW_MS, int(text) - now))


def _status(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) == 3 else 0


def encoded(told: Told) -> str:
    """As it is kept."""
    return msgspec.json.encode(told).decode()


def decoded(text: str) -> Told:
    """Read back; what another version of this program kept counts as nothing told."""
    try:
        return msgspec.json.decode(text, type=Told)
    except msgspec.MsgspecError:
        return Told()
