"""The list of signed-in phones: what it shows, why a phone is signed out, and what a user agent is called."""

from typing import Any

import pytest

from genkan.protocol import phones
from genkan.protocol.devices import app_name, device_name
from genkan.protocol.outcomes import EndGrant, EventKind
from genkan.protocol.phones import PhoneRow, PhoneState, judge, sentence
from genkan.protocol.reasons import END_SENTENCES, EndReason
from genkan.protocol.records import GrantState, Standing
from tests.protocol.builders import NOW, a_grant, a_link, a_web_link, an_account, an_env


def a_row(stop_reason: str = "", **changes: Any) -> PhoneRow:
    link, account = changes.pop("link", a_link()), changes.pop("account", an_account())
    return PhoneRow(a_grant(**changes), link, account, stop_reason)


@pytest.mark.parametrize(
    ("row", "state", "reason"),
    [
        (a_row(), PhoneState.SIGNED_IN, ""),
        (a_row(link=a_link(standing=Standing.DISABLED)), PhoneState.SIGNED_IN, ""),
        (a_row(access_expires_at=NOW), PhoneState.SIGNED_IN, ""),
        (a_row(refresh_expires_at=NOW), PhoneState.EXPIRED, ""),
        (a_row(refresh_expires_at=NOW + 1), PhoneState.SIGNED_IN, ""),
        (a_row(state=GrantState.ENDED, reason="replayed"), PhoneState.SIGNED_OUT, "replayed"),
        (a_row("link_deleted", state=GrantState.ENDED, reason="replayed"), PhoneState.SIGNED_OUT, "replayed"),
        (a_row("link_signed_out", link=a_link(stop=1)), PhoneState.SIGNED_OUT, "link_signed_out"),
        (a_row("password_changed", account=an_account(stop=1)), PhoneState.SIGNED_OUT, "password_changed"),
        (a_row("", account=an_account(standing=Standing.DISABLED)), PhoneState.SIGNED_OUT, ""),
        (a_row("", account=an_account(standing=Standing.DELETED)), PhoneState.SIGNED_OUT, ""),
        (a_row("", link=a_link(standing=Standing.DELETED)), PhoneState.SIGNED_OUT, ""),
        (a_row("link_deleted", link=a_link(stop=1), refresh_expires_at=NOW), PhoneState.SIGNED_OUT, "link_deleted"),
    ],
)  # fmt: skip
def test_a_phone_is_what_its_row_and_the_stops_say(row: PhoneRow, state: PhoneState, reason: str) -> None:
    """A stop counts before its rows were reached; the row's own reason goes first; expiry comes last."""
    phone = judge(row, an_env())
    assert (phone.state, phone.reason) == (state, reason)


@pytest.mark.parametrize(
    ("row", "never_used"),
    [
        (a_row(generation=0), True),
        (a_row(generation=0, seen_generation=0), False),
        (a_row(generation=1), False),
    ],
)
def test_a_phone_whose_tokens_were_never_used_is_called_so(row: PhoneRow, never_used: bool) -> None:
    """Often the leftover of a lost answer; it is shown, not ended."""
    assert judge(row, an_env()).never_used is never_used


def test_sign_ins_of_servers_are_applications() -> None:
    """Confidential links are shown apart from phones."""
    assert judge(a_row(link=a_web_link()), an_env()).is_application
    assert not judge(a_row(), an_env()).is_application


@pytest.mark.parametrize("reason", EndReason)
def test_every_reason_is_a_sentence(reason: EndReason) -> None:
    """Whoever asks why a phone was signed out is told in words, each reason in its own."""
    assert sentence(reason).endswith(".")
    assert list(END_SENTENCES.values()).count(sentence(reason)) == 1


def test_an_unknown_reason_is_no_error() -> None:
    """A row written by a later version is shown without words."""
    assert sentence("invented_later") == sentence("") == ""


def test_signing_out_ends_one_grant_and_says_who_did_it() -> None:
    """One step, one event."""
    grant = a_grant()
    change = phones.sign_out(grant, EndReason.SIGNED_OUT_BY_ADMIN, "account:root", an_env())
    assert change.steps == (EndGrant(grant.id, EndReason.SIGNED_OUT_BY_ADMIN, NOW),)
    (event,) = change.events
    assert (event.kind, event.actor, event.grant_id) == (EventKind.GRANT_ENDED, "account:root", grant.id)
    assert (event.account_id, event.link_id, event.reason) == (grant.account_id, grant.link_id, "signed_out_by_admin")


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("JIRA/500 CFNetwork/1494 Darwin/23.4.0 AtlassianMobileApp", "iPhone or iPad"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605", "iPhone"),
        ("Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X)", "iPad"),
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8)", "Android"),
        ("genkan/0.1 AtlassianMobileApp", "Terminal"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_4)", "Mac"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "Linux"),
        ("curl/8.5.0", "curl"),
        ("x" * 100, "x" * 40),
        ("", "Unknown"),
        ("/", "Unknown"),
    ],
)
def test_devices_are_named_from_their_user_agents(user_agent: str, name: str) -> None:
    """A short guess, and the text itself where nothing is known of it."""
    assert device_name(user_agent) == name


PHONE: dict[str, Any] = {"id": b"first", "user_agent": "JIRA/500 CFNetwork/1494 Darwin/23.4.0"}
MARKED: dict[str, Any] = {"device": b"m" * 16}


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ({}, {b"first", b"other"}),
        ({"user_agent": "JIRA/501 CFNetwork/1500 Darwin/24.0.0"}, {b"first", b"other"}),
        (MARKED, {b"first"}),
        ({"user_agent": "Mozilla/5.0 (Linux; Android 14)"}, set()),
        ({"account_id": 78}, set()),
        ({"link_id": 12}, set()),
        ({"state": GrantState.ENDED}, set()),
        ({"refresh_expires_at": NOW}, set()),
        ({"account": an_account(stop=1)}, set()),
    ],
)
def test_what_may_be_one_phone_is_said_of_sign_ins_without_a_mark(other: dict[str, Any], found: set[bytes]) -> None:
    """Same person, link and device name, both live; a mark is sure of itself, so that nothing is said of its row."""
    rows = [a_row(**PHONE), a_row(**{**PHONE, "id": b"other", **other})]
    assert phones.possibly_same([judge(row, an_env()) for row in rows]) == found


def test_nothing_is_said_where_marks_tell_phones_apart() -> None:
    """Two marks are two phones; one sign-in alone is like no other; programs are no phones."""
    marked = [a_row(**{**PHONE, "id": mark, "device": mark * 16}) for mark in (b"a", b"b")]
    programs = [a_row(**{**PHONE, "id": name, "link": a_web_link()}) for name in (b"a", b"b")]
    for rows in (marked, [a_row(**PHONE)], programs, []):
        assert phones.possibly_same([judge(row, an_env()) for row in rows]) == set()


@pytest.mark.parametrize(
    ("user_agent", "app"),
    [
        ("AtlassianMobileApp/2.0.1 (iPhone; iOS 26.1)", "AtlassianMobileApp 2.0.1"),
        ("Mozilla/5.0 (iPhone) AppleWebKit/605 AtlassianMobileApp", "AtlassianMobileApp"),
        ("genkan-app/0.1 AtlassianMobileApp", "genkan-app 0.1"),
        ("Mozilla/5.0 NotAtlassianMobileApp/2.0", ""),
        ("", ""),
    ],
)
def test_an_app_is_named_with_its_version(user_agent: str, app: str) -> None:
    """The first product that is known, with a version where it says one; nothing is guessed."""
    assert app_name(user_agent) == app
