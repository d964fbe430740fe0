"""The corpus of issue and chain: expired, wrong CA, wrong usage, weak, shuffled, constrained; each the right answer.

Row 26 of security.md (CVE-2023-2422): whatever else is presented, only the verified leaf counts.
"""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from genkan.protocol.certificates.bundle import Bundle, BundleProblem, parse_bundle
from genkan.protocol.certificates.chain import MOST_LENGTH, Path, verify
from genkan.protocol.certificates.faults import CertificateFault, Fault
from genkan.protocol.certificates.naming import Kind, read_leaf
from genkan.protocol.certificates.reading import read_certificate
from tests.protocol.certificates.making import (
    CLIENT,
    NOW,
    SERVER,
    TODAY,
    YEAR,
    Made,
    authority,
    bundle,
    cn,
    ec_key,
    mail,
    make,
    person,
    rsa_key,
    signed_weakly,
    upn,
    usage,
)

ANY = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])


def judged(leaf: Made, *others: Made, to: Made | Sequence[Made] | Bundle, now: int = NOW) -> Path | CertificateFault:
    anchors = to if isinstance(to, Bundle) else bundle(*([to] if isinstance(to, Made) else to))
    return verify(leaf.certificate, [one.certificate for one in others], anchors, now)


def refused(answer: Path | CertificateFault, fault: Fault) -> CertificateFault:
    assert isinstance(answer, CertificateFault), answer
    assert answer.fault is fault, answer
    return answer


def accepts(answer: Path | CertificateFault, length: int) -> None:
    assert isinstance(answer, Path), answer
    assert len(answer.certificates) == length


def test_a_leaf_of_the_authority_in_the_bundle_is_good() -> None:
    """The plain case: signed by an anchor, for clients, in time."""
    root = authority()
    leaf = person(root)
    answer = judged(leaf, to=root)
    accepts(answer, 2)
    assert isinstance(answer, Path)
    assert (answer.leaf, answer.issuer) == (leaf.certificate, root.certificate)


def test_what_corporate_authorities_really_issue_is_good() -> None:
    """No alternative name, no extended key usage, any purpose, Edwards and RSA keys: none of it is required here."""
    root = authority()
    for leaf in (
        person(root, purposes=None),
        person(root, purposes=ANY),
        person(root, key=rsa_key(2048)),
        person(root, key=ed25519.Ed25519PrivateKey.generate()),
        person(root, key=ec.generate_private_key(ec.SECP384R1()), algorithm=hashes.SHA512()),
        make(cn("bare"), root, []),
    ):
        accepts(judged(leaf, to=root), 2)


def test_expired_and_not_yet_valid_say_since_when() -> None:
    """RFC 5280 4.1.2.5: both ends of the validity belong to it, to the second, and the sentence names the day."""
    root = authority(begins=datetime(2000, 1, 1, tzinfo=UTC), ends=TODAY + 10 * YEAR)
    begins, ends = datetime(2026, 1, 31, 10, tzinfo=UTC), datetime(2026, 10, 31, 10, tzinfo=UTC)
    leaf = person(root, begins=begins, ends=ends)
    first, last = int(begins.timestamp() * 1000), int(ends.timestamp() * 1000)
    early = refused(judged(leaf, to=root, now=first - 1), Fault.NOT_YET_VALID)
    assert str(early.public) == "Your certificate is not valid before 2026-01-31."
    accepts(judged(leaf, to=root, now=first), 2)
    accepts(judged(leaf, to=root, now=last + 999), 2)
    late = refused(judged(leaf, to=root, now=last + 1000), Fault.EXPIRED)
    assert str(late.public) == "Your certificate expired on 2026-10-31. Ask for a new one."


