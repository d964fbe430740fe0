"""Names of the leaf and the account they mean. Row 27 of security.md (CVE-2026-22747): no name is read in two ways."""

from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID, ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

from genkan.protocol.certificate_records import Pin, PinKind
from genkan.protocol.certificates.faults import CertificateFault, Fault
from genkan.protocol.certificates.mapping import Mapped, choose, wanted
from genkan.protocol.certificates.naming import Kind, Leaf, Name, Unusable, _upn, read_leaf
from genkan.protocol.certificates.pins import pin_name, pin_value
from genkan.protocol.certificates.reading import read_certificate
from genkan.protocol.certificates.rules import Key, Rule, RuleProblem, Target, parse_rules, plain_address
from genkan.protocol.records import Account
from tests.protocol.builders import an_account
from tests.protocol.certificates.making import Made, authority, cn, ec_key, mail, make, person, upn

ROOT = authority()
KEY = ec_key()


def leaf(*names: x509.GeneralName, subject: x509.Name | None = None, issuer: Made = ROOT) -> Leaf:
    made = person(issuer, *names, subject=subject, key=KEY)
    certificate = read_certificate(made.der)
    assert isinstance(certificate, x509.Certificate), certificate
    return read_leaf(certificate)


def attribute(
    text: str, kind: _ASN1Type = _ASN1Type.UTF8String, oid: ObjectIdentifier = NameOID.COMMON_NAME
) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, text, kind, _validate=False)])


def rules(*texts: str) -> tuple[Rule, ...]:
    parsed = parse_rules(texts)
    assert not isinstance(parsed, RuleProblem), parsed
    return parsed


class People:
    """Accounts, found as a store finds them."""

    def __init__(self, *accounts: Account, pins: tuple[tuple[Pin, Account], ...] = ()) -> None:
        self.accounts = accounts
        self.pins = pins

    def whose(self, leaf: Leaf, *texts: str) -> Mapped | CertificateFault:
        site_rules = rules(*texts)
        asked = wanted(leaf, site_rules)
        pinned = [(pin, account) for pin, account in self.pins if (pin.kind, pin.value) in asked.pins]
        return choose(leaf, site_rules, pinned, {key: self._found(key) for key in asked.keys})

    def _found(self, key: Key) -> list[Account]:
        if key.target is Target.NAME:
            return [account for account in self.accounts if account.folded == key.text]
        return [account for account in self.accounts if plain_address(account.email) == key.text]


ALICE = replace(an_account(), id=1, name="Alice", folded="alice", email="Alice@Corp.example")
BOB = replace(an_account(), id=2, name="bob", folded="bob", email="bob@corp.example")
PEOPLE = People(ALICE, BOB)


def fault(answer: Mapped | CertificateFault) -> Fault:
    assert isinstance(answer, CertificateFault), answer
    return answer.fault


def account(answer: Mapped | CertificateFault) -> Account:
    assert isinstance(answer, Mapped), answer
    return answer.account


