"""Owns the `info/login` document in both directions; whether the mobile switch is on is known elsewhere."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from genkan.wire.jsontext import decode_object, text, texts
from genkan.wire.urls import is_endpoint

_CLIENT_ID = ("clientID", "clientId", "client_id")
_REDIRECT = ("redirectURI", "redirectUri", "redirect_uri", "redirectUrl")
_REDIRECTS = ("redirectURIs", "redirectUris", "redirect_uris", "redirectUrls")


@dataclass(frozen=True, slots=True)
class LoginInfo:
    """What a site tells anonymous callers about signing in; the first redirect is the preferred one."""

    enabled: bool
    client_id: str | None = None
    redirect_uris: tuple[str, ...] = ()
    scope: str | None = None
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class LoginInfoProblem:
    """Why a body says nothing about signing in."""

    sentence: str


def render(info: LoginInfo) -> dict[str, object]:
    """The body of version 1.1."""
    if not info.enabled:
        return {"oauth": {"enabled": False}, **render_1_0()}
    oauth: dict[str, object] = {"enabled": True, "clientID": info.client_id}
    if info.redirect_uris:
        oauth["redirectURI"] = info.redirect_uris[0]
    oauth["scope"] = info.scope
    oauth["redirectURIs"] = list(info.redirect_uris)
    oauth["authorizationEndpoint"] = info.authorization_endpoint
    oauth["tokenEndpoint"] = info.token_endpoint
    return {
        "oauth": {name: value for name, value in oauth.items() if value is not None},
        "loginOptions": [{"type": "OAUTH2"}, {"type": "LOGIN_FORM"}],
    }


def render_1_0() -> dict[str, object]:
    """The body of version 1.0, whose callers know no OAuth 2.0."""
    return {"loginOptions": [{"type": "LOGIN_FORM"}]}


def parse(body: bytes) -> LoginInfo | LoginInfoProblem:
    """Read any site's body: no shape is published, so names and nesting are taken tolerantly. Never raises."""
    members = decode_object(body)
    if members is None:
        return LoginInfoProblem(
            "The site's answer is not the JSON object that was asked for: something in front of it answered."
        )
    place = _place(members)
    if place is None:
        if _switched_off(members):
            return LoginInfo(enabled=False)
        return LoginInfoProblem(
            "The site's answer names no client id: ask the administrator for it and enter it by hand."
        )
    return LoginInfo(
        enabled=not _is_false(place.get("enabled", members.get("enabled"))),
        client_id=_first(place, _CLIENT_ID),
        redirect_uris=_redirects(place),
        scope=text(place.get("scope")),
        authorization_endpoint=_endpoint(place.get("authorizationEndpoint")),
        token_endpoint=_endpoint(place.get("tokenEndpoint")),
    )


def _places(members: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """Where to look, the likeliest first: `oauth`, the top, then every other object one down."""
    down = {name: value for name, value in members.items() if isinstance(value, dict)}
    oauth = down.pop("oauth", None)
    if oauth is not None:
        yield oauth
    yield members
    yield from down.values()


def _place(members: Mapping[str, object]) -> Mapping[str, object] | None:
    return next((place for place in _places(members) if _first(place, _CLIENT_ID) is not None), None)


def _switched_off(members: Mapping[str, object]) -> bool:
    stated = [place["enabled"] for place in _places(members) if "enabled" in place]
    if stated:
        return all(map(_is_false, stated))
    # A list of ways to sign in without OAuth 2.0 is what a site says that is too old for it
    options = members.get("loginOptions")
    return isinstance(options, list) and not any(
        isinstance(option, dict) and option.get("type") == "OAUTH2" for option in options
    )


def _is_false(value: object) -> bool:
    return value is False or (isinstance(value, str) and value.lower() == "false")


def _first(place: Mapping[str, object], names: tuple[str, ...]) -> str | None:
    # RFC 6749 A.1: a client id has visible characters and space only
    found = (text(place.get(name)) for name in names)
    return next((value for value in found if value is not None and value.isascii() and value.isprintable()), None)


def _redirects(place: Mapping[str, object]) -> tuple[str, ...]:
    preferred = _first(place, _REDIRECT)
    listed = next((texts(place[name]) for name in _REDIRECTS if name in place), ())
    return tuple(dict.fromkeys((preferred, *listed))) if preferred is not None else tuple(dict.fromkeys(listed))


def _endpoint(value: object) -> str | None:
    address = text(value)
    return address if address is not None and is_endpoint(address) else None
