"""The compatibility rules, bound by bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.wire import versions
from genkan.wire.versions import Version, parse_version
from tests.wire.strategies import any_text


def a_version(text: str) -> Version:
    """The version that a text names."""
    version = parse_version(text)
    assert version is not None
    return version


@pytest.mark.parametrize(
    ("jira", "ok", "needs"),
    [
        ("8.22.6", False, "9.12.14"),
        ("9.12.13", False, "9.12.14"),
        ("9.12.14", True, None),
        ("9.12.15", True, None),
        ("9.17.0", True, None),
        ("10.0.0", False, "10.1.0"),
        ("10.0.99", False, "10.1.0"),
        ("10.1", True, None),
        ("10.1.0", True, None),
        ("10.3.12", True, None),
        ("11.0.0", True, None),
        ("12.4", True, None),
    ],
)
def test_jira_is_judged_line_by_line(jira: str, ok: bool, needs: str | None) -> None:
    """Line 9 needs 9.12.14; above it 10.1.0, so 10.0 is too old although it is newer than 9.12.14."""
    judgement = versions.judge_jira(a_version(jira))
    assert (judgement.ok, judgement.needs) == (ok, needs)
    assert needs is None or needs in judgement.sentence


@pytest.mark.parametrize(
    ("jira", "plugin", "ok", "needs"),
    [
        ("9.12.14", "3.1.13", False, "3.1.14"),
        ("9.12.14", "3.1.14", True, None),
        ("9.17.2", "3.2", True, None),
        ("10.1.0", "3.9.99", False, "4.1.0"),
        ("10.1.0", "4.0.9", False, "4.1.0"),
        ("10.1.0", "4.1.0", True, None),
        ("11.2.0", "4.0.0", False, "4.1.0"),
        ("11.2.0", "4.1.0", True, None),
        ("10.0.5", "9.9.9", False, "10.1.0"),
        ("9.12.13", "3.1.14", False, "9.12.14"),
    ],
)
def test_the_oauth_plugin_is_judged_with_its_jira(jira: str, plugin: str, ok: bool, needs: str | None) -> None:
    """3.1.14 on line 9 and 4.1.0 above; where Jira itself is too old, that is what has to be upgraded."""
    judgement = versions.judge_oauth_plugin(a_version(jira), a_version(plugin))
    assert (judgement.ok, judgement.needs) == (ok, needs)


@pytest.mark.parametrize(
    ("jira", "plugin", "ok", "needs"),
    [
        ("9.12.14", "4.1.9", False, "4.2.0"),
        ("9.12.14", "4.2.0", True, None),
        ("10.1.0", "4.2.0", False, "5.1.2"),
        ("10.1.0", "5.1.1", False, "5.1.2"),
        ("10.1.0", "5.1.2", True, None),
        ("11.0.0", "5.1.1", False, "5.1.2"),
        ("11.0.0", "5.2", True, None),
        ("10.0.0", "5.1.2", False, "10.1.0"),
    ],
)
def test_the_mobile_plugin_is_judged_with_its_jira(jira: str, plugin: str, ok: bool, needs: str | None) -> None:
    """4.2.0 on line 9 and 5.1.2 above."""
    judgement = versions.judge_mobile_plugin(a_version(jira), a_version(plugin))
    assert (judgement.ok, judgement.needs) == (ok, needs)


@pytest.mark.parametrize(("app", "ok"), [("1.99", False), ("2.0", True), ("2", True), ("10.0.1", True)])
def test_the_app_needs_2_0(app: str, ok: bool) -> None:
    """Apps before 2.0 know no OAuth 2.0."""
    assert versions.judge_app(a_version(app)).ok is ok


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("10.1.0", "10.1.0"),
        ("10.1", "10.1.0"),
        ("9.12.14-QR-20241105", "9.12.14"),
        ("10.1.0-m03", "10.1.0"),
        ("4.1.0+build.7", "4.1.0"),
        (" 4.1.0 ", "4.1.0"),
        ("10.3.0 (build 10030000)", "10.3.0"),
        ("1.2.3.4", "1.2.3.4"),
        ("1.2.3.0.0", "1.2.3"),
    ],
)
def test_versions_are_read_as_products_write_them(text: str, shown: str) -> None:
    """Suffixes are passed over, and missing parts are zero."""
    assert str(a_version(text)) == shown


@pytest.mark.parametrize(
    "text",
    ["", ".", "10.", "v10.1", "10..1", "-10.1", "10.x", "\u0661\u0660.\u0661", "1" * 10, "1." * 40 + "1", "latest"],
)
def test_what_is_no_version_is_none(text: str) -> None:
    """Anything but dotted ASCII numbers of sensible length is no version."""
    assert parse_version(text) is None


numbers = st.lists(st.integers(0, 999_999_999), min_size=1, max_size=6)


@given(numbers, numbers)
def test_versions_compare_as_their_numbers(first: list[int], second: list[int]) -> None:
    """Order is that of the numbers with zeros added, never that of the text."""
    padded = [tuple(parts + [0] * (6 - len(parts))) for parts in (first, second)]
    one, two = (a_version(".".join(map(str, parts))) for parts in (first, second))
    assert (one < two, one == two) == (padded[0] < padded[1], padded[0] == padded[1])
    assert (hash(one) == hash(two)) or padded[0] != padded[1]


@given(any_text)
def test_any_text_is_read(text: str) -> None:
    """Reading never raises."""
    assert isinstance(parse_version(text), Version | None)