def test_every_kind_of_name_is_read() -> None:
    """UPN, e-mail, DNS and URI from the alternative names; CN, UID and e-mail from the subject."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "Alice A."),
            x509.NameAttribute(NameOID.USER_ID, "alice"),
            x509.NameAttribute(NameOID.EMAIL_ADDRESS, "old@corp.example"),
        ]
    )
    names = (upn("alice@corp"), mail("a@corp.example"), x509.DNSName("p.corp"), x509.UniformResourceIdentifier("id:1"))
    read = leaf(*names, subject=subject)
    assert {kind: read.the_one(kind) for kind in Kind} == {
        Kind.UPN: "alice@corp",
        Kind.EMAIL: "a@corp.example",
        Kind.DNS: "p.corp",
        Kind.URI: "id:1",
        Kind.CN: "Alice A.",
        Kind.UID: "alice",
        Kind.SUBJECT_EMAIL: "old@corp.example",
    }
    assert read.subject == "emailAddress=old@corp.example,UID=alice,CN=Alice A."
    assert (read.subject_fault, read.issuer) == ("", "CN=Root")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (upn("alice\0@corp"), Kind.UPN), (upn(""), Kind.UPN), (upn("a" * 400), Kind.UPN), (upn(b"\xff\xfe"), Kind.UPN),
        (upn("alice".encode("utf-16-be"), 0x1E), Kind.UPN), (upn("alice", 0x16), Kind.UPN),
        (upn("ali\u200bce"), Kind.UPN), (upn("alice\u202e"), Kind.UPN), (upn("\uff41lice"), Kind.UPN),
        (upn(" alice"), Kind.UPN), (upn("alice\n"), Kind.UPN),
        (mail("alice\0@corp.example"), Kind.EMAIL), (mail(""), Kind.EMAIL),
    ],
)  # fmt: skip
def test_names_that_could_be_read_otherwise_are_unusable(name: x509.GeneralName, kind: Kind) -> None:
    """NUL, invisible and look-alike characters, other string types, broken lengths: nobody, with the reason."""
    read = leaf(name)
    assert isinstance(read.the_one(kind), Unusable)
    assert fault(PEOPLE.whose(read, f"{kind}=name")) is Fault.NAMES


@pytest.mark.parametrize(
    "der",
    [b"", b"\x0c", b"\x0c\x05alic", b"\x0c\x05alice\x00", b"\x0c\x81\x05alice", b"\x0c\x82\x00\x05alice",
     b"\x0c\x80alice", b"\x0c\x83\x00\x00\x05alice", b"\x2c\x05alice"],
)  # fmt: skip
def test_a_upn_has_one_length_and_nothing_behind_it(der: bytes) -> None:
    """X.690 10.1: cut, padded, long-winded and open-ended encodings are no name."""
    assert _upn(der).fault
    assert _upn(b"\x0c\x05alice") == Name(Kind.UPN, "alice")


@pytest.mark.parametrize("kind", [_ASN1Type.UTF8String, _ASN1Type.PrintableString, _ASN1Type.BMPString])
def test_a_common_name_is_the_same_in_every_string_type(kind: _ASN1Type) -> None:
    """RFC 5280 4.1.2.4: BMPString and its like are read as the text they hold."""
    read = leaf(subject=attribute("alice", kind))
    assert read.the_one(Kind.CN) == "alice"
    assert account(PEOPLE.whose(read, "cn=name")) == ALICE


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("alice\0bob", _ASN1Type.BMPString),
        ("alice\0", _ASN1Type.UTF8String),
        ("a\u200blice", _ASN1Type.UTF8String),
        ("alice\r\nbob", _ASN1Type.UTF8String),
    ],
)
def test_a_subject_with_unseen_characters_names_nobody(text: str, kind: _ASN1Type) -> None:
    """Row 27: neither its common name nor the whole of it can be mapped or pinned."""
    read = leaf(subject=attribute(text, kind))
    assert isinstance(read.the_one(Kind.CN), Unusable)
    assert read.subject_fault
    assert pin_value(read, PinKind.SUBJECT) is None
    assert fault(PEOPLE.whose(read, "cn=name")) is Fault.NAMES


@pytest.mark.parametrize(
    "text", ["bob,CN=alice", "bob+CN=alice", 'bob",CN=alice', "bob\\,CN=alice", "CN=alice", "#616c", "bob;alice"]
)
def test_what_looks_like_another_part_stays_in_its_part(text: str) -> None:
    """Row 27: escapes; a value that holds a comma, plus, quote or CN= is that value and no second name."""
    read = leaf(subject=attribute(text))
    assert read.the_one(Kind.CN) == text
    assert fault(PEOPLE.whose(read, "cn=name")) is Fault.NO_ACCOUNT
    whole = leaf(subject=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, part) for part in ("alice", "bob")]))
    assert pin_value(read, PinKind.SUBJECT) != pin_value(whole, PinKind.SUBJECT)


def test_two_names_of_the_kind_asked_for_are_nobody() -> None:
    """Several common names, in one part or in two, several UPNs or e-mails: not clear, and no weaker rule is asked."""
    one_part = x509.RelativeDistinguishedName(
        [x509.NameAttribute(NameOID.COMMON_NAME, "alice"), x509.NameAttribute(NameOID.USER_ID, "alice")]
    )
    multi = leaf(subject=x509.Name([one_part]))
    assert multi.the_one(Kind.CN) == "alice"
    for read, rule in (
        (leaf(subject=cn("alice", "bob")), "cn=name"),
        (leaf(upn("alice"), upn("bob")), "upn=name"),
        (leaf(mail("alice@corp.example"), mail("bob@corp.example")), "email=email"),
    ):
        assert fault(PEOPLE.whose(read, rule, "subject-email=name")) is Fault.NAMES
    assert account(PEOPLE.whose(leaf(upn("alice"), upn("alice")), "upn=name")) == ALICE


def test_an_empty_subject_is_no_name() -> None:
    """Legal (RFC 5280 4.1.2.6) beside an alternative name; it can be mapped by that and pinned by key alone."""
    read = leaf(upn("alice"), subject=x509.Name([]))
    assert (read.subject, read.the_one(Kind.CN)) == ("", None)
    assert pin_value(read, PinKind.SUBJECT) is None
    assert account(PEOPLE.whose(read, "cn=name", "upn=name")) == ALICE


def test_rules_are_tried_in_order_and_the_first_that_finds_decides() -> None:
    """What is not in the certificate, or in no account, leaves it to the next rule; the person chooses nothing."""
    both = leaf(upn("alice"), mail("bob@corp.example"))
    mapped = PEOPLE.whose(both, "upn=name", "email=email")
    assert (account(mapped), isinstance(mapped, Mapped) and mapped.by) == (ALICE, "rule upn=name")
    assert account(PEOPLE.whose(both, "email=email", "upn=name")) == BOB
    assert account(PEOPLE.whose(leaf(upn("carol"), mail("BOB@corp.EXAMPLE")), "upn=name", "email=email")) == BOB
    none = PEOPLE.whose(leaf(upn("carol"), subject=cn("x")), "upn=name", "email=email")
    assert fault(none) is Fault.NO_ACCOUNT
    assert "upn=name looked for the name carol" in str(none)
    assert fault(PEOPLE.whose(both)) is Fault.NO_ACCOUNT


def test_domains_bound_what_a_rule_reads() -> None:
    """upn@corp.example=name takes what stands before that domain, and nothing of another one."""
    rule = "upn@Corp.Example=name"
    assert account(PEOPLE.whose(leaf(upn("Alice@corp.example")), rule)) == ALICE
    for text in (
        "alice@evil.example",
        "alice",
        "alice@corp.example.evil.example",
        "alice@evil@corp.example",
        "@corp.example",
    ):
        assert isinstance(PEOPLE.whose(leaf(upn(text)), rule), CertificateFault)


def test_addresses_are_compared_in_ascii() -> None:
    """Case does not matter; look-alikes, a second @ and hosts that are none never meet an account's address."""
    assert account(PEOPLE.whose(leaf(mail("ALICE@corp.example")), "email=email")) == ALICE
    for text in ("alıce@corp.example", "alice@corp.example@corp.example", "alice", "alice@", "alice@co rp.example",
                 "alice@кorp.example", "\u212a@corp.example"):  # fmt: skip
        assert plain_address(text) is None or plain_address(text) not in {"alice@corp.example", "k@corp.example"}
    twin = replace(BOB, email="ALICE@corp.example")
    assert fault(People(ALICE, twin).whose(leaf(mail("alice@corp.example")), "email=email")) is Fault.SEVERAL_ACCOUNTS


