"""Passkeys by the steps of WebAuthn 7.1 and 7.2: what is right signs in, and every single fault alone keeps out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from genkan.protocol.outcomes import Event, EventKind, OpenSession, Spend
from genkan.protocol.passkey_steps import AddPasskey, MarkCloned, NeedWayIn, RemovePasskey, RenamePasskey, UsePasskey
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Method, Standing
from genkan.protocol.signin import passkey as rules
from genkan.protocol.signin import passkey_library
from genkan.protocol.signin.demand import satisfies
from genkan.protocol.signin.passkey import MOST_PASSKEYS, NewPasskey, Turned, clean_name, public_id, remove, rename
from genkan.protocol.signin.passkey_checks import Check
from genkan.protocol.signin.passkey_ticket import Use, spend
from genkan.protocol.signin.session import NewSession
from tests.protocol.builders import HERE, NOW, an_account, an_env
from tests.protocol.passkey_world import ORIGIN, RP_ID, SYNCED, a_ticket, facts_of, made, signed_in
from tests.software_key import BE, BS, ED, UP, UV, SoftwareKey, base64url, cose, new_key, self_attested, sign

ALGORITHMS = (-7, -8, -257)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("attested", [False, True])
def test_a_passkey_is_kept_as_it_was_made(algorithm: int, attested: bool) -> None:
    """Of each algorithm, without attestation and with its own: all that a sign-in needs, and no model proved."""
    key = SoftwareKey(algorithm=algorithm, counter=7, aaguid=b"m" * 16)
    new = made(key, attest=self_attested(key) if attested else None)
    assert isinstance(new, NewPasskey)
    passkey = new.passkey
    assert (passkey.id, passkey.public_key, passkey.counter) == (key.id, cose(key.key, algorithm), 7)
    assert (passkey.account_id, passkey.rp_id, passkey.aaguid) == (an_account().id, RP_ID, b"m" * 16)
    assert (passkey.name, passkey.transports, passkey.attested) == ("Laptop", ("hybrid", "internal"), False)
    assert (passkey.created_at, passkey.last_used_at, passkey.cloned_at) == (NOW, 0, 0)
    assert new.steps == (spend(a_ticket(Use.ADD, an_account().id)), AddPasskey(passkey, MOST_PASSKEYS))
    assert (new.event.kind, new.event.detail) == (EventKind.PASSKEY_ADDED, public_id(passkey))
    assert "Laptop" not in repr(new.event), "the audit keeps its lines when a person is erased"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(("flags", "counter"), [(UP | UV, 3), (SYNCED, 0), (UP | UV | BE, 0)])
def test_a_passkey_signs_in(algorithm: int, flags: int, counter: int) -> None:
    """One write spends the challenge, counts on and opens a session that says how it was opened."""
    key = SoftwareKey(algorithm=algorithm, flags=flags, counter=counter)
    opened = signed_in(key, facts_of(key))
    assert isinstance(opened, NewSession)
    spent, used, session = opened.change.steps
    assert spent == spend(a_ticket())
    seen = UsePasskey(an_account().id, key.id, counter, counter + bool(counter), bool(flags & BS), NOW + 1000)
    assert used == seen
    assert isinstance(session, OpenSession)
    # Whatever it says of itself: nobody has vouched for it.
    assert opened.session.method == Method.USER | Method.MFA | Method.SWK
    assert (opened.session.account_id, opened.session.auth_time) == (an_account().id, NOW + 1000)


@pytest.mark.parametrize("flags", [UP | UV, UP | UV | BE, UP | UV | BE | BS])
@pytest.mark.parametrize("attested", [False, True])
def test_a_key_is_hardware_s_where_its_maker_proved_it(attested: bool, flags: int) -> None:
    """And where it may not be copied; at its first use and at every later one alike."""
    key = SoftwareKey(flags=flags)
    facts = facts_of(key, attested=attested)
    opened = signed_in(key, facts)
    assert isinstance(opened, NewSession)
    made_now = NewPasskey(facts.passkey, (), Event(EventKind.PASSKEY_ADDED, NOW, "account:x"))
    kind = Method.HWK if attested and not flags & BE else Method.SWK
    for method in (opened.session.method, made_now.method):
        assert method == Method.USER | Method.MFA | kind
        assert satisfies(method, "phrh") is (kind is Method.HWK)
        assert satisfies(method, "phr")


OTHER = base64url(b"o" * 32)
EXTRA = b"\xa1\x63abc\x01"
# One fault each, and the check that must see it. The parts of the client's data and of the authenticator's.
BOTH: list[tuple[dict[str, Any], Check]] = [
    ({"client": {"type": "webauthn.payment"}}, Check.TYPE),
    ({"client": {"challenge": OTHER}}, Check.CHALLENGE),
    ({"client": {"challenge": ""}}, Check.CHALLENGE),
    ({"client": {"origin": "https://evil.example"}}, Check.ORIGIN),
    ({"client": {"origin": "https://site.example:8443"}}, Check.ORIGIN),
    ({"client": {"origin": "http://site.example"}}, Check.ORIGIN),
    ({"client": {"origin": "https://site.example/"}}, Check.ORIGIN),
    ({"client": {"origin": "https://SITE.example"}}, Check.ORIGIN),
    ({"client": {"origin": "https://a.site.example"}}, Check.ORIGIN),
    ({"client": {"crossOrigin": True}}, Check.FRAMED),
    ({"client": {"topOrigin": "https://site.example"}}, Check.FRAMED),
    ({"data": {"rp_id": "evil.example"}}, Check.RP_ID),
    ({"data": {"flags": UV}}, Check.PRESENCE),
    ({"data": {"flags": UP}}, Check.VERIFICATION),
    ({"data": {"flags": UP | UV | BS}}, Check.BACKUP),
    ({"client": {"type": 1}}, Check.UNREADABLE),
    ({"client": {"origin": None}}, Check.UNREADABLE),
    ({"data": {"extra": b"\0"}}, Check.UNREADABLE),
    ({"data": {"flags": UP | UV | ED}}, Check.UNREADABLE),
    ({"data": {"flags": UP | UV | ED, "extra": EXTRA + b"\0"}}, Check.UNREADABLE),
    ({"outer": {"type": "password"}}, Check.UNREADABLE),
    ({"outer": {"rawId": base64url(b"another-credential")}}, Check.UNREADABLE),
    ({"outer": {"id": "c2hvcnQ", "rawId": "c2hvcnQ"}}, Check.UNREADABLE),
    ({"outer": {"response": {}}}, Check.UNREADABLE),
]
CREATING: list[tuple[dict[str, Any], Check]] = [
    *BOTH,
    ({"client": {"type": "webauthn.get"}}, Check.TYPE),
    ({"data": {"id": b"another-credential"}}, Check.CREDENTIAL_ID),
    ({"data": {"id": b"short"}}, Check.UNREADABLE),
    ({"data": {"id": b"x" * 1024}}, Check.UNREADABLE),
    ({"data": {"public": b"\xa0"}}, Check.KEY),
    ({"data": {"public": b"\x01"}}, Check.UNREADABLE),
    ({"data": {"public": b""}}, Check.UNREADABLE),
    ({"outer": {"clientExtensionResults": {"credProps": {"rk": False}}}}, Check.DISCOVERABLE),
    ({"attest": lambda _, __: ("none", {"alg": -7})}, Check.KEY),
    ({"attest": lambda _, __: ("packed", {"alg": -7, "sig": b"no signature"})}, Check.KEY),
    ({"attest": lambda _, __: ("packed", {})}, Check.KEY),
    ({"attest": lambda _, __: ("packed", {"alg": -7, "sig": b"x", "x5c": [b"der"]})}, Check.KEY),
    ({"attest": lambda _, __: ("fido-u2f", {"sig": b"x", "x5c": [b"der"]})}, Check.KEY),
    ({"attest": lambda _, __: ("tpm", {"ver": "2.0"})}, Check.KEY),
    ({"attest": lambda _, __: ("unheard-of", {})}, Check.KEY),
]


@pytest.mark.parametrize(("wrong", "check"), CREATING)
def test_one_fault_keeps_a_new_passkey_out(wrong: dict[str, Any], check: Check) -> None:
    """WebAuthn 7.1: with everything else right."""
    key = SoftwareKey(rp_id=RP_ID)
    turned = made(key, **wrong)
    assert isinstance(turned, Turned)
    assert (turned.check, turned.refused.reason, turned.change.steps) == (check, Reason.PASSKEY_UNFIT, ())


def weak_rsa() -> bytes:
    """A key of 1024 bits."""
    import cbor2

    return cbor2.dumps({1: 3, 3: -257, -1: b"\xff" * 128, -2: b"\x01\x00\x01"})


def slow_rsa() -> bytes:
    """A key whose exponent is as long as its modulus, which would take a while."""
    import cbor2

    return cbor2.dumps({1: 3, 3: -257, -1: b"\xff" * 512, -2: b"\xff" * 300})


@pytest.mark.parametrize(
    "public",
    [
        lambda: cose(new_key(-35), -35),
        lambda: cose(new_key(-7), -35),
        lambda: cose(new_key(-7), -8),
        lambda: cose(new_key(-8), -7),
        lambda: cose(new_key(-7), -65535),
        lambda: cose(new_key(-7), -7)[:-1] + b"\0",
        weak_rsa,
        slow_rsa,
    ],
)
def test_a_key_that_was_not_asked_for_is_not_taken(public: Callable[[], bytes]) -> None:
    """Another algorithm or curve, a type that does not fit it, a point off the curve, a size that is weak or slow."""
    turned = made(SoftwareKey(rp_id=RP_ID), data={"public": public()})
    assert isinstance(turned, Turned)
    assert turned.check in (Check.KEY, Check.UNREADABLE)


def test_what_attested_itself_with_another_key_is_not_taken() -> None:
    """WebAuthn 8.2: the signature must be the credential's own, and by its algorithm."""
    key, other = SoftwareKey(), SoftwareKey()
    for attest in (self_attested(other), self_attested(replace(key, algorithm=-8))):
        turned = made(replace(key), attest=attest)
        assert isinstance(turned, Turned)
        assert turned.check is Check.KEY


