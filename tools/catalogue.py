"""Writes the catalogues of the pages' words: ``python -m tools.catalogue`` (``--check`` changes nothing).

What is said comes from the templates and from the tables of sentences; what it is in a language is kept by hand in
``genkan.po``. A sentence that is new is added empty, one that is gone is taken out.
"""

import io
import sys
from datetime import UTC, datetime
from importlib.resources import files
from itertools import chain
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from genkan.doctor import phone_words
from genkan.mdm import explain, preview
from genkan.mdm.targets import GUIDES
from genkan.mdm.words import FORMS, WRAPPINGS
from genkan.protocol import link_wishes
from genkan.protocol.accounts import AccountWish, password_fault
from genkan.protocol.certificates import faults as certificate_faults
from genkan.protocol.certificates import pinning
from genkan.protocol.ends import END_HINTS, END_SENTENCES, EXPIRED_HINT, EXPIRED_SENTENCE, OWN_END_SENTENCES
from genkan.protocol.env import Env
from genkan.protocol.naming import title_fault
from genkan.protocol.outcomes import Refused
from genkan.protocol.phone_story import STOPPED
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.signin.setup import first_administrator
from genkan.protocol.signin.site_policy import MISSING
from genkan.site import console, flashes, navigation, sign_in_form, ways_form
from genkan.site.account import second_device
from genkan.site.admin import (
    link_edit_pages,
    link_form,
    managed_said,
    person_certificates,
    person_identities,
    sign_in_pages,
)
from genkan.site.login import typed_accounts
from genkan.site.pages import ADVICE
from genkan.site.reader import LANGUAGES
from genkan.site.sentences import NAME_TAKEN, PASSWORDS_DIFFER, sentence
from genkan.wire import login_screen, redirects, urls
from genkan.wire.managed_words import ALL, GETS, GETS_BY_NAME
from genkan.wire.scopes import WORDS
from tools.doctors_words import doctors_words
from tools.operations_words import operations_words

SITE = Path(str(files("genkan.site")))
# The same words make the same file, whenever it is written.
DATED = datetime(2026, 1, 1, tzinfo=UTC)
TRANSLATED = tuple(language for language in LANGUAGES if language != "en")


def said() -> Catalog:
    """Everything that a page may say, in English."""
    catalogue = Catalog(project="Genkan", charset="utf-8")
    options = {"**.html": {"trimmed": "true", "newstyle_gettext": "true"}}
    found = extract_from_dir(str(SITE / "templates"), [("**.html", "jinja2")], options, comment_tags=())
    for name, _, message, _, _ in sorted(found, key=lambda line: (line[0], line[1])):
        catalogue.add(message, locations=[(name, None)])  # type: ignore[list-item]
    tables = (
        OWN_END_SENTENCES.values(),
        WORDS.values(),
        account_faults(),
        shell_words(),
        ends(),
        link_words(),
        *urls.PROBLEMS.values(),
        managed_words(),
        typed_accounts.SENTENCES,
        certificate_faults.SENTENCES.values(),
        certificate_pins(),
        (sentence(Refused(Reason.INVALID_VALUE, text)) for text in MISSING.values()),
        (text for pair in (*phone_words.PROBES.values(), *phone_words.OUTCOMES.values()) for text in pair if text),
    )
    for text in (*(entry(reason).public for reason in Reason), *chain(*tables), PASSWORDS_DIFFER, NAME_TAKEN, ADVICE):
        catalogue.add(text)
    for text in (*operations_words(), *doctors_words()):
        catalogue.add(text)
    return catalogue


def managed_words() -> list[str]:
    """What is said of a managed app configuration."""
    findings = [text for _, *words in (*ALL.values(), *WRAPPINGS.values()) for text in words]
    findings += [*GETS.values(), *GETS_BY_NAME.values()]
    guides = [text for guide in GUIDES.values() for text in (guide.name, *guide.steps)]
    variables = [variable.stands_for for guide in GUIDES.values() for variable in guide.variables]
    marks = [words for _, words in managed_said.MARKS.values()]
    screens = [*preview.WORDS.values(), *preview.PHONES.values(), *login_screen.WORDS.values()]
    return [*findings, *guides, *variables, *marks, *FORMS.values(), *explain.WORDS.values(), *screens]


def ends() -> list[str]:
    """What is said of phones that are signed in no more, and what to do then."""
    return [*END_SENTENCES.values(), *END_HINTS.values(), EXPIRED_SENTENCE, EXPIRED_HINT, STOPPED]


def shell_words() -> list[str]:
    """What the frame of the console and the account pages says."""
    groups = (*navigation.CONSOLE, *navigation.ACCOUNT)
    places = [place.words for group in groups for place in group.places]
    said_there = (console.RESUMED, sign_in_form.SESSION_OVER, sign_in_form.DIRECTORY_AWAY)
    told = (*said_there, *ways_form.WAY_WORDS.values(), *flashes.SENTENCES.values())
    return [*(group.words for group in groups if group.places), *places, *told]


def link_words() -> list[str]:
    """What is said of an application link that cannot be, or that could be better."""
    told = (link_form.CHOOSE_PERMISSION, link_edit_pages.CHANGED, sign_in_pages.NONE_CHOSEN, second_device.NO_NUMBER)
    return [*link_wishes.SENTENCES.values(), *redirects.PROBLEMS.values(), *redirects.ADVICE.values(), *told]


def certificate_pins() -> list[str]:
    """What is said of a certificate that cannot be tied to a person."""
    said = (
        pinning.KEY_GIVEN,
        pinning.FILE_UNREADABLE,
        pinning.FILE_TOO_LARGE,
        pinning.TOO_MANY,
        pinning.SUBJECT_IS_NONE,
    )
    linked = (person_certificates.PINNED_ALREADY, person_identities.LINKED_ALREADY)
    return [*linked, *(sentence(Refused(Reason.INVALID_VALUE, text)) for text in said)]


def account_faults() -> list[str]:
    """What is said of an account that cannot be made."""
    bad = (AccountWish(""), AccountWish("a", "\n"), AccountWish("a", "", "\n"), AccountWish("a", "", "a"),
           AccountWish("a", groups=(",",)), AccountWish("a", locale=" "), AccountWish("a", time_zone=" "))  # fmt: skip
    refused = [first_administrator(wish, Env(0, bytes)) for wish in bad] + [password_fault(""), title_fault("\n")]
    return [sentence(fault) for fault in refused if isinstance(fault, Refused)]


def written(language: str) -> tuple[str, bytes]:
    """The catalogue of a language as text, brought up to date, and compiled."""
    path, kept = place(language), Catalog(locale=language, charset="utf-8", creation_date=DATED, revision_date=DATED)
    known = {message.id: message.string for message in _read(path, language)} if path.exists() else {}
    for message in said():
        if message.id:
            kept.add(message.id, known.get(message.id, ""), flags=message.flags)
    text, compiled = io.BytesIO(), io.BytesIO()
    write_po(text, kept, width=110, omit_header=True, ignore_obsolete=True, sort_output=True, no_location=True)
    write_mo(compiled, kept)
    return text.getvalue().decode(), compiled.getvalue()


def _read(path: Path, language: str) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=language)


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
