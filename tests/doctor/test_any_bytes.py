"""Whatever a server answers, each probe comes to a verdict: no traceback, nothing that cannot be shown."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from genkan.doctor.examine import RULES, judge
from genkan.doctor.observed import Answered, Handshake, Heard, Names, Q, Seen, Silence, Silent, Tried
from genkan.doctor.page import Page
from genkan.doctor.saying import plain
from genkan.doctor.verdicts import Report
from genkan.site.pages import catalogue
from genkan.wire import login_info
from genkan.wire.login_info import LoginInfo
from tests.doctor.world import APP, INFO, target

NOW = 1_800_000_000_000
JAPANESE = catalogue("ja").gettext
BASE = "https://jira.example.com/jira"
NAMES = ["location", "content-type", "set-cookie", "server", "date", "content-encoding", "www-authenticate", "via",
         "content-security-policy", "x-ms-proxy-app-id"]  # fmt: skip
LIKELY = ["text/html", "application/json", f"{APP}?error=login_required&state=genkan-check", "jira-server:", "http://[",
          "//", "https://team.cloudflareaccess.com/cdn-cgi/access/login", "a=b; SameSite=None", "form-action x",
          f"{BASE}{INFO}",
          "https://jira.example.com:99999/", "http://10.0.0.1/", "\x7f", "Thu, 01 Jan 1970 00:00:00 GMT"]  # fmt: skip
BODIES = [b"{}", b"[]", b'{"version": "10.1.0", "baseUrl": 3}', b'{"version": "10.1.0", "scmInfo": "genkan-1"}',
          b'{"oauth": {"clientID": "x"}}', b'{"results": [{"type": {}}, {"type": "PASSKEY"}]}',
          b'{"plugins": [{"key": 1}, 2]}',
          b'{"error": 1}', b'{"issuer": "https://jira.example.com/jira"}', b"<a", b"\xff\xfe"]  # fmt: skip
texts = st.one_of(st.sampled_from(LIKELY), st.text(st.characters(max_codepoint=255), max_size=60))
headers = st.lists(st.tuples(st.sampled_from(NAMES), texts), max_size=5).map(tuple)
bodies = st.one_of(st.sampled_from(BODIES), st.binary(max_size=200))
heard = st.builds(
    Heard, st.sampled_from([BASE + "/x", "http://[", BASE + INFO]), st.integers(100, 999), headers, bodies,
    st.integers(0, 60_000), st.integers(0, 2 * NOW),
)  # fmt: skip
silent = st.builds(Silent, st.just(BASE), st.sampled_from(Silence), st.none() | st.text(max_size=20).map(plain))
answers = st.dictionaries(st.sampled_from(Q), st.lists(st.one_of(heard, silent), min_size=1, max_size=3).map(tuple))
handshakes = st.builds(
    Handshake, st.sampled_from(["", "TLSv1.1", "TLSv1.2", "TLSv1.3"]), st.sampled_from(["", "ECDHE-X", "AES128"]),
    st.sampled_from(["", "h2"]), st.lists(st.binary(max_size=40), max_size=2).map(tuple), st.text(max_size=20),
    st.integers(0, 100), st.sampled_from([None, plain("a fault")]), st.booleans(),
)  # fmt: skip


def judged(hops: Mapping[Q, tuple[Answered, ...]], shaken: Handshake | None, client_id: str | None) -> Report:
    seen = Seen(target(BASE, client_id=client_id), Names(("192.0.2.1",)), (Tried("192.0.2.1"),), shaken)
    seen.hops = dict(hops)
    info = seen.heard(Q.INFO_LOGIN)
    found = login_info.parse(info.body) if info is not None and info.status == 200 else None
    seen.info = found if isinstance(found, LoginInfo) else None
    return judge(seen, NOW)


@given(answers, st.one_of(st.none(), handshakes), st.sampled_from([None, "38843a89"]))
def test_any_answers_come_to_verdicts(
    hops: dict[Q, tuple[Answered, ...]], shaken: Handshake | None, client_id: str | None
) -> None:
    """Each probe once, each with words that fit into a line, and no page holds markup of the server's."""
    report = judged(hops, shaken, client_id)
    assert len(report.probes) == len(RULES) == len({one.id for one in report.probes})
    for one in report.probes:
        assert one.asked
        assert one.answered.isprintable(), one
        assert bool(one.fix) or one.verdict.value in ("ok", "unknown"), one
        assert one.remedy is None or one.remedy.in_words_of(JAPANESE)
    for page in (Page(), Page("ja", JAPANESE)):
        assert "<a" not in page.written(report, NOW)


@given(bodies, headers, st.integers(100, 999))
def test_any_answer_to_every_question(body: bytes, given_headers: tuple[tuple[str, str], ...], status: int) -> None:
    """A server that says the same to everything is judged, and is never ready for the app."""
    answer = Heard(BASE + "/x", status, given_headers, body, 5, NOW)
    report = judged(dict.fromkeys(Q, (answer,)), Handshake("TLSv1.3", "X"), None)
    assert report.verdict.value == "wrong"
