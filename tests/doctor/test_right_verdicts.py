"""What the doctor once called by a wrong name, or called right: each is said for what it is, by positive evidence."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from genkan.doctor.verdicts import Report, Verdict
from tests.doctor.certs import authority, issue, root_file, serving
from tests.doctor.world import (
    AUTHORIZE,
    CLIENT_ID,
    INFO,
    SERVER,
    TOKEN,
    Answering,
    Asked,
    Front,
    Jira,
    Tamper,
    Told,
    document,
    faults,
    looked,
    means,
    opened,
    page,
    probe,
    sent_to,
)


@contextlib.asynccontextmanager
async def standing(tamper: Tamper, jira: Jira | None = None) -> AsyncIterator[str]:
    """An imitated Jira behind a front with one fault."""
    jira = jira or Jira()
    async with opened(Front(jira, tamper)) as front:
        jira.base = f"http://localhost:{front.port}"
        yield jira.base


async def seen(tamper: Tamper, seconds: float = 1.0, client_id: str | None = None) -> Report:
    async with standing(tamper) as base:
        return await looked(base, reaching=means(question_seconds=seconds), client_id=client_id)


def answering(path: str, told: Told | None) -> Tamper:
    """This answer at one path and below it; None is silence."""

    async def tamper(asked: Asked, site: Answering) -> Told | None:
        return told if asked.path.startswith(path) else await site(asked)

    return tamper


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_clock_one_hour_wrong_behind_a_proxy_with_a_right_date(hours: int) -> None:
    """The Date header is the proxy's: the site's own serverTime says that its clock is wrong."""

    async def tamper(asked: Asked, site: Answering) -> Told:
        told = await site(asked)
        if asked.path == SERVER:
            wrong = (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
            told = document({**json.loads(told.body), "serverTime": wrong})
        return told.plus(("date", format_datetime(datetime.now(UTC), usegmt=True)))

    report = await seen(tamper)
    assert probe(report, "clock").verdict is Verdict.WRONG
    assert ("ahead" if hours > 0 else "behind") in probe(report, "clock").answered
    assert not report.ready


async def test_a_stored_answer_is_no_wrong_clock() -> None:
    """A cache says how old its answer is (Age), and its clock is not called wrong for that."""

    async def tamper(asked: Asked, site: Answering) -> Told:
        told = await site(asked)
        if asked.path != SERVER:
            return told
        old = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="milliseconds")
        return document({**json.loads(told.body), "serverTime": old}).plus(("age", "3600"))

    assert probe(await seen(tamper), "clock").verdict is Verdict.OK


async def test_a_site_that_needs_long_for_each_answer_is_called_slow_and_nothing_else() -> None:
    """Three answers one after the other take longer than a question may: waiting for a turn is not the site's doing."""

    async def tamper(asked: Asked, site: Answering) -> Told:
        await asyncio.sleep(0.4)
        return await site(asked)

    report = await seen(tamper, seconds=0.9)
    assert "8 KB" not in json.dumps(report.document())
    assert {name for name, verdict in faults(report).items() if verdict == "wrong"} == set()


async def test_a_long_request_without_an_answer_is_unknown() -> None:
    """Silence is no evidence of a bound on addresses."""

    async def tamper(asked: Asked, site: Answering) -> Told | None:
        return None if len(asked.target) > 3000 else await site(asked)

    named = probe(await seen(tamper), "long-address")
    assert named.verdict is Verdict.UNKNOWN
    assert "8 KB" not in named.fix


async def test_429_everywhere_is_a_limit_and_not_no_site() -> None:
    """Who counts requests says nothing of the site, and the app could not sign in: unknown, and not ready."""
    report = await seen(answering("/", Told(429)))
    named = probe(report, "server-info")
    assert named.verdict is Verdict.UNKNOWN
    assert "no site answers" not in named.answered
    assert "rate limiting" in named.fix
    assert report.first == named
    assert not report.ready


