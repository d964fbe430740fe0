"""The generated pages say what the code says."""

from functools import cache

import pytest

from tools.generate_docs import DOCS, pages, stale

written = cache(pages)
REMEDY = "run `make docs` and commit what it writes"


@pytest.mark.parametrize("name", sorted(written()))
def test_a_generated_page_is_up_to_date(name: str) -> None:
    """What `make docs` would write is what lies in docs/."""
    path = DOCS / name
    assert path.exists(), REMEDY
    assert path.read_text(encoding="utf-8") == written()[name], REMEDY


def test_no_generated_page_is_left_behind() -> None:
    """An RFC that nothing cites any more has no page."""
    assert stale() == [], REMEDY