USING: list[tuple[dict[str, Any], Check]] = [
    *BOTH,
    ({"client": {"type": "webauthn.create"}}, Check.TYPE),
    ({"handle": None}, Check.USER),
    ({"handle": b"\0" * 8}, Check.USER),
    ({"handle": b"x" * 65}, Check.UNREADABLE),
    ({"signature": lambda _: b"no signature"}, Check.SIGNATURE),
    ({"signature": lambda signed: sign(new_key(), signed)}, Check.SIGNATURE),
    ({"signature": lambda _: b"x" * 1025}, Check.UNREADABLE),
    ({"data": {"flags": UP | UV | BE}}, Check.BACKUP),
]


@pytest.mark.parametrize(("wrong", "check"), USING)
def test_one_fault_keeps_a_sign_in_out(wrong: dict[str, Any], check: Check) -> None:
    """WebAuthn 7.2: with everything else right; one reason for all, and nothing is written."""
    key = SoftwareKey()
    facts = facts_of(key)
    assert isinstance(signed_in(key, facts), NewSession), "without the fault it is right"
    turned = signed_in(key, facts, **wrong)
    assert isinstance(turned, Turned)
    assert (turned.check, turned.refused.reason, turned.change.steps) == (check, Reason.PASSKEY_REFUSED, ())


