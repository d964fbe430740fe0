"""Owns the phone preview: which screens a phone shows with some value, one after the other. What they hold is what the
app itself goes by (``wire.managed``, ``wire.login_screen``); draws nothing and asks no site.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from genkan.wire import login_screen
from genkan.wire.login_screen import Choice, LoginScreen
from genkan.wire.managed import Finding, Managed
from genkan.wire.metadata import Endpoints
from genkan.wire.sentences import Sentence, sentence
from genkan.wire.urls import BaseURL, BaseURLProblem, parse_base_url

REDIRECT = "jira-server://oauth-callback"
INFO_LOGIN = "/rest/nativemobile/1.1/info/login"


class Phone(StrEnum):
    """Whose screens are shown."""

    IOS = "ios"
    UNMANAGED = "unmanaged"
    ANDROID = "android"


PHONES: Mapping[Phone, str] = MappingProxyType(
    {
        Phone.IOS: "iPhone with MDM",
        Phone.UNMANAGED: "iPhone without MDM",
        Phone.ANDROID: "Android phone with MDM",
    }
)
# `title-…` and `text-…` stand on the phone, `caption-…` below it, `when-…` above it.
WORDS: Mapping[str, str] = MappingProxyType(
    {
        "title-sites": "Sites",
        "title-broken": "Set-up not right",
        "title-address": "Site address",
        "title-sign-in": "Signing in",
        "title-browser": "Sign-in page of the site",
        "title-refused": "This did not work",
        "title-fault": "Cannot sign in",
        "title-in": "Signed in",
        "text-straight": "Opening “%(title)s” …",
        "text-page": "Passkey, certificate, or what else the site has.",
        "text-consent": "Then: may the app use your account?",
        "text-form": "User name and password, inside the app.",
        "text-in": "“%(title)s” is open.",
        "caption-broken": "The app shows each fault and the entry that it is in. What is right can still be chosen.",
        "caption-broken-empty": "The app shows each fault, and no site. An address can be typed by hand.",
        "caption-none": "The MDM delivers no site, so that people type the address by hand.",
        "caption-one": "With one site and no fault nobody has to choose: the app goes straight on.",
        "caption-several": "The app lists the sites in this order. Choose one here to see how it goes on.",
        "caption-typed": "Without MDM nothing is delivered. People type the address.",
        "caption-typed-wrong": "The app says what is wrong with the address, and people type it again.",
        "caption-private": "The browser opens a private page for this sign-in: no cookie is there, and none is kept.",
        "caption-shared": "The phone’s own browser opens: whoever is signed in there only agrees.",
        "caption-refused": "The site refuses the app in the browser, and nobody comes back to the app.",
        "caption-refused-app": "The browser leads back to the app, which says that it was refused.",
        "caption-in-app": "On Android `oauth` is passed over: people sign in inside the app. Client certificates work "
        "there.",
        "caption-in": "The browser leads back to the app by %(redirect)s. It stays signed in, also after a restart and "
        "without a network.",
        "caption-in-android": "The app stays signed in as long as the site’s own session lasts.",
        "caption-off": "The site tells the app that nobody can sign in this way.",
        "caption-gateway": "Something in front of the site sends the app’s first question to a sign-in page.",
        "when-on": "Where the site’s switch is on",
        "when-off": "Where it is off",
        "when-gateway": "Where a gateway is in front",
    }
)


class Shows(StrEnum):
    """What kind of screen it is."""

    SITES = "sites"
    STRAIGHT = "straight"
    ADDRESS = "address"
    FAULT = "fault"
    BROWSER = "browser"
    REFUSED = "refused"
    IN_APP = "in-app"
    SIGNED_IN = "signed-in"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What this site says to the app's request instead of asking to sign in. ``in_app``: it travels back to the app."""

    sentence: str
    in_app: bool


@dataclass(frozen=True, slots=True)
class Here:
    """What is known of one site without asking it: whether its switch tells a client id, and what becomes of the app's
    request by client id, None where it leads to the sign-in page.
    """

    base_url: str
    announced: str | None
    answers: Mapping[str, Refusal | None]


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen. ``address`` stands in the browser's bar or the field for it; ``chosen`` counts within ``choices``;
    ``tried`` is the client id with which this very sign-in can be tried out here.
    """

    shows: Shows
    title: Sentence
    caption: Sentence
    text: tuple[Sentence, ...] = ()
    when: Sentence | None = None
    address: str = ""
    private: bool = False
    choices: tuple[Choice, ...] = ()
    chosen: int | None = None
    problems: tuple[Finding, ...] = ()
    tried: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be shown: on which phone, which of the sites is chosen, which address is typed."""

    phone: Phone = Phone.IOS
    chosen: int = 0
    address: str = ""


