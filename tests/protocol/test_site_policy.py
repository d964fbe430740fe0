"""The site's sign-in policy: what may be set, and that nobody shuts the last administrator out."""

import pytest

from genkan.protocol.env import MINUTE, SECOND
from genkan.protocol.outcomes import Change, EventKind, NeedAdministrator, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import ALL_WAYS, Site, Way
from genkan.protocol.signin.site_policy import MOST_MAX_AGE, PolicyWish, set_policy
from genkan.protocol.signin_steps import PutSignInPolicy
from genkan.wire.scopes import Permission
from tests.protocol.builders import HERE, NOW, a_site, an_env


def asked(
    ways: Way, max_age: int | None = None, *, left: bool = True, site: Site | None = None, possible: Way = ALL_WAYS
) -> Change | Refused:
    here = HERE.by(possible)
    return set_policy(site or a_site(), PolicyWish(ways, max_age), here, "account:01", an_env(), somebody_left=left)


def test_a_narrower_policy_makes_sure_that_somebody_can_come_in() -> None:
    """What was seen before may be gone when it is written: the step asks once more, in the same write."""
    change = asked(Way.PASSKEY)
    assert isinstance(change, Change)
    put = PutSignInPolicy(Way.PASSKEY, None, 1)
    assert change.steps == (put, NeedAdministrator(Permission.SYSTEM_ADMIN, NOW, HERE))
    [event] = change.events
    assert (event.kind, event.at, event.actor) == (EventKind.SIGN_IN_POLICY_CHANGED, NOW, "account:01")
    assert event.detail == "passkey"


def test_a_policy_that_shuts_everybody_out_is_refused() -> None:
    """By name, before anything is written."""
    assert asked(Way.CERTIFICATE, left=False) == Refused(Reason.NOBODY_COULD_SIGN_IN)


def test_a_wider_policy_takes_nothing_from_anybody() -> None:
    """It is allowed whoever is left, so that a site that stands wrong can be put right."""
    change = asked(ALL_WAYS, left=False, site=a_site(ways=Way.CERTIFICATE))
    assert isinstance(change, Change)
    assert change.steps == (PutSignInPolicy(ALL_WAYS, None, 1),)


@pytest.mark.parametrize(
    ("ways", "max_age"),
    [(Way.NONE, None), (ALL_WAYS, MINUTE - 1), (ALL_WAYS, -1), (ALL_WAYS, 0), (ALL_WAYS, MOST_MAX_AGE + 1)],
)
def test_a_policy_that_cannot_work_is_refused(ways: Way, max_age: int | None) -> None:
    """No way at all, and an age within which nobody gets from the sign-in page to the application."""
    refused = asked(ways, max_age)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.INVALID_VALUE


def test_saying_the_same_is_no_news() -> None:
    """No write, no line in the audit."""
    assert asked(Way.PASSKEY, MINUTE, site=a_site(ways=Way.PASSKEY, max_age=MINUTE)) == Change(())


def test_the_audit_tells_the_age() -> None:
    """In seconds, beside the ways."""
    change = asked(Way.PASSWORD | Way.PASSKEY, 90 * SECOND)
    assert isinstance(change, Change)
    assert change.events[0].detail == "password, passkey; at most 90 s old"


@pytest.mark.parametrize(
    ("ways", "setting"),
    [
        (Way.PASSKEY, "GENKAN_BASE_URL"),
        (Way.CERTIFICATE, "GENKAN_CLIENT_CA"),
        (Way.CORPORATE, "GENKAN_SIGN_ON_FILE"),
    ],
)
def test_ways_that_the_settings_make_impossible_are_no_policy(ways: Way, setting: str) -> None:
    """Refused with the setting that is missing; beside a way that works they do no harm, and do not count."""
    refused = asked(ways, possible=Way.PASSWORD)
    assert isinstance(refused, Refused)
    assert (refused.reason, setting in refused.detail) == (Reason.INVALID_VALUE, True)
    change = asked(ways | Way.PASSWORD, possible=Way.PASSWORD)
    assert isinstance(change, Change)
    assert change.steps[1] == NeedAdministrator(Permission.SYSTEM_ADMIN, NOW, HERE.by(Way.PASSWORD))
