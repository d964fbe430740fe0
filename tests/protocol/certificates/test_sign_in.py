"""From an accepted certificate to a session that names it, or to the reason why not."""

from dataclasses import replace

import pytest

from genkan.protocol.certificate_records import MOST_PINS, AddPin, DropPin, KeepCertificate, PinKind
from genkan.protocol.certificates import pinning
from genkan.protocol.certificates.faults import SENTENCES, CertificateFault, Fault
from genkan.protocol.certificates.mapping import Mapped
from genkan.protocol.certificates.naming import read_leaf
from genkan.protocol.outcomes import EventKind, OpenSession, Refused
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import Reason
from genkan.protocol.records import ALL_WAYS, Method, Standing, Way
from genkan.protocol.signin.certificate import Accepted, CertificateFacts, account_of, refusal, sign_in
from genkan.protocol.signin.session import Browser, NewSession
from genkan.protocol.signin.ways import way_of
from tests.protocol.builders import an_account, an_env
from tests.protocol.certificates.making import authority, person

ROOT = authority()
ALICE = person(ROOT)
LEAF = read_leaf(ALICE.certificate)
ACCEPTED = Accepted(LEAF, ALICE.der, ROOT.der)
ACCOUNT = an_account()
FACTS = CertificateFacts(ACCEPTED, Mapped(ACCOUNT, "rule upn=name"), None)
BROWSER = Browser("agent", "192.0.2.7", b"old")
LIFETIMES = Lifetimes()


def opened(facts: CertificateFacts) -> NewSession:
    answer = sign_in(facts, ALL_WAYS, BROWSER, an_env(), LIFETIMES)
    assert isinstance(answer, NewSession), answer
    return answer


def test_a_session_names_its_certificate_and_how_it_was_proved() -> None:
    """RFC 8176 2: pop; the certificate's row and the session are one write, and the old session dies in it."""
    made = opened(FACTS)
    keep, session = made.change.steps
    assert isinstance(keep, KeepCertificate)
    assert isinstance(session, OpenSession)
    kept = keep.certificate
    assert (session.session.certificate, session.replaces) == (kept.number, b"old")
    assert 0 < kept.number < 2**32
    assert (kept.fingerprint, kept.leaf, kept.issuer) == (LEAF.fingerprint, ALICE.der, ROOT.der)
    assert (kept.account_id, kept.subject, kept.not_after) == (ACCOUNT.id, "CN=alice", LEAF.not_after)
    assert (session.session.method, session.session.method.references()) == (Method.POP, ["pop"])
    assert way_of(session.session.method) is Way.CERTIFICATE
    assert [event.kind for event in made.change.events] == [EventKind.CERTIFICATE_USED, EventKind.SESSION_OPENED]


def test_a_certificate_keeps_its_number() -> None:
    """The second sign-in names the same row, also where the certificate became somebody else's meanwhile."""
    first = opened(FACTS).change.steps[0]
    assert isinstance(first, KeepCertificate)
    other = replace(ACCOUNT, id=99)
    again = opened(replace(FACTS, mapped=Mapped(other, "pin spki"), known=first.certificate)).change.steps[0]
    assert isinstance(again, KeepCertificate)
    assert (again.certificate.number, again.certificate.account_id) == (first.certificate.number, 99)


@pytest.mark.parametrize("standing", [Standing.DISABLED, Standing.DELETED])
def test_a_certificate_opens_no_account_that_is_off(standing: Standing) -> None:
    """Row 7: every authenticator, every standing; the holder reads what an unknown one reads."""
    facts = replace(FACTS, mapped=Mapped(replace(ACCOUNT, standing=standing), "rule upn=name"))
    answer = sign_in(facts, ALL_WAYS, BROWSER, an_env(), LIFETIMES)
    assert isinstance(answer, CertificateFault)
    assert answer.fault is Fault.ACCOUNT_OFF
    assert answer.public == CertificateFault(Fault.NO_ACCOUNT).public


def test_a_certificate_that_was_seen_revoked_stays_out() -> None:
    """Also where its authority takes the revocation back."""
    kept = opened(FACTS).change.steps[0]
    assert isinstance(kept, KeepCertificate)
    revoked = replace(kept.certificate, revoked_at=1_790_000_000_000)
    answer = account_of(replace(FACTS, known=revoked))
    assert isinstance(answer, CertificateFault)
    assert str(answer.public) == "Your certificate was revoked on 2026-09-21."


def test_a_refusal_is_handed_on_and_noted_without_names() -> None:
    """The audit's line has the kind of fault and the fingerprint, nobody's name."""
    fault = CertificateFault(Fault.NO_ACCOUNT, "rule upn=name looked for the name carol")
    assert sign_in(replace(FACTS, mapped=fault), ALL_WAYS, BROWSER, an_env(), LIFETIMES) == fault
    event = refusal(fault, ALICE.der, "192.0.2.7", an_env())
    assert (event.kind, event.reason, event.address) == (EventKind.CERTIFICATE_REFUSED, "no_account", "192.0.2.7")
    assert event.detail == f"SHA-256 {LEAF.fingerprint.hex()}"
    assert event.account_id is None


def test_every_fault_has_its_sentence() -> None:
    """One a fault, each a whole sentence."""
    assert SENTENCES.keys() == set(Fault)
    for fault in Fault:
        said = str(CertificateFault(fault, "", (("date", "2026-01-01"), ("most", "8"))).public)
        assert said.endswith(".")
        assert "%" not in said


def test_pins_are_added_and_removed_with_a_line_in_the_audit() -> None:
    """Each kind; the line has the kind and the digest, nobody's name."""
    for kind in PinKind:
        made = pinning.add(ACCOUNT, LEAF, kind, (), "command:root", an_env())
        assert isinstance(made, pinning.NewPin)
        assert made.change.steps == (AddPin(made.pin),)
        [event] = made.change.events
        assert (event.kind, event.account_id) == (EventKind.CERTIFICATE_PINNED, ACCOUNT.id)
        assert event.detail == f"{kind.word} {made.pin.value.hex()}"
        gone = pinning.remove(made.pin, "command:root", an_env())
        assert gone.steps == (DropPin(ACCOUNT.id, made.pin.id),)
        assert gone.events[0].kind is EventKind.CERTIFICATE_UNPINNED


def test_pins_that_cannot_be_are_refused() -> None:
    """A deleted account, a subject that names nobody, more than an account may have."""
    nameless = replace(LEAF, subject="", subject_fault="its subject is empty")
    gone = replace(ACCOUNT, standing=Standing.DELETED)
    made = pinning.add(ACCOUNT, LEAF, PinKind.SPKI, (), "x", an_env())
    assert isinstance(made, pinning.NewPin)
    full = (made.pin,) * MOST_PINS
    for answer, reason in (
        (pinning.add(gone, LEAF, PinKind.SPKI, (), "x", an_env()), Reason.NOT_FOUND),
        (pinning.add(ACCOUNT, nameless, PinKind.SUBJECT, (), "x", an_env()), Reason.INVALID_VALUE),
        (pinning.add(ACCOUNT, LEAF, PinKind.SPKI, full, "x", an_env()), Reason.INVALID_VALUE),
    ):
        assert isinstance(answer, Refused)
        assert answer.reason is reason
