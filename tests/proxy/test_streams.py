"""WebSockets and event streams of a guarded application, through real proxies."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from genkan.ops.proxy import Layout
from genkan.site.browser import SESSION
from tests.proxy.conftest import EACH
from tests.proxy.streams import Opened, Streams
from tests.proxy.world import Front

World = tuple[Front, Streams]


@pytest.fixture(scope="module", params=EACH)
def streaming(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The application behind the proxy says things little by little."""
    streams = Streams()
    front = Front(request.param, tmp_path_factory.mktemp(request.param), layout=Layout(sessions=True))
    front.app_upstream = streams.address
    try:
        yield front.start(), streams
    finally:
        front.stop()
        streams.stop()


def test_a_websocket_opens_and_says_things_both_ways(streaming: World) -> None:
    """By a WRITE token, as the person; not without one, and not by a READ token, which may write nothing."""
    front, _ = streaming
    with closing(Opened(front.origin, "/app/socket", f"Authorization: Bearer {front.passing_token()}")) as opened:
        assert (opened.status, opened.accepted) == (101, True)
        assert [opened.say(text) for text in ("hello", "again")] == ["alice: hello", "alice: again"]
    reader = front.token("READ")["access_token"]
    for status, sign in ((403, f"Authorization: Bearer {reader}"), (401, "Accept: */*")):
        with closing(Opened(front.origin, "/app/socket", sign)) as refused:
            assert refused.status == status


def test_a_session_opens_a_websocket_from_the_sites_own_origin_alone(streaming: World) -> None:
    """Chromium sends no Sec-Fetch headers with an opening, so another site's page is known by Origin."""
    front, _ = streaming
    with front.browser() as client:
        assert front.sign_in(client, f"{front.base}/login").status_code == 303
        cookie = f"Cookie: {SESSION}={client.cookies[SESSION]}"
    for origin, status in ((front.origin, 101), ("https://evil.example", 403), ("null", 403)):
        with closing(Opened(front.origin, "/app/socket", cookie, f"Origin: {origin}")) as opened:
            assert opened.status == status, origin
    with closing(Opened(front.origin, "/app/socket", cookie)) as nobodys:
        assert nobodys.status == 403


def test_an_event_arrives_before_the_next_is_said(streaming: World) -> None:
    """Nothing on the way waits for more."""
    front, streams = streaming
    sign = {"authorization": f"Bearer {front.passing_token()}"}
    with front.browser() as client, client.stream("GET", f"{front.origin}/app/events", headers=sign) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "data: first"
        assert not streams.go_on.is_set()
        streams.go_on.set()
        assert "data: second" in list(lines)
