"""Each attack has a real server of its own, with the limits lifted that would hide what it shows."""

import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.security.load import Load
from tests.security.serving import Serving, serving


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Serving]:
    """A site over SQLite that serves already."""
    with serving(tmp_path, GENKAN_ROTATIONS_PER_SECOND="0", GENKAN_SIGN_INS_PER_ACCOUNT="0") as serves:
        yield serves


@pytest.fixture
async def load(site: Serving) -> AsyncIterator[Load]:
    """Clients of that site with a ledger of what was acknowledged to them."""
    async with Load.over(site, random.Random(18)) as clients:
        yield clients