def test_pins_come_before_rules_and_mean_one_account() -> None:
    """A pinned key, number or subject decides, whatever the names say; pins of two accounts decide nothing."""
    read = leaf(upn("bob"))
    for kind in PinKind:
        value = pin_value(read, kind)
        assert value is not None
        pin = Pin(1, ALICE.id, kind, value, pin_name(read, kind), 0)
        mapped = People(ALICE, BOB, pins=((pin, ALICE),)).whose(read, "upn=name")
        assert (account(mapped), isinstance(mapped, Mapped) and mapped.by) == (ALICE, f"pin {kind.word}")
        other = Pin(2, BOB.id, PinKind.SPKI, read.spki, "", 0)
        both = People(ALICE, BOB, pins=((pin, ALICE), (other, BOB)))
        assert fault(both.whose(read, "upn=name")) is Fault.SEVERAL_ACCOUNTS


def test_pins_fit_what_they_name_and_nothing_else() -> None:
    """A renewed certificate keeps its key and subject and gets another number; another authority's is another one."""
    first, renewed = leaf(), leaf()
    rekeyed = read_leaf(make(cn("alice"), ROOT, []).certificate)
    foreign = leaf(issuer=authority("Other"))
    fits = {
        kind: [pin_value(one, kind) == pin_value(first, kind) for one in (renewed, rekeyed, foreign)]
        for kind in PinKind
    }
    assert fits == {PinKind.SPKI: [True, False, True], PinKind.SERIAL: [False, False, False],
                    PinKind.SUBJECT: [True, True, False]}  # fmt: skip
    assert len({pin_value(first, kind) for kind in PinKind}) == 3


