"""Revocation from CRLs and OCSP answers: who may say it, of what, and how long it counts; all else is Unknown."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

from genkan.protocol.certificates.crl import judge_crl, read_crl
from genkan.protocol.certificates.faults import CertificateFault, Fault
from genkan.protocol.certificates.ocsp import judge_ocsp, ocsp_request
from genkan.protocol.certificates.reading import read_certificate
from genkan.protocol.certificates.standing import Good, Revocation, Revoked, Sources, Unknown, combine, sources_of
from tests.protocol.certificates.making import (
    CLIENT,
    NOW,
    TODAY,
    YEAR,
    Made,
    authority,
    cn,
    crl,
    ec_key,
    make,
    ocsp_answer,
    person,
    responder,
    rsa_key,
    usage,
)

ROOT = authority()
LEAF, OTHER = person(ROOT), person(ROOT)
SERIAL = LEAF.certificate.serial_number
REVOKED = ocsp.OCSPCertStatus.REVOKED
UNKNOWN = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00")
URI = x509.UniformResourceIdentifier
LIST = "http://crl.corp.example/a.crl"


def by_crl(data: bytes, leaf: Made = LEAF, issuer: Made = ROOT, now: int = NOW) -> Revocation:
    parsed = read_crl(data)
    assert parsed is not None
    return judge_crl(parsed, leaf.certificate, issuer.certificate, now)


def by_ocsp(data: bytes, leaf: Made = LEAF, issuer: Made = ROOT, now: int = NOW) -> Revocation:
    return judge_ocsp(data, leaf.certificate, issuer.certificate, now)


def unknown(answer: Revocation, said: str) -> None:
    assert isinstance(answer, Unknown), answer
    assert said in answer.why


def scope(**said: object) -> list[tuple[x509.ExtensionType, bool]]:
    plain: dict[str, object] = {
        "full_name": None, "relative_name": None, "only_contains_user_certs": False, "only_contains_ca_certs": False,
        "only_some_reasons": None, "indirect_crl": False, "only_contains_attribute_certs": False,
    }  # fmt: skip
    return [(x509.IssuingDistributionPoint(**(plain | said)), True)]  # type: ignore[arg-type]


def test_a_crl_says_good_until_its_next_update() -> None:
    """Not listed in a list of its issuer: good, until the next one is due; PEM and DER alike."""
    ends = TODAY + timedelta(days=6)
    data = crl(ROOT, OTHER.certificate.serial_number)
    assert by_crl(data) == Good(int(ends.timestamp() * 1000))
    pem = x509.load_der_x509_crl(data).public_bytes(Encoding.PEM)
    assert by_crl(b"text before\n" + pem) == by_crl(data)
    for made in (authority("Rsa", key=rsa_key(2048)), authority("Bare", allowed=None)):
        assert isinstance(by_crl(crl(made), person(made), made), Good)


@pytest.mark.parametrize(
    "reason", [None, x509.ReasonFlags.key_compromise, x509.ReasonFlags.certificate_hold, x509.ReasonFlags.superseded]
)
def test_what_a_crl_lists_is_revoked(reason: x509.ReasonFlags | None) -> None:
    """With its date and reason; a hold counts as long as it stands there, an old list goes on counting."""
    at = int((TODAY - timedelta(days=2)).timestamp() * 1000)
    wanted = Revoked(at, reason.value if reason else "unspecified")
    assert by_crl(crl(ROOT, SERIAL, reason=reason)) == wanted
    assert by_crl(crl(ROOT, SERIAL, reason=reason), now=NOW + 365 * 86400_000) == wanted


def test_crls_of_others_say_nothing() -> None:
    """Another authority's, one with the issuer's name and another key, one whose signer may not, a damaged one."""
    other, twin = authority("Other"), authority()
    unknown(by_crl(crl(other, SERIAL)), "another authority")
    unknown(by_crl(crl(twin, SERIAL)), "not signed by its authority")
    unknown(by_crl(crl(ROOT, SERIAL, signer=ec_key())), "not signed by its authority")
    mute = authority("Mute", allowed=usage("key_cert_sign"))
    unknown(by_crl(crl(mute), person(mute), mute), "may not")
    data = crl(ROOT, OTHER.certificate.serial_number)
    dates = (TODAY - timedelta(days=2)).strftime("%y%m%d").encode()
    unknown(by_crl(data.replace(dates, b"200101", 1)), "not signed by its authority")
    assert read_crl(b"") is None
    assert read_crl(data[:-1]) is None
    assert read_crl(b" " * (8 * 1024 * 1024 + 1)) is None


def test_old_and_early_crls_do_not_say_good() -> None:
    """RFC 5280 5.1.2.4, 5.1.2.5: the list's own window, with five minutes for clocks that differ at its beginning."""
    begins, ends = TODAY - timedelta(days=1), TODAY + timedelta(days=6)
    first, last = int(begins.timestamp() * 1000), int(ends.timestamp() * 1000)
    data = crl(ROOT)
    assert isinstance(by_crl(data, now=first - 300_000), Good)
    unknown(by_crl(data, now=first - 300_001), "only good from")
    assert isinstance(by_crl(data, now=last + 999), Good)
    unknown(by_crl(data, now=last + 1000), "out of date")


