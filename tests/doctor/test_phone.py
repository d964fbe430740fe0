"""What a phone's browser told, judged: every outcome, and no alarm for a phone that is well."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from genkan.doctor.judge_phone import PATIENCE_MS, judge, report
from genkan.doctor.phone import (
    LONGEST_TOLD,
    MOST_SKEW_MS,
    Autofill,
    Certificate,
    Cookies,
    Crossing,
    Info,
    Passkeys,
    Phone,
    Protocol,
    Return,
    Told,
    decoded,
    encoded,
    told_of_form,
)
from genkan.doctor.phone_words import FAULTS, OUTCOMES, PROBES
from genkan.doctor.verdicts import Verdict
from genkan.protocol.certificates.faults import Fault
from tests.doctor.phones import ORIGIN, WELL, a_base, a_phone

NOW = 1_800_000_000_000
OK, WARNING, WRONG, UNKNOWN = Verdict.OK, Verdict.WARNING, Verdict.WRONG, Verdict.UNKNOWN
# The probe, what is told or known otherwise than of a phone that is well, and what the doctor says: the verdict and
# the outcome's name in the table of words.
CASES: list[tuple[str, dict[str, object], Verdict, str]] = [
    ("browser", {"app": ""}, WARNING, "browser-view"),
    ("browser", {"app": "LINE"}, WARNING, "browser-view-of"),
    ("browser", {"is_phone": False}, UNKNOWN, "browser-computer"),
    ("browser", {}, OK, "browser-own"),
    ("connection", {}, OK, "connection-secure"),
    ("connection", {"protocol": Protocol.UNTOLD}, OK, "connection-https"),
    ("connection", {"secure": None}, UNKNOWN, "no-script"),
    ("connection", {"secure": False}, WRONG, "connection-plain"),
    ("connection", {"secure": False, "base": a_base("http://localhost:8080")}, OK, "connection-trial"),
    ("clock", {}, OK, "clock-right"),
    ("clock", {"skew": None}, UNKNOWN, "no-script"),
    ("clock", {"skew": 60_000}, OK, "clock-right"),
    ("clock", {"skew": 60_001}, WARNING, "clock-ahead"),
    ("clock", {"skew": -60_001}, WARNING, "clock-behind"),
    ("clock", {"skew": 3_600_000}, WARNING, "clock-ahead"),
    ("clock", {"skew": 3_600_001}, WRONG, "clock-ahead"),
    ("clock", {"skew": -3_600_001}, WRONG, "clock-behind"),
    ("cookies", {}, OK, "cookies-kept"),
    ("cookies", {"cookies": Cookies.UNTOLD}, UNKNOWN, "no-script"),
    ("cookies", {"cookies": Cookies.LOST}, WRONG, "cookies-lost"),
    ("cookies", {"cookies": Cookies.BROWSER}, WRONG, "cookies-browser"),
    ("cookies", {"cookies": Cookies.DOWN}, WRONG, "cookies-down"),
    ("cookies", {"cookies": Cookies.UP}, WRONG, "cookies-up"),
    ("cookies", {"cookies": Cookies.DOWN, "secure": False}, UNKNOWN, "see-connection"),
    ("cookies-after-return", {}, OK, "return-kept"),
    ("cookies-after-return", {"cookies": Cookies.UP}, UNKNOWN, "see-cookies"),
    ("cookies-after-return", {"crossing": Crossing.LOST}, WRONG, "return-lost"),
    ("cookies-after-return", {"crossing": Crossing.SAME}, UNKNOWN, "return-same"),
    ("cookies-after-return", {"crossing": Crossing.AWAY}, UNKNOWN, "return-away"),
    ("cookies-after-return", {"crossing": Crossing.UNTOLD}, UNKNOWN, "return-away"),
    ("info-login", {}, OK, "info-announced"),
    ("info-login", {"info": Info.UNTOLD}, UNKNOWN, "no-script"),
    ("info-login", {"info": Info.OFF}, WARNING, "info-off"),
    ("info-login", {"info": Info.REDIRECTED}, WRONG, "info-redirected"),
    ("info-login", {"info": Info.STATUS, "status": 403}, WRONG, "info-status"),
    ("info-login", {"info": Info.OTHER}, WRONG, "info-other"),
    ("info-login", {"info": Info.UNREACHABLE}, WRONG, "info-unreachable"),
    ("passkeys", {}, OK, "passkeys-platform"),
    ("passkeys", {"passkeys": Passkeys.UNTOLD}, UNKNOWN, "no-script"),
    ("passkeys", {"passkeys": Passkeys.NONE}, WARNING, "passkeys-none"),
    ("passkeys", {"passkeys": Passkeys.NO_LOCK}, WARNING, "passkeys-no-lock"),
    ("passkeys", {"passkeys": Passkeys.INSECURE}, WRONG, "passkeys-insecure"),
    ("passkeys", {"app": ""}, UNKNOWN, "see-browser"),
    ("passkeys", {"base": a_base("https://192.0.2.7")}, WRONG, "passkeys-address"),
    ("passkeys", {"base": a_base("http://127.0.0.1:8080")}, OK, "passkeys-platform"),
    ("passkey-autofill", {}, OK, "autofill-yes"),
    ("passkey-autofill", {"autofill": Autofill.NO}, OK, "autofill-no"),
    ("passkey-autofill", {"autofill": Autofill.UNTOLD}, UNKNOWN, "no-script"),
    ("passkey-autofill", {"autofill": Autofill.NO, "passkeys": Passkeys.NONE}, UNKNOWN, "see-passkeys"),
    ("certificate", {}, OK, "certificate-accepted"),
    ("certificate", {"origin": ""}, OK, "certificate-off"),
    ("certificate", {"certificate": Certificate.UNTOLD}, UNKNOWN, "certificate-untried"),
    ("certificate", {"certificate": Certificate.NONE}, WARNING, "certificate-none"),
    ("certificate", {"certificate": Certificate.AWAY, "still_for": PATIENCE_MS}, UNKNOWN, "certificate-away"),
    ("certificate", {"certificate": Certificate.AWAY, "still_for": PATIENCE_MS + 1}, WRONG, "certificate-lost"),
    ("return-to-app", {}, OK, "app-left"),
    ("return-to-app", {"app_return": Return.YES}, OK, "app-yes"),
    ("return-to-app", {"app_return": Return.NO}, WRONG, "app-no"),
    ("return-to-app", {"app_return": Return.NO, "is_phone": False}, UNKNOWN, "app-computer"),
    ("return-to-app", {"app_return": Return.ASKED}, UNKNOWN, "app-asked"),
    ("return-to-app", {"app_return": Return.UNTOLD}, UNKNOWN, "app-untried"),
]  # fmt: skip


REFUSED: list[tuple[str, dict[str, object], Verdict, str]] = [
    ("certificate", {"certificate": Certificate.REFUSED, "fault": fault.value}, WRONG, FAULTS[fault]) for fault in Fault
]


def changed(changes: dict[str, object]) -> Phone:
    """A phone that is well but for these: what it told, or what is known besides."""
    told = {("app" if name == "app_return" else name): value for name, value in changes.items()
            if name == "app_return" or (name in Told.__struct_fields__ and name != "app")}  # fmt: skip
    known = {name: value for name, value in changes.items() if name not in (*told, "app_return")}
    return a_phone(replace(WELL, **told), **known)


@pytest.mark.parametrize(("probe", "changes", "verdict", "outcome"), [*CASES, *REFUSED])
def test_each_outcome_is_judged(probe: str, changes: dict[str, object], verdict: Verdict, outcome: str) -> None:
    """The verdict and the words are those of this one thing, and a fix is there where something is to be done."""
    said = next(one for one in judge(changed(changes)) if one.id == probe)
    assert (said.verdict, said.answered.words) == (verdict, OUTCOMES[outcome][0])
    assert (said.fix is not None) == bool(OUTCOMES[outcome][1])
    assert said.fix is not None or verdict not in (WRONG, WARNING)


def test_every_sentence_is_some_phones() -> None:
    """The table of words has none that is never said, and each probe its place."""
    assert {outcome for *_, outcome in (*CASES, *REFUSED)} == OUTCOMES.keys()
    assert [said.id for said in judge(a_phone())] == list(PROBES)


def test_a_phone_that_is_well_is_well() -> None:
    """No false alarm; and one fault is one wrong probe, which is what to change first."""
    well = report(a_phone())
    assert (well.verdict, well.first, well.url) == (OK, None, "https://site.example/desk")
    faults: list[dict[str, object]] = [
        {"info": Info.REDIRECTED}, {"crossing": Crossing.LOST}, {"skew": 9_000_000}, {"secure": False}
    ]  # fmt: skip
    for changes in faults:
        found = report(changed(changes))
        assert [probe.verdict for probe in found.probes if probe.verdict is not OK] == [WRONG]
        assert found.first is not None
        assert found.first.verdict is WRONG


def test_values_stand_in_their_places() -> None:
    """The words name the site's own addresses, the app and the status."""
    told = replace(WELL, info=Info.STATUS, status=403, skew=-7_200_000)
    said = {one.id: one.probe for one in judge(a_phone(told, app="LINE", scheme="com.example.app"))}
    assert said["info-login"].asked.startswith("GET https://site.example/desk/rest/nativemobile/1.1/info/login ")
    assert said["info-login"].answered == "refused, with status 403"
    assert "/desk/rest/nativemobile/1.1/info/login" in said["info-login"].fix
    assert said["clock"].answered == "the phone is 7200 s behind"
    assert said["browser"].answered == "a page inside LINE"
    assert said["certificate"].asked == f"a client certificate, at {ORIGIN}"
    assert "com.example.app:" in said["return-to-app"].asked


