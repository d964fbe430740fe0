"""What is printed without options at work: the site alone, and plain http sent to https."""

from pathlib import Path

import httpx2
import pytest

from tests.proxy.conftest import EACH
from tests.proxy.gate import Gate
from tests.proxy.world import Front


@pytest.mark.parametrize("kind", EACH)
def test_without_an_application_none_is_reached(kind: str, tmp_path: Path) -> None:
    """Whoever has a token reaches the site and nothing else that listens on the machine."""
    front = Front(kind, tmp_path / kind, guards=False)
    try:
        front.start()
        token = front.token()["access_token"]
        for path in ("app/", "app/list?page=2", "_genkan_verify"):
            answer = front.app("GET", token, path)
            assert answer.status_code == 404
            assert front.application.address not in answer.text
        signed = {"authorization": f"Bearer {token}"}
        with front.browser() as client:
            assert client.get(f"{front.base}/rest/api/2/myself", headers=signed).json()["name"] == "alice"
        assert front.application.asked == 0
    finally:
        front.stop()


@pytest.mark.parametrize("kind", EACH)
def test_plain_http_is_sent_to_https(kind: str, tmp_path: Path) -> None:
    """The host alone, typed into a browser, arrives, and no log holds the query."""
    gate = Gate(kind, tmp_path / kind)
    try:
        gate.start()
        with httpx2.Client(timeout=20, trust_env=False) as client:
            plain = f"http://localhost:{gate.plain_port}"
            answer = client.get(f"{plain}/login?next=hush-hush")
            assert answer.status_code in (301, 308)
            assert answer.headers["location"] == "https://localhost/login?next=hush-hush"
            if kind == "nginx":  # Caddy's own redirect is of no site, and repeats the host that was asked for.
                elsewhere = client.get(f"{plain}/", headers={"host": "evil.example"})
                assert elsewhere.headers["location"] == "https://localhost/"
        assert "hush-hush" not in gate.written()
    finally:
        gate.stop()