@pytest.mark.parametrize(
    ("facts", "check"),
    [
        ({"account_id": 78}, Check.USER),
        ({"public_key": cose(new_key(), -7)}, Check.SIGNATURE),
        ({"public_key": b"no key"}, Check.SIGNATURE),
        ({"rp_id": "desk.example"}, Check.RP_ID),
        ({"backup_eligible": True}, Check.BACKUP),
    ],
)
def test_what_the_store_knows_must_fit(facts: dict[str, Any], check: Check) -> None:
    """Another person's, another key's, another host's, one that could be backed up: each alone keeps out."""
    key = SoftwareKey()
    turned = signed_in(key, facts_of(key, **facts))
    assert isinstance(turned, Turned)
    assert (turned.check, turned.refused.reason) == (check, Reason.PASSKEY_REFUSED)


@pytest.mark.parametrize("standing", [Standing.DISABLED, Standing.DELETED])
def test_who_may_not_sign_in_does_not(standing: Standing) -> None:
    """A passkey opens no account that is not active, and is answered like an unknown one."""
    key = SoftwareKey()
    turned = signed_in(key, facts_of(key, an_account(standing=standing)))
    unknown = signed_in(key, None)
    assert isinstance(turned, Turned)
    assert isinstance(unknown, Turned)
    assert (turned.check, unknown.check) == (Check.ACCOUNT, Check.UNKNOWN)
    assert (turned.refused, turned.change) == (unknown.refused, unknown.change)


