"""The configuration's grade: each topic of RFC 9700 has its verdict, each fault its words and what mends it."""

from dataclasses import replace
from string import Formatter
from typing import Any

import pytest

from genkan.protocol.env import DAY, HOUR, MINUTE, SECOND
from genkan.protocol.finding_words import ALL, TOPICS, Topic
from genkan.protocol.findings import Finding, Grade, Remedy, worst
from genkan.protocol.grading import Chosen, grade_settings
from genkan.protocol.link_grading import UNUSED, LinkUse, as_it_is, grade_links, remedied
from genkan.protocol.links import change
from genkan.protocol.outcomes import Change, EventKind, PutLink, Refused
from genkan.protocol.policy import Lifetimes
from genkan.protocol.records import ConsentMode, Link, Standing
from genkan.settings import KINDS
from genkan.settings_given import variable_of
from genkan.wire.scopes import Permission
from tests.protocol.builders import NOW, a_link, a_web_link, an_env


def chosen(**changes: Any) -> Chosen:
    """Settings as they should be."""
    good = Chosen(Lifetimes(), encrypted=True, loopback=False, http_redirects=False, proxies=("10.0.0.5",))
    return replace(good, **changes)


def lives(**changes: int) -> Chosen:
    return chosen(lifetimes=replace(Lifetimes(), **changes))


def a_good_link(**changes: Any) -> Link:
    """A confidential link that permits no more than it should."""
    return replace(a_web_link(), pkce_required=True, permission=Permission.WRITE, **changes)


def found(link: Link, last_used: int | None = None) -> dict[str, Finding]:
    return {finding.id: finding for finding in grade_links([LinkUse(link, last_used)], an_env())}


def test_good_settings_have_no_fault() -> None:
    """Everything is good but what is not offered, and that is said; every topic is there."""
    findings = [*grade_settings(chosen()), *grade_links([LinkUse(a_link(), None)], an_env())]
    assert {finding.grade for finding in findings} == {Grade.GOOD, Grade.ABSENT}
    assert {finding.words.topic for finding in findings} == set(Topic) == set(TOPICS)
    assert [finding.id for finding in findings if finding.grade is Grade.ABSENT] == [
        "no_sender_constraint", "no_assertions",
    ]  # fmt: skip
    assert worst(findings) is Grade.GOOD


@pytest.mark.parametrize(
    ("settings", "name", "grade"),
    [
        (chosen(encrypted=False, loopback=True), "loopback", Grade.WEAK),
        (chosen(encrypted=False), "plain_http", Grade.BAD),
        (chosen(http_redirects=True), "http_redirects", Grade.BAD),
        (lives(access=2 * HOUR), "access_long", Grade.WEAK),
        (lives(access=DAY + SECOND), "access_long", Grade.BAD),
        (lives(code=2 * MINUTE), "code_long", Grade.WEAK),
        (lives(retry_window=0), "no_retry", Grade.WEAK),
        (lives(retry_window=61 * SECOND), "long_retry", Grade.WEAK),
        (lives(refresh=181 * DAY), "refresh_long", Grade.WEAK),
        (chosen(proxies=("10.0.0.5", "10.0.0.0/8")), "wide_proxy", Grade.WEAK),
        (chosen(proxies=("2001:db8::/48",)), "wide_proxy", Grade.WEAK),
    ],
)
def test_a_weak_setting_is_named_with_the_line_that_mends_it(settings: Chosen, name: str, grade: Grade) -> None:
    """The line names a setting that there is (RFC 9700 2.6, 4.13, 4.14.2)."""
    (fault,) = [finding for finding in grade_settings(settings) if finding.grade in (Grade.WEAK, Grade.BAD)]
    assert (fault.id, fault.grade) == (name, grade)
    assert fault.words.advice
    assert fault.line.partition("=")[0] in {variable_of(field) for field in KINDS}


def test_no_finding_is_worded_twice_and_each_can_be_said() -> None:
    """Every sentence has exactly the values that its finding brings."""
    faulty = Chosen(
        Lifetimes(access=2 * DAY, code=HOUR, retry_window=HOUR, refresh=400 * DAY), False, False, True, ("10.0.0.0/8",)
    )
    link = replace(a_web_link(), redirects=("http://a.example/cb",), consent=ConsentMode.REMEMBER, plain_pkce=True,
                   pkce_required=False, permission=Permission.ADMIN)  # fmt: skip
    findings = [*grade_settings(faulty), *grade_settings(chosen(proxies=())), *grade_settings(lives(retry_window=0)),
                *grade_settings(chosen()), *grade_settings(chosen(encrypted=False, loopback=True)),
                *grade_links([LinkUse(link, NOW - UNUSED)], an_env()),
                *grade_links([LinkUse(a_link(), None)], an_env())]  # fmt: skip
    assert {finding.id for finding in findings} == set(ALL)
    assert all("%" not in finding.sentence and finding.sentence.endswith(".") for finding in findings)
    assert len({words.sentence for words in ALL.values()}) == len(ALL)
    assert not any("{" in words.sentence or list(Formatter().parse(words.advice))[1:] for words in ALL.values())