def test_a_foreign_authority_does_not_count() -> None:
    """Another CA, also one of the same name, or none at all in the bundle: told apart for the operator."""
    root, other, twin = authority(), authority("Other"), authority()
    leaf = person(other)
    answer = refused(judged(leaf, to=root), Fault.UNKNOWN_AUTHORITY)
    assert "CN=Other" in answer.detail
    refused(judged(leaf, to=Bundle()), Fault.UNKNOWN_AUTHORITY)
    refused(judged(person(twin), to=root), Fault.FALSE_SIGNATURE)
    accepts(judged(person(twin), to=[root, twin]), 2)


def test_a_certificate_that_signed_itself_is_nobodys() -> None:
    """A self-signed leaf, with a name of the bundle's or of its own, is refused."""
    root = authority()
    for name in ("Root", "alice"):
        own = make(cn(name), None, [(CLIENT, False)])
        assert isinstance(judged(own, to=root), CertificateFault)


def test_a_forged_leaf_is_refused() -> None:
    """One changed byte in the names, the key or the signature, and the signature is false."""
    root = authority()
    good = person(root).der
    forged = good.replace(b"alice", b"admin", 1)
    certificate = read_certificate(forged)
    assert isinstance(certificate, x509.Certificate)
    refused(verify(certificate, [], bundle(root), NOW), Fault.FALSE_SIGNATURE)


@pytest.mark.parametrize(
    ("allowed", "purposes"),
    [
        (usage("key_encipherment"), CLIENT),
        (usage("content_commitment"), CLIENT),
        (usage("digital_signature"), SERVER),
        (usage("digital_signature"), x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])),
        (usage("digital_signature"), x509.ExtendedKeyUsage([ObjectIdentifier("1.3.6.1.4.1.311.20.2.2")])),
    ],
)
def test_a_certificate_for_something_else_is_refused(allowed: x509.KeyUsage, purposes: x509.ExtendedKeyUsage) -> None:
    """RFC 5280 4.2.1.3 and 4.2.1.12: signatures and TLS clients, where usage and purposes are named."""
    root = authority()
    answer = refused(judged(person(root, allowed=allowed, purposes=purposes), to=root), Fault.WRONG_USAGE)
    assert str(answer.public) == "Your certificate is not meant for signing in."


def test_an_authority_is_no_person() -> None:
    """A CA's own certificate signs nobody in, intermediate or anchor."""
    root = authority()
    refused(judged(authority("Issuing", root), to=root), Fault.AUTHORITY)
    refused(judged(root, to=root), Fault.AUTHORITY)


def test_weak_keys_and_signatures_do_not_count() -> None:
    """RSA below 2048 bits anywhere on the way, SHA-1 and MD5 signatures, small curves: refused by name."""
    root = authority(key=rsa_key(2048))
    small = refused(judged(person(root, key=rsa_key(1024)), to=root), Fault.WEAK)
    assert "RSA key of 1024 bits" in small.detail
    weak_issuer = authority("Weak", root, key=rsa_key(1024))
    refused(judged(person(weak_issuer), weak_issuer, to=root), Fault.WEAK)
    refused(judged(person(root, key=ec.generate_private_key(ec.SECP224R1())), to=root), Fault.WEAK)
    sha1 = signed_weakly(root, person(root), 5, hashes.SHA1())
    answer = verify(sha1, [], bundle(root), NOW)
    assert "sha1" in refused(answer, Fault.WEAK).detail
    for anchors in (root, authority()):
        md5 = signed_weakly(root, person(root), 4, hashes.MD5())
        refused(verify(md5, [], bundle(anchors), NOW), Fault.WEAK)


def test_authorities_above_are_found_in_any_order() -> None:
    """A shuffled chain, with unrelated leaves and authorities between, finds the same way or none."""
    root, stranger = authority(), authority("Stranger")
    first = authority("First", root)
    second = authority("Second", first)
    leaf, extra = person(second), person(stranger, subject=cn("mallory"))
    for order in permutations([first, second, root, extra, stranger]):
        accepts(judged(leaf, *order, to=root), 4)
    refused(judged(leaf, first, extra, stranger, to=root), Fault.UNKNOWN_AUTHORITY)
    accepts(judged(leaf, second, to=first), 3)


