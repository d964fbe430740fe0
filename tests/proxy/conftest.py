"""Fixtures: each proxy once at the root with sessions, once over TLS below a context path; started once a run."""

from collections.abc import Iterator

import pytest

from genkan.ops.proxy import Layout
from tests.proxy.kinds import KINDS
from tests.proxy.world import Front

EACH = [pytest.param(kind, marks=pytest.mark.needs(KINDS[kind].program)) for kind in sorted(KINDS)]


@pytest.fixture(scope="session", params=EACH)
def front(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """The site at the root of http on loopback; browsers' sessions pass to the application."""
    opened = Front(request.param, tmp_path_factory.mktemp(request.param), layout=Layout(sessions=True))
    try:
        yield opened.start()
    finally:
        opened.stop()


@pytest.fixture(scope="session", params=EACH)
def below(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """The site over TLS below a context path; only tokens pass to the application."""
    opened = Front(request.param, tmp_path_factory.mktemp(request.param), path="/front-door", tls=True)
    try:
        yield opened.start()
    finally:
        opened.stop()
