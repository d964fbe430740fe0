"""Row 40: what lax parsers let through elsewhere. Each list names its cases; none of them means what it resembles."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, urlencode

import httpx2
import pytest

from genkan.protocol.link_wishes import LinkWish
from genkan.protocol.links import create
from genkan.protocol.outcomes import Refused
from genkan.protocol.records import LinkKind
from genkan.store.api import PhoneQuery
from genkan.wire import redirects
from genkan.wire.client_auth import parse_basic
from genkan.wire.scopes import Permission
from tests.site.world import VERIFIER, SiteUnderTest, forms_of

TOKEN = "/rest/oauth2/latest/token"
AUTHORIZE = "/rest/oauth2/latest/authorize"
FORM = {"content-type": "application/x-www-form-urlencoded"}
CALLBACK = "https://app.example/cb"


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def _strayed(encoded: str) -> str:
    """The same octets in base64 that is not the one spelling: the last letter's unused bits are set."""
    letters = encoded.rstrip("=")
    return letters[:-1] + chr(ord(letters[-1]) + 1) + encoded[len(letters) :]


BASIC: dict[str, Callable[[str], str]] = {
    "no padding": lambda pair: f"Basic {_base64(pair).rstrip('=')}",
    "stray bits behind the last octet": lambda pair: f"Basic {_strayed(_base64(pair))}",
    "padding where none belongs": lambda pair: f"Basic {_base64(pair)}=",
    "more behind the padding": lambda pair: f"Basic {_base64(pair)}=AAAA",
    "a line break inside": lambda pair: f"Basic {_base64(pair)[:8]}\t{_base64(pair)[8:]}",
    "a space inside": lambda pair: f"Basic {_base64(pair)[:8]} {_base64(pair)[8:]}",
    "a strange character inside": lambda pair: f"Basic {_base64(pair)[:8]}!{_base64(pair)[8:]}",
    "quoted": lambda pair: f'Basic "{_base64(pair)}"',
    "not encoded": lambda pair: f"Basic {pair}",
    "encoded twice": lambda pair: f"Basic {_base64(_base64(pair))}",
    "percent signs around": lambda pair: f"Basic {quote(_base64(pair) + '=')}",
    "no space behind the scheme": lambda pair: f"Basic{_base64(pair)}",
    "a comma behind": lambda pair: f"Basic {_base64(pair)},",
    "two credentials in one line": lambda pair: f"Basic {_base64(pair)}, Basic {_base64(pair)}",
    "a parameter": lambda pair: f"Basic realm=x, {_base64(pair)}",
    "broken escape in the secret": lambda pair: f"Basic {_base64(pair + '%')}",
    "NUL behind the secret": lambda pair: f"Basic {_base64(pair + chr(0))}",
    "line feed behind the secret": lambda pair: f"Basic {_base64(pair + chr(10))}",
    "space before the id": lambda pair: f"Basic {_base64(' ' + pair)}",
    "another scheme": lambda pair: f"Basic2 {_base64(pair)}",
}


@pytest.mark.parametrize("name", BASIC)
async def test_loosely_written_basic_is_no_authentication(site: SiteUnderTest, name: str) -> None:
    """The right id and secret, badly written, are 401; written well, they are believed."""
    made = await site.make_link(CALLBACK, kind=LinkKind.CONFIDENTIAL)
    pair = f"{made.link.client_id}:{made.secret}"
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    good = await site.client.post(site.base + TOKEN, data=form, headers={"authorization": f"basic  {_base64(pair)}"})
    assert (good.status_code, good.json()["error"]) == (400, "invalid_grant")
    answer = await site.client.post(site.base + TOKEN, data=form, headers={"authorization": BASIC[name](pair)})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_basic_is_not_in_the_alphabet_of_urls() -> None:
    """The two alphabets differ in two letters: credentials that need one are read in the alphabet of Basic alone."""
    pair = "a:~~~???"
    assert _base64(pair) != urlsafe_b64encode(pair.encode()).decode()
    assert parse_basic(f"Basic {_base64(pair)}") is not None
    assert parse_basic(f"Basic {urlsafe_b64encode(pair.encode()).decode()}") is None


