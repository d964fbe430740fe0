"""Discovery by hand: each of the five routes, and every way in which a site can be blocked or wrong."""

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.app.discovery import Wanted, discover
from genkan.app.outcomes import (
    ClientIdUnknown,
    Discovery,
    GatewayInTheWay,
    Ready,
    Retry,
    Route,
    SiteSetUpWrong,
    SwitchedOff,
    TooOld,
    WrongAddress,
)
from genkan.app.steps import Answer, Loss, Lost
from genkan.wire import login_info, metadata
from genkan.wire.login_info import LoginInfo
from genkan.wire.managed import OAuthEntry, SiteEntry
from tests.app.by_hand import APP, BASE, CLIENT, document, drive, page, served

INFO = "/rest/nativemobile/1.1/info/login"
SERVER_INFO = "/rest/api/2/serverInfo"
WELL_KNOWN = "/.well-known/oauth-authorization-server"
LOOPBACK = "http://127.0.0.1/oauth-callback"
ON = document(login_info.render(LoginInfo(True, CLIENT, (APP, LOOPBACK), "WRITE")))
OFF = document(login_info.render(LoginInfo(False)))


def found(wanted: Wanted, documents: dict[str, Answer | object]) -> Discovery:
    return drive(discover(wanted), served(documents))


def ready(wanted: Wanted, documents: dict[str, Answer | object]) -> Ready:
    result = found(wanted, documents)
    assert isinstance(result, Ready), result
    return result


def managed(oauth: OAuthEntry | None, **changed: bool) -> SiteEntry:
    return SiteEntry("My Jira Site", BASE, oauth, **changed)


def test_route_1_managed_with_oauth_needs_nothing_of_the_site() -> None:
    """With `oauth` in the MDM entry the endpoints follow from the base URL, whatever the site hides."""
    entry = managed(OAuthEntry(CLIENT, cache_session_in_mobile_browser=False))
    result = ready(Wanted(BASE, entry), {INFO: page(302, location="https://sso.example.com/login")})
    assert result.route is Route.MANAGED_OAUTH
    assert result.site.client_id == CLIENT
    assert result.site.redirect_uris == (APP,)
    assert result.site.token_endpoint == f"{BASE}/rest/oauth2/latest/token"
    assert result.site.authorization_endpoint == f"{BASE}/rest/oauth2/latest/authorize"
    assert result.site.issuer == BASE
    assert result.site.issuer_promised is False
    assert result.site.share_browser_session is False
    assert result.site.title == "My Jira Site"
    assert result.site.scope == "WRITE"


def test_route_1_takes_the_redirects_of_the_same_client_only() -> None:
    """Loopback is used for an MDM client only where `info/login` lists it for that very client."""
    same = ready(Wanted(BASE, managed(OAuthEntry(CLIENT))), {INFO: ON})
    other = ready(Wanted(BASE, managed(OAuthEntry("another-client"))), {INFO: ON})
    assert same.site.redirect_uris == (APP, LOOPBACK)
    assert other.site.redirect_uris == (APP,)
    assert other.site.client_id == "another-client"


def test_route_2_managed_without_oauth_asks_the_site() -> None:
    """A pre-populated site gets its client id from the switch."""
    result = ready(Wanted(BASE, managed(None)), {INFO: ON})
    assert result.route is Route.MANAGED_SWITCH
    assert result.site.client_id == CLIENT
    assert result.site.title == "My Jira Site"


def test_route_3_typed_address_asks_the_site() -> None:
    """A typed address with the switch on is ready, with the redirects and scope that the site lists."""
    result = ready(Wanted(BASE), {INFO: ON})
    assert result.route is Route.TYPED_SWITCH
    assert result.site.redirect_uris == (APP, LOOPBACK)
    assert result.site.scope == "WRITE"
    assert result.site.share_browser_session is True


