"""What phones told, for tests of the judge and for pages that show its words."""

from genkan.doctor.phone import (
    Autofill,
    Certificate,
    Cookies,
    Crossing,
    Info,
    Passkeys,
    Phone,
    Protocol,
    Return,
    Told,
)
from genkan.wire.urls import BaseURL, parse_base_url

ORIGIN = "https://certs.site.example"
WELL = Told(
    script=True,
    touch=True,
    secure=True,
    skew=800,
    cookies=Cookies.KEPT,
    crossing=Crossing.KEPT,
    protocol=Protocol.HTTP_2,
    info=Info.ANNOUNCED,
    passkeys=Passkeys.PLATFORM,
    autofill=Autofill.YES,
    certificate=Certificate.ACCEPTED,
    app=Return.LEFT,
)


def a_base(text: str = "https://site.example/desk") -> BaseURL:
    """An address of a site."""
    base = parse_base_url(text, allow_http=True)
    assert isinstance(base, BaseURL)
    return base


def a_phone(told: Told = WELL, **changes: object) -> Phone:
    """A phone in its own browser, but for the changes."""
    known: dict[str, object] = {"app": None, "is_phone": True, "origin": ORIGIN, **changes}
    base = known.pop("base", a_base())
    return Phone(base, told, **known)  # type: ignore[arg-type]
