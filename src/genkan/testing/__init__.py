"""A real site of ours inside a test's own process, with faults on order: for the tests of apps.

Owns how tests set a site up and make it misbehave; the site itself is the one that ``genkan serve`` runs.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genkan.testing.asked import Asked, Reply
    from genkan.testing.double import SeenPhone, SiteDouble
    from genkan.testing.faults import Faults
    from genkan.testing.person import Person
    from genkan.testing.setup import PASSWORD, AppLink, Credentials, Profile, Setup, SetupRefused, Somebody
    from genkan.wire.scopes import Permission

__all__ = [
    "PASSWORD",
    "AppLink",
    "Asked",
    "Credentials",
    "Faults",
    "Permission",
    "Person",
    "Profile",
    "Reply",
    "SeenPhone",
    "Setup",
    "SetupRefused",
    "SiteDouble",
    "Somebody",
]

_PLACES = {
    "Asked": "asked",
    "Faults": "faults",
    "Person": "person",
    "Reply": "asked",
    "SeenPhone": "double",
    "SiteDouble": "double",
}

# Hidden from type checkers, for which every name would exist otherwise.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        # pytest loads the plugin in every run of whoever has Genkan installed, and most of them ask for no site.
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_PLACES.get(name, 'setup')}"), name)