def test_a_passkey_named_beforehand_may_leave_its_person_unnamed() -> None:
    """WebAuthn 7.2 step 5: asked for one person's, a key without user handle is found by its id, and must be theirs."""
    key = SoftwareKey()
    facts = facts_of(key)
    theirs, others = a_ticket(Use.CONFIRM, facts.account.id), a_ticket(Use.CONFIRM, 78)
    assert isinstance(signed_in(key, facts, theirs, handle=None), NewSession)
    for handle in (None, b""):
        turned = signed_in(key, facts, others, handle=handle)
        assert isinstance(turned, Turned)
        assert turned.check is Check.USER


def test_another_challenge_s_host_is_another_host() -> None:
    """A passkey of the former host answers only a challenge for that host."""
    key = SoftwareKey(rp_id="desk.example")
    old = a_ticket(rp_id="desk.example")
    facts = facts_of(SoftwareKey(key=key.key), rp_id="desk.example")
    key.handle = facts.account.id.to_bytes(8, "big")
    assert isinstance(signed_in(key, facts, old), NewSession)
    turned = signed_in(key, facts, a_ticket())
    assert isinstance(turned, Turned)
    assert turned.check is Check.RP_ID


@pytest.mark.parametrize(
    ("stored", "shown", "good"),
    [(0, 0, True), (0, 1, True), (5, 6, True), (5, 900, True), (5, 5, False), (5, 4, False), (5, 0, False)],
)
def test_a_counter_that_does_not_grow_tells_of_a_copy(stored: int, shown: int, good: bool) -> None:
    """WebAuthn 6.1.1: it is refused, marked and told; 0 stays 0, since that key keeps no counter."""
    key = SoftwareKey(counter=0)
    outcome = signed_in(key, facts_of(key, counter=stored), data={"counter": shown})
    if good:
        assert isinstance(outcome, NewSession)
        return
    assert isinstance(outcome, Turned)
    assert (outcome.check, outcome.refused.reason) == (Check.CLONED, Reason.PASSKEY_CLONED)
    assert outcome.change.steps == (
        spend(a_ticket()), MarkCloned(an_account().id, key.id, stored, NOW + 1000),
    )  # fmt: skip
    [event] = outcome.change.events
    assert (event.kind, event.account_id, event.address) == (EventKind.PASSKEY_CLONED, an_account().id, "192.0.2.1")