def walk(managed: Managed, asked: Asked, here: Here | None = None) -> tuple[Screen, ...]:
    """The screens from the start of the app to the end of the way. There is always a first one."""
    if asked.phone is Phone.UNMANAGED:
        return tuple(_typed(asked, here))
    shown = login_screen.login_screen(managed)
    chosen = asked.chosen if asked.chosen in range(len(shown.choices)) else 0
    first = _first(shown, chosen)
    return (first, *_sign_in(shown.choices[chosen], asked, here)) if shown.choices else (first,)


def _say(name: str, **values: str) -> Sentence:
    return sentence(WORDS[name], values)


def _first(shown: LoginScreen, chosen: int) -> Screen:
    if shown.problems:
        caption = _say("caption-broken" if shown.choices else "caption-broken-empty")
        return Screen(Shows.SITES, _say("title-broken"), caption, choices=shown.choices,
                      chosen=chosen if shown.choices else None, problems=shown.problems)  # fmt: skip
    if shown.only is not None:
        text = (_say("text-straight", title=shown.only.title),)
        return Screen(Shows.STRAIGHT, _say("title-sign-in"), _say("caption-one"), text, address=shown.only.base_url)
    caption = _say("caption-several" if shown.choices else "caption-none")
    choices, first = shown.choices, chosen if shown.choices else None
    return Screen(Shows.SITES, _say("title-sites"), caption, choices=choices, chosen=first)


def _typed(asked: Asked, here: Here | None) -> Iterator[Screen]:
    """Nothing is delivered, and an address is typed: completed and read as the app does."""
    yield Screen(Shows.ADDRESS, _say("title-address"), _say("caption-typed"), address=asked.address)
    if not asked.address.strip():
        return
    base = login_screen.typed(asked.address)
    if isinstance(base, BaseURLProblem):
        said = (base.what, base.instead)
        yield Screen(Shows.FAULT, _say("title-fault"), _say("caption-typed-wrong"), said)
    else:
        yield from _by_info_login(Choice(base.text, base.text, None), here)


def _sign_in(choice: Choice, asked: Asked, here: Here | None) -> Iterator[Screen]:
    oauth = choice.entry.oauth if choice.entry is not None else None
    if asked.phone is Phone.ANDROID:
        page = (_say("text-form"),)
        yield Screen(Shows.IN_APP, _say("title-browser"), _say("caption-in-app"), page, address=choice.base_url)
        yield _signed_in(choice, _say("caption-in-android"))
    elif oauth is not None:
        yield from _by_browser(choice, oauth.client_id, here, private=not oauth.cache_session_in_mobile_browser)
    else:
        yield from _by_info_login(choice, here)


def _by_browser(choice: Choice, client_id: str, here: Here | None, *, private: bool = False) -> Iterator[Screen]:
    """The client id is known. What this site says to it is known too; of other sites the good end is shown."""
    bar = Endpoints(choice.base_url).authorization
    is_here = _is_at(here, choice)
    refusal = here.answers.get(client_id) if here is not None and is_here else None
    if refusal is None:
        page = (_say("text-page"), _say("text-consent"))
        caption = _say("caption-private" if private else "caption-shared")
        tried = client_id if is_here else ""
        yield Screen(Shows.BROWSER, _say("title-browser"), caption, page, address=bar, private=private, tried=tried)
        yield _signed_in(choice, _say("caption-in", redirect=REDIRECT))
    elif refusal.in_app:
        yield _fault(sentence(refusal.sentence), "caption-refused-app")
    else:
        said = (sentence(refusal.sentence),)
        caption = _say("caption-refused")
        yield Screen(Shows.REFUSED, _say("title-refused"), caption, said, address=bar, private=private)


def _is_at(here: Here | None, choice: Choice) -> bool:
    return here is not None and here.base_url == choice.base_url


def _signed_in(choice: Choice, caption: Sentence) -> Screen:
    return Screen(Shows.SIGNED_IN, _say("title-in"), caption, (_say("text-in", title=choice.title),))


def _fault(said: Sentence, caption: str, when: str = "") -> Screen:
    place = _say(when) if when else None
    return Screen(Shows.FAULT, _say("title-fault"), _say(caption), (said,), when=place)


def _by_info_login(choice: Choice, here: Here | None) -> Iterator[Screen]:
    """The site is asked how to sign in. Of this one the answer is known; of another one each answer is shown."""
    off = login_screen.switched_off(choice.base_url)
    if here is not None and _is_at(here, choice):
        announced = here.announced
        yield from _by_browser(choice, announced, here) if announced else (_fault(off, "caption-off"),)
        return
    for screen in _by_browser(choice, "", None):
        yield replace(screen, when=_say("when-on"))
    yield _fault(off, "caption-off", "when-off")
    base = parse_base_url(choice.base_url, allow_http=True)
    path = (base.path if isinstance(base, BaseURL) else "") + INFO_LOGIN
    yield _fault(login_screen.gateway(choice.base_url, path, None), "caption-gateway", "when-gateway")
