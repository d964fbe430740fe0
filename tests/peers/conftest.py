"""Fixtures: one real site for all clients of others, with a link of each kind."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from genkan.testing import AppLink, Credentials, Setup, SiteDouble

APP = "jira-server://oauth-callback"
LOOPBACK = "http://127.0.0.1:49152/callback"
WEB = "https://client.example/callback"


@dataclass(frozen=True)
class Registered:
    """A client as its operator sets it up: where, with what, and where the answer goes."""

    site: SiteDouble
    link: Credentials
    redirect: str
    introspects: bool


@pytest.fixture(scope="module")
def site() -> Iterator[SiteDouble]:
    """Below a context path, where discovery has the most to get wrong (RFC 8414 3.1)."""
    links = (
        AppLink("native", (APP,), confidential=False),
        AppLink("loopback", ("http://127.0.0.1/callback",), confidential=False),
        AppLink("server", (WEB,), confidential=True, introspect=True),
        AppLink("git", ("http://localhost:34106/",), confidential=True),
    )
    with SiteDouble(Setup(links=links, path="/jira")) as opened:
        yield opened


@pytest.fixture(params=["native", "loopback", "server"])
def registered(request: pytest.FixtureRequest, site: SiteDouble) -> Registered:
    """A public client with the app's scheme, one with a free loopback port, and one with a secret."""
    redirect = {"native": APP, "loopback": LOOPBACK, "server": WEB}[request.param]
    return Registered(site, site.links[request.param], redirect, request.param == "server")
