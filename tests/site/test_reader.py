"""In whose words and time a page is written, and that there are words for everything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.protocol.records import Account
from genkan.site.pages import Pages, catalogue, iso
from genkan.site.peer import Headers
from genkan.site.reader import LANGUAGES, Reader, known_language, reader_of
from tests.browser.gallery import gallery, rendered, the_pages
from tests.site.world import SiteUnderTest
from tests.store.builders import an_account
from tools.catalogue import said


def asked(header: str) -> Headers:
    """A browser that asks for these languages."""
    return Headers([(b"accept-language", header.encode())])


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"), ("ja", "ja"), ("ja-JP", "ja"), ("JA-jp,en;q=0.5", "ja"), ("en-GB,ja;q=0.9", "en"),
        ("fr, ja;q=0.4, en;q=0.3", "ja"), ("ja;q=0", "en"), ("ja;q=2", "en"), ("ja;q=x, en", "en"), ("*", "en"),
        ("ja ; q=0.2, en ; q=0.1", "ja"), ("en;q=0.8,ja;q=0.8", "en"), ("fr", "en"), ("jav", "en"),
    ],
)  # fmt: skip
def test_the_browser_asks_by_weight(header: str, language: str) -> None:
    """RFC 9110 12.5.4: the heaviest that we have; English when there is none."""
    assert reader_of(asked(header), None) == Reader(language)


@given(st.text(max_size=300))
def test_any_header_gives_a_language_that_there_is(header: str) -> None:
    """Whatever a browser sends, the page has words."""
    headers = Headers([(b"accept-language", header.encode("utf-8", "replace"))])
    assert reader_of(headers, None).language in LANGUAGES


def test_an_account_decides_before_its_browser() -> None:
    """Language and time zone are the account's where it has chosen, the browser's language where it has not."""
    account = an_account()
    chosen = _with(account, locale="ja_JP", time_zone="Asia/Tokyo")
    assert reader_of(asked("en"), chosen) == Reader("ja", "Asia/Tokyo")
    assert reader_of(asked("ja"), _with(account, locale="")) == Reader("ja", account.time_zone)
    assert reader_of(asked("ja"), _with(account, locale="fr")) == Reader("ja", account.time_zone)
    assert known_language("en_US") == "en"


def _with(account: Account, **fields: str) -> Account:
    from dataclasses import replace

    return replace(account, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_in_another_language_keeps_english_sentences(language: str) -> None:
    """Each page says its language, and of its own words none is left over in English."""
    english = {str(message.id) for message in said() if str(message.id).count(" ") > 1 and "%" not in message.id}
    for shown in gallery():
        page = rendered(shown, the_pages(), language).body.decode()
        assert f'<html lang="{language}"' in page
        left = [sentence for sentence in english if sentence in page]
        assert bool(left) is (language == "en"), (shown.name, left)


def test_moments_are_told_in_the_reader_s_zone() -> None:
    """16:00 in London in summer time is midnight in Tokyo; programs read UTC beside it."""
    at = 1_782_918_000_000
    assert iso(at) == "2026-07-01T15:00:00Z"
    shown = next(one for one in gallery() if one.name == "apps")
    phones = [{**phone, "signed_in_at": at} for phone in shown.values["phones"]]  # type: ignore[attr-defined]
    pages: Pages = the_pages()
    page = pages.page(shown.template, {**shown.values, "phones": phones}, Reader("ja", "Asia/Tokyo")).body.decode()
    assert '<time datetime="2026-07-01T15:00:00Z">2026/07/02 0:00:00</time>' in page
    page = pages.page(shown.template, {**shown.values, "phones": phones}, Reader("en", "Europe/London")).body.decode()
    assert '<time datetime="2026-07-01T15:00:00Z">Jul 1, 2026' in page


async def test_a_site_speaks_with_each_reader(site: SiteUnderTest) -> None:
    """Pages, refusals and addresses that lead nowhere are in the language that the browser asks for."""
    ja = {"accept-language": "ja,en;q=0.5"}
    words = catalogue("ja")
    for path, sentence in (
        ("/login", "User name"),
        ("/nothing", "Nothing is here"),
        ("/setup/x", "Go to the start page"),
    ):
        page = (await site.client.get(f"{site.base}{path}", headers=ja)).text
        assert words.gettext(sentence) in page
        assert sentence not in page
        assert sentence in (await site.client.get(f"{site.base}{path}")).text
