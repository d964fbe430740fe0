"""Pages as people of a directory see them, and the sign-in page while a directory is away."""

from dataclasses import replace

from genkan.protocol.reasons import Reason, entry
from genkan.site.sign_in_form import DIRECTORY_AWAY
from tests.browser import gallery_console, gallery_people
from tests.browser.showing_values import Chosen, Shown


def pages(chosen: Chosen) -> list[Shown]:
    """The states that a directory adds to pages that others have too."""
    known = {shown.name: shown for shown in (*gallery_console.pages(chosen), *gallery_people.pages(chosen))}
    title: dict[str, object] = {"directory": chosen("Example’s directory")}
    away: dict[str, object] = {
        "notice": DIRECTORY_AWAY,
        "error": entry(Reason.SIGN_IN_FAILED).public,
        "username": chosen("alice"),
    }
    return [
        _more(known["login-over"], "login-directory-away", away),
        _more(known["confirm"], "confirm-directory", title),
        _more(known["sign-in-methods-none"], "sign-in-methods-directory", title),
    ]


def _more(shown: Shown, name: str, values: dict[str, object]) -> Shown:
    return replace(shown, name=name, values={**shown.values, **values})
