"""``SiteDouble`` is the real site: set up as told, and signed in to as from a phone."""

import os
import signal
from collections.abc import Callable
from email.utils import parsedate_to_datetime

import httpx2
import pytest

from genkan import testing
from genkan.testing import AppLink, Credentials, Setup, SetupRefused, SiteDouble, Somebody
from genkan.wire import login_info
from genkan.wire.pkce import challenge_of
from genkan.wire.scopes import Permission

Make = Callable[[Setup | None], SiteDouble]


def refresh(site: SiteDouble, token: str, link: Credentials) -> httpx2.Response:
    """One refresh, as a phone asks for it."""
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": link.client_id}
    return httpx2.post(f"{site.base_url}/rest/oauth2/latest/token", data=form, trust_env=False)


def myself(site: SiteDouble, access: str) -> httpx2.Response:
    """The API's first question."""
    headers = {"Authorization": f"Bearer {access}"}
    return httpx2.get(f"{site.base_url}/rest/api/2/myself", headers=headers, trust_env=False)


def test_a_person_signs_in_and_the_token_opens_the_api(genkan_site: SiteDouble) -> None:
    """The fixture's site has alice and the switch on, and its answers are the real site's."""
    tokens = genkan_site.tokens("alice")
    assert myself(genkan_site, tokens["access_token"]).json()["name"] == "alice"
    assert [(phone.person, phone.state, phone.generation) for phone in genkan_site.phones()] == [
        ("alice", "signed_in", 0)
    ]


def test_each_site_of_a_test_is_its_own(make_genkan_site: Make) -> None:
    """People, links, switch, context path and settings are what the set-up says, of each site alone."""
    report = AppLink("Report", ("https://report.example/callback",), Permission.READ)
    setup = Setup(
        people=(Somebody("bob", password="a password of bob's"),),
        links=(report,),
        switch=False,
        path="/jira",
        settings={"access_seconds": 77},
    )
    site, other = make_genkan_site(setup), make_genkan_site(None)
    info = httpx2.get(f"{site.base_url}/rest/nativemobile/1.1/info/login", trust_env=False).content
    assert site.base_url.endswith("/jira")
    assert site.base_url != other.base_url
    announced = login_info.parse(info)
    assert isinstance(announced, login_info.LoginInfo)
    assert not announced.enabled
    link = site.links["Report"]
    assert link.client_secret
    tokens = site.tokens("bob", link)
    assert tokens["expires_in"] == 77
    assert tokens["token_type"] == "bearer"
    assert other.phones() == []


def test_the_clock_is_the_tests(make_genkan_site: Make) -> None:
    """What expires at the site expires when the test lets time pass, not before, and the answers tell that time."""
    site = make_genkan_site(Setup(clock_skew=-3600))
    link = site.switch_on()
    tokens = site.tokens()
    early = myself(site, tokens["access_token"])
    assert early.status_code == 200
    site.clock.advance(3601)
    late = myself(site, tokens["access_token"])
    assert late.status_code == 401
    passed = parsedate_to_datetime(late.headers["date"]) - parsedate_to_datetime(early.headers["date"])
    assert passed.total_seconds() >= 3601
    assert refresh(site, tokens["refresh_token"], link).status_code == 200
    site.clock.advance(91 * 86400)
    assert refresh(site, tokens["refresh_token"], link).json()["error"] == "invalid_grant"
    with pytest.raises(ValueError, match="backwards"):
        site.clock.advance(-1)


def test_keys_are_rotated_under_phones(genkan_site: SiteDouble) -> None:
    """A rotation signs nobody out; a revoked key signs out everybody, at once."""
    link = genkan_site.switch_on()
    first = genkan_site.tokens()
    genkan_site.rotate_keys()
    genkan_site.rotate_keys()
    assert myself(genkan_site, first["access_token"]).status_code == 200
    second = refresh(genkan_site, first["refresh_token"], link).json()
    genkan_site.rotate_keys(revoke=True)
    assert myself(genkan_site, second["access_token"]).status_code == 401
    assert refresh(genkan_site, second["refresh_token"], link).json()["error"] == "invalid_grant"
    assert [phone.state for phone in genkan_site.phones()] == ["signed_out"]


def test_phones_are_signed_out(genkan_site: SiteDouble) -> None:
    """One phone, a person, everybody: whoever is meant is out at the next request, nobody else."""
    bob = genkan_site.add_person("bob")
    lost, kept, bobs = genkan_site.tokens(), genkan_site.tokens(), genkan_site.tokens(bob.name)
    alices = [phone.id for phone in genkan_site.phones() if phone.person == "alice"]
    genkan_site.sign_out(phone=alices[-1])
    opened = [myself(genkan_site, tokens["access_token"]).status_code for tokens in (lost, kept, bobs)]
    assert sorted(opened) == [200, 200, 401]
    assert opened[2] == 200
    genkan_site.sign_out(person="alice")
    assert [myself(genkan_site, t["access_token"]).status_code for t in (lost, kept, bobs)] == [401, 401, 200]
    genkan_site.sign_out()
    assert myself(genkan_site, bobs["access_token"]).status_code == 401


