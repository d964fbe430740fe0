"""What the modules of the gallery share: a page with its values, and the values that somebody else has chosen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Chosen = Callable[[str], str]


def plain(text: str) -> str:
    """A value as people choose it."""
    return text


@dataclass(frozen=True, slots=True)
class Shown:
    """One page of the gallery: a template, the values of its variables, and where its forms may lead."""

    name: str
    template: str
    values: Mapping[str, object] = field(repr=False)
    status: int = 200
    forms_to: tuple[str, ...] = ()


def carried(chosen: Chosen) -> dict[str, str]:
    """The hidden fields of a form."""
    return {"page_token": "gnk_pg_0123456789", "interaction": chosen("gnk_in_0123456789"), "next": chosen("/account")}


def using(chosen: Chosen, **changes: object) -> dict[str, object]:
    """What a page that signs in is given so that a passkey can do it."""
    return {
        "works": True,
        "action": "/desk/login/passkey",
        "options": "/desk/login/passkey",
        "former": [],
        "hidden": carried(chosen),
        "rp_id": "site.example",
        "unknown": "",
        **changes,
    }
