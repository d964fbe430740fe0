"""Runs every test of tests/protocol with clocks, chance and sockets out of reach: the rules are functions of values."""

import pytest

from tests.purity import forbid_impurity


@pytest.fixture(autouse=True)
def _pure(monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_impurity(monkeypatch)