def test_the_switch_is_turned(genkan_site: SiteDouble) -> None:
    """Off keeps phones unless they are to be signed out; on again is the same client id."""
    link = genkan_site.switch_on()
    tokens = genkan_site.tokens()
    genkan_site.switch_off()
    assert myself(genkan_site, tokens["access_token"]).status_code == 200
    genkan_site.switch_off(sign_out=True)
    assert myself(genkan_site, tokens["access_token"]).status_code == 401
    assert genkan_site.switch_on().client_id == link.client_id


def test_tokens_leave_the_switch_alone(make_genkan_site: Make) -> None:
    """They are the app's own link's; a site whose switch was never on has none and says so."""
    site = make_genkan_site(Setup(switch=False))
    with pytest.raises(SetupRefused, match="never on"):
        site.tokens()
    announced = httpx2.get(f"{site.base_url}/rest/nativemobile/1.1/info/login", timeout=20)
    site.switch_on()
    site.switch_off()
    assert site.tokens()["access_token"]
    assert httpx2.get(f"{site.base_url}/rest/nativemobile/1.1/info/login", timeout=20).json() == announced.json()


def test_a_set_up_that_will_not_do_is_told(make_genkan_site: Make) -> None:
    """One sentence names what is wrong, nothing stays open, and a closed site says that it is one."""
    with pytest.raises(SetupRefused, match="access_seconds"):
        make_genkan_site(Setup(settings={"access_seconds": "soon"}))
    with pytest.raises(SetupRefused, match=r"settings\['acess_seconds'\]: .*did you mean access_seconds"):
        make_genkan_site(Setup(settings={"acess_seconds": 60}))
    with pytest.raises(SetupRefused, match="redirect"):
        make_genkan_site(Setup(links=(AppLink(redirects=("nonsense",)),)))
    with pytest.raises(SetupRefused, match="10 to 1024"):
        make_genkan_site(Setup(people=(Somebody("carol", password="short"),)))
    with pytest.raises(SetupRefused, match="not open"):
        SiteDouble().add_person("alice")


@pytest.mark.parametrize("phone", ["zz", "00" * 16])
def test_a_phone_that_there_is_not_is_told(genkan_site: SiteDouble, phone: str) -> None:
    """An id that is none, or nobody's, is refused as everything else that will not do."""
    with pytest.raises(SetupRefused):
        genkan_site.sign_out(phone=phone)


def test_who_may_not_sign_in_is_told(genkan_site: SiteDouble) -> None:
    """A wrong password ends on the site's page, and a refusal comes back as the provider's own."""
    page = genkan_site.person(password="not the password")
    link = genkan_site.switch_on()
    address = (
        f"{genkan_site.base_url}/rest/oauth2/latest/authorize?response_type=code&client_id={link.client_id}"
        f"&redirect_uri={link.redirects[0]}&state=s&code_challenge={challenge_of('v' * 43)}&code_challenge_method=S256"
    )
    assert page(address) is None
    assert page.said
    declined = genkan_site.person(decision="deny")(address)
    assert declined is not None
    assert "error=access_denied" in declined


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_forked_children_sign_in_each_by_itself(genkan_site: SiteDouble) -> None:
    """A test whose program forks: the connection that the parent used is no child's, nor is a lock that was held."""
    link, before = genkan_site.switch_on(), genkan_site.person()
    assert before(f"{genkan_site.base_url}/login") is None
    children = []
    with genkan_site._network._lock:
        for _ in range(6):
            child = os.fork()
            if child == 0:
                try:
                    signal.alarm(30)
                    signed_in = genkan_site.tokens(link=link)["access_token"]
                    os._exit(0 if signed_in and before.browser.get(genkan_site.base_url).status_code < 500 else 1)
                finally:
                    os._exit(2)
            children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * len(children)
    assert before.browser.get(genkan_site.base_url).status_code < 500
    assert genkan_site.tokens()["access_token"]


def test_everything_public_is_there() -> None:
    """Each name that the package promises can be imported from it, and nothing else pretends to be there."""
    assert all(getattr(testing, name) is not None for name in testing.__all__)
    with pytest.raises(AttributeError, match="no attribute"):
        _ = testing.nothing  # type: ignore[attr-defined]
