"""What a test decides itself: applications behind the site, and answers that depend on what was asked."""

import json
from collections.abc import Callable

import httpx2
import pytest

from genkan.testing import AppLink, Asked, Permission, Reply, Setup, SiteDouble
from genkan.testing.faults import INFO, MYSELF, TOKEN

ISSUE = "/rest/api/2/issue"
Make = Callable[[Setup | None], SiteDouble]


@pytest.fixture
def genkan_setup() -> Setup:
    """A site below a path, with a link that may only read."""
    report = AppLink("Report", ("https://report.example/callback",), Permission.READ)
    return Setup(links=(report,), path="/jira")


def ask(site: SiteDouble, method: str, path: str, token: str = "", **more: str) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}", **more} if token else more
    return httpx2.request(method, site.base_url + path, headers=headers, data={"a": "1"}, trust_env=False)


def issues(asked: Asked) -> Reply:
    """What the application makes of a request, by everything that it can see."""
    told = {"method": asked.method, "path": asked.path, "form": asked.form, "headers": asked.headers}
    return Reply(body=json.dumps(told).encode(), headers=((b"x-issue", b"1"),))


def test_the_site_judges_who_may_ask_an_application(genkan_site: SiteDouble) -> None:
    """A token that counts passes with its person in place of itself; any other gets what a proxy would pass on."""
    genkan_site.serve(ISSUE, issues)
    token = genkan_site.tokens()["access_token"]
    found = ask(genkan_site, "POST", ISSUE + "/A-1", token, **{"Remote-User": "root"})
    told = found.json()
    assert (told["method"], told["path"], told["form"]) == ("POST", ISSUE + "/A-1", {"a": "1"})
    assert (told["headers"]["remote-user"], told["headers"]["remote-scope"]) == ("alice", "WRITE")
    assert token not in found.text
    assert (found.headers["x-issue"], found.headers["content-type"]) == ("1", "application/json")
    nobody = ask(genkan_site, "POST", ISSUE)
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, 'Bearer realm="Genkan"')
    genkan_site.sign_out(person="alice")
    ended = ask(genkan_site, "GET", ISSUE, token)
    assert ended.status_code == 401
    assert 'error="invalid_token"' in ended.headers["www-authenticate"]
    assert [asked.status for asked in genkan_site.faults.requests(ISSUE)] == [401, 401]


def test_a_link_that_reads_does_not_write(genkan_site: SiteDouble) -> None:
    """The method says what is needed, and the refusal names it (RFC 6750 3.1)."""
    genkan_site.serve(ISSUE, issues)
    token = genkan_site.tokens(link=genkan_site.links["Report"])["access_token"]
    assert ask(genkan_site, "GET", ISSUE, token).status_code == 200
    refused = ask(genkan_site, "DELETE", ISSUE, token)
    assert refused.status_code == 403
    assert 'scope="WRITE"' in refused.headers["www-authenticate"]


def test_an_application_is_where_it_was_put(genkan_site: SiteDouble) -> None:
    """The deepest path wins, a path that only begins alike is the site's, and one may be put in another's place."""
    token = genkan_site.tokens()["access_token"]
    genkan_site.serve(ISSUE, lambda _: Reply(201))
    genkan_site.serve(ISSUE + "/A-1/", lambda _: Reply(202))
    answered = [ask(genkan_site, "GET", ISSUE + end, token).status_code for end in ("", "/A-1", "/A-2", "s")]
    assert answered == [201, 202, 201, 404]
    assert [asked.path for asked in genkan_site.faults.asked[-4:]] == [
        ISSUE,
        ISSUE + "/A-1",
        ISSUE + "/A-2",
        ISSUE + "s",
    ]
    genkan_site.serve(ISSUE, lambda _: Reply(203))
    assert ask(genkan_site, "GET", ISSUE, token).status_code == 203


def test_what_is_beside_the_site_keeps_its_path(genkan_site: SiteDouble) -> None:
    """The context path is taken off what is below it, and off nothing that only begins alike."""
    for end in ("/other", "fe", ""):
        httpx2.get(genkan_site.base_url + end, trust_env=False)
    assert [asked.path for asked in genkan_site.faults.asked] == ["/other", "/jirafe", "/jira"]


def test_a_function_decides_until_it_is_cleared(genkan_site: SiteDouble) -> None:
    """The newest is asked first; who gives None leaves it to those before, and at last to the site."""
    genkan_site.faults.decide(INFO, lambda _: Reply(418))
    genkan_site.faults.decide("info/login", lambda asked: Reply(409) if "x" in asked.query else None)
    genkan_site.faults.decide(TOKEN, lambda _: Reply(410))
    answered = [ask(genkan_site, "GET", INFO + query).status_code for query in ("", "?x=1")]
    assert answered == [418, 409]
    genkan_site.faults.fail(INFO, 500)
    assert [ask(genkan_site, "GET", INFO).status_code for _ in range(2)] == [500, 418]
    assert genkan_site.faults.pending == 0
    genkan_site.faults.clear()
    assert ask(genkan_site, "GET", INFO).status_code == 200


def test_an_answer_that_a_function_gave_can_be_lost(genkan_site: SiteDouble) -> None:
    """It stands where the site's would, so orders hold for it as well."""
    genkan_site.faults.decide(INFO, lambda _: Reply(418))
    genkan_site.faults.lose_answer(INFO)
    with pytest.raises(httpx2.RemoteProtocolError):
        ask(genkan_site, "GET", INFO)
    assert genkan_site.faults.requests(INFO)[0].status == 0


def test_a_function_may_act_at_the_site(genkan_site: SiteDouble) -> None:
    """What happens just as a request arrives is there when the site looks at it."""
    token = genkan_site.tokens()["access_token"]
    genkan_site.faults.decide(MYSELF, lambda _: genkan_site.sign_out(person="alice"))
    assert ask(genkan_site, "GET", MYSELF, token).status_code == 401


def failing(_: Asked) -> Reply:
    assert 1 + 1 == 3, "a test's own assertion"
    return Reply()


def giving_up(_: Asked) -> Reply:
    pytest.fail("a test's own word")


@pytest.mark.parametrize(("function", "kind"), [(failing, AssertionError), (giving_up, pytest.fail.Exception)])
def test_a_function_that_fails_fails_the_test(function: Callable[[Asked], Reply], kind: type[BaseException]) -> None:
    """The app meets a server error, and the failure is raised once the site has ended whole."""
    site = SiteDouble(Setup(people=())).start()
    base_url = site.base_url
    site.faults.decide(INFO, function)
    assert ask(site, "GET", INFO).status_code == 500
    with pytest.raises(kind, match="a test's own"):
        site.close()
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(base_url + INFO, trust_env=False)
    site.close()


def test_a_status_that_cannot_be_sent_is_told_at_once(genkan_site: SiteDouble) -> None:
    """Where the test wrote it, and not as a server error that the app meets."""
    with pytest.raises(ValueError, match="299"):
        Reply(299)
    with pytest.raises(ValueError, match="520"):
        genkan_site.faults.answer(INFO, 520)


def test_a_secret_is_rotated(make_genkan_site: Make) -> None:
    """The new one counts, the old one no more."""
    site = make_genkan_site(Setup(links=(AppLink("Report", ("https://report.example/callback",)),)))
    old = site.links["Report"]
    new = site.rotate_secret("Report")
    assert site.links["Report"] == new
    assert (new.client_id, new.redirects) == (old.client_id, old.redirects)
    assert site.tokens(link=new)["access_token"]
    with pytest.raises(httpx2.HTTPStatusError, match="401"):
        site.tokens(link=old)
