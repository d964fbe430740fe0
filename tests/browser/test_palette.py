"""The palette can be read by everybody: contrast is computed from the stylesheet, for light and for dark."""

import pytest

from tests.browser.palette import contrast, palettes, stylesheet

# WCAG 2.2 1.4.3: text needs 4.5 to 1. (words, ground)
WORDS = [
    ("ink", "ground"),
    ("ink", "sheet"),
    ("ink", "sunken"),
    ("faint", "ground"),
    ("faint", "sheet"),
    ("faint", "sunken"),
    ("accent", "ground"),
    ("accent", "sheet"),
    ("accent", "sunken"),
    ("accent-deep", "sheet"),
    ("accent-deep", "sunken"),
    ("on-accent", "accent"),
    ("on-accent", "accent-deep"),
    ("alarm", "sheet"),
    ("alarm", "alarm-ground"),
    ("care", "care-ground"),
    ("good", "sheet"),
]
# WCAG 2.2 1.4.11 and 2.4.11: what shows a control, or that it has the focus, needs 3 to 1.
SHAPES = [("edge", "sheet"), ("edge", "sunken"), ("accent", "sheet"), ("alarm", "sheet"), ("focus", "sheet"),
          ("focus", "ground"), ("focus", "sunken")]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("words", "ground"), WORDS)
def test_words_stand_out_from_their_ground(scheme: str, words: str, ground: str) -> None:
    """Every text colour has a contrast of 4.5 to 1 with every ground it is used on."""
    colours = palettes()[scheme]
    assert contrast(colours[words], colours[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_controls_stand_out_from_their_ground(scheme: str, shape: str, ground: str) -> None:
    """Edges of controls and the mark of the focus have a contrast of 3 to 1."""
    colours = palettes()[scheme]
    assert contrast(colours[shape], colours[ground]) >= 3


def test_contrast_is_computed_as_the_guideline_does() -> None:
    """Black on white is 21 to 1, a colour on itself 1 to 1, and a known grey just misses 4.5 to 1."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#767676") == pytest.approx(1)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


def test_every_colour_is_named_and_has_a_dark_counterpart() -> None:
    """Rules use named colours only, and dark names each of them anew."""
    rules = stylesheet().partition("\n}\n")[2].partition("\n}\n")[2]
    assert "#" not in rules.partition("*,\n")[2]
    _, _, dark = stylesheet().partition("@media (prefers-color-scheme: dark)")
    named = {line.strip().partition(":")[0] for line in dark.partition("\n}\n")[0].splitlines() if "--" in line}
    assert {f"--{name}" for name in palettes()["light"]} <= named


def test_every_rule_is_closed() -> None:
    """Braces pair up, and a rule stands in nothing but conditions: a line that is lost takes no other rules along."""
    open_rules: list[str] = []
    for line in stylesheet().splitlines():
        if line.endswith("{"):
            assert [rule for rule in open_rules if not rule.startswith("@")] == [], line
            open_rules.append(line.strip())
        elif line.strip() == "}":
            open_rules.pop()
    assert open_rules == []
