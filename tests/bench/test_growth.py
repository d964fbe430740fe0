"""S8: which sizes of stores can be compared."""

import pytest

from bench.__main__ import _choice
from bench.growth import SAMPLE


@pytest.mark.parametrize("grants", [1, SAMPLE, -5])
def test_a_full_store_is_larger_than_the_sample(grants: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Of as many grants both stores would be one, in one folder; it is said before anything runs."""
    with pytest.raises(SystemExit) as ended:
        _choice([f"--grants={grants}"])
    assert ended.value.code == 2
    assert f"more than the {SAMPLE:,}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "grants"),
    [([], 1_000_000), (["--grants", "0"], 0), ([f"--grants={SAMPLE + 1}"], SAMPLE + 1)],
)
def test_what_can_be_compared_is_taken(words: list[str], grants: int) -> None:
    """A million unless something else is said, and none at all."""
    assert _choice(words).grants == grants
