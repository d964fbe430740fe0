"""The security suite looks at the same whole site as the tests of the door."""

from tests.site.conftest import context_site, site

__all__ = ["context_site", "site"]
