"""A real site of ours inside a test's own process, with faults on order: for the tests of apps.

Owns how tests set a site up and make it misbehave; the site itself is the one that ``genkan serve`` runs.
"""

from genkan.testing.double import SeenPhone, SiteDouble
from genkan.testing.faults import Asked, Faults
from genkan.testing.person import Person
from genkan.testing.setup import PASSWORD, AppLink, Credentials, Setup, SetupRefused, Somebody

__all__ = [
    "PASSWORD",
    "AppLink",
    "Asked",
    "Credentials",
    "Faults",
    "Person",
    "SeenPhone",
    "Setup",
    "SetupRefused",
    "SiteDouble",
    "Somebody",
]