@pytest.mark.parametrize(
    "answer",
    [
        page(302, location="https://sso.example.com/login?rd=secret"),
        page(307, location="/login?next=x"),
        page(200, "<html>Sign in</html>"),
        page(401),
        page(403),
        document({"message": "who are you"}, 401),
    ],
)
def test_route_4_a_gateway_is_told_from_a_site(answer: Answer) -> None:
    """A redirect, a page or a refusal of anonymous callers names the MDM way out and the path to exempt."""
    result = found(Wanted(f"{BASE}/jira"), {f"/jira{INFO}": answer})
    assert isinstance(result, GatewayInTheWay)
    assert "MDM" in result.sentence
    assert result.exempt_path == f"/jira{INFO}"
    assert result.exempt_path in result.sentence
    assert "secret" not in result.sentence


def test_route_4_names_where_callers_are_sent() -> None:
    """The gateway's own host helps whoever has to find it; its path and query stay out."""
    result = found(Wanted(BASE), {INFO: page(302, location="https://sso.example.com/login?rd=secret")})
    assert isinstance(result, GatewayInTheWay)
    assert result.sent_to == "https://sso.example.com"


def test_route_5_switched_off() -> None:
    """A site whose switch is off is told so, and nobody is sent to a browser."""
    result = found(Wanted(BASE), {INFO: OFF})
    assert isinstance(result, SwitchedOff)
    assert BASE in result.sentence


def test_route_5_too_old() -> None:
    """Without `info/login` the site's version says what is needed."""
    result = found(Wanted(BASE), {SERVER_INFO: document({"version": "9.4.0"})})
    assert isinstance(result, TooOld)
    assert "9.12.14" in result.sentence


def test_route_5_too_old_plugin() -> None:
    """A version that is new enough without `info/login` points at the plugin."""
    result = found(Wanted(BASE), {SERVER_INFO: document({"version": "10.3.1"})})
    assert isinstance(result, TooOld)
    assert "plugin" in result.sentence


def test_skip_info_asks_no_server_info() -> None:
    """`skipInfo` of the MDM set-up keeps the app from asking what the site is."""
    asked: list[str] = []
    result = drive(discover(Wanted(BASE, managed(None, skip_info=True))), served({}, asked))
    assert isinstance(result, TooOld)
    assert not any(SERVER_INFO in url for url in asked)


@pytest.mark.parametrize("body", [{"version": 9}, ["9.4.0"], {"version": "unknown"}, {}])
def test_no_site_at_all(body: object) -> None:
    """An address where nothing answers as a site does is a wrong address, whatever it answers."""
    assert isinstance(found(Wanted(BASE), {SERVER_INFO: document(body)}), WrongAddress)
    assert isinstance(found(Wanted(BASE), {}), WrongAddress)


def test_typed_client_id() -> None:
    """A typed client id stands in for an `info/login` that cannot be read."""
    result = ready(Wanted(BASE, client_id="typed", client_secret="s3cret"), {INFO: document({"what": "else"})})
    assert result.route is Route.TYPED_CLIENT_ID
    assert result.site.client_id == "typed"
    assert result.site.client_secret == "s3cret"
    assert result.site.redirect_uris == (APP,)


def test_unreadable_info_asks_for_the_client_id() -> None:
    """An answer in a shape nobody published asks for the client id instead of failing."""
    result = found(Wanted(BASE), {INFO: document({"something": {"else": 1}})})
    assert isinstance(result, ClientIdUnknown)
    assert "client id" in result.sentence


@pytest.mark.parametrize("spelling", ["clientID", "clientId", "client_id"])
def test_foreign_info_is_read_tolerantly(spelling: str) -> None:
    """The `info/login` of others is read at the top and one object down."""
    top = ready(Wanted(BASE), {INFO: document({spelling: CLIENT})})
    down = ready(Wanted(BASE), {INFO: document({"mobile": {spelling: CLIENT}})})
    assert top.site.client_id == down.site.client_id == CLIENT
    assert top.site.redirect_uris == (APP,)


def test_https_redirects_are_not_taken() -> None:
    """A web address that a site lists is somebody else's place: the app never takes an answer there."""
    info = LoginInfo(True, CLIENT, ("https://evil.example/cb", "javascript:alert(1)", LOOPBACK), "WRITE")
    result = ready(Wanted(BASE), {INFO: document(login_info.render(info))})
    assert result.site.redirect_uris == (LOOPBACK,)


