"""Writes the catalogues of the pages' words: ``python -m tools.catalogue`` (``--check`` changes nothing).

What is said comes from the templates and from the tables of sentences; what it is in a language is kept by hand in
``genkan.po``. A sentence that is new is added empty, one that is gone is taken out.
"""

import io
import sys
from importlib.resources import files
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from genkan.protocol.ends import END_SENTENCES
from genkan.protocol.reasons import Reason, entry
from genkan.site.reader import LANGUAGES
from genkan.wire.scopes import WORDS

SITE = Path(str(files("genkan.site")))
TRANSLATED = tuple(language for language in LANGUAGES if language != "en")


def said() -> Catalog:
    """Everything that a page may say, in English."""
    catalogue = Catalog(project="Genkan", charset="utf-8")
    options = {"**.html": {"trimmed": "true", "newstyle_gettext": "true"}}
    found = extract_from_dir(str(SITE / "templates"), [("**.html", "jinja2")], options, comment_tags=())
    for name, _, message, _, _ in sorted(found, key=lambda line: (line[0], line[1])):
        catalogue.add(message, locations=[(name, None)])  # type: ignore[list-item]
    for reason in Reason:
        catalogue.add(entry(reason).public)
    for sentence in (*END_SENTENCES.values(), *WORDS.values()):
        catalogue.add(sentence)
    return catalogue


def written(language: str) -> tuple[str, bytes]:
    """The catalogue of a language as text, brought up to date, and compiled."""
    path = place(language)
    kept = read_po(path.open("rb"), locale=language) if path.exists() else Catalog(locale=language, charset="utf-8")
    kept.update(said(), no_fuzzy_matching=True)
    kept.obsolete.clear()
    text, compiled = io.BytesIO(), io.BytesIO()
    write_po(text, kept, width=110, omit_header=True, ignore_obsolete=True, sort_output=True, no_location=True)
    write_mo(compiled, kept)
    return text.getvalue().decode(), compiled.getvalue()


def place(language: str) -> Path:
    """Where the text of a language is kept; what is compiled lies beside it."""
    return SITE / "locales" / language / "LC_MESSAGES" / "genkan.po"


def main() -> int:
    """Status 1 when ``--check`` finds something out of date."""
    stale = 0
    for language in TRANSLATED:
        text, compiled = written(language)
        for path, content in ((place(language), text.encode()), (place(language).with_suffix(".mo"), compiled)):
            if path.exists() and path.read_bytes() == content:
                continue
            stale = 1
            if "--check" not in sys.argv:
                path.write_bytes(content)
                print(f"wrote {path}")
    return stale if "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
