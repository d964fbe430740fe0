"""Checks from a phone: addresses that open for minutes, visits that tell a bounded number of times."""

from dataclasses import replace

import pytest

from genkan.protocol.env import CLOCK_LEEWAY, Env
from genkan.protocol.outcomes import Change
from genkan.protocol.phone_check_steps import MOST_VERSIONS, PhoneVisit, PutPhoneVisit
from genkan.protocol.phone_checks import (
    KEPT,
    LIFE,
    LONGEST_USER_AGENT,
    Shown,
    begin,
    issue,
    number,
    open_check,
    open_shown,
    open_visit,
    put,
    reseal_check,
    seal_shown,
)
from genkan.protocol.sealing import Sealer
from tests.protocol.builders import NOW, a_ring, an_env


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(a_ring(), b"s" * 16)


def later(env: Env, by: int) -> Env:
    return Env(env.now + by, env.draw)


def test_an_address_opens_for_fifteen_minutes_and_is_read_for_a_day(sealer: Sealer) -> None:
    """To the millisecond, a clock that is a little behind included."""
    env = an_env()
    made = issue(sealer, env)
    assert open_check(made.sealed, sealer, env) == made.check
    assert open_check(made.sealed, sealer, later(env, LIFE)) == made.check
    assert open_check(made.sealed, sealer, later(env, LIFE + 1)) is None
    assert open_check(made.sealed, sealer, later(env, KEPT), KEPT) == made.check
    assert open_check(made.sealed, sealer, later(env, KEPT + 1), KEPT) is None
    assert open_check(made.sealed, sealer, later(env, -CLOCK_LEEWAY)) == made.check
    assert open_check(made.sealed, sealer, later(env, -CLOCK_LEEWAY - 1)) is None
    assert open_check(reseal_check(made.check, sealer, env), sealer, env) == made.check


def test_a_visit_outlasts_its_check_by_as_long_again(sealer: Sealer) -> None:
    """Who opened it in the last minute still gets through the steps."""
    env = an_env()
    made = issue(sealer, env)
    sealed = begin(made.check, sealer, env)
    visit = open_visit(sealed, sealer, later(env, 2 * LIFE))
    assert visit is not None
    assert visit.check == made.check
    assert open_visit(sealed, sealer, later(env, 2 * LIFE + 1)) is None
    shown = Shown(visit, "refused", "expired")
    told = seal_shown(shown, sealer, env)
    assert open_shown(told, sealer, env) == shown
    assert open_shown(told, sealer, later(env, 2 * LIFE + 1)) is None


def test_nothing_opens_as_something_else(sealer: Sealer) -> None:
    """Each is sealed for its own purpose, under this site's keys; a cut or changed one is none."""
    env = an_env()
    made = issue(sealer, env)
    visit = begin(made.check, sealer, env)
    opened = open_visit(visit, sealer, env)
    assert opened is not None
    shown = seal_shown(Shown(opened, "none"), sealer, env)
    for text in (visit, shown, made.sealed[:-1], made.sealed + "A", made.sealed.swapcase(), ""):
        assert open_check(text, sealer, env) is None
    for text in (made.sealed, shown, visit[:-2]):
        assert open_visit(text, sealer, env) is None
    for text in (made.sealed, visit):
        assert open_shown(text, sealer, env) is None
    assert open_check(made.sealed, Sealer(a_ring(), b"t" * 16), env) is None
    assert made.sealed not in repr(made)


def test_a_visit_is_a_row_that_moves_on(sealer: Sealer) -> None:
    """Kept for a day from the check on, the user agent cut, each telling one version further, up to the most."""
    env = an_env()
    made = issue(sealer, env)
    visit = open_visit(begin(made.check, sealer, env), sealer, env)
    assert visit is not None
    first = put(None, visit, "{}", "x" * 1000, env)
    assert first == Change(
        (PutPhoneVisit(PhoneVisit(made.check.id, visit.id, NOW, NOW, NOW + KEPT, 1, "x" * LONGEST_USER_AGENT, "{}")),)
    )
    (step,) = first.steps
    assert isinstance(step, PutPhoneVisit)
    second = put(step.visit, visit, '{"script":true}', "another", later(env, 5))
    assert second == Change(
        (PutPhoneVisit(replace(step.visit, changed_at=NOW + 5, version=2, told='{"script":true}')),)
    )
    assert put(replace(step.visit, version=MOST_VERSIONS), visit, "{}", "", env) is None


def test_numbers_tell_phones_apart() -> None:
    """Six characters that do not give the visit away."""
    assert number(b"a") != number(b"b")
    assert len(number(b"a")) == 6