def test_redirects_of_ones_own_are_used_or_refused() -> None:
    """What is written for a link of one's own is taken as it is, a web address too; what is none is a sentence."""
    given = ("https://localhost:8091/jira", LOOPBACK)
    result = ready(Wanted(BASE, client_id="mine", redirect_uris=given), {})
    assert result.site.redirect_uris == given
    wrong = found(Wanted(BASE, client_id="mine", redirect_uris=("127.0.0.1:8080/callback",)), {})
    assert isinstance(wrong, SiteSetUpWrong)
    assert wrong.sentence.startswith("127.0.0.1:8080/callback: The redirect URL has no scheme")


@pytest.mark.parametrize("path", [WELL_KNOWN + "/jira", "/jira" + WELL_KNOWN])
def test_metadata_is_read_in_both_places(path: str) -> None:
    """RFC 8414: at the host's root with the context path after it, and below the base URL."""
    base = f"{BASE}/jira"
    result = ready(Wanted(base), {f"/jira{INFO}": ON, path: document(metadata.document(base))})
    assert result.site.issuer == base
    assert result.site.issuer_promised is True
    assert result.notes == ()


OPENID = "/.well-known/openid-configuration"


@pytest.mark.parametrize(("base", "path"), [(BASE, OPENID), (f"{BASE}/jira", f"/jira{OPENID}")])
def test_a_provider_of_openid_describes_itself_there(base: str, path: str) -> None:
    """Where there is no document of RFC 8414, the one of OpenID Connect is read by the same rules."""
    info = base.removeprefix(BASE) + INFO
    # RFC 8414 5: the members of both documents mean the same
    described = {**metadata.document(base), "token_endpoint": f"{base}/elsewhere/token"}
    result = ready(Wanted(base), {info: ON, path: document(described)})
    assert result.site.token_endpoint == f"{base}/elsewhere/token"
    foreign = document({**described, "issuer": "https://evil.example"})
    assert ready(Wanted(base), {info: ON, path: foreign}).site.token_endpoint == metadata.Endpoints(base).token


def test_a_wrong_document_is_not_replaced_by_another() -> None:
    """A document of RFC 8414 that cannot be used is told of, and no other is looked for in its place."""
    asked: list[str] = []
    documents = {INFO: ON, WELL_KNOWN: document(metadata.document("https://other.example"))}
    result = drive(discover(Wanted(BASE)), served(documents, asked))
    assert isinstance(result, Ready)
    assert result.notes
    assert not [url for url in asked if url.endswith(OPENID)]


def test_metadata_of_another_issuer_is_not_used() -> None:
    """RFC 8414 3.3: a document that names another issuer changes nothing but a note."""
    foreign = document(metadata.document("https://other.example"))
    result = ready(Wanted(BASE), {INFO: ON, WELL_KNOWN: foreign})
    assert result.site.token_endpoint == f"{BASE}/rest/oauth2/latest/token"
    assert result.site.issuer_promised is False
    assert len(result.notes) == 1


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "revocation_endpoint"])
def test_metadata_that_points_elsewhere_is_not_used(name: str) -> None:
    """An endpoint on another server is never sent a token, even when the issuer is right."""
    described = {**metadata.document(BASE), name: "https://evil.example/rest/oauth2/latest/token"}
    result = ready(Wanted(BASE), {INFO: ON, WELL_KNOWN: document(described)})
    site = result.site
    endpoints = (site.authorization_endpoint, site.token_endpoint, site.revocation_endpoint)
    assert all(endpoint.startswith(BASE) for endpoint in endpoints)
    assert result.notes


def test_a_site_that_calls_itself_otherwise() -> None:
    """A base URL that differs from the typed address is named, instead of a sign-in that would fail."""
    ends = metadata.Endpoints("https://www.example.com/jira")
    info = LoginInfo(True, CLIENT, (APP,), "WRITE", ends.authorization, ends.token)
    result = found(Wanted(BASE), {INFO: document(login_info.render(info))})
    assert isinstance(result, WrongAddress)
    assert result.suggestion == "https://www.example.com/jira"
    assert "https://www.example.com/jira" in result.sentence