@pytest.mark.parametrize("told", [document({}), None], ids=["an empty object", "silence"])
async def test_info_login_that_says_nothing_is_not_ready(told: Told | None) -> None:
    """Without a client id no app signs in: unknown, exit status 1; by MDM it does without."""
    report = await seen(answering(INFO, told))
    assert probe(report, "info-login").verdict is Verdict.UNKNOWN
    assert probe(report, "info-login").fix
    assert (report.ready, report.verdict) == (False, Verdict.UNKNOWN)
    assert report.first == probe(report, "info-login")
    assert (await seen(answering(INFO, told), client_id=CLIENT_ID)).ready


@pytest.mark.parametrize("path", [TOKEN, AUTHORIZE])
async def test_an_endpoint_that_is_silent_is_not_ready(path: str) -> None:
    """The token endpoint or authorize without an answer: nothing is called wrong, and the site not ready."""
    report = await seen(answering(path, None))
    assert not report.ready
    assert report.first is not None
    assert report.first.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("page_path", ["/login.jsp?os_destination=x", "/login.jsp;jsessionid=1?os_destination=x"])
async def test_info_login_sent_to_the_sites_own_sign_in_is_no_gateway(page_path: str) -> None:
    """Jira's own login page is named as the site's own, and no proxy is blamed."""
    named = probe(await seen(answering(INFO, sent_to(page_path))), "info-login")
    assert named.verdict is Verdict.WRONG
    assert "the site itself" in named.answered
    assert "gateway" not in named.answered + named.fix
    assert "mobile plugin" in named.fix


OWN_401 = [
    document({"message": "Client must be authenticated to access this resource.", "status-code": 401}, 401),
    document({"errorMessages": ["You are not authenticated."], "errors": {}}, 401),
    document({}, 401).plus(("x-seraph-loginreason", "AUTHENTICATED_FAILED")),
]


@pytest.mark.parametrize("told", OWN_401)
@pytest.mark.parametrize(("path", "where"), [(INFO, "info-login"), (SERVER, "server-info")])
async def test_a_401_of_jiras_own_json_is_not_something_in_front(told: Told, path: str, where: str) -> None:
    """The body of Jira's REST, or a header of its own, says who refused."""
    named = probe(await seen(answering(path, told)), where)
    assert named.verdict is Verdict.WRONG
    assert "the site itself" in named.answered
    assert "in front" not in named.answered


async def test_a_401_in_somebody_elses_json_is_still_something_in_front() -> None:
    """An API gateway's JSON is not Jira's."""
    named = probe(await seen(answering(INFO, document({"message": "Unauthorized"}, 401))), "info-login")
    assert "in front" in named.answered


async def test_busy_authorize_is_no_bound_on_addresses() -> None:
    """503 for the long request only says that nobody has the time."""

    async def tamper(asked: Asked, site: Answering) -> Told:
        return page("later", 503) if len(asked.target) > 3000 else await site(asked)

    assert probe(await seen(tamper), "long-address").verdict is Verdict.UNKNOWN


SETTINGS = bytes((0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100))


@pytest.mark.parametrize("secure", [False, True])
async def test_a_server_of_http_2_alone_is_not_called_no_http(secure: bool, tmp_path: Path) -> None:
    """Asked by HTTP/1.1 it answers with frames or takes no handshake: said for what it is, and nothing is wrong."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(SETTINGS)
        await writer.drain()
        writer.close()

    context = serving(tmp_path, issue("localhost", authority()[1], names=("localhost",)), authority()[1])
    context.set_alpn_protocols(["h2"])
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context if secure else None)
    base = f"http{'s' if secure else ''}://localhost:{server.sockets[0].getsockname()[1]}"
    try:
        report = await looked(base, reaching=means(authorities=root_file(tmp_path)))
    finally:
        server.close()
    named = probe(report, "server-info")
    assert named.verdict is Verdict.UNKNOWN
    assert "HTTP/2" in named.answered
    assert "not HTTP" not in named.answered
    assert (report.first, report.ready) == (named, False)
