"""Where the pages of the console and of the account stand, in the words that administrators know; a page that is built
adds its line here.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A page one can go to. ``path`` is below the base URL; what lies below it belongs to it."""

    path: str
    words: str


@dataclass(frozen=True, slots=True)
class Group:
    """Places that belong together, under their name."""

    words: str
    places: tuple[Place, ...]


CONSOLE = (
    Group("Site", (Place("/admin", "Overview"),)),
    Group(
        "Applications",
        (
            Place("/admin/links", "Application links"),
            Place("/admin/applications", "Connected applications"),
        ),
    ),
    Group(
        "System",
        (
            Place("/admin/mobile", "Mobile app"),
            Place("/admin/sign-in", "Sign-in"),
            Place("/admin/phones", "Phones"),
            Place("/admin/audit", "Audit log"),
            Place("/admin/api-keys", "API keys"),
            Place("/admin/health", "Health"),
            Place("/admin/base-url", "Base URL"),
        ),
    ),
    Group("User management", (Place("/admin/people", "People"),)),
)
ACCOUNT = (
    Group(
        "Your account",
        (
            Place("/account/profile", "Profile"),
            Place("/account/apps", "Phones and applications"),
            Place("/account/sessions", "Browsers"),
            Place("/account/sign-in", "Sign-in methods"),
        ),
    ),
)


def shown(groups: tuple[Group, ...], base: str, here: str) -> list[dict[str, object]]:
    """The navigation for a page at ``here``, a path below the base URL: groups that have places, one place current."""
    fitting = [place.path for group in groups for place in group.places if _leads_to(place.path, here)]
    current = max(fitting, key=len, default="")
    return [
        {
            "words": group.words,
            "places": [
                {"address": base + place.path, "words": place.words, "current": place.path == current}
                for place in group.places
            ],
        }
        for group in groups
        if group.places
    ]


def _leads_to(path: str, here: str) -> bool:
    return here == path or here.startswith(path + "/")