def test_a_copied_passkey_stays_refused() -> None:
    """Whatever it counts afterwards; it is told once. A wrong signature learns nothing of it."""
    key = SoftwareKey(counter=5)
    facts = facts_of(key, cloned_at=NOW)
    turned = signed_in(key, facts)
    assert isinstance(turned, Turned)
    assert (turned.refused.reason, turned.change.steps, turned.change.events) == (Reason.PASSKEY_CLONED, (), ())
    wrong = signed_in(key, facts, signature=lambda _: b"no signature")
    assert isinstance(wrong, Turned)
    assert wrong.refused.reason is Reason.PASSKEY_REFUSED


def test_exactly_one_signature_is_verified_whatever_the_store_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that nothing can be learned from how long the answer takes."""
    seen: list[bytes] = []
    real = passkey_library.is_signed

    def counted(asserted: Any, challenge: bytes, rp_id: str, public_key: bytes) -> bool:
        seen.append(public_key)
        return real(asserted, challenge, rp_id, public_key)

    monkeypatch.setattr(rules, "is_signed", counted)
    key = SoftwareKey()
    good = facts_of(key)
    disabled = facts_of(key, an_account(standing=Standing.DISABLED))
    for facts, wrong in (
        (good, {}), (None, {}), (disabled, {}), (facts_of(key, cloned_at=NOW), {}),
        (facts_of(key, rp_id="x.example"), {}),
        (good, {"signature": lambda _: b"no"}), (good, {"client": {"origin": "https://evil.example"}}),
    ):  # fmt: skip
        before = len(seen)
        signed_in(key, facts, **wrong)
        assert len(seen) == before + 1
    assert passkey_library.DECOY in seen


def test_the_decoy_is_a_key_that_costs_what_a_key_costs() -> None:
    """It loads as ES256 and fits no signature of ours; a broken one would cost less than a real one."""
    from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography

    loaded: Any = decoded_public_key_to_cryptography(decode_credential_public_key(passkey_library.DECOY))
    assert loaded.curve.name == "secp256r1"


def test_certificates_are_never_given_to_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would ask the machine's clock: a statement with certificates is turned away before it is called."""
    import webauthn

    def called(**_: object) -> None:
        raise AssertionError("called")

    monkeypatch.setattr(webauthn, "verify_registration_response", called)
    turned = made(SoftwareKey(), attest=lambda _, __: ("packed", {"alg": -7, "sig": b"x", "x5c": [b"der"]}))
    assert isinstance(turned, Turned)


def test_removing_says_so_and_asks_for_another_way_in() -> None:
    """Unless it is meant; renaming is no line of the audit."""
    passkey = facts_of(SoftwareKey()).passkey
    change = remove(passkey, HERE, "account:x", an_env(), last_too=False)
    assert change.steps == (RemovePasskey(passkey.account_id, passkey.id), NeedWayIn(passkey.account_id, NOW, HERE))
    meant = remove(passkey, HERE, "account:x", an_env(), last_too=True)
    assert meant.steps == (RemovePasskey(passkey.account_id, passkey.id),)
    assert [event.kind for event in (*change.events, *meant.events)] == [EventKind.PASSKEY_REMOVED] * 2
    renamed = rename(passkey, "Phone")
    assert (renamed.steps, renamed.events) == ((RenamePasskey(passkey.account_id, passkey.id, "Phone"),), ())


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("", "Chrome"), ("  \t ", "Chrome"), ("My  phone\n", "My phone"), ("\u202ex", "x"), ("x" * 99, "x" * 60)],
)
def test_a_name_is_one_short_line(typed: str, kept: str) -> None:
    """What nobody sees is left out, and where nothing is left the browser's own name stands."""
    assert clean_name(typed, "Chrome") == kept


def test_a_challenge_is_spent_with_what_it_opened() -> None:
    """Both outcomes that write have the same mark in them, so that of two at once one is written."""
    key = SoftwareKey(counter=5)
    facts = facts_of(key)
    opened, cloned = signed_in(key, facts), signed_in(key, facts, data={"counter": 1})
    for outcome in (opened, cloned):
        assert [step for step in outcome.change.steps if isinstance(step, Spend)] == [spend(a_ticket())]
    assert ORIGIN.endswith(RP_ID)