# What stands in place of `grant_type=authorization_code`.
GRANT_TYPES = {
    "array": "grant_type[]=authorization_code",
    "encoded array": "grant_type%5B%5D=authorization_code",
    "sparse array": "grant_type[1000000]=authorization_code",
    "object": "grant_type[value]=authorization_code",
    "prototype": "grant_type.__proto__=authorization_code",
    "upper case": "Grant_Type=authorization_code",
    "space behind the name": "grant_type+=authorization_code",
    "space before the name": "+grant_type=authorization_code",
    "NUL behind the name": "grant_type%00=authorization_code",
    "byte order mark": "%EF%BB%BFgrant_type=authorization_code",
    "full width": "grant%EF%BC%BFtype=authorization_code",
    "no value": "grant_type",
    "no sign of equality": "grant_type:authorization_code",
    "a semicolon for the ampersand": "a=b;grant_type=authorization_code",
    "broken escape in the name": "grant%5_type=authorization_code",
    "space behind the value": "grant_type=authorization_code+",
    "value in upper case": "grant_type=AUTHORIZATION_CODE",
    "two values with a comma": "grant_type=authorization_code,refresh_token",
    "two values with a space": "grant_type=authorization_code+refresh_token",
    "JSON": "grant_type=%22authorization_code%22",
    "twice": "grant_type=authorization_code&grant_type=authorization_code",
    "twice, one of them empty": "grant_type=&grant_type=authorization_code",
    "twice, one encoded": "grant_type=authorization_code&grant%5Ftype=authorization_code",
    "bytes that are no UTF-8": "grant_type=authorization_code%ff",
    "overlong encoding": "grant_type=authorization%c1%9fcode",
}


async def test_loosely_written_forms_redeem_nothing(site: SiteUnderTest) -> None:
    """One parameter that is nearly right is not there: an error of the protocol, and the code works afterwards."""
    await site.make_account()
    made = await site.make_link()
    form = urlencode(
        {"code": await site.get_code(made.link), "client_id": made.link.client_id, "code_verifier": VERIFIER,
         "redirect_uri": made.link.redirects[0]}
    )  # fmt: skip

    async def redeem(grant_type: str) -> httpx2.Response:
        return await site.client.post(site.base + TOKEN, content=f"{form}&{grant_type}".encode(), headers=FORM)

    for name, grant_type in GRANT_TYPES.items():
        answer = await redeem(grant_type)
        assert answer.status_code == 400, name
        assert answer.json()["error"] in {"invalid_request", "unsupported_grant_type"}, name
    assert await site.store.phones(PhoneQuery()) == []
    assert (await redeem("grant_type=authorization_code")).status_code == 200


STRAYS = [
    "scope[]=ADMIN", "scope%5B0%5D=ADMIN", "scope[99999999]=ADMIN", "redirect_uri[]=https://evil.example/",
    "redirect_uri[0]=https://evil.example/", "redirect_uri.0=https://evil.example/", "client_id[$ne]=x",
    "response_type[]=token", "state[toString]=x", "prompt[]=none", "__proto__[scope]=ADMIN", "constructor.prototype=x",
    "Redirect_URI=https://evil.example/", "redirect_uri+=https://evil.example/", "a[]=1&b[]=2",
]  # fmt: skip


@pytest.mark.parametrize("stray", STRAYS)
async def test_parameters_with_brackets_are_strays(site: SiteUnderTest, stray: str) -> None:
    """No array, object or near name is taken for the parameter: the request goes on as without it."""
    await site.make_account()
    made = await site.make_link(CALLBACK, kind=LinkKind.CONFIDENTIAL)
    await site.sign_in()
    query = urlencode(
        {"client_id": made.link.client_id, "redirect_uri": CALLBACK, "response_type": "code", "scope": "READ",
         "state": "st"}
    )  # fmt: skip
    page = await site.client.get(f"{site.base}{AUTHORIZE}?{query}&{stray}", follow_redirects=True)
    assert page.status_code == 200
    assert 'value="READ"' in page.text
    back = await site.decide(page)
    assert back.headers["location"].startswith(f"{CALLBACK}?code=")
    assert "evil.example" not in page.text + back.headers["location"]


async def test_a_repeated_array_is_a_repeated_parameter(site: SiteUnderTest) -> None:
    """RFC 6749 3.1: also a name that nobody knows may come once only."""
    made = await site.make_link()
    query = f"client_id={made.link.client_id}&response_type=code&a[]=1&a[]=2"
    answer = await site.client.get(f"{site.base}{AUTHORIZE}?{query}")
    assert (answer.status_code, "location" in answer.headers) == (400, False)


