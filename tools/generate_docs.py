"""Writes the generated pages of docs/ for `make docs`; a test compares what it would write with what lies there."""

from pathlib import Path

from tools import reference, rfc_index

DOCS = Path(__file__).resolve().parent.parent / "docs"


def pages() -> dict[str, str]:
    """Every generated page by its path below docs/."""
    return {
        "reference/reasons.md": reference.reasons_page(),
        "reference/settings.md": reference.settings_page(),
        **rfc_index.pages(),
    }


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
