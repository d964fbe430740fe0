"""A phone that looked at the site, loaded and judged: what its own page, the console and the API show of it alike."""

from dataclasses import dataclass
from typing import Protocol

from genkan.doctor.judge_phone import Said, judge
from genkan.doctor.observed import APP_REDIRECT
from genkan.doctor.phone import Phone, Told, decoded
from genkan.doctor.verdicts import Report, Verdict, first_to_change
from genkan.protocol import phone_checks
from genkan.protocol.devices import read_device
from genkan.protocol.phone_check_steps import PhoneVisit
from genkan.protocol.phone_checks import Check
from genkan.protocol.webviews import System, embedded
from genkan.settings import Settings
from genkan.site.switch import load_switch
from genkan.store.api import Store
from genkan.wire.redirects import Kind, RedirectURI, parse_redirect, with_answer
from genkan.wire.urls import BaseURL

# Where a phone opens a check, and below which it tells what it found.
CHECK, CHECKED = "/check", "/checked"
_ORDER = (Verdict.WRONG, Verdict.WARNING, Verdict.UNKNOWN, Verdict.OK)
_HANDHELD = ("iphone", "ipad", "ipod", "android")


class Ground(Protocol):
    """What judging a phone needs of the site: a Door has it, and so has a command."""

    @property
    def settings(self) -> Settings: ...
    @property
    def public(self) -> BaseURL: ...
    @property
    def store(self) -> Store: ...


@dataclass(frozen=True, slots=True)
class Checked:
    """One phone: what it is, and each probe in the order in which one fault explains the next."""

    visit: PhoneVisit
    told: Told
    device: str
    probes: tuple[Said, ...]

    @property
    def report(self) -> Report:
        """As the doctor's other reports are."""
        return Report("", tuple(said.probe for said in self.probes))


async def checked(visit: PhoneVisit, ground: Ground, now: int) -> Checked:
    """Judge one phone as things are now."""
    return _judged(visit, await app_redirect(ground), ground, now)


async def checked_of(check: Check, ground: Ground, now: int) -> list[Checked]:
    """Every phone of a check, newest first."""
    redirect = await app_redirect(ground)
    return [_judged(visit, redirect, ground, now) for visit in await ground.store.phone_visits(check.id)]


async def app_redirect(ground: Ground) -> RedirectURI:
    """The address of the app that sign-in ends at, by its scheme."""
    _, link = await load_switch(ground.store)
    found = [parse_redirect(text) for text in (*(link.redirects if link else ()), APP_REDIRECT)]
    return next(one for one in found if isinstance(one, RedirectURI) and one.kind is Kind.PRIVATE_USE)


def app_address(redirect: RedirectURI, ground: Ground) -> str:
    """What opens the app, and tells it nothing that it could act on: a refusal that nobody asked for."""
    # RFC 6749 4.1.2.1: a state that the app has not made is no answer to anything of its own.
    return with_answer(redirect.text, {"error": "access_denied", "state": "genkan-check", "iss": ground.public.text})


def address_of(sealed: str, base: BaseURL) -> str:
    """Where a phone opens a check."""
    return f"{base.text}{CHECK}/{sealed}"


def _judged(visit: PhoneVisit, redirect: RedirectURI, ground: Ground, now: int) -> Checked:
    told = decoded(visit.told)
    view = embedded(visit.user_agent)
    origin = ground.settings.certificate_origin
    everywhere = ground.public.origin if ground.settings.certificate_on_every_hop else ""
    phone = Phone(
        ground.public,
        told,
        None if view is None else view.app,
        _is_phone(visit.user_agent, told),
        everywhere if origin is None else origin.origin,
        redirect.scheme,
        now - visit.changed_at,
    )
    return Checked(visit, told, _device(visit.user_agent), judge(phone))


def _is_phone(user_agent: str, told: Told) -> bool:
    """An iPad calls itself a Mac, and is touched as no Mac is."""
    lowered = user_agent.lower()
    view = embedded(user_agent)
    touched = told.touch and ("(macintosh;" in lowered or (view is not None and view.system is System.APPLE))
    return touched or any(word in lowered for word in _HANDHELD)


def _device(user_agent: str) -> str:
    device = read_device(user_agent)
    # An iPhone is called by its own name alone; dict keeps the order and each part once.
    parts = dict.fromkeys((device.name, device.model, device.system, device.app))
    return " · ".join(part for part in parts if part)


def shown(one: Checked) -> dict[str, object]:
    """One phone for a template; faults before what is good."""
    report = one.report
    return {
        "number": phone_checks.number(one.visit.id),
        "device": one.device,
        "user_agent": one.visit.user_agent,
        "verdict": report.verdict.value,
        "at": one.visit.changed_at,
        "first": _first(one.probes),
        "probes": sorted(one.probes, key=lambda said: _ORDER.index(said.verdict)),
    }


def _first(probes: tuple[Said, ...]) -> Said | None:
    found = first_to_change([said.probe for said in probes])
    return next((said for said in probes if found is not None and said.id == found.id), None)
