"""The PostgreSQL that the benchmark starts for a peer."""

import subprocess
import time

import pytest

from bench import machine
from bench.postgres import Cluster, NoPostgres, waits


def test_looks_are_added_up() -> None:
    """Who waits is an average over the looks; deadlocks are those since the first."""
    found = waits(
        '{"deadlocks" : 3, "waits" : {"Lock" : 2, "none" : 1}}\n'
        '{"deadlocks" : 3, "waits" : {}}\n'
        '{"deadlocks" : 4, "waits" : {"IO" : 1}}\n'
    )
    assert (found.looks, found.deadlocks, found.mean("Lock"), found.mean("LWLock")) == (3, 1, 2 / 3, 0.0)


def test_no_look_is_no_wait() -> None:
    """A load that was too short to be looked at claims nothing."""
    assert (waits("").mean("Lock"), waits("").deadlocks) == (0.0, 0)


@pytest.mark.needs("postgres", "psql", "taskset")
def test_a_cluster_is_watched_and_gone_at_the_end() -> None:
    """Who waits for a lock in it is seen, its processor time is counted, and it leaves neither process nor folder."""
    cluster = Cluster()
    sessions = []
    try:
        assert cluster.ask("SHOW fsync") == "on"
        hold = ["psql", "-qXAt", "-U", "bench", "-h", str(cluster.folder), "-d", "bench", "-c"]
        with cluster.watched() as found:
            for _ in range(2):
                asked = [*hold, "SELECT pg_advisory_lock(7), pg_sleep(600)"]
                sessions.append(subprocess.Popen(asked, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            until(cluster, "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            for _ in range(2):
                now = cluster.ask("SELECT clock_timestamp()")
                until(cluster, f"SELECT count(*) = 1 FROM pg_stat_activity WHERE {LOOKS} AND query_start > '{now}'")
        assert found.mean("Lock") > 0
        assert machine.cpu_seconds(cluster.pid) > 0
    finally:
        cluster.stop()
        for session in sessions:
            session.wait(30)
    assert not cluster.folder.exists()
    with pytest.raises(NoPostgres):
        _ = cluster.pid


LOOKS = "pid <> pg_backend_pid() AND query LIKE '%json_build_object%'"


def until(cluster: Cluster, sql: str) -> None:
    deadline = time.monotonic() + 60
    while cluster.ask(sql) != "t":
        assert time.monotonic() < deadline, sql
        time.sleep(0.02)