@pytest.mark.parametrize(
    "text",
    ["", "upn", "upn=", "=name", "upn=password", "phone=name", "UPN=name", "upn@=name", "upn@a b=name",
     "cn@corp.example=name", "upn@corp.example=email", "upn=name=email", "upn==name"],
)  # fmt: skip
def test_a_rule_that_is_none_is_named(text: str) -> None:
    """What cannot be a rule is a problem with the way to write one."""
    assert isinstance(parse_rules((text,)), RuleProblem)


def test_rules_are_few_and_different() -> None:
    """A rule twice, or more rules than anybody needs, is a mistake."""
    assert isinstance(parse_rules(("upn=name", "upn=name")), RuleProblem)
    assert isinstance(parse_rules(tuple(f"upn@a{n}.example=name" for n in range(17))), RuleProblem)
    assert [str(rule) for rule in rules("upn@Corp.example=name", "email=email")] == [
        "upn@corp.example=name",
        "email=email",
    ]


ANY_TEXT = st.text(min_size=1, max_size=30).filter(lambda text: text.encode("utf-8", "ignore").decode() == text)


@given(st.lists(ANY_TEXT, min_size=1, max_size=3), st.sampled_from([_ASN1Type.UTF8String, _ASN1Type.BMPString]))
def test_any_subject_is_names_or_a_fault(texts: list[str], kind: _ASN1Type) -> None:
    """Fuzz of the DN reader: a value or Unusable, and a name that is told is one that stands there, whole."""
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, text, kind, _validate=False) for text in texts]
    made = make(x509.Name(attributes), ROOT, [], key=KEY)
    certificate = read_certificate(made.der)
    if isinstance(certificate, CertificateFault):
        assert certificate.fault is Fault.UNREADABLE
        return
    read = read_leaf(certificate)
    told = read.the_one(Kind.CN)
    assert isinstance(told, Unusable) or (told in texts and len(set(texts)) == 1 and "\0" not in texts[0])
    mapped = PEOPLE.whose(read, "cn=name")
    assert isinstance(mapped, CertificateFault) or mapped.account in PEOPLE.accounts


@given(st.binary(max_size=60))
def test_any_other_name_is_a_name_or_a_fault(data: bytes) -> None:
    """Fuzz of the UPN reader: whatever stands in the other name, a text that can be seen, or Unusable."""
    element = b"\x0c" + bytes([min(len(data), 127)]) + data
    name = x509.OtherName(ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), element)
    told = leaf(name).the_one(Kind.UPN)
    assert isinstance(told, Unusable) or (isinstance(told, str) and told.isprintable() and told)


MADE = person(ROOT, upn("alice@corp"), mail("alice@corp.example"))


@given(st.integers(0, len(MADE.der) - 1), st.integers(1, 255), st.integers(0, 40))
def test_a_damaged_certificate_is_read_or_a_fault(place: int, change: int, cut: int) -> None:
    """Fuzz of the DER: one byte changed and the end cut, read through or refused, never an exception."""
    damaged = bytearray(MADE.der)
    damaged[place] ^= change
    certificate = read_certificate(bytes(damaged[: len(damaged) - cut]))
    if isinstance(certificate, CertificateFault):
        assert str(certificate.public)
    else:
        assert isinstance(PEOPLE.whose(read_leaf(certificate), "upn=name", "email=email"), Mapped | CertificateFault)
