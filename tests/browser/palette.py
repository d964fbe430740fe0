"""The colours of the stylesheet as a contrast computation needs them (WCAG 2.2, relative luminance)."""

from collections.abc import Mapping
from importlib.resources import files

Palette = Mapping[str, str]


def stylesheet() -> str:
    return files("genkan.site").joinpath("static", "site.css").read_text("utf-8")


def palettes() -> dict[str, Palette]:
    """The light colours, and the dark ones with the light ones under those that dark does not name."""
    light, _, rest = stylesheet().partition("@media (prefers-color-scheme: dark)")
    return {"light": _named(light), "dark": {**_named(light), **_named(rest.partition("\n}\n")[0])}}


def contrast(one: str, other: str) -> float:
    """WCAG 2.2: (L1 + 0.05) / (L2 + 0.05), the lighter one above."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _named(css: str) -> dict[str, str]:
    lines = (line.strip().rstrip(";") for line in css.splitlines())
    pairs = (line.partition(":") for line in lines if line.startswith("--"))
    return {name[2:]: value.strip() for name, _, value in pairs if value.strip().startswith("#")}


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
