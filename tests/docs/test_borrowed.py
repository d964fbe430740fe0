"""Code of somebody else that we ship is what the manual says it is."""

import hashlib
import re

from tests.workshop.tree import ROOT

PAGE = ROOT / "docs" / "explanation" / "pages.md"
STATIC = ROOT / "src" / "genkan" / "site" / "static"
BORROWED = re.compile(r"^\| `site/static/([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", re.MULTILINE)


def test_borrowed_files_are_what_the_manual_says() -> None:
    """Each file has the digest that stands beside its version and licence."""
    told = dict(BORROWED.findall(PAGE.read_text(encoding="utf-8")))
    assert told == {name: hashlib.sha256((STATIC / name).read_bytes()).hexdigest() for name in told}
    assert "htmx.min.js" in told


def test_what_is_minified_is_borrowed_and_told() -> None:
    """No script of somebody else lies beside ours unnamed."""
    told = {name for name, _ in BORROWED.findall(PAGE.read_text(encoding="utf-8"))}
    assert {path.name for path in STATIC.glob("*.min.*")} <= told


def test_htmx_is_told_to_run_nothing() -> None:
    """The pages that load it turn off what the security policy would have to stop."""
    parts = (STATIC.parent / "templates" / "console_parts.html").read_text(encoding="utf-8")
    for word in ('"allowEval": false', '"allowScriptTags": false', '"includeIndicatorStyles": false',
                 '"historyEnabled": false', '"selfRequestsOnly": true'):  # fmt: skip
        assert word in parts