def test_the_same_address_in_another_spelling_is_the_same() -> None:
    """A default port written out is no other address."""
    info = LoginInfo(True, CLIENT, (APP,), "WRITE", "https://jira.example.com:443/rest/oauth2/latest/authorize")
    assert ready(Wanted("https://JIRA.example.com/"), {INFO: document(login_info.render(info))}).site.base_url == BASE


def test_a_moved_site_is_not_a_gateway() -> None:
    """A redirect to the same document elsewhere (a context path, another host) suggests that address."""
    result = found(Wanted(BASE), {INFO: page(301, location=f"/jira{INFO}")})
    assert isinstance(result, WrongAddress)
    assert result.suggestion == f"{BASE}/jira"


@pytest.mark.parametrize(
    "address", ["http://jira.example.com", "ftp://x", "https://u:p@x", "", "https://x?a=b", "jira"]
)
def test_addresses_that_are_none(address: str) -> None:
    """A bad address ends before anything is asked."""
    assert isinstance(drive(discover(Wanted(address)), served({})), WrongAddress)


@given(st.text(max_size=100) | st.sampled_from(["http://[::1", "//[", "https://u:p@x/", "http:///", INFO, ""]))
def test_any_location_is_judged(location: str) -> None:
    """Whatever a redirect names, discovery ends in a sentence without control characters or credentials."""
    result = found(Wanted(BASE), {INFO: page(302, location=location)})
    assert isinstance(result, GatewayInTheWay | WrongAddress)
    assert result.sentence.isprintable()
    assert "u:p" not in result.sentence


@given(st.binary(max_size=200) | st.sampled_from([b"[" * 5000, b'{"oauth":{"clientID":"\\ud800"}}', b'{"version":[]}']))
def test_any_body_is_judged(body: bytes) -> None:
    """Whatever a site answers as JSON, discovery ends in a value, in every place that it reads."""
    answer = Answer(200, {"content-type": "application/json"}, body)
    everything: dict[str, Answer | object] = {INFO: answer, WELL_KNOWN: answer, SERVER_INFO: answer}
    found(Wanted(BASE), everything)
    found(Wanted(BASE), {**everything, INFO: ON})
    found(Wanted(BASE), {SERVER_INFO: answer})


def test_insecure_http_must_be_asked_for() -> None:
    """Plain http beyond loopback is taken only by the named override."""
    assert isinstance(found(Wanted("http://jira.example.com", allow_http=True), {INFO: ON}), Ready)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_busy_sites_are_tried_later(status: int) -> None:
    """A fault that passes is no reason to change anything."""
    result = found(Wanted(BASE), {INFO: page(status, **{"retry-after": "7"})})
    assert isinstance(result, Retry)
    assert result.after == 7


def test_other_refusals_name_the_status() -> None:
    """An answer that fits nothing is told as it is."""
    result = found(Wanted(BASE), {INFO: document({}, 418)})
    assert isinstance(result, SiteSetUpWrong)
    assert "418" in result.sentence


@pytest.mark.parametrize(
    ("loss", "kind"),
    [
        (Loss.UNREACHABLE, Retry),
        (Loss.INTERRUPTED, Retry),
        (Loss.CERTIFICATE, SiteSetUpWrong),
        (Loss.CLIENT_CERTIFICATE, SiteSetUpWrong),
        (Loss.UNREADABLE, SiteSetUpWrong),
    ],
)
def test_lost_answers(loss: Loss, kind: type) -> None:
    """The network's failures keep their sentence and their kind."""
    result = drive(discover(Wanted(BASE)), lambda _step: Lost(loss, "Why."))
    assert isinstance(result, kind)
    assert cast("Retry", result).sentence == "Why."


def test_a_managed_site_that_is_down_is_tried_later() -> None:
    """A known client id does not hide that nobody is there."""
    flow = discover(Wanted(BASE, managed(OAuthEntry(CLIENT))))
    assert isinstance(drive(flow, lambda _step: Lost(Loss.UNREACHABLE, "Gone.")), Retry)


def test_secrets_are_not_in_reprs() -> None:
    """The client secret shows in no representation of what discovery works with."""
    wanted = Wanted(BASE, client_id="typed", client_secret="s3cret-value")
    result = ready(wanted, {INFO: ON})
    assert "s3cret-value" not in repr(result)
    assert "s3cret-value" not in repr(wanted)
