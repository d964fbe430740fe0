"""The generated pages say what the code says."""

from functools import cache

from tools.generate_docs import DOCS, pages, stale

written = cache(pages)
REMEDY = "run `make docs` and commit what it writes"


# Some pages in one test: working out which ones there are is most of the work, and every worker would do it.
def test_every_generated_page_is_up_to_date() -> None:
    """What `make docs` would write is what lies in docs/."""
    missing = [name for name in written() if not (DOCS / name).exists()]
    assert missing == [], REMEDY
    lies_there = {name: (DOCS / name).read_text(encoding="utf-8") for name in written()}
    old = [name for name, text in written().items() if lies_there[name] != text]
    assert {name: lies_there[name] for name in old[:1]} == {name: written()[name] for name in old[:1]}, REMEDY
    assert old == [], REMEDY


def test_no_generated_page_is_left_behind() -> None:
    """An RFC that nothing cites any more has no page."""
    assert stale(written()) == [], REMEDY
