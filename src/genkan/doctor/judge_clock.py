"""The rule for the site's clock, by what the site itself says rather than what a proxy does."""

from datetime import UTC, datetime

from genkan.doctor.judge_site import is_confluence, member
from genkan.doctor.observed import Heard, Q, Seen
from genkan.doctor.saying import say
from genkan.doctor.table import Rule, always, ok, unknown, warning, wrong

SKEW_DOUBTFUL_MS = 60_000
SKEW_WRONG_MS = 300_000


def _dated(seen: Seen) -> Heard | None:
    return seen.heard(Q.MANIFEST if is_confluence(seen) else Q.SERVER_INFO)


def _off(seen: Seen) -> int | None:
    """How far the site is ahead, in milliseconds; None where it does not tell the time.

    Its own word goes first: Date may be a proxy's, whose clock is another. RFC 9111 5.1: what is stored says its age.
    """
    answer = _dated(seen)
    if answer is None:
        return None
    told = _iso(member(seen, "serverTime"))
    at = told + _age(answer) if told is not None else _http_date(answer.header("date"))
    return at - answer.at if at is not None else None


def _is_off(seen: Seen, least: int, *, ahead: bool) -> bool:
    off = _off(seen) or 0
    return (off if ahead else -off) > least


def _age(heard: Heard) -> int:
    written = heard.header("age").strip()
    return int(written) * 1000 if written.isascii() and written.isdigit() and len(written) < 8 else 0


def _iso(written: str) -> int | None:
    try:
        parsed = datetime.fromisoformat(written)
        return round(parsed.timestamp() * 1000) if parsed.tzinfo is not None else None
    except (ValueError, OverflowError, OSError):
        return None


def _http_date(written: str) -> int | None:
    # RFC 9110 5.6.7: the one form that is still made.
    try:
        parsed = datetime.strptime(written, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
        return round(parsed.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


_AHEAD, _BEHIND = say("%(seconds)s s ahead"), say("%(seconds)s s behind")
_NTP = say("Set the clock of the site's machine, or of this one, by NTP.")
CLOCK = Rule(
    "clock",
    say("serverTime, or the Date header, against this machine's clock"),
    say("Lifetimes of codes and tokens are counted by these clocks."),
    (
        unknown(lambda seen: _dated(seen) is None, say("no answer that would tell the time")),
        unknown(lambda seen: _off(seen) is None, say("the site does not tell the time")),
        wrong(lambda seen: _is_off(seen, SKEW_WRONG_MS, ahead=True), _AHEAD, _NTP),
        wrong(lambda seen: _is_off(seen, SKEW_WRONG_MS, ahead=False), _BEHIND, _NTP),
        warning(lambda seen: _is_off(seen, SKEW_DOUBTFUL_MS, ahead=True), _AHEAD, _NTP),
        warning(lambda seen: _is_off(seen, SKEW_DOUBTFUL_MS, ahead=False), _BEHIND, _NTP),
        ok(always, say("they agree (within %(seconds)s s)")),
    ),
    {"seconds": lambda seen: max(2, round(abs(_off(seen) or 0) / 1000))},
)