def test_only_the_verified_leaf_says_who_it_is() -> None:
    """Row 26: with a leaf of a stranger first and a good leaf behind it, nobody is signed in; the other way round, the
    names are those of the first.
    """
    root, stranger = authority(), authority("Stranger")
    alice, admin = person(root, upn("alice@corp")), person(stranger, upn("admin@corp"), subject=cn("admin"))
    refused(judged(admin, alice, root, to=root), Fault.UNKNOWN_AUTHORITY)
    good = judged(alice, admin, person(root, upn("admin@corp")), to=root)
    assert isinstance(good, Path)
    assert read_leaf(good.leaf).the_one(Kind.UPN) == "alice@corp"


def test_a_person_cannot_issue() -> None:
    """RFC 5280 6.1.4 (k), (n): a leaf, or an authority without keyCertSign, vouches for nobody."""
    root = authority()
    alice = person(root, subject=cn("alice"))
    refused(judged(person(alice, subject=cn("admin")), alice, to=root), Fault.CHAIN)
    crl_only = authority("Lists", root, allowed=usage("crl_sign"))
    refused(judged(person(crl_only), crl_only, to=root), Fault.CHAIN)
    said_not = authority("Not", root, ca=False)
    refused(judged(person(said_not), said_not, to=root), Fault.CHAIN)


def test_path_lengths_are_kept() -> None:
    """RFC 5280 4.2.1.9: as many authorities as allowed may stand below; self-issued ones are not counted."""
    root = authority(length=1)
    first = authority("First", root)
    second = authority("Second", first)
    accepts(judged(person(first), first, to=root), 3)
    assert "allows 1" in refused(judged(person(second), first, second, to=root), Fault.CHAIN).detail
    renewed = authority("First", first)
    third = authority("Third", first, length=0)
    accepts(judged(person(renewed), first, renewed, to=root), 4)
    refused(judged(person(third), first, third, to=root), Fault.CHAIN)


def test_authorities_must_be_valid_and_for_clients_themselves() -> None:
    """An expired authority, one for servers only, one with an unknown critical extension: the way ends there."""
    root = authority()
    unknown = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    for how in (
        {"ends": TODAY - timedelta(days=1)},
        {"begins": TODAY + timedelta(days=1)},
        {"extra": [(SERVER, False)]},
        {"extra": [(unknown, True)]},
        {"extra": [(x509.PolicyConstraints(0, None), True)]},
    ):
        issuing = authority("Issuing", root, **how)
        refused(judged(person(issuing), issuing, to=root), Fault.CHAIN)
    for fine in ([(CLIENT, False)], [(unknown, False)], [(x509.InhibitAnyPolicy(0), True)]):
        issuing = authority("Issuing", root, extra=fine)
        accepts(judged(person(issuing), issuing, to=root), 3)
    old = authority(begins=TODAY - 2 * YEAR, ends=TODAY - YEAR)
    refused(judged(person(old), to=old), Fault.CHAIN)
    refused(judged(person(root, extra=[(unknown, True)]), to=root), Fault.CHAIN)


def test_a_good_way_is_found_beside_a_bad_one() -> None:
    """Cross-signed authorities: an expired way does not hide the one that holds."""
    old_root, new_root, key = authority("Old", ends=TODAY - timedelta(days=1)), authority("New"), ec_key()
    by_old, by_new = authority("Issuing", old_root, key=key), authority("Issuing", new_root, key=key)
    for order in permutations([by_old, by_new]):
        accepts(judged(person(by_old), *order, to=[old_root, new_root]), 3)


