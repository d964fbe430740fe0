"""The pytest plugin: fixtures that open a site for a test and end it after. Found by pytest wherever Genkan is
installed; costs nothing in a run that asks for none of them.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from genkan.testing import Setup, SiteDouble


@pytest.fixture
def genkan_setup() -> "Setup":
    """What ``genkan_site`` starts with: alice, and the switch on. Override it in a module or a conftest."""
    from genkan.testing import Setup  # noqa: PLC0415 - a run without such a test pays nothing

    return Setup()


@pytest.fixture
def make_genkan_site() -> "Iterator[Callable[[Setup | None], SiteDouble]]":
    """Opens as many sites as a test calls for; all are ended after it."""
    from genkan.testing import SiteDouble  # noqa: PLC0415 - see above

    with ExitStack() as stack:

        def make(setup: "Setup | None" = None) -> SiteDouble:
            return stack.enter_context(SiteDouble(setup))

        yield make


@pytest.fixture
def genkan_site(genkan_setup: "Setup", make_genkan_site: "Callable[[Setup | None], SiteDouble]") -> "SiteDouble":
    """A fresh site on loopback for this test alone."""
    return make_genkan_site(genkan_setup)
