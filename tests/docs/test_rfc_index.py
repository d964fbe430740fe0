"""The index of citations reads what people write beside their checks."""

import pytest

from tools.rfc_index import TITLES, Place, citations, cited_in, clauses, section_order

OAUTH = {6749, 6750, 7009, 7636, 7662, 8252, 8414, 9207, 9700}


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("RFC 6749 4.1.3: identical", [(6749, "4.1.3")]),
        ("RFC 6749 2.3.", [(6749, "2.3")]),
        ("RFC 6749 6, RFC 9700 4.14.2", [(6749, "6"), (9700, "4.14.2")]),
        ("RFC 6749 A.12, A.17: visible", [(6749, "A.12"), (6749, "A.17")]),
        ("(RFC 6750, 7662, 7009)", [(6750, ""), (7662, ""), (7009, "")]),
        ("RFC 7636: S256", [(7636, "")]),
        ("RFC 7636 S256", [(7636, "")]),
        ("RFC 8414 3.1 and 3.3", [(8414, "3.1"), (8414, "3.3")]),
        ("an RFC of 1982", []),
    ],
)
def test_citations_are_read_as_meant(said: str, read: list[tuple[int, str]]) -> None:
    """Sections, lists of sections and lists of RFCs are told apart."""
    assert list(clauses(said)) == read


def test_a_citation_belongs_to_what_surrounds_it() -> None:
    """A comment counts for the innermost function, a docstring for what it describes, a module's for the module."""
    source = (
        '"""RFC 6749 1."""\nclass A:\n    def b(self):\n        # RFC 6749\n        # 2.1: runs over\n        x()\n'
    )
    found = {(citation.section, citation.place) for citation in cited_in("f.py", source)}
    assert found == {("1", Place("f.py", "")), ("2.1", Place("f.py", "A.b"))}


def test_sections_sort_by_value() -> None:
    """4.10 comes after 4.9, and an appendix after every number."""
    assert sorted(["A.1", "4.10", "4.9", ""], key=section_order) == ["", "4.9", "4.10", "A.1"]


def test_every_clause_of_oauth_that_is_decided_is_shown_by_a_test() -> None:
    """Whoever decides by a clause of these, and cites it beside the check, names it in the test that shows it."""
    found = [citation for citation in citations() if citation.rfc in OAUTH]
    decided = {(citation.rfc, citation.section) for citation in found if not citation.by_test}
    shown = {(citation.rfc, citation.section) for citation in found if citation.by_test}
    assert {rfc for rfc, _ in decided} == OAUTH
    assert sorted(decided - shown) == []


def test_every_cited_rfc_has_its_title() -> None:
    """A new RFC in a comment comes with its title in tools/rfc_index.py."""
    assert {citation.rfc for citation in citations()} <= TITLES.keys()
