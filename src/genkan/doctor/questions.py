"""What is asked of a site by HTTP, and in which order: what only reads, and what a provider must refuse or put off."""

from urllib.parse import urlencode

from genkan.doctor.judge_client import STATE
from genkan.doctor.judge_front import LONG
from genkan.doctor.judge_plugins import MOBILE_KEY, OAUTH_KEY
from genkan.doctor.manifest import MANIFEST, MOST_BYTES
from genkan.doctor.observed import Q, Target
from genkan.doctor.reach import Asking
from genkan.wire import pkce
from genkan.wire.metadata import Endpoints, well_known_paths
from genkan.wire.oauth import AuthorizationRequest, CodeExchange
from genkan.wire.refusal_pages import NOBODY
from genkan.wire.urls import join

LOOPBACK = "http://127.0.0.1/oauth-callback"
# A verifier that everybody may know: no code is ever issued for it.
_VERIFIER = "genkan-check-genkan-check-genkan-check-genkan-check"
_MOST_OF_LIST = 4 * 1024 * 1024
_PAGE = {"accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}


def first(target: Target) -> dict[Q, Asking]:
    """Whether there is anybody at all."""
    site = Endpoints(target.base.text)
    return {Q.SERVER_INFO: Asking(site.server_info), Q.INFO_LOGIN: Asking(site.info_login)}


def second(target: Target, plain_port: int | None) -> dict[Q, Asking]:
    """All that can be asked without knowing a client."""
    base, site = target.base, Endpoints(target.base.text)
    at_root, below = well_known_paths(base.text)
    asked = {
        Q.LOGIN_OPTIONS: Asking(site.login_options),
        Q.METADATA: Asking(base.origin + at_root),
        Q.CLIENTS: Asking(site.client),
        Q.PAGE: Asking(base.text + "/", headers=_PAGE, follow=True),
        Q.TOKEN: _token(site),
        Q.UNKNOWN_BARE: _authorize(site, NOBODY, redirect_uri=""),
        Q.UNKNOWN_APP: _authorize(site, NOBODY, redirect_uri=target.redirect_uri),
        Q.UNKNOWN_LOOPBACK: _authorize(site, NOBODY, redirect_uri=LOOPBACK),
        Q.UNKNOWN_LONG: _authorize(site, NOBODY, redirect_uri=target.redirect_uri, state="a" * LONG),
    }
    if below != at_root:
        asked[Q.METADATA_BELOW] = Asking(base.origin + below)
    if base.secure and plain_port is not None:
        host = f"[{base.host}]" if ":" in base.host else base.host
        port = "" if plain_port == 80 else f":{plain_port}"
        asked[Q.PLAIN] = Asking(f"http://{host}{port}{base.path}/", headers=_PAGE)
    return asked


def of_manifest(target: Target) -> dict[Q, Asking]:
    """Where serverInfo is not there: is it a Confluence?"""
    return {Q.MANIFEST: _manifest(target.base.text)}


def of_context(address: str) -> dict[Q, Asking]:
    """Whether the address to which the start page leads is that of a site."""
    return {Q.INFO_BELOW: Asking(Endpoints(address).server_info), Q.MANIFEST_BELOW: _manifest(address)}


def _manifest(address: str) -> Asking:
    return Asking(join(address, MANIFEST), headers={"accept": "application/xml"}, most_bytes=MOST_BYTES)


def of_old_plugin(target: Target) -> dict[Q, Asking]:
    """Where 1.1 is not there: is 1.0?"""
    return {Q.INFO_LOGIN_OLD: Asking(join(target.base.text, "/rest/nativemobile/1.0/info/login"))}


def of_client(target: Target, client_id: str) -> dict[Q, Asking]:
    """The app's own request: up to the sign-in page; asking nobody; and with a method of PKCE that does not exist."""
    site, uri, scope = Endpoints(target.base.text), target.redirect_uri, target.scope
    return {
        Q.CLIENT: _authorize(site, client_id, redirect_uri=uri, scope=scope, follow=True),
        Q.CLIENT_SILENT: _authorize(site, client_id, redirect_uri=uri, scope=scope, prompt="none"),
        Q.CLIENT_WRONG: _authorize(site, client_id, redirect_uri=uri, scope=scope, method="none-such"),
    }


def of_plugins(target: Target, secret: str) -> dict[Q, Asking]:
    """What only an administrator is told; no redirect is followed with the secret."""
    keys = {Q.OAUTH_PLUGIN: OAUTH_KEY, Q.MOBILE_PLUGIN: MOBILE_KEY}
    return {
        question: Asking(join(target.base.text, f"/rest/plugins/1.0/{key}-key"), secret=secret)
        for question, key in keys.items()
    }


def of_all_plugins(target: Target, secret: str) -> dict[Q, Asking]:
    """The whole list, where a plugin is not known by its key."""
    url = join(target.base.text, "/rest/plugins/1.0/")
    return {Q.PLUGINS: Asking(url, secret=secret, most_bytes=_MOST_OF_LIST)}


def _authorize(
    site: Endpoints,
    client_id: str,
    *,
    redirect_uri: str,
    scope: str | None = None,
    state: str = STATE,
    prompt: str | None = None,
    method: str = "S256",
    follow: bool = False,
) -> Asking:
    asked = AuthorizationRequest(
        client_id, redirect_uri, scope, state, pkce.challenge_of(_VERIFIER), method, prompt
    ).to_query()
    if not redirect_uri:
        del asked["redirect_uri"]
    return Asking(f"{site.authorization}?{urlencode(asked)}", headers=_PAGE, follow=follow)


def _token(site: Endpoints) -> Asking:
    form = CodeExchange("genkan-check", LOOPBACK, NOBODY, code_verifier=_VERIFIER).to_form()
    return Asking(
        site.token,
        "POST",
        urlencode(form).encode(),
        {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"},
    )
