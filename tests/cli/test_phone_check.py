"""genkan phones check: the address and its picture, what a phone told in words and JSON, and its exit statuses."""

import pytest

from genkan import clock
from genkan.doctor.phone import Autofill, Cookies, Crossing, Info, Passkeys, Return, Told, encoded
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change
from genkan.protocol.phone_check_steps import PhoneVisit, PutPhoneVisit
from genkan.protocol.phone_checks import KEPT, Check, Issued, reseal_check
from genkan.protocol.sealing import Sealer
from tests.cli.shell import Shell
from tests.site.checking_phone import IPHONE

WELL = Told(script=True, touch=True, secure=True, skew=0, cookies=Cookies.KEPT, crossing=Crossing.KEPT,
            info=Info.ANNOUNCED, passkeys=Passkeys.PLATFORM, autofill=Autofill.YES, app=Return.YES)  # fmt: skip
GATED = Told(script=True, secure=True, skew=0, cookies=Cookies.KEPT, crossing=Crossing.KEPT, info=Info.REDIRECTED,
             passkeys=Passkeys.PLATFORM, autofill=Autofill.YES, app=Return.YES)  # fmt: skip


def told(shell: Shell, patch: pytest.MonkeyPatch, found: Told) -> None:
    """A phone has told this to the check that the command is going to make."""
    now = clock.now_ms()
    check = Check(b"c" * 16, now)

    def issue(sealer: Sealer, env: Env) -> Issued:
        return Issued(check, reseal_check(check, sealer, env))

    patch.setattr("genkan.cli.phone_check.issue", issue)
    visit = PhoneVisit(check.id, b"v" * 16, now, now, now + KEPT, 1, IPHONE, encoded(found))
    shell.apply(Change((PutPhoneVisit(visit),)))


def test_nobody_came(shell: Shell) -> None:
    """Exit status 1, and the address with its picture beside the output."""
    ended = shell("phones", "check", "--wait", "0")
    assert (ended.status, ended.out) == (1, "No phone told anything.\n")
    assert "Open it on the phone: http" in ended.err
    assert "/check/" in ended.err
    assert "▄▄▄▄▄" in ended.err


def test_a_phone_that_is_well(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit status 0, in the words of genkan check."""
    told(shell, monkeypatch, WELL)
    ended = shell("phones", "check")
    assert ended.status == 0
    assert "iPhone · iOS 18.7 · Safari 26.1" in ended.out
    assert "ok  info-login" in ended.out
    assert "This site is ready for the app." in ended.out


def test_what_is_wrong_stands_first(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit status 1; the JSON is that of the API."""
    told(shell, monkeypatch, GATED)
    ended = shell("phones", "check")
    assert ended.status == 1
    assert "\nChange first (info-login): Exempt " in ended.out[: ended.out.index("WRONG")]
    ended = shell("phones", "check", "--json")
    assert (ended.status, set(ended.json)) == (1, {"id", "url", "expiresAt", "phones"})
    (phone,) = ended.json["phones"]
    assert (phone["verdict"], phone["userAgent"]) == ("wrong", IPHONE)
    assert {probe["id"]: probe["verdict"] for probe in phone["probes"]}["info-login"] == "wrong"
