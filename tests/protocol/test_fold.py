"""One spelling a person: every way to write a name leads to the same account, or to none (row 14)."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genkan.protocol.accounts import NAME_CHARACTERS, fold
from tests.wire.strategies import any_text

names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("folded", "spellings"),
    [
        ("alice", ["alice", "ALICE", "Alice", " alice ", "\u3000alice", "ａｌｉｃｅ", "ＡＬＩＣＥ", "alice\u00a0"]),  # noqa: RUF001
        ("alice admin", ["alice admin", "Alice  Admin", "alice\u2003admin", " ALICE \u00a0 ADMIN "]),
        ("josé", ["josé", "jose\u0301", "JOSE\u0301", "JOSÉ"]),
        ("strasse", ["strasse", "straße", "STRASSE", "STRAẞE", "\u017ftraße"]),
        ("file", ["file", "ﬁle", "FILE", "ﬁLE"]),
        ("σίσυφος".casefold(), ["Σίσυφος", "ΣΊΣΥΦΟΣ", "σίσυφοσ"]),
        ("a@example.com", ["a@example.com", "A@EXAMPLE.COM", "a＠example.com"]),  # noqa: RUF001
        ("kelvin", ["kelvin", "\u212aelvin", "KELVIN"]),
        ("山田", ["山田", "\u5c71\u7530", " 山田 "]),
    ],
)
def test_variants_are_one_person(folded: str, spellings: list[str]) -> None:
    """Case, width, composition, ligatures and spaces make no second account."""
    assert {fold(spelling) for spelling in spellings} == {folded}


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "\u3000\u00a0", "a\0", "a\nb", "a\tb", "a\x7f", "a\u0085", "a\u00ad", "a\u200b", "a\u200d", "a\u2060",
        "\ufeffalice", "alice\u202e", "a\u2066b", "a\u2028b", "a\ud800", "a\ue000", "a\uffff", "a\U000e0041",
        "a\u034f", "a\ufe00", "a\ufe0f", "a\U000e0100", "a\U000e01ef",
        "a\u3164", "a\u115f", "a\uffa0", "a\u180b", "a\u2800", "a\u061c",
        "x" * (NAME_CHARACTERS + 1), "ß" * (NAME_CHARACTERS // 2 + 1), "\ufdfa" * 20, "x" * 100_000,
    ],
)  # fmt: skip
def test_names_that_hide_something_are_refused(name: str) -> None:
    """Empty, endless, and with characters that nobody sees or that no file should hold."""
    assert fold(name) is None


@given(any_text)
@settings(max_examples=300)
def test_folding_is_final(name: str) -> None:
    """What is folded folds to itself, has a bounded length, and any text is a name or none."""
    folded = fold(name)
    if folded is not None:
        assert fold(folded) == folded
        assert 1 <= len(folded) <= NAME_CHARACTERS
        assert folded == " ".join(folded.split())


@given(names, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]), st.sampled_from(["upper", "lower", "swapcase", "title"]))
@settings(max_examples=300)
def test_no_variant_is_a_second_account(name: str, form: str, case: str) -> None:
    """Row 14: any name in any normal form, padded with spaces, folds to the same or is refused."""
    folded = fold(name)
    written = unicodedata.normalize(form, f"  {name}\u00a0")  # type: ignore[arg-type]
    assert fold(written) in {folded, None} if folded else fold(written) is None
    if folded is not None and name.isascii():
        assert fold(getattr(name, case)()) == folded


@given(st.text(st.characters(max_codepoint=0x24F, categories=["L"]), min_size=1, max_size=20))
@settings(max_examples=200)
def test_case_makes_no_second_account(name: str) -> None:
    """Names in Latin letters, capitals or not, are one person as Unicode folds case."""
    folded = fold(name)
    assert folded is not None
    assert fold(name.casefold()) == folded
    if name.upper().casefold() == name.casefold():
        assert fold(name.upper()) == folded


def test_different_people_stay_different() -> None:
    """Accents, inner spaces and punctuation are not folded away."""
    folded = [fold(name) for name in ("jose", "josé", "jo se", "jo.se", "jo-se", "jose1", "j0se")]
    assert len(set(folded)) == len(folded)
