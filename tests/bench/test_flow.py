"""What the benchmark's flow sends."""

from urllib.parse import parse_qs, urlsplit

from bench.flow import Endpoints, authorize_url
from bench.peers.cast import CONFIDENTIAL, INTROSPECTOR


def test_a_path_may_have_a_query_already() -> None:
    """A peer whose authorization endpoint wants a word of its own still gets the whole request, once."""
    url = urlsplit(authorize_url("/auth?on=", CONFIDENTIAL, "challenge", "state"))
    asked = parse_qs(url.query, keep_blank_values=True)
    assert (url.path, asked["on"], asked["state"], asked["client_id"]) == ("/auth", [""], ["state"], [CONFIDENTIAL.id])
    assert authorize_url("/auth", CONFIDENTIAL, "challenge", "state").startswith("/auth?response_type=code&")


def test_who_introspects_may_bring_a_header_of_its_own() -> None:
    """Name and secret become Basic; a ready header goes out as it is."""
    assert Endpoints("", "", "", ("name", "secret")).authorization == "Basic bmFtZTpzZWNyZXQ="
    assert Endpoints("", "", "", "Bearer token").authorization == "Bearer token"
    assert Endpoints("", "", "", INTROSPECTOR).authorization.startswith("Basic ")
