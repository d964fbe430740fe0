"""Writes the generated pages of docs/ for `make docs`; a test compares what it would write with what lies there."""

from pathlib import Path

from tools import reference, rfc_index

DOCS = Path(__file__).resolve().parent.parent / "docs"
DECISIONS_HEAD = """# Decisions

A page for each choice that somebody will question later: what was decided, why, what it costs. A page is not rewritten when
the decision changes; a new one says what it replaces. Copy [template.md](template.md), take the next free number, name the
file `NNNN-a-few-words.md`, and let `make docs` list it here.

"""


def pages() -> dict[str, str]:
    """Every generated page by its path below docs/."""
    return {
        "reference/reasons.md": reference.reasons_page(),
        "reference/settings.md": reference.settings_page(),
        "decisions/README.md": decisions_page(),
        **rfc_index.pages(),
    }


def decisions_page() -> str:
    """What the folder is for, and its pages by number with their first lines."""
    found = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    lines = [
        f"- [{page.read_text(encoding='utf-8').splitlines()[0].removeprefix('# ')}]({page.name})" for page in found
    ]
    return DECISIONS_HEAD + "\n".join(lines) + "\n"


def stale() -> list[Path]:
    """Pages of RFCs that nothing cites any more."""
    wanted = {DOCS / name for name in pages()}
    return [path for path in (DOCS / "rfc").glob("*.md") if path not in wanted]


def main() -> None:
    """Write every page, and remove what nothing generates any more."""
    for path in stale():
        path.unlink()
    for name, text in pages().items():
        path = DOCS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