@pytest.mark.parametrize(
    "extra",
    [
        [(x509.DeltaCRLIndicator(1), True)],
        scope(indirect_crl=True),
        scope(only_some_reasons=frozenset([x509.ReasonFlags.key_compromise])),
        scope(only_contains_attribute_certs=True),
        scope(only_contains_ca_certs=True),
        scope(full_name=[URI("http://elsewhere.example/b.crl")]),
        [(UNKNOWN, True)],
    ],
)
def test_partial_and_strange_crls_say_nothing(extra: list[tuple[x509.ExtensionType, bool]]) -> None:
    """Delta, indirect, of some reasons, of other certificates, of another point, or not understood: never Good."""
    assert isinstance(by_crl(crl(ROOT, extra=extra)), Unknown)


def test_crls_in_parts_count_for_their_part() -> None:
    """RFC 5280 6.3.3 (b)(2): a list for people, or of the very point that the certificate names."""
    points = x509.CRLDistributionPoints([x509.DistributionPoint([URI(LIST)], None, None, None)])
    leaf, issuing = person(ROOT, extra=[(points, False)]), authority("Issuing", ROOT)
    assert isinstance(by_crl(crl(ROOT, extra=scope(only_contains_user_certs=True))), Good)
    assert isinstance(by_crl(crl(ROOT, extra=scope(full_name=[URI(LIST)])), leaf), Good)
    assert isinstance(by_crl(crl(ROOT, extra=scope(only_contains_ca_certs=True)), issuing), Good)
    assert isinstance(by_crl(crl(ROOT, extra=scope(only_contains_user_certs=True)), issuing), Unknown)
    assert isinstance(by_crl(crl(ROOT, extra=[(UNKNOWN, False), (x509.CRLNumber(7), False)])), Good)


def test_entries_that_cannot_be_understood_say_nothing() -> None:
    """RFC 5280 5.3: a critical extension of the entry, or a word that only delta CRLs may say."""
    assert isinstance(by_crl(crl(ROOT, SERIAL, entry_extra=[(UNKNOWN, True)])), Unknown)
    assert isinstance(by_crl(crl(ROOT, SERIAL, reason=x509.ReasonFlags.remove_from_crl)), Unknown)
    assert isinstance(by_crl(crl(ROOT, SERIAL, entry_extra=[(UNKNOWN, False)])), Revoked)


@pytest.mark.parametrize("by", list(ocsp.OCSPResponderEncoding))
@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256()])
def test_ocsp_answers_of_the_issuer_and_its_delegate_count(
    by: ocsp.OCSPResponderEncoding, algorithm: hashes.HashAlgorithm
) -> None:
    """Signed by the issuer, or by whom it made its responder; named by key or by name; any usual hash in the id."""
    ends = int((TODAY + timedelta(hours=1)).timestamp() * 1000) + 1000
    delegate = responder(ROOT)
    for data in (
        ocsp_answer(LEAF, ROOT, by=by, algorithm=algorithm),
        ocsp_answer(LEAF, ROOT, by=by, algorithm=algorithm, responder=delegate, shown=[delegate]),
        ocsp_answer(LEAF, ROOT, by=by, algorithm=algorithm, responder=delegate, shown=[OTHER, delegate]),
    ):
        assert by_ocsp(data) == Good(ends)
    at = int((TODAY - timedelta(days=2)).timestamp() * 1000)
    assert by_ocsp(ocsp_answer(LEAF, ROOT, REVOKED, by=by)) == Revoked(at, "keyCompromise")
    unknown(by_ocsp(ocsp_answer(LEAF, ROOT, ocsp.OCSPCertStatus.UNKNOWN)), "does not know")


