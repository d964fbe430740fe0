"""Which rounds count."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from bench import machine, wrk
from bench.peers.base import Peer, Place
from bench.runner import Plan, measure
from bench.scenarios import Scenario
from bench.servers import Command, Server
from bench.station import Station
from bench.wrk import Load, Run
from tests.bench.test_goals import A_RUN

SLOW = dataclasses.replace(A_RUN, right=0, answers=0)
WRONG = dataclasses.replace(A_RUN, wrong=1, first_wrong="a token was refused")


class Nothing(Scenario):
    id, title, unit = "S1", "nothing", "answers"

    def suits(self, station: Station) -> bool:
        return True

    def prepare(self, station: Station) -> Load:
        return Load("member.lua", {})


class Nobody(Peer):
    name, title, durable = "nobody", "nobody", False

    def command(self, place: Place) -> Command:
        return Command([], "/", {})


def figures(monkeypatch: pytest.MonkeyPatch, folder: Path, *runs: Run) -> list[Run] | list[str]:
    """The rounds that count when the warm-up and then the rounds go like this, or what is said against them."""
    coming = iter(runs)
    monkeypatch.setattr(machine, "await_quiet", lambda patience_s: True)
    monkeypatch.setattr(wrk, "run", lambda *_: next(coming))
    process: Any = type("Process", (), {"pid": 0})()
    station = Station(Nobody(), Server(0, process, folder, 0.0), Place(folder, folder, 0), None)
    [result] = measure([Nothing()], [station], Plan(len(runs) - 1, 1.0, 1.0, 0.0))
    return result.failures or result.runs


def test_the_warm_up_does_not_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its figure is no round, and a server that was too slow to answer in it is measured all the same."""
    assert figures(monkeypatch, tmp_path, SLOW, A_RUN) == [A_RUN]


@pytest.mark.parametrize("runs", [(WRONG, A_RUN), (A_RUN, WRONG), (A_RUN, SLOW)])
def test_one_wrong_answer_or_none_at_all_spoils_the_figure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, runs: tuple[Run, ...]
) -> None:
    """A wrong answer at any time does, in the warm-up too, and so does a round without a right one."""
    [fault] = figures(monkeypatch, tmp_path, *runs)
    assert "wrong answers" in str(fault)
