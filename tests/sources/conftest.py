"""Runs every test of tests/sources without clock, chance and sockets: what an operator wrote is only read."""

import pytest

from tests.purity import forbid_impurity


@pytest.fixture(autouse=True)
def _pure(monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_impurity(monkeypatch)
