"""Owns the telling of what a phone with some value does, step by step; the order of things is that of ``genkan.app``.
Asks no site anything.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from genkan.wire import versions
from genkan.wire.managed import Managed, SiteEntry
from genkan.wire.metadata import Endpoints
from genkan.wire.sentences import Sentence, sentence

SITES_IOS, SITES_ANDROID, POLICIES_IOS = "1.3.2", "0.7.5", "1.29.0"
REDIRECT = "jira-server://oauth-callback"
# By name, in the order in which they can come.
WORDS: Mapping[str, str] = MappingProxyType(
    {
        "versions": "Which version of the app it takes",
        "sites-version": "The list of sites is read by the app from version %(ios)s on iOS and %(android)s on Android.",
        "oauth-version": "`oauth` is read by the app from version %(app)s on iOS; an older one passes over it.",
        "oauth-android": "On Android `oauth` is passed over: people sign in inside the app there.",
        "start": "When the app starts",
        "signed-in": "Who is signed in stays signed in, whatever the value says.",
        "broken": "The app shows an error that names the entry and the fault, and what is right: %(titles)s.",
        "broken-empty": "The app shows an error, and no site. People can type an address by hand.",
        "none": "The app shows no site. People type an address by hand.",
        "one": "The app goes straight to signing in to “%(title)s”.",
        "several": "The app shows %(count)s sites to choose from, in this order: %(titles)s.",
        "typed": "A site that is not in the list can always be typed by hand.",
        "site": "Signing in to “%(title)s” (%(address)s)",
        "info-asked": "The app may ask %(address)s first whether the site is one that it can use.",
        "info-skipped": "`skipInfo`: the app does not ask for the server’s info first.",
        "managed-id": "It knows the client id %(client)s from the MDM, so it also works where a gateway redirects "
        "strangers who ask for info/login.",
        "info-login": "It asks %(address)s how to sign in. This address has to answer strangers, without a redirect.",
        "switch-on": "Where the site’s switch is on, the answer has the client id, and the app goes on in the browser.",
        "switch-off": "Where it is off, or something in front redirects, the app says so, and nobody signs in with "
        "OAuth 2.0.",
        "browser": "The phone’s browser opens %(address)s, and people sign in there: passkey, certificate, or what "
        "the site has.",
        "private": "The browser is a private one: no cookie is kept, so single sign-on asks again each time.",
        "shared": "The browser is the phone’s own: its cookies count, so that who is signed in there only agrees.",
        "browser-unsaid": "Whether that browser shares the cookies of the phone’s own is documented only for sites "
        "with `oauth`, where cacheSessionInMobileBrowser says so.",
        "inside-app": "People sign in inside the app: this value only puts the site in its list.",
        "back": "The browser goes back to the app by %(redirect)s, and the app fetches its tokens.",
        "stays": "The app stays signed in, also after a restart and without a network, until somebody signs it out "
        "or it was not used for as long as the site allows (ninety days, unless the site sets another time).",
        "unmanaged": "On a phone without MDM",
        "unmanaged-typed": "Nothing of this value is there. People type the address %(address)s.",
        "unmanaged-switch": "The app then asks info/login as above, so that the site’s switch has to be on and the "
        "address has to answer strangers.",
    }
)


@dataclass(frozen=True, slots=True)
class Part:
    """A heading and what happens, in order."""

    heading: Sentence
    steps: tuple[Sentence, ...]


def explain(managed: Managed, *, android: bool = False) -> tuple[Part, ...]:
    """What phones with this value do, and those without it. `android`: the file is one that only Android reads."""
    sites = managed.sites
    parts = [
        _part("versions", _versions(sites, android=android)),
        _part("start", _start(managed)),
        *(_site(site, skip_info=site.skip_info or managed.skip_info, android=android) for site in sites),
    ]
    if sites:
        addresses = ", ".join(site.base_url for site in sites)
        steps = [_say("unmanaged-typed", address=addresses), *(() if android else (_say("unmanaged-switch"),))]
        parts.append(_part("unmanaged", steps))
    return tuple(parts)


def _say(name: str, **values: object) -> Sentence:
    return sentence(WORDS[name], values)


def _part(heading: str, steps: list[Sentence] | Iterator[Sentence]) -> Part:
    return Part(_say(heading), tuple(steps))


def _versions(sites: tuple[SiteEntry, ...], *, android: bool) -> Iterator[Sentence]:
    yield _say("sites-version", ios=SITES_IOS, android=SITES_ANDROID)
    if any(site.oauth for site in sites):
        if not android:
            yield _say("oauth-version", app=versions.APP)
        yield _say("oauth-android")


def _start(managed: Managed) -> Iterator[Sentence]:
    """The first screen, as ``genkan.app.startup`` decides it."""
    titles = [site.title or site.base_url for site in managed.sites]
    yield _say("signed-in")
    if managed.broken:
        yield _say("broken", titles=", ".join(titles)) if titles else _say("broken-empty")
    elif len(titles) > 1:
        yield _say("several", count=len(titles), titles=", ".join(titles))
    elif titles:
        yield _say("one", title=titles[0])
    else:
        yield _say("none")
    yield _say("typed")


def _site(site: SiteEntry, *, skip_info: bool, android: bool) -> Part:
    heading = _say("site", title=site.title or site.base_url, address=site.base_url)
    return Part(heading, tuple(_sign_in(site, skip_info=skip_info, android=android)))


def _sign_in(site: SiteEntry, *, skip_info: bool, android: bool) -> Iterator[Sentence]:
    endpoints = Endpoints(site.base_url)
    yield _say("info-skipped") if skip_info else _say("info-asked", address=endpoints.server_info)
    if android:
        yield _say("inside-app")
        return
    if site.oauth is not None:
        yield _say("managed-id", client=site.oauth.client_id)
    else:
        yield _say("info-login", address=endpoints.info_login)
        yield _say("switch-on")
        yield _say("switch-off")
    yield _say("browser", address=endpoints.authorization)
    yield _say(_cookies(site))
    yield _say("back", redirect=REDIRECT)
    yield _say("stays")


def _cookies(site: SiteEntry) -> str:
    if site.oauth is None:
        return "browser-unsaid"
    return "shared" if site.oauth.cache_session_in_mobile_browser else "private"