def test_loops_and_crowds_of_authorities_end() -> None:
    """Authorities that signed each other, and many of one name, are tried a bounded number of times."""
    key_a, key_b = ec_key(), ec_key()
    outer_a, outer_b = authority("A", key=key_a), authority("B", key=key_b)
    a, b = authority("A", outer_b, key=key_a), authority("B", outer_a, key=key_b)
    assert isinstance(judged(person(a), a, b, to=authority()), CertificateFault)
    crowd = [authority("A", outer_b, key=key_a, serial=n + 1) for n in range(9)]
    crowd += [authority("B", outer_a, key=key_b, serial=n + 1) for n in range(9)]
    refused(judged(person(crowd[0]), *crowd, to=authority()), Fault.CHAIN)
    chain = [authority("0")]
    for number in range(1, MOST_LENGTH):
        chain.append(authority(str(number), chain[-1]))
    accepts(judged(person(chain[-2]), *chain, to=chain[0]), MOST_LENGTH)
    assert isinstance(judged(person(chain[-1]), *chain, to=chain[0]), CertificateFault)


def constrained(permitted: list[x509.GeneralName] | None, excluded: list[x509.GeneralName] | None = None) -> Made:
    return authority("Root", extra=[(x509.NameConstraints(permitted, excluded), True)])


DIRECTORY = x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example  Corp")]))


def subject(organisation: str, name: str = "alice", email: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    return x509.Name(parts + ([x509.NameAttribute(NameOID.EMAIL_ADDRESS, email)] if email else []))


@pytest.mark.parametrize(
    ("permitted", "excluded", "names", "good"),
    [
        ([x509.RFC822Name("corp.example")], None, [mail("a@corp.example")], True),
        ([x509.RFC822Name("corp.example")], None, [mail("a@CORP.example")], True),
        ([x509.RFC822Name("corp.example")], None, [mail("a@sub.corp.example")], False),
        ([x509.RFC822Name(".corp.example")], None, [mail("a@sub.corp.example")], True),
        ([x509.RFC822Name(".corp.example")], None, [mail("a@corp.example")], False),
        ([x509.RFC822Name("a@corp.example")], None, [mail("a@corp.example")], True),
        ([x509.RFC822Name("a@corp.example")], None, [mail("A@corp.example")], False),
        ([x509.RFC822Name("corp.example")], None, [mail("a@corp.example"), mail("b@evil.example")], False),
        ([x509.RFC822Name("corp.example")], None, [mail("evil.example")], False),
        ([x509.RFC822Name("corp.example")], None, [x509.DNSName("evil.example")], True),
        (None, [x509.RFC822Name("evil.example")], [mail("a@evil.example")], False),
        ([x509.DNSName("corp.example")], None, [x509.DNSName("a.corp.example")], True),
        ([x509.DNSName("corp.example")], None, [x509.DNSName("acorp.example")], False),
        (None, [x509.DNSName("corp.example")], [x509.DNSName("CORP.example")], False),
        ([x509.UniformResourceIdentifier(".corp.example")], None,
         [x509.UniformResourceIdentifier("https://a.corp.example/x")], True),
        ([x509.UniformResourceIdentifier("corp.example")], None,
         [x509.UniformResourceIdentifier("https://corp.example@evil.example/")], False),
        ([x509.UniformResourceIdentifier("corp.example")], None, [x509.UniformResourceIdentifier("urn:a:b")], False),
        ([x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))], None,
         [x509.IPAddress(ipaddress.ip_address("10.1.1.1"))], True),
        ([x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))], None,
         [x509.IPAddress(ipaddress.ip_address("11.1.1.1"))], False),
        ([upn("x")], None, [upn("alice@corp")], False),
    ],
)  # fmt: skip
def test_name_constraints_bind_what_is_below(
    permitted: list[x509.GeneralName] | None,
    excluded: list[x509.GeneralName] | None,
    names: list[x509.GeneralName],
    good: bool,
) -> None:
    """RFC 5280 4.2.1.10, also across an authority in between; a kind that cannot be compared is refused."""
    root = constrained(permitted, excluded)
    issuing = authority("Issuing", root)
    for answer in (judged(person(root, *names), to=root), judged(person(issuing, *names), issuing, to=root)):
        assert isinstance(answer, Path) is good, answer
        if not good:
            refused(answer, Fault.CHAIN)


