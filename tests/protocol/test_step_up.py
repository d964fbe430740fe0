"""Step-up: what a request asks of a sign-in (acr_values, max_age), and that only what was asked for answers it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from genkan.protocol.authorize import (
    LONGEST_ACR_VALUES,
    MOST_MAX_AGE,
    ErrorRedirect,
    GoOn,
    Interaction,
    consider,
    parse_max_age,
)
from genkan.protocol.env import HOUR, MINUTE, SECOND
from genkan.protocol.interaction import AskConsent, AskSignIn, Decision, HubFacts, Issue, next_step
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import ALL_WAYS, Method, Way
from genkan.protocol.signin.demand import Demand, acr_of, may_come_in, satisfies
from genkan.wire import acr
from tests.protocol.builders import NOW, a_link, a_person, a_site, an_env, an_interaction, authorize_asked

PWD = Method.PWD
DEVICE_KEY = Method.HWK | Method.USER | Method.MFA
SYNCED_KEY = Method.SWK | Method.USER | Method.MFA
CERTIFICATE = Method.POP
CORPORATE = Method.FED
# Another provider that claims a hardware key, and a one-time link.
CLAIMING = Method.FED | Method.HWK | Method.USER | Method.MFA
RECOVERY = Method.RECOVERY
METHODS = (PWD, DEVICE_KEY, SYNCED_KEY, CERTIFICATE, CORPORATE, CLAIMING, RECOVERY)
# Row 6: asked for × obtained. What is not here is no answer.
TABLE = {
    acr.HARDWARE: {DEVICE_KEY},
    acr.PHISHING_RESISTANT: {DEVICE_KEY, SYNCED_KEY, CERTIFICATE},
    acr.PASSWORD: {PWD, DEVICE_KEY, SYNCED_KEY, CERTIFICATE},
    acr.CORPORATE: {CORPORATE, CLAIMING},
}


def hub(asked: Interaction, method: Method, signed_in: int = 0, **facts: Any) -> object:
    """The next step for somebody who signed in so, that long after the request."""
    person = a_person(method=method, auth_time=NOW + signed_in)
    known = HubFacts(a_link(), person, None, None, a_site())
    return next_step(asked, structs.replace(known, **facts), None, an_env(NOW + max(0, signed_in)))


@pytest.mark.parametrize("asked", acr.VALUES)
@pytest.mark.parametrize("obtained", METHODS)
def test_only_what_was_asked_for_answers_a_step_up(asked: str, obtained: Method) -> None:
    """Row 6: a sign-in of a moment ago that went another way leads back to the sign-in page, whatever is clicked."""
    good = obtained in TABLE[asked]
    assert satisfies(obtained, asked) is good
    request = an_interaction(acrs=(asked,))
    assert isinstance(hub(request, obtained, SECOND), AskConsent if good else AskSignIn)
    facts = HubFacts(a_link(), a_person(method=obtained, auth_time=NOW + SECOND), None, None, a_site())
    step = next_step(request, facts, Decision.ALLOW, an_env(NOW + SECOND))
    assert isinstance(step, Issue if good else AskSignIn)


@pytest.mark.parametrize("obtained", METHODS)
def test_one_of_several_classes_is_enough(obtained: Method) -> None:
    """OpenID Connect Core 3.1.2.1: the values are in order of preference, and each of them will do."""
    request = an_interaction(acrs=(acr.HARDWARE, acr.CORPORATE))
    good = obtained in TABLE[acr.HARDWARE] | TABLE[acr.CORPORATE]
    assert isinstance(hub(request, obtained, SECOND), AskConsent if good else AskSignIn)


def test_what_is_told_of_a_sign_in_is_the_strongest_that_it_is() -> None:
    """RFC 9470 6.2: the class that introspection tells; none for a one-time link, which proves none."""
    told = {method: acr_of(method) for method in METHODS}
    assert told == {
        PWD: acr.PASSWORD, DEVICE_KEY: acr.HARDWARE, SYNCED_KEY: acr.PHISHING_RESISTANT,
        CERTIFICATE: acr.PHISHING_RESISTANT, CORPORATE: acr.CORPORATE, CLAIMING: acr.CORPORATE, RECOVERY: None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("max_age", "signed_in", "asked_again"),
    [
        (0, -1, True),
        (0, 0, False),
        (0, SECOND, False),
        (MINUTE, -MINUTE, False),
        (MINUTE, -MINUTE - 1, True),
        (MINUTE, SECOND, False),
        (None, -HOUR, False),
    ],
)
def test_max_age_counts_back_from_the_request(max_age: int | None, signed_in: int, asked_again: bool) -> None:
    """OpenID Connect Core 3.1.2.1: older than that is asked again; what was made for this request never goes stale."""
    assert isinstance(hub(an_interaction(max_age=max_age), PWD, signed_in), AskSignIn) is asked_again


@pytest.mark.parametrize(
    ("site_age", "link_age", "asked_age", "asked_again"),
    [
        (MINUTE, None, None, True),
        (MINUTE, 3 * MINUTE, None, False),
        (3 * MINUTE, MINUTE, None, True),
        (None, 3 * MINUTE, MINUTE, True),
        (None, MINUTE, 3 * MINUTE, True),
        (None, 3 * MINUTE, 3 * MINUTE, False),
    ],
)
def test_the_shortest_age_counts(
    site_age: int | None, link_age: int | None, asked_age: int | None, asked_again: bool
) -> None:
    """A link's own age stands for the site's; a request may ask for less than either, never for more."""
    step = hub(
        an_interaction(max_age=asked_age),
        PWD,
        -2 * MINUTE,
        site=a_site(max_age=site_age),
        link=a_link(max_age=link_age),
    )
    assert isinstance(step, AskSignIn) is asked_again


def test_a_strong_sign_in_of_long_ago_is_no_answer_and_neither_is_a_weak_one_of_now() -> None:
    """Both have to hold at once."""
    request = an_interaction(max_age=MINUTE, acrs=(acr.PHISHING_RESISTANT,))
    assert isinstance(hub(request, SYNCED_KEY, -HOUR), AskSignIn)
    assert isinstance(hub(request, PWD, SECOND), AskSignIn)
    assert isinstance(hub(request, SYNCED_KEY, SECOND), AskConsent)


@pytest.mark.parametrize("signed_in", [True, False])
def test_what_the_policy_makes_impossible_is_told_to_the_application(signed_in: bool) -> None:
    """RFC 9470 5: no weaker sign-in is passed off as what was asked for, and nobody stands before a door without a
    handle.
    """
    request = an_interaction(acrs=(acr.PHISHING_RESISTANT,))
    facts: dict[str, Any] = {"site": a_site(ways=Way.PASSWORD), **({} if signed_in else {"person": None})}
    told = ErrorRedirect(Refused(Reason.AUTHENTICATION_UNMET), request.redirect_uri, "xyz")
    assert hub(request, SYNCED_KEY, **facts) == told


def test_prompt_none_tells_that_somebody_must_sign_in() -> None:
    """OpenID Connect Core 3.1.2.6: with prompt=none no page is shown, for step-up neither."""
    request = an_interaction(prompts=("none",), acrs=(acr.PHISHING_RESISTANT,))
    told = ErrorRedirect(Refused(Reason.LOGIN_REQUIRED), request.redirect_uri, "xyz")
    assert hub(request, PWD) == told


@pytest.mark.parametrize(
    ("ways", "obtained", "good"),
    [(way, method, way_taken) for way, taken in {
        Way.PASSWORD: {PWD, RECOVERY},
        Way.PASSKEY: {DEVICE_KEY, SYNCED_KEY},
        Way.CERTIFICATE: {CERTIFICATE},
        Way.CORPORATE: {CORPORATE, CLAIMING},
        ALL_WAYS: set(METHODS),
    }.items() for method in METHODS for way_taken in [method in taken]],
)  # fmt: skip
@pytest.mark.parametrize("by_link", [True, False])
def test_a_session_that_came_another_way_is_asked_again(ways: Way, obtained: Method, good: bool, by_link: bool) -> None:
    """Row 37: the policy is asked at every code, not only where the session was opened; a one-time link is taken where
    a password would be.
    """
    facts: dict[str, Any] = {"link": a_link(ways=ways)} if by_link else {"site": a_site(ways=ways)}
    assert isinstance(hub(an_interaction(), obtained, **facts), AskConsent if good else AskSignIn)


@pytest.mark.parametrize("obtained", METHODS)
def test_the_sites_own_pages_are_open_to_the_ways_it_takes_and_to_one_time_links(obtained: Method) -> None:
    """Who was let in by a one-time link has to reach the page where a passkey is made."""
    site = a_site(ways=Way.PASSKEY)
    assert may_come_in(site, obtained) is (obtained in (DEVICE_KEY, SYNCED_KEY, RECOVERY))


def test_what_is_offered_can_answer() -> None:
    """A way that cannot reach a class that is asked for is not on the page."""
    assert Demand(ALL_WAYS, (acr.HARDWARE,)).offered is Way.PASSKEY
    assert Demand(ALL_WAYS, (acr.PHISHING_RESISTANT,)).offered == Way.PASSKEY | Way.CERTIFICATE
    assert Demand(Way.PASSWORD | Way.CORPORATE, (acr.CORPORATE, acr.HARDWARE)).offered is Way.CORPORATE
    assert Demand(Way.PASSWORD, ()).offered is Way.PASSWORD


@pytest.mark.parametrize(
    ("text", "max_age"),
    [
        ("0", 0),
        ("000", 0),
        ("60", MINUTE),
        ("0060", MINUTE),
        ("9" * 10, MOST_MAX_AGE),
        ("9" * 5000, MOST_MAX_AGE),
        ("-1", None),
        ("+1", None),
        ("1.5", None),
        ("1e3", None),
        (" 60", None),
        ("\u0661", None),
        ("\u00b2", None),
        ("soon", None),
    ],
)
def test_max_age_is_seconds_in_digits(text: str, max_age: int | None) -> None:
    """Negative, fractional and foreign digits are refused by name; what is huge counts as very long."""
    assert parse_max_age(text) == max_age
    outcome = consider(authorize_asked(max_age=text), a_link(), an_env())
    if max_age is None:
        told = ErrorRedirect(Refused(Reason.MAX_AGE_MALFORMED, "max_age"), a_link().redirects[0], "xyz")
        assert outcome == told
    else:
        assert isinstance(outcome, GoOn)
        assert outcome.interaction.max_age == max_age


@given(st.text(max_size=30))
def test_any_text_is_an_age_or_none(text: str) -> None:
    """Never an exception, never a negative number."""
    found = parse_max_age(text)
    assert found is None or 0 <= found <= MOST_MAX_AGE


@pytest.mark.parametrize(
    ("text", "acrs"),
    [
        (None, ()),
        ("", ()),
        ("phr", ("phr",)),
        ("  phrh phr  phr ", ("phrh", "phr")),
        ("urn:mace:incommon:iap:silver", ()),
        ("urn:mace:incommon:iap:silver phr", ("phr",)),
        ("PHR", ()),
    ],
)
def test_classes_that_nobody_knows_are_left_open(text: str | None, acrs: tuple[str, ...]) -> None:
    """OpenID Connect Core 3.1.2.1: acr_values are a wish; the part of it that we know is what counts."""
    outcome = consider(authorize_asked(acr_values=text), a_link(), an_env())
    assert isinstance(outcome, GoOn)
    assert outcome.interaction.acrs == acrs


def test_acr_values_are_bounded() -> None:
    """A megabyte of classes is not looked through."""
    fits = consider(authorize_asked(acr_values="x" * LONGEST_ACR_VALUES), a_link(), an_env())
    assert isinstance(fits, GoOn)
    outcome = consider(authorize_asked(acr_values="x" * (LONGEST_ACR_VALUES + 1)), a_link(), an_env())
    told = ErrorRedirect(Refused(Reason.ACR_VALUES_TOO_LONG, "acr_values"), a_link().redirects[0], "xyz")
    assert outcome == told
