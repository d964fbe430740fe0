"""The catalogues of the pages' words: complete, up to date, and of one piece."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from tools.catalogue import TRANSLATED, place, said, written


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_word_has_its_translation(language: str) -> None:
    """Nothing is left out, nothing is out of date, and what is compiled is what is written."""
    with place(language).open("rb") as file:
        kept = {message.id: message for message in read_po(file, locale=language) if message.id}
    assert kept.keys() == {message.id for message in said() if message.id}
    assert [message.id for message in kept.values() if not message.string or message.fuzzy] == []
    text, compiled = written(language)
    assert place(language).read_text("utf-8") == text
    assert place(language).with_suffix(".mo").read_bytes() == compiled


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_has_an_english_sentence_in_it(language: str) -> None:
    """Six English words in a row were left there when two catalogues were put together."""
    english = re.compile(r"(?:[A-Za-z’,;]+ ){5,}[a-z]")
    with place(language).open("rb") as file:
        told = {str(message.id): str(message.string) for message in read_po(file, locale=language) if message.id}
    assert {sentence: words for sentence, words in told.items() if english.search(words)} == {}


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_keeps_markup_and_variables(language: str) -> None:
    """The same elements and the same variables: nothing is shown twice, and no translator writes markup of his own."""
    with place(language).open("rb") as file:
        parts = re.compile(r"<[^>]*>|%\(\w+\)s")
        for message in (message for message in read_po(file, locale=language) if message.id):
            # Of a sentence about a number there is one for each plural form that the language has.
            original = message.id if isinstance(message.id, str) else message.id[-1]
            for translated in (message.string,) if isinstance(message.string, str) else message.string or ():
                assert sorted(parts.findall(translated)) == sorted(parts.findall(original)), message.id


def test_templates_translate_only_what_they_say_themselves() -> None:
    """_() trusts its words as markup: it is given words of the template, never a value."""
    folder = Path(str(place("ja").parents[3])) / "templates"
    for template in folder.glob("*.html"):
        for argument in re.findall(r"\b_\((.)", template.read_text("utf-8")):
            assert argument == '"', template.name