def test_constraints_reach_the_subject() -> None:
    """Directory names by whole parts, whatever case and spaces; an e-mail in the subject where no other name is."""
    root = constrained([DIRECTORY])
    accepts(judged(person(root, subject=subject("example corp")), to=root), 2)
    refused(judged(person(root, subject=subject("Example Corporation")), to=root), Fault.CHAIN)
    refused(judged(person(root), to=root), Fault.CHAIN)
    by_mail = constrained(None, [x509.RFC822Name("evil.example")])
    refused(judged(person(by_mail, subject=subject("X", email="a@evil.example")), to=by_mail), Fault.CHAIN)
    accepts(judged(person(by_mail, subject=subject("X", email="a@corp.example")), to=by_mail), 2)


def test_constraints_reach_an_email_in_the_subject_beside_other_names() -> None:
    """An authority bound to one host cannot vouch for a foreign address by putting it beside a DNS name."""
    root = authority("Root")
    bound = authority("Bound", root, extra=[(x509.NameConstraints([x509.RFC822Name("corp.example")], None), True)])
    beside = x509.DNSName("pc.corp.example")
    refused(judged(person(bound, beside, subject=subject("X", email="a@evil.example")), bound, to=root), Fault.CHAIN)
    for none in ("ä@corp.example", "Alice <a@corp.example>", "corp.example", " "):
        refused(judged(person(bound, beside, subject=subject("X", email=none)), bound, to=root), Fault.CHAIN)
    accepts(judged(person(bound, beside, subject=subject("X", email="a@corp.example")), bound, to=root), 3)


def test_a_second_verifier_agrees() -> None:
    """Whatever we accept, the library's own verifier for the web accepts too, where it knows the kind of thing."""
    root = authority(extra=[], key=ec_key())
    ski = x509.SubjectKeyIdentifier.from_public_key(root.key.public_key())
    aki = x509.AuthorityKeyIdentifier.from_issuer_public_key(root.key.public_key())
    root = authority(
        key=root.key, extra=[(ski, False), (x509.NameConstraints([x509.DNSName("corp.example")], None), True)]
    )
    now = datetime.fromtimestamp(NOW / 1000, UTC)
    store = verification.Store([root.certificate])
    policy = verification.PolicyBuilder().time(now).store(store)
    for host, how, ours in (
        ("a.corp.example", {}, True),
        ("a.evil.example", {}, False),
        ("a.corp.example", {"ends": TODAY - timedelta(days=1)}, False),
        ("a.corp.example", {"key": rsa_key(1024)}, False),
        ("a.corp.example", {"purposes": SERVER}, False),
    ):
        leaf = person(root, x509.DNSName(host), extra=[(aki, False)], **how)
        assert isinstance(judged(leaf, to=root), Path) is ours
        try:
            policy.build_client_verifier().verify(leaf.certificate, [])
            theirs = True
        except verification.VerificationError:
            theirs = False
        assert theirs is (ours or "key" in how), (host, how)  # theirs lets a leaf's weak key pass


def test_a_bundle_holds_authorities_alone() -> None:
    """Text around the PEM is fine; a person's certificate, a weak key or rubbish in it is named."""
    root, other = authority(), authority("Other")
    parsed = parse_bundle(b"the company's CAs\n" + root.pem + b"\n" + other.pem)
    assert isinstance(parsed, Bundle)
    assert parsed.anchors == (root.certificate, other.certificate)
    for pem, said in (
        (b"", "no PEM"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no PEM"),
        (root.pem + person(root).pem, "certificate 2 cannot be an authority: CN=alice is not a CA"),
        (authority(key=rsa_key(1024)).pem, "RSA key of 1024 bits"),
        (b" " * (1024 * 1024 + 1), "larger"),
    ):
        problem = parse_bundle(pem)
        assert isinstance(problem, BundleProblem)
        assert said in problem.wrong
