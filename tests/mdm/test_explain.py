"""What is told of a phone is what the phone's side does: the first screen is that of ``genkan.app``."""

from typing import Any

import pytest
from hypothesis import given

from genkan.app.startup import Broken, ChooseSite, SignIn, plan
from genkan.mdm.check import check
from genkan.mdm.explain import WORDS, Part, explain
from genkan.wire import managed
from genkan.wire.managed import Managed, OAuthEntry, SiteEntry
from tests.mdm.test_corpus import CASES, by_name, octets_of
from tests.mdm.test_round_trip import sites

SITE = SiteEntry("Jira", "https://jira.example.com", OAuthEntry("ab" * 16))
FIRST_SCREENS = {"broken", "broken-empty", "none", "one", "several"}


def told(parts: tuple[Part, ...]) -> list[str]:
    """The names of what is told, in order."""
    names = {words: name for name, words in WORDS.items()}
    return [names[step.words] for part in parts for step in part.steps]


def first_screen(value: Managed) -> str:
    """What the phone's side decides for somebody who was never signed in, by the name of what is told of it."""
    match plan(value, [], 0):
        case Broken(choices=choices):
            return "broken" if choices else "broken-empty"
        case SignIn():
            return "one"
        case ChooseSite(choices=choices):
            return "several" if choices else "none"
        case other:
            raise AssertionError(other)


@pytest.mark.parametrize("case", CASES, ids=by_name)
def test_the_first_screen_is_the_apps(case: dict[str, Any]) -> None:
    """For every file of the corpus."""
    value = check(octets_of(case)).managed
    assert [name for name in told(explain(value)) if name in FIRST_SCREENS] == [first_screen(value)]


@given(sites)
def test_the_first_screen_of_any_sites(wanted: list[SiteEntry]) -> None:
    """One site is signed in to, several are shown; each has a part of its own, and so have phones without MDM."""
    value = managed.parse(managed.render(wanted))
    parts = explain(value)
    assert first_screen(value) in told(parts)
    assert len(parts) == 3 + len(wanted)


def test_no_value_at_all_shows_no_site() -> None:
    """Nothing is told of signing in where there is nowhere to."""
    assert told(explain(Managed(()))) == ["sites-version", "signed-in", "none", "typed"]


@pytest.mark.parametrize(
    ("site", "said", "unsaid"),
    [
        (SITE, {"managed-id", "private", "oauth-version", "info-asked"}, {"shared", "info-login", "info-skipped"}),
        (SiteEntry("Jira", "https://a.example", OAuthEntry("x", True)), {"shared"}, {"private"}),
        (
            SiteEntry("Jira", "https://a.example"),
            {"info-login", "switch-on", "browser-unsaid"},
            {"managed-id", "oauth-version", "shared", "private"},
        ),
        (SiteEntry("Jira", "https://a.example", None, True), {"info-skipped"}, {"info-asked"}),
    ],
)
def test_each_setting_changes_what_is_told(site: SiteEntry, said: set[str], unsaid: set[str]) -> None:
    """`oauth`, `cacheSessionInMobileBrowser` and `skipInfo` each show in the steps."""
    names = set(told(explain(Managed((site,)))))
    assert said <= names
    assert not unsaid & names


def test_a_file_for_android_is_told_as_android_does_it() -> None:
    """There `oauth` is passed over, so nothing is told of a browser, a redirect or tokens."""
    names = set(told(explain(Managed((SITE,)), android=True)))
    assert {"oauth-android", "inside-app", "one"} <= names
    assert not names & {"managed-id", "browser", "private", "back", "stays", "oauth-version", "unmanaged-switch"}


def test_how_long_a_sign_in_lasts_is_the_sites_to_say() -> None:
    """Ninety days are a setting's default."""
    assert "unless the site sets another time" in str(explain(Managed((SITE,)))[2].steps[-1])


def test_skip_info_around_the_array_counts_for_each_site() -> None:
    """The flag beside `sites` is as good as one in every entry."""
    assert "info-skipped" in told(explain(Managed((SITE,), skip_info=True)))


def test_versions_are_those_of_the_vendor() -> None:
    """iOS 1.3.2 and Android 0.7.5 for sites, iOS 2.0 for `oauth`."""
    first = " ".join(map(str, explain(Managed((SITE,)))[0].steps))
    assert all(version in first for version in ("1.3.2", "0.7.5", "2.0.0"))