EMPTY_PARTS = [
    "https://app.example/cb?", "https://app.example/cb#", "https://app.example/cb?#", "https://app.example:/cb",
    "https://@app.example/cb", "https://:@app.example/cb", "https://app.example//cb", "https://app.example/cb/",
    "https://app.example/cb;", "https://app.example/cb?&", "https://app.example/cb?=", "https://app.example./cb",
    "https://app.example:443/cb", "https:app.example/cb", "https:/app.example/cb", "https:///app.example/cb",
    "//app.example/cb", "://app.example/cb", " https://app.example/cb", "https://app.example/./cb",
    "https://app.example/cb%00", "HTTPS://app.example/cb", "https://app.example/c%62",
]  # fmt: skip


@pytest.mark.parametrize("asked", EMPTY_PARTS)
async def test_an_empty_part_makes_another_address(site: SiteUnderTest, asked: str) -> None:
    """What other parsers drop, counts here: an address with an empty part is not the registered one."""
    made = await site.make_link(CALLBACK, kind=LinkKind.CONFIDENTIAL)
    query = {"client_id": made.link.client_id, "redirect_uri": asked, "response_type": "code"}
    answer = await site.client.get(site.base + AUTHORIZE, params=query)
    assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert not redirects.matches(CALLBACK, asked)


@pytest.mark.parametrize(
    "text",
    ["", ":", "://", "https:", "https://", "https:///", "https://?", "https://:443/cb", "https://a.b:/cb",
     "https://@/cb",
     "https://@a.b/cb", "https://:@a.b/cb", "https://a.b/cb#", "https://.a.b/cb", "https://a..b/cb", "https://a.b./cb",
     "http://[]/cb", "http://127.0.0.1:/cb", "app:", "app://:/cb", "app://@/cb", "app://x/#"],
)  # fmt: skip
async def test_an_address_without_its_parts_is_not_registered(site: SiteUnderTest, text: str) -> None:
    """No host, an empty port, an empty user, an empty fragment or an empty label: none of them makes a link."""
    made = create(LinkWish("An app", (text,), Permission.READ), "test", site.env(), allow_http=True)
    assert isinstance(made, Refused)


ORIGINS = [
    "null", "Null", "", " ", "https://", "://", "file://", "data:", "about:blank", "https://site.example/",
    "https://site.example:443", "HTTPS://SITE.EXAMPLE", "http://site.example", "https://site.example.",
    "https://evil.example",
    "https://site.example, https://site.example", "https://site.example https://evil.example",
    "https://site.example@evil",
]  # fmt: skip


async def test_opaque_and_odd_origins_are_foreign(site: SiteUnderTest) -> None:
    """Only the very origin of the base URL may send forms and changes by session: `null` is nobody's origin."""
    await site.make_account("root", Permission.SYSTEM_ADMIN)
    await site.sign_in("root")
    page = await site.client.get(f"{site.base}/account/apps")
    action, fields = next(form for form in forms_of(page.text) if form[0].endswith("/logout"))
    switch = f"{site.base}/rest/nativemobile/1.0/admin/oauth"
    for origin in ORIGINS:
        headers = {"origin": origin}
        form = await site.client.post(site.absolute(action), data=fields, headers=headers)
        assert (await site.client.get(f"{site.base}/account/apps")).status_code == 200, f"signed out from {origin}"
        assert form.status_code in {303, 400, 403}, origin
        change = await site.client.put(switch, json={"enabled": True}, headers=headers)
        assert change.status_code == 403, origin
    assert not (await site.store.site()).mobile_enabled
    ours = {"origin": site.base}
    assert (await site.client.put(switch, json={"enabled": True}, headers=ours)).status_code == 200
    await site.client.post(site.absolute(action), data=fields, headers=ours)
    assert (await site.client.get(f"{site.base}/account/apps")).status_code == 302


@pytest.mark.parametrize("origin", ORIGINS)
async def test_no_origin_is_ever_repeated(site: SiteUnderTest, origin: str) -> None:
    """Documents for everybody say `*`, and nothing else says anything, least of all to `null` and with credentials."""
    for path in ("/rest/nativemobile/1.1/info/login", "/rest/api/2/myself", "/login", "/auth/verify"):
        for method in ("GET", "OPTIONS"):
            answer = await site.client.request(method, site.base + path, headers={"origin": origin})
            assert answer.headers.get("access-control-allow-origin", "*") == "*"
            assert "access-control-allow-credentials" not in answer.headers