def test_every_combination_has_its_verdicts() -> None:
    """Nothing that a phone may tell, in whatever combination, leaves the judge without words."""
    for cookies, crossing, info, passkeys, autofill in product(Cookies, Crossing, Info, Passkeys, Autofill):
        told = Told(cookies=cookies, crossing=crossing, info=info, passkeys=passkeys, autofill=autofill)
        assert all(str(said.answered) for said in judge(a_phone(told)))
    for certificate, app, fault in product(Certificate, Return, ("", "expired", "none-that-is-known")):
        assert len(judge(a_phone(Told(certificate=certificate, app=app, fault=fault)))) == len(PROBES)


NAMES = ("script", "touch", "secure", "clock", "status", "protocol", "info", "passkeys", "autofill", "fault", "app")


@given(st.dictionaries(st.sampled_from(NAMES), st.text() | st.sampled_from(["1", "0", "h2", "9" * 400, "-1", "٣"])))
def test_any_form_is_a_few_bounded_values(form: dict[str, str]) -> None:
    """Whatever is posted: words of the lists, bounded numbers, nothing else of it; and it comes back as it was kept."""
    told = told_of_form(form, NOW, Told())
    kept = encoded(told)
    assert len(kept) <= LONGEST_TOLD
    assert decoded(kept) == told
    assert abs(told.skew or 0) <= MOST_SKEW_MS
    assert 0 <= told.status <= 999
    assert (told.fault, told.app, told.cookies) == ("", Return.UNTOLD, Cookies.UNTOLD)
    assert report(a_phone(told)).verdict in Verdict


def test_without_the_script_nothing_of_a_form_counts() -> None:
    """Fields that the script would have filled are those of somebody who plays it."""
    assert told_of_form({"info": "announced", "clock": str(NOW)}, NOW, Told()) == Told()


@given(st.text())
def test_what_cannot_be_read_is_nothing_told(text: str) -> None:
    """A row of another version of the program."""
    assert isinstance(decoded(text), Told)