def test_rsa_and_edwards_responders_are_verified() -> None:
    """Each kind of key, and that a changed answer of each is refused."""
    for key in (rsa_key(2048), ec_key()):
        root = authority(key=key)
        leaf = person(root)
        data = ocsp_answer(leaf, root)
        assert isinstance(by_ocsp(data, leaf, root), Good)
        year = (TODAY + timedelta(hours=1)).strftime("%Y%m%d").encode()
        changed = data.replace(year, b"20991231")
        assert changed != data
        unknown(by_ocsp(changed, leaf, root), "not signed by who it says")


def test_ocsp_answers_of_others_say_nothing() -> None:
    """Another authority, a delegate of another one, one not marked for it, expired, weak, or not shown."""
    other = authority("Other")
    strangers = responder(other)
    unknown(by_ocsp(ocsp_answer(LEAF, ROOT, responder=other)), "names a responder")
    unknown(by_ocsp(ocsp_answer(LEAF, ROOT, responder=other, shown=[other])), "OCSPSigning")
    unknown(by_ocsp(ocsp_answer(LEAF, ROOT, responder=strangers, shown=[strangers])), "another authority")
    unknown(by_ocsp(ocsp_answer(LEAF, ROOT, responder=OTHER, shown=[OTHER])), "OCSPSigning")
    hidden = responder(ROOT)
    unknown(by_ocsp(ocsp_answer(LEAF, ROOT, responder=hidden)), "names a responder")
    twin = ocsp_answer(LEAF, ROOT, responder=authority(), by=ocsp.OCSPResponderEncoding.NAME)
    unknown(by_ocsp(twin), "not signed by who it says")
    for delegate, said in (
        (responder(ROOT, ends=TODAY - timedelta(days=1)), "not valid now"),
        (responder(ROOT, begins=TODAY + timedelta(days=1)), "not valid now"),
        (responder(ROOT, key=rsa_key(1024)), "RSA key of 1024 bits"),
        (responder(ROOT, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])), "OCSPSigning"),
    ):
        unknown(by_ocsp(ocsp_answer(LEAF, ROOT, responder=delegate, shown=[delegate])), said)


def test_ocsp_answers_are_about_the_certificate_asked_for() -> None:
    """RFC 6960 3.2 (1): another serial number, or the same of another authority, is no answer."""
    unknown(by_ocsp(ocsp_answer(OTHER, ROOT)), "another certificate")
    twin = authority(key=ec_key())
    same = make(cn("alice"), twin, [(CLIENT, False)], serial=SERIAL)
    unknown(by_ocsp(ocsp_answer(same, twin, responder=ROOT)), "another certificate")


def test_ocsp_answers_count_within_their_times() -> None:
    """RFC 6960 4.2.2.1: from thisUpdate, less five minutes, until nextUpdate; without one for an hour."""
    begins, ends = TODAY - timedelta(hours=1), TODAY + timedelta(hours=1)
    first, last = int(begins.timestamp() * 1000), int(ends.timestamp() * 1000)
    data = ocsp_answer(LEAF, ROOT)
    assert isinstance(by_ocsp(data, now=first - 300_000), Good)
    unknown(by_ocsp(data, now=first - 300_001), "only good from")
    assert isinstance(by_ocsp(data, now=last + 999), Good)
    unknown(by_ocsp(data, now=last + 1000), "out of date")
    endless = ocsp_answer(LEAF, ROOT, ends=None)
    assert isinstance(by_ocsp(endless, now=first + 3_600_000), Good)
    unknown(by_ocsp(endless, now=first + 3_900_000), "out of date")


