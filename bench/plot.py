"""Draws the rates as bars in SVG, each scenario scaled to its own fastest server. Needs no library."""

from html import escape

from bench.outcome import Outcome
from bench.runner import Result

WIDTH, LEFT, BAR, GAP = 900, 270, 18, 26
COLOURS = ("#1f6f8b", "#c8553d", "#e0a458", "#7a7a7a", "#588157", "#6d597a", "#355070", "#b56576", "#9c6644", "#2f3e46")


def rates(outcome: Outcome) -> str:
    """One group of bars a scenario, one bar a server."""
    groups: dict[str, list[Result]] = {}
    for result in outcome.results:
        if result.valid:
            groups.setdefault(f"{result.scenario.id}: {result.scenario.title}", []).append(result)
    colours = {peer: COLOURS[index % len(COLOURS)] for index, peer in enumerate(outcome.titles)}
    body, top = [], 10
    for title, results in groups.items():
        body.append(_text(8, top + 14, f"{title} ({results[0].scenario.unit} a second)", bold=True))
        top += GAP
        fastest = max(result.rate for result in results)
        for result in results:
            body += _bar(result, outcome.titles[result.peer], fastest, top, colours[result.peer])
            top += BAR + 4
        top += 12
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" font-family="sans-serif" font-size="12">'
    )
    return "\n".join([head, f'<rect width="{WIDTH}" height="{top}" fill="#fff"/>', *body, "</svg>", ""])


def _bar(result: Result, title: str, fastest: float, top: int, colour: str) -> list[str]:
    length = (WIDTH - LEFT - 90) * result.rate / fastest
    return [
        _text(20, top + 13, title),
        f'<rect x="{LEFT}" y="{top}" width="{length:.1f}" height="{BAR}" fill="{colour}"/>',
        _text(round(LEFT + length + 6), top + 13, f"{result.rate:,.0f}"),
    ]


def _text(x: int, y: int, words: str, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x}" y="{y}"{weight}>{escape(words)}</text>'
