"""What the site calls itself: setting before choice before the program's name, and what a name may be."""

import pytest

from genkan.protocol.naming import named, title_of
from genkan.protocol.outcomes import Change, EventKind, NameSite, Refused
from genkan.protocol.reasons import Reason
from tests.protocol.builders import a_site, an_env


@pytest.mark.parametrize(
    ("setting", "chosen", "shown"),
    [("Set", "Chosen", "Set"), ("", "Chosen", "Chosen"), ("", "", "Genkan"), ("Set", "", "Set")],
)
def test_the_setting_wins(setting: str, chosen: str, shown: str) -> None:
    """An operator's word stands above an administrator's; without either the program's name does."""
    assert title_of(setting, a_site(title=chosen)) == shown


def test_a_name_is_written_with_its_event() -> None:
    """Conditional on the site as it was read, without the spaces around it, and told to the audit."""
    change = named(a_site(version=6), "  受付 Front Desk ", "admin", an_env())
    assert isinstance(change, Change)
    assert change.steps == (NameSite("受付 Front Desk", 6),)
    (event,) = change.events
    assert (event.kind, event.actor, event.detail) == (EventKind.SITE_NAMED, "admin", "受付 Front Desk")


@pytest.mark.parametrize("title", ["Desk", "", " Desk "])
def test_the_same_name_is_no_news(title: str) -> None:
    """Nothing is written and nothing told."""
    assert named(a_site(title=title.strip()), title, "admin", an_env()) == Change(())


def test_no_name_takes_a_chosen_one_back() -> None:
    """The site is called Genkan again."""
    change = named(a_site(title="Desk"), "  ", "admin", an_env())
    assert isinstance(change, Change)
    assert change.steps == (NameSite("", 1),)


def test_a_name_that_is_set_is_not_chosen() -> None:
    """What would show nowhere is refused, whatever it is."""
    assert named(a_site(), "Desk", "admin", an_env(), setting="Set") == Refused(Reason.NAME_IS_SET)


@pytest.mark.parametrize("title", ["x" * 101, "a\nb", "tab\there", "right\u202eleft"])
def test_a_name_is_short_and_visible(title: str) -> None:
    """Up to a hundred printable characters: no line breaks, nothing that turns the text around it."""
    refused = named(a_site(), title, "admin", an_env())
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.detail.partition(":")[0]) == (Reason.INVALID_VALUE, "site name")