def test_ocsp_answers_that_are_none_or_strange_say_nothing() -> None:
    """An error status, rubbish, too much, and critical extensions."""
    status = ocsp.OCSPResponseStatus.TRY_LATER
    later = ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
    unknown(by_ocsp(later), "answers try_later")
    unknown(by_ocsp(b"rubbish"), "cannot be read")
    unknown(by_ocsp(b"x" * 65_537), "too large")
    unknown(by_ocsp(ocsp_answer(LEAF, ROOT, extra=[(UNKNOWN, True)])), "critical")
    assert isinstance(by_ocsp(ocsp_answer(LEAF, ROOT, extra=[(x509.OCSPNonce(b"n" * 16), False)])), Good)


def test_the_question_names_the_certificate_alone() -> None:
    """RFC 5019 2.1.1: one certificate, SHA-1 in the id, no nonce."""
    asked = ocsp.load_der_ocsp_request(ocsp_request(LEAF.certificate, ROOT.certificate))
    assert (asked.serial_number, asked.hash_algorithm.name, len(asked.extensions)) == (SERIAL, "sha1", 0)


def test_a_revocation_anywhere_counts_and_a_good_word_beats_none() -> None:
    """Several sources: revoked by one is revoked; else good until the earliest end; else every reason."""
    good, late, dead, none = Good(5), Good(9), Revoked(1, "superseded"), Unknown("x")
    assert combine([good, dead, none]) == dead
    assert combine([none, late, good]) == good
    assert combine([none, none, Unknown("y")]) == Unknown("x; y")
    unknown(combine([]), "neither")


def test_a_certificate_says_where_to_ask() -> None:
    """RFC 5280 4.2.2.1, 4.2.1.13: web addresses alone, a few, none of indirect or partial lists."""
    access = x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, URI("http://ca.example/ca.cer")),
            x509.AccessDescription(AuthorityInformationAccessOID.OCSP, URI("http://ocsp.example/")),
            x509.AccessDescription(AuthorityInformationAccessOID.OCSP, URI("ldap://ocsp.example/")),
        ]
    )
    some = frozenset([x509.ReasonFlags.key_compromise])
    points = x509.CRLDistributionPoints(
        [
            x509.DistributionPoint([URI("ldap://x/"), URI(LIST)], None, None, None),
            x509.DistributionPoint([URI("http://b/")], None, some, None),
            x509.DistributionPoint([URI("http://c/")], None, None, [x509.DirectoryName(cn("Other"))]),
            *(x509.DistributionPoint([URI(f"http://{n}.example/")], None, None, None) for n in range(9)),
        ]
    )
    leaf = person(ROOT, extra=[(access, False), (points, False)])
    found = sources_of(leaf.certificate)
    assert (found.ocsp, found.crls[0], len(found.crls)) == (("http://ocsp.example/",), LIST, 4)
    assert sources_of(LEAF.certificate) == Sources((), ())


GOOD_CRL, GOOD_OCSP = crl(ROOT, SERIAL), ocsp_answer(LEAF, ROOT, REVOKED)


@given(st.data(), st.integers(1, 255))
def test_damaged_words_are_unknown_or_unread(data: st.DataObject, change: int) -> None:
    """Fuzz: one byte of a CRL or an OCSP answer changed is never Good, and never an exception."""
    for whole in (GOOD_CRL, GOOD_OCSP):
        damaged = bytearray(whole)
        damaged[data.draw(st.integers(0, len(whole) - 1))] ^= change
        parsed = read_crl(bytes(damaged))
        if parsed is not None:
            assert not isinstance(judge_crl(parsed, LEAF.certificate, ROOT.certificate, NOW), Good)
        assert not isinstance(by_ocsp(bytes(damaged)), Good)


def test_versions_that_do_not_exist_are_unread() -> None:
    """RFC 5280 4.1.2.1, 5.1.2.1: a CRL and a certificate of version 5 are no such thing."""
    assert read_crl(GOOD_CRL.replace(b"\x02\x01\x01", b"\x02\x01\x04", 1)) is None
    broken = LEAF.der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x04", 1)
    answer = read_certificate(broken)
    assert isinstance(answer, CertificateFault)
    assert answer.fault is Fault.UNREADABLE


def test_years_are_counted_without_a_zone() -> None:
    """A list whose end lies beyond 2050 (GeneralizedTime) is read like any other."""
    far = datetime(2070, 1, 1, tzinfo=UTC)
    assert by_crl(crl(ROOT, ends=far)) == Good(int(far.timestamp() * 1000))
    assert far - TODAY > YEAR
