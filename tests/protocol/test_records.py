"""What everything is made of: ids that fit a database, methods by their names, lifetimes that cap one another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.protocol.env import DAY, HOUR, Env
from genkan.protocol.policy import Lifetimes
from genkan.protocol.records import Method
from tests.protocol.builders import NOW, a_grant, a_link, a_session, a_site, a_web_link


@given(st.binary(min_size=8, max_size=8))
def test_drawn_ids_fit_every_database(drawn: bytes) -> None:
    """Positive, and within a signed 64-bit integer; never zero, which means none."""
    assert 0 < Env(NOW, lambda size: drawn[:size]).draw_id() < 2**62


@pytest.mark.parametrize(
    ("method", "references"),
    [
        (Method.NONE, []),
        (Method.PWD, ["pwd"]),
        (Method.HWK | Method.PWD | Method.MFA, ["pwd", "mfa", "hwk"]),
        (Method(63), ["pwd", "mfa", "hwk", "swk", "user", "recovery"]),
    ],
)
def test_methods_are_told_in_a_fixed_order(method: Method, references: list[str]) -> None:
    """RFC 8176's names."""
    assert method.references() == references


@given(
    st.integers(0, 10 * DAY),
    st.integers(1, 400 * DAY),
    st.integers(1, 400 * DAY),
    st.none() | st.integers(1, 400 * DAY),
)
def test_no_lifetime_outlasts_its_cap(age: int, refresh: int, access: int, absolute: int | None) -> None:
    """An access token ends with its sign-in at the latest, and a sign-in with its link's absolute lifetime."""
    lifetimes = Lifetimes(refresh=refresh, access=access)
    refresh_end = lifetimes.refresh_end(NOW, NOW - age, absolute)
    access_end = lifetimes.access_end(NOW, refresh_end)
    assert access_end <= refresh_end <= NOW + refresh
    assert access_end <= NOW + access
    assert absolute is None or refresh_end <= NOW - age + absolute
    assert refresh_end in {NOW + refresh, NOW - age + (absolute or 0)}


def test_the_defaults_are_those_that_were_promised() -> None:
    """An hour, ninety days, a minute, thirty seconds."""
    lifetimes = Lifetimes()
    assert (lifetimes.access, lifetimes.refresh) == (HOUR, 90 * DAY)
    assert (lifetimes.code, lifetimes.retry_window) == (60_000, 30_000)


def test_records_show_no_secret() -> None:
    """Hashes of secrets, session ids and set-up digests stay out of what is printed."""
    marked = b"\xaa\xbb\xcc\xdd"
    link = a_web_link(secret=marked, previous_secret=marked)
    for record in (link, a_session(id=marked), a_site(setup_digest=marked)):
        assert repr(marked) not in repr(record)
    assert a_link().usable
    assert a_grant().generation == 2
