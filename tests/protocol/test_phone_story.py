"""The life of a sign-in as a time line: everything that is known of it, in order, and why it is over."""

from typing import Any

import pytest

from genkan.protocol.audit import Line
from genkan.protocol.ends import END_HINTS, END_SENTENCES, EXPIRED_HINT, EXPIRED_SENTENCE, EndReason
from genkan.protocol.env import HOUR, MINUTE
from genkan.protocol.outcomes import EventKind
from genkan.protocol.phone_story import STOPPED, Moment, What, story, why
from genkan.protocol.phones import judge
from genkan.protocol.records import GrantState
from genkan.protocol.sealing import grant_time
from tests.protocol.builders import NOW, a_link, an_account, an_env
from tests.protocol.test_phones import a_row

BORN = NOW - 3 * HOUR
GRANT_ID = BORN.to_bytes(6, "big") + b"tenletters"
USED: dict[str, Any] = {
    "id": GRANT_ID, "auth_time": BORN - MINUTE, "created_at": BORN + 5_000, "address": "203.0.113.7", "generation": 3,
    "rotated_at": NOW - HOUR, "last_seen": NOW - MINUTE,
}  # fmt: skip


def a_line(kind: EventKind, at: int, actor: str = "link:app", address: str = "198.51.100.1") -> Line:
    return Line(1, kind, at, actor, grant_id=GRANT_ID, address=address)


def test_a_life_is_told_in_order() -> None:
    """From the proof of who it is to the end that is to come, with what only the audit knows in its place."""
    elsewhere = a_line(EventKind.GRANT_RETRIED_ELSEWHERE, NOW - 2 * HOUR)
    told = [a_line(EventKind.SIGNED_IN, BORN + 5_000), elsewhere, a_line(EventKind.GRANT_HEALED, NOW - 90 * MINUTE)]
    phone = judge(a_row(**USED), an_env())
    assert story(phone, told) == (
        Moment(BORN - MINUTE, What.PROVED),
        Moment(grant_time(GRANT_ID), What.ALLOWED),
        Moment(BORN + 5_000, What.SIGNED_IN, address="203.0.113.7"),
        Moment(NOW - 2 * HOUR, What.RETRIED_ELSEWHERE, "link:app", "198.51.100.1"),
        Moment(NOW - 90 * MINUTE, What.HEALED, "link:app", "198.51.100.1"),
        Moment(NOW - HOUR, What.REFRESHED),
        Moment(NOW - MINUTE, What.SEEN),
        Moment(phone.row.grant.refresh_expires_at, What.EXPIRES),
    )


def test_a_life_without_use_is_short() -> None:
    """Nothing is told that did not happen."""
    phone = judge(
        a_row(id=GRANT_ID, auth_time=BORN - 1, created_at=BORN, generation=0, rotated_at=BORN, last_seen=0), an_env()
    )
    assert [moment.what for moment in story(phone)] == [What.PROVED, What.ALLOWED, What.SIGNED_IN, What.EXPIRES]


def test_an_end_says_who_and_when_where_that_is_known() -> None:
    """The audit's line names who ended it; a stop's time is the row's once it has reached it, unknown before."""
    row = a_row(**USED, state=GrantState.ENDED, reason=EndReason.SIGNED_OUT_BY_ADMIN, ended_at=NOW)
    told = a_line(EventKind.GRANT_ENDED, NOW, "account:0000000000000001", "")
    assert story(judge(row, an_env()), [told])[-1] == Moment(NOW, What.ENDED, "account:0000000000000001")
    assert story(judge(row, an_env()))[-1] == Moment(NOW, What.ENDED)
    stop = Line(1, EventKind.ACCOUNT_DISABLED, NOW, "api-key:directory", address="203.0.113.1")
    told_by_stop = Moment(NOW, What.ENDED, "api-key:directory", "203.0.113.1")
    assert story(judge(row, an_env()), [a_line(EventKind.SIGNED_IN, BORN), stop])[-1] == told_by_stop
    stopped = judge(a_row("account_disabled", **USED, account=an_account(stop=1)), an_env())
    assert story(stopped)[-1] == Moment(None, What.ENDED)


def test_an_expiry_is_when_the_sign_in_could_be_refreshed_no_more() -> None:
    """The link's absolute lifetime counts."""
    phone = judge(a_row(**USED, link=a_link(absolute_lifetime=HOUR)), an_env())
    assert story(phone)[-1] == Moment(BORN + 5_000 + HOUR, What.EXPIRED)
    assert why(phone) == (EXPIRED_SENTENCE, EXPIRED_HINT)


@pytest.mark.parametrize("reason", EndReason)
def test_each_end_has_a_reason_and_an_advice(reason: EndReason) -> None:
    """Whoever is asked "why was I signed out" finds a sentence and what to do, and the two do not say the same."""
    phone = judge(a_row(state=GrantState.ENDED, reason=reason), an_env())
    assert why(phone) == (END_SENTENCES[reason], END_HINTS[reason])
    assert END_HINTS[reason] != END_SENTENCES[reason]


def test_why_is_empty_while_it_lives_and_honest_where_nobody_knows() -> None:
    """A stop whose reason was forgotten is said to be a stop, and no more."""
    assert why(judge(a_row(), an_env())) == ("", "")
    assert why(judge(a_row("", account=an_account(stop=1)), an_env())) == (STOPPED, "")
