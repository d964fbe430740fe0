"""The verdict on an installation, check by check, on facts as values."""

from dataclasses import replace

import pytest

from genkan.ops.health import Facts, judge
from genkan.protocol.env import HOUR, MINUTE, SECOND
from genkan.protocol.records import Site
from genkan.protocol.ring import RingProblem, add
from genkan.store.api import NodeReport
from genkan.store.migration import Schema
from genkan.store.sqlite_examine import Counts
from tests.protocol.builders import NOW, SITE_ID, a_ring, an_env

RING = add(a_ring(), an_env())
SITE = Site(SITE_ID, 7, 2, RING.fingerprint, True, 11, 0, None, has_administrator=True)
COUNTS = Counts(accounts=3, links=2, sign_ins=9, sessions=1, unsettled=0, unsettled_since=0)
GOOD = Facts(Schema(3, 3, 3), RING, SITE, COUNTS, [NodeReport("n1", 2, NOW - 30 * SECOND)], administered=True)


def wrong(facts: Facts) -> dict[str, str]:
    """What is not as it should be."""
    return {check.id: check.sentence for check in judge(facts, an_env()).checks if not check.ok}


def sentence(facts: Facts, name: str) -> str:
    """What is said of one thing."""
    return next(check.sentence for check in judge(facts, an_env()).checks if check.id == name)


def test_all_is_well() -> None:
    """Nothing is wrong, and each thing that was looked at says so."""
    health = judge(GOOD, an_env())
    assert health.good
    assert health.counts == COUNTS
    assert [check.id for check in health.checks] == [
        "store", "ring", "disk", "administrator", "writes", "healing", "stops", "clock", "server",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "name", "said"),
    [
        (replace(GOOD, damage="row 3 missing from index"), "store", "damaged: row 3 missing"),
        (replace(GOOD, schema=Schema(4, 3, 4)), "store", "newer Genkan"),
        (replace(GOOD, schema=Schema(2, 3, 2)), "store", "genkan migrate"),
        (replace(GOOD, ring=RingProblem("the key ring is not there")), "ring", "not there"),
        (replace(GOOD, site=replace(SITE, has_administrator=False)), "administrator", "genkan user add"),
        (replace(GOOD, writes="not durable within 4 seconds"), "disk", "takes no writes: not durable within 4 seconds"),
        (replace(GOOD, administered=False), "administrator", "genkan user recover"),
        (replace(GOOD, site=replace(SITE, behind_since=NOW - HOUR)), "writes", "2027-01-15T07:00:00Z"),
        (
            replace(GOOD, counts=replace(COUNTS, unsettled=2, unsettled_since=NOW - 2 * HOUR)),
            "stops",
            "2 sign-outs since 2027-01-15T06:00:00Z",
        ),
        (replace(GOOD, nodes=[NodeReport("n1", 2, NOW + 10 * SECOND)]), "clock", "10 s behind"),
    ],
)
def test_each_fault_alone_makes_it_unhealthy(facts: Facts, name: str, said: str) -> None:
    """One fault is found as itself, with what to do or since when."""
    assert list(wrong(facts)) == [name]
    assert said in wrong(facts)[name]
    assert not judge(facts, an_env()).good


@pytest.mark.parametrize(
    ("facts", "name", "said"),
    [
        (replace(GOOD, site=replace(SITE, heal_until=NOW + HOUR)), "healing", "Until 2027-01-15T09:00:00Z"),
        (replace(GOOD, site=replace(SITE, heal_until=NOW)), "healing", "Off"),
        (replace(GOOD, counts=replace(COUNTS, unsettled=2, unsettled_since=NOW - MINUTE)), "stops", "2 sign-outs"),
        (replace(GOOD, nodes=[NodeReport("n1", 2, NOW + 9 * SECOND)]), "clock", "agrees"),
        (replace(GOOD, nodes=[NodeReport("n1", 2, NOW - 2 * MINUTE)]), "server", "None has been heard of"),
        (replace(GOOD, nodes=[]), "server", "None has been heard of"),
        (GOOD, "ring", "Version 2, key"),
    ],
)
def test_what_is_said_and_is_no_fault(facts: Facts, name: str, said: str) -> None:
    """Healing, a server that is stopped, a sign-out that is being written: told, and the installation is healthy."""
    assert wrong(facts) == {}
    assert said in sentence(facts, name)


@pytest.mark.parametrize("facts", [replace(GOOD, schema=Schema(2, 3, 2)), replace(GOOD, damage="broken")])
def test_what_cannot_be_read_is_not_judged(facts: Facts) -> None:
    """With another schema or a damaged file only the store and the ring's file are looked at."""
    health = judge(replace(facts, site=None, counts=None), an_env())
    assert [check.id for check in health.checks] == ["store", "ring"]
    assert health.counts is None