@pytest.mark.parametrize(
    ("changes", "name", "grade", "remedy"),
    [
        ({"plain_pkce": True}, "link_plain", Grade.BAD, Remedy.REFUSE_PLAIN),
        ({"pkce_required": False}, "link_without_pkce", Grade.WEAK, Remedy.REQUIRE_PKCE),
        ({"consent": ConsentMode.REMEMBER}, "link_remembered", Grade.WEAK, Remedy.ASK_ALWAYS),
        ({"permission": Permission.ADMIN}, "link_wide", Grade.WEAK, Remedy.LOWER),
        ({"permission": Permission.SYSTEM_ADMIN}, "link_wide", Grade.WEAK, Remedy.LOWER),
    ],
)
def test_what_a_link_permits_too_much_is_found_and_mended(
    changes: dict[str, Any],
    name: str,
    grade: Grade,
    remedy: Remedy,
) -> None:
    """One finding, and after its remedy none; nothing else is changed (RFC 9700 2.1.1, 2.3, 4.11.2)."""
    link = replace(a_good_link(), **changes)
    (fault,) = [finding for finding in found(link).values() if finding.grade is not Grade.GOOD]
    assert (fault.id, fault.grade, fault.remedy, fault.link) == (name, grade, remedy, link)
    mended = remedied(link, remedy, "admin", an_env(), allow_http=False)
    assert isinstance(mended, Change)
    (step,) = mended.steps
    assert isinstance(step, PutLink)
    assert [finding.grade for finding in found(step.link).values()] == [Grade.GOOD]
    assert replace(step.link, **{member: getattr(link, member) for member in (*changes, "version")}) == link
    assert [event.kind for event in mended.events] == [EventKind.LINK_CHANGED]
    assert remedied(step.link, remedy, "admin", an_env(), allow_http=False) == Change(())


def test_a_link_that_nobody_uses_may_be_disabled() -> None:
    """After half a year without use; not where somebody is signed in, and not twice."""
    link = a_good_link()
    assert "link_unused" not in found(link, NOW - UNUSED + 1)
    assert "link_unused" not in found(link, None)
    unused = found(link, NOW - UNUSED - DAY)["link_unused"]
    assert (unused.values["days"], unused.remedy) == (181, Remedy.DISABLE)
    mended = remedied(link, Remedy.DISABLE, "admin", an_env(), allow_http=False)
    assert isinstance(mended, Change)
    assert mended.events[0].kind is EventKind.LINK_DISABLED
    disabled = replace(link, standing=Standing.DISABLED)
    assert remedied(disabled, Remedy.DISABLE, "admin", an_env(), allow_http=False) == Change(())
    assert found(replace(disabled, plain_pkce=True)) == {}


def test_a_plain_http_address_is_found_and_has_no_button() -> None:
    """Only the application can say its new address. A loopback address is no fault (RFC 8252 7.3)."""
    link = a_good_link(
        redirects=("http://a.example/cb", "HTTP://b.example/cb", "http://127.0.0.1/cb", "https://c.example/cb")
    )
    faults = [finding for finding in grade_links([LinkUse(link, None)], an_env()) if finding.grade is Grade.BAD]
    assert [finding.values["redirect"] for finding in faults] == ["http://a.example/cb", "HTTP://b.example/cb"]
    assert {finding.remedy for finding in faults} == {None}
    refused = remedied(replace(link, plain_pkce=True), Remedy.REFUSE_PLAIN, "admin", an_env(), allow_http=False)
    assert isinstance(refused, Refused)


@pytest.mark.parametrize("remedy", Remedy)
def test_a_deleted_link_is_past_mending(remedy: Remedy) -> None:
    """Whatever was pressed on a page from before."""
    gone = replace(a_web_link(), standing=Standing.DELETED, plain_pkce=True)
    assert isinstance(remedied(gone, remedy, "admin", an_env(), allow_http=False), Refused)


def test_the_wish_as_it_is_changes_nothing() -> None:
    """Each member of a link that can be wished for is carried over."""
    link = replace(a_web_link(), introspect=True, absolute_lifetime=DAY, plain_pkce=True, pkce_required=True)
    changed = change(link, as_it_is(link), "admin", an_env())
    assert isinstance(changed, Change)
    assert changed.steps == (PutLink(replace(link, version=link.version + 1)),)


def test_the_worst_grade_decides() -> None:
    """Of nothing but what is absent, it is absent."""
    grades = [Finding("https", Grade.GOOD), Finding("no_assertions", Grade.ABSENT)]
    assert worst(grades) is Grade.GOOD
    assert worst(grades[1:]) is Grade.ABSENT
    assert worst([*grades, Finding("code_long", Grade.WEAK)]) is Grade.WEAK
    assert worst([Finding("code_long", Grade.WEAK), Finding("plain_http", Grade.BAD)]) is Grade.BAD
