"""A list of models: taken is what its maker vouches for, by a way to a root of the metadata file at that moment."""

import hashlib
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from genkan.protocol.signin.passkey import NewPasskey, Turned
from genkan.protocol.signin.passkey_attestation import ListedModels
from genkan.protocol.signin.passkey_checks import Check
from genkan.protocol.signin.passkey_metadata import Metadata, MetadataProblem, aaguid_of, read_metadata
from genkan.protocol.signin.passkey_models import NoModels
from tests.protocol.builders import NOW
from tests.protocol.passkey_world import RP_ID, made
from tests.software_key import SoftwareKey, self_attested, sign

AAGUID = bytes(range(16))
TEXT = "00010203-0405-0607-0809-0a0b0c0d0e0f"
TIME = datetime.fromtimestamp(NOW / 1000, UTC)
YEAR = timedelta(days=365)
AAGUID_EXTENSION = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
APPLE = x509.ObjectIdentifier("1.2.840.113635.100.8.2")
Named = list[tuple[x509.ObjectIdentifier, str]]
MAKER: Named = [
    (NameOID.COUNTRY_NAME, "AT"), (NameOID.ORGANIZATION_NAME, "Maker"),
    (NameOID.ORGANIZATIONAL_UNIT_NAME, "Authenticator Attestation"), (NameOID.COMMON_NAME, "Batch 7"),
]  # fmt: skip


class Issuer:
    """A maker's certificate authority."""

    def __init__(self, name: str = "Maker root", begins: datetime = TIME - YEAR, ends: datetime = TIME + YEAR) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._built(self.name, self.key.public_key(), begins, ends, [
            (x509.BasicConstraints(ca=True, path_length=None), True),
        ])  # fmt: skip

    def leaf(
        self,
        public: Any,
        *,
        subject: Named = MAKER,
        begins: datetime = TIME - YEAR,
        ends: datetime = TIME + YEAR,
        more: list[tuple[x509.ExtensionType, bool]] | None = None,
        ca: bool = False,
    ) -> x509.Certificate:
        """An attestation certificate."""
        name = x509.Name([x509.NameAttribute(oid, text) for oid, text in subject])
        extensions: list[tuple[x509.ExtensionType, bool]] = [(x509.BasicConstraints(ca=ca, path_length=None), True)]
        return self._built(name, public, begins, ends, [*extensions, *(more or [])])

    def _built(
        self, name: x509.Name, public: Any, begins: datetime, ends: datetime,
        extensions: list[tuple[x509.ExtensionType, bool]],
    ) -> x509.Certificate:  # fmt: skip
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(self.name).public_key(public)
        builder = builder.serial_number(7).not_valid_before(begins).not_valid_after(ends)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, hashes.SHA256())


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def metadata_of(*anchors: x509.Certificate, **more: Any) -> bytes:
    """A plain list of one statement."""
    roots = [b64encode(der(anchor)).decode() for anchor in anchors]
    return json.dumps(
        [{"aaguid": TEXT, "description": "Example Key 5", "attestationRootCertificates": roots, **more}]
    ).encode()


def models(*anchors: x509.Certificate, allowed: bytes = AAGUID) -> ListedModels:
    read = read_metadata(metadata_of(*anchors), b"", NOW)
    assert isinstance(read, Metadata)
    return ListedModels(frozenset({allowed}), read)


MAKERS = Issuer()
BATCH = ec.generate_private_key(ec.SECP256R1())
NAMED = x509.UnrecognizedExtension(AAGUID_EXTENSION, b"\x04\x10" + AAGUID)


def packed(
    *chain: x509.Certificate, key: Any = BATCH, algorithm: int = -7
) -> Callable[..., tuple[str, dict[str, Any]]]:
    """WebAuthn 8.2 with the keys of a batch."""

    def attest(data: bytes, digest: bytes) -> tuple[str, dict[str, Any]]:
        return "packed", {"alg": algorithm, "sig": sign(key, data + digest), "x5c": [der(one) for one in chain]}

    return attest


def judged(attest: Any, rule: ListedModels | None = None, **changes: Any) -> NewPasskey | Turned:
    key = SoftwareKey(rp_id=RP_ID, aaguid=changes.pop("aaguid", AAGUID))
    return made(key, models=rule or models(MAKERS.certificate), attest=attest, **changes)


GOOD = MAKERS.leaf(BATCH.public_key(), more=[(NAMED, False)])


def test_a_model_that_its_maker_vouches_for_is_taken() -> None:
    """By a root, by an authority in between, and where the certificate itself is the one that is named."""
    between = Issuer("Maker batch CA")
    middle = MAKERS._built(
        between.name, between.key.public_key(), TIME - YEAR, TIME + YEAR,
        [(x509.BasicConstraints(ca=True, path_length=0), True)],
    )  # fmt: skip
    below = between.leaf(BATCH.public_key())
    for attest, rule in (
        (packed(GOOD), models(MAKERS.certificate)),
        (packed(below, middle), models(MAKERS.certificate)),
        (packed(GOOD), models(GOOD)),
    ):
        new = judged(attest, rule)
        assert isinstance(new, NewPasskey), new
        assert (new.passkey.attested, new.passkey.aaguid) == (True, AAGUID)
    assert models(MAKERS.certificate).name_of(AAGUID) == "Example Key 5"


FOREIGN = Issuer("Maker root")
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
TURNED: dict[str, tuple[Any, dict[str, Any]]] = {
    "no attestation": (None, {}),
    "self attestation": (self_attested(SoftwareKey()), {}),
    "another model": (packed(GOOD), {"aaguid": b"x" * 16}),
    "no model": (packed(GOOD), {"aaguid": bytes(16)}),
    "a format that is not known": (lambda _, __: ("android-key", {"alg": -7, "sig": b"x", "x5c": [der(GOOD)]}), {}),
    "a U2F statement": (lambda _, __: ("fido-u2f", {"sig": b"x", "x5c": [der(GOOD)]}), {}),
    "a foreign authority of the same name": (packed(FOREIGN.leaf(BATCH.public_key(), more=[(NAMED, False)])), {}),
    "no certificate": (lambda _, __: ("packed", {"alg": -7, "sig": b"x", "x5c": []}), {}),
    "what is no certificate": (lambda _, __: ("packed", {"alg": -7, "sig": b"x", "x5c": [b"x", 7]}), {}),
    "seven certificates": (packed(*[GOOD] * 7), {}),
    "another key's signature": (packed(GOOD, key=OTHER_KEY), {}),
    "an algorithm that does not fit": (packed(GOOD, algorithm=-257), {}),
    "SHA-1": (packed(GOOD, algorithm=-65535), {}),
    "an algorithm that is none": (packed(GOOD, algorithm=7), {}),
    "expired": (packed(MAKERS.leaf(BATCH.public_key(), ends=TIME - timedelta(days=1))), {}),
    "not yet valid": (packed(MAKERS.leaf(BATCH.public_key(), begins=TIME + timedelta(days=1))), {}),
    "an authority as a leaf": (packed(MAKERS.leaf(BATCH.public_key(), ca=True)), {}),
    "another unit": (packed(MAKERS.leaf(BATCH.public_key(), subject=[*MAKER[:2], MAKER[3]])), {}),
    "no country": (packed(MAKERS.leaf(BATCH.public_key(), subject=MAKER[1:])), {}),
    "another model in the certificate": (
        packed(MAKERS.leaf(BATCH.public_key(), more=[
            (x509.UnrecognizedExtension(AAGUID_EXTENSION, b"\x04\x10" + b"x" * 16), False)])), {},
    ),
    "the model as a critical extension": (packed(MAKERS.leaf(BATCH.public_key(), more=[(NAMED, True)])), {}),
    "another purpose": (
        lambda data, digest: ("tpm", packed(GOOD)(data, digest)[1]), {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TURNED)
def test_whatever_does_not_prove_its_model_is_turned_away(name: str) -> None:
    """Each fault alone."""
    attest, changes = TURNED[name]
    turned = judged(attest, **changes)
    assert isinstance(turned, Turned), name
    assert turned.check is Check.MODEL


def test_the_named_certificate_itself_must_be_in_time() -> None:
    """Also where it needs no way to a root."""
    late = MAKERS.leaf(BATCH.public_key(), ends=TIME - timedelta(days=1))
    turned = judged(packed(late), models(late))
    assert isinstance(turned, Turned)
    root = Issuer(ends=TIME - timedelta(days=1))
    assert isinstance(judged(packed(root.leaf(BATCH.public_key())), models(root.certificate)), Turned)


def test_a_model_that_is_not_listed_is_turned_away_though_it_is_proved() -> None:
    """The list decides, not the metadata."""
    assert isinstance(judged(packed(GOOD), models(MAKERS.certificate, allowed=b"x" * 16)), Turned)


def apple(key: SoftwareKey, *, nonce: bytes | None = None, public: Any = None) -> Callable[..., Any]:
    """WebAuthn 8.8: a certificate for this ceremony and key."""

    def attest(data: bytes, digest: bytes) -> tuple[str, dict[str, Any]]:
        told = bytes.fromhex("3024a1220420") + (nonce or hashlib.sha256(data + digest).digest())
        leaf = MAKERS.leaf(
            public or key.key.public_key(), subject=[(NameOID.COMMON_NAME, "x")],
            more=[(x509.UnrecognizedExtension(APPLE, told), False)],
        )  # fmt: skip
        return "apple", {"x5c": [der(leaf)]}

    return attest


def test_apple_s_certificates_are_for_one_ceremony_and_key() -> None:
    """Another nonce, another key, or no nonce at all do not count."""
    key = SoftwareKey(rp_id=RP_ID, aaguid=AAGUID)
    rule = models(MAKERS.certificate)
    new = made(key, models=rule, attest=apple(key))
    assert isinstance(new, NewPasskey)
    for wrong in (
        apple(key, nonce=bytes(32)), apple(key, public=OTHER_KEY.public_key()),
        lambda _, __: ("apple", {"x5c": [der(MAKERS.leaf(key.key.public_key()))]}),
    ):  # fmt: skip
        assert isinstance(made(key, models=rule, attest=wrong), Turned)


def sized(raw: bytes) -> bytes:
    """TPM 2.0 part 2, TPM2B: the size in front."""
    return len(raw).to_bytes(2, "big") + raw


AIK = ec.generate_private_key(ec.SECP256R1())
TPM_NAME = x509.SubjectAlternativeName(
    [
        x509.DirectoryName(
            x509.Name(
                [
                    x509.NameAttribute(x509.ObjectIdentifier(oid), text)
                    for oid, text in (
                        ("2.23.133.2.1", "id:4E544300"),
                        ("2.23.133.2.2", "NPCT"),
                        ("2.23.133.2.3", "id:13"),
                    )
                ]
            )
        )
    ]
)
FOR_TPMS = x509.ExtendedKeyUsage([x509.ObjectIdentifier("2.23.133.8.3")])


def tpm(
    key: SoftwareKey, *, leaf: x509.Certificate | None = None, signer: Any = AIK, extra: bytes = b"", other: Any = None
) -> Callable[..., Any]:
    """WebAuthn 8.3: a TPM certifies the key that it made."""

    def attest(data: bytes, digest: bytes) -> tuple[str, dict[str, Any]]:
        public: Any = (other or key.key).public_key()
        numbers = public.public_numbers()
        point = sized(numbers.x.to_bytes(32, "big")) + sized(numbers.y.to_bytes(32, "big"))
        # ECC with SHA-256: attributes, no policy; no symmetric cipher, no scheme, P-256, no derivation.
        area = bytes.fromhex("0023000b00060472") + sized(b"") + bytes.fromhex("0010001000030010") + point
        name = b"\x00\x0b" + hashlib.sha256(area).digest()
        told = hashlib.sha256(data + digest + extra).digest()
        info = (
            bytes.fromhex("ff5443478017") + sized(b"signer") + sized(told) + bytes(17 + 8) + sized(name) + sized(name)
        )
        certificate = leaf or MAKERS.leaf(
            AIK.public_key(), subject=[], more=[(TPM_NAME, True), (FOR_TPMS, False), (NAMED, False)]
        )
        return "tpm", {"ver": "2.0", "alg": -7, "x5c": [der(certificate)], "sig": sign(signer, info), "certInfo": info,
                       "pubArea": area}  # fmt: skip

    return attest


def test_a_tpm_vouches_for_the_key_that_it_made() -> None:
    """For another key, another ceremony, by another signer or a certificate for something else it does not count."""
    key = SoftwareKey(rp_id=RP_ID, aaguid=AAGUID)
    rule = models(MAKERS.certificate)
    new = made(key, models=rule, attest=tpm(key))
    assert isinstance(new, NewPasskey), new
    assert new.passkey.attested
    clients = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    foreign = Issuer("Maker root").leaf(AIK.public_key(), subject=[], more=[(TPM_NAME, True), (FOR_TPMS, False)])
    late = MAKERS.leaf(
        AIK.public_key(), subject=[], ends=TIME - timedelta(days=1), more=[(TPM_NAME, True), (FOR_TPMS, False)]
    )
    for wrong in (
        tpm(key, other=OTHER_KEY), tpm(key, extra=b"x"), tpm(key, signer=OTHER_KEY), tpm(key, leaf=GOOD),
        tpm(key, leaf=MAKERS.leaf(AIK.public_key(), subject=[], more=[(TPM_NAME, True), (clients, False)])),
        tpm(key, leaf=foreign), tpm(key, leaf=late),
    ):  # fmt: skip
        turned = made(key, models=rule, attest=wrong)
        assert isinstance(turned, Turned)
        assert turned.check is Check.MODEL


def blob(
    signer: Any, chain: list[x509.Certificate], payload: dict[str, Any], *, algorithm: str = "RS256", cut: int = 0
) -> bytes:
    """A metadata BLOB as FIDO signs one."""

    def part(raw: bytes) -> bytes:
        return urlsafe_b64encode(raw).rstrip(b"=")

    header = {"alg": algorithm, "typ": "JWT", "x5c": [b64encode(der(one)).decode() for one in chain]}
    signed = part(json.dumps(header).encode()) + b"." + part(json.dumps(payload).encode())
    if isinstance(signer, rsa.RSAPrivateKey):
        signature = signer.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    else:
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        one, two = decode_dss_signature(signer.sign(signed, ec.ECDSA(hashes.SHA256())))
        signature = one.to_bytes(32, "big") + two.to_bytes(32, "big")
    return signed + b"." + part(signature[: len(signature) - cut])


FIDO = Issuer("Web root")
SIGNER = rsa.generate_private_key(65537, 2048)
STATEMENT = json.loads(metadata_of(MAKERS.certificate))[0]
PAYLOAD = {"no": 7, "nextUpdate": "2030-01-01", "entries": [
    {"aaguid": TEXT, "metadataStatement": STATEMENT, "statusReports": [{"status": "FIDO_CERTIFIED_L1"}]}]}  # fmt: skip


def signer_certificate(key: Any, host: str = "mds.fidoalliance.org", **changes: Any) -> x509.Certificate:
    names = x509.SubjectAlternativeName([x509.DNSName(host)])
    server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    return FIDO.leaf(key.public_key(), more=[(names, False), (server, False)], **changes)


ROOT = FIDO.certificate.public_bytes(Encoding.PEM)


@pytest.mark.parametrize("key", [SIGNER, BATCH])
def test_a_signed_blob_is_read(key: Any) -> None:
    """By RSA and by ECDSA, with the certificate of FIDO's service."""
    algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
    read = read_metadata(blob(key, [signer_certificate(key)], PAYLOAD, algorithm=algorithm), ROOT, NOW)
    assert isinstance(read, Metadata)
    model = read.models[AAGUID]
    assert (model.name, model.refused, len(model.anchors)) == ("Example Key 5", "", 1)
    assert isinstance(judged(packed(GOOD), ListedModels(frozenset({AAGUID}), read)), NewPasskey)


@pytest.mark.parametrize(
    ("data", "root"),
    [
        (blob(SIGNER, [signer_certificate(SIGNER)], PAYLOAD), b""),
        (blob(SIGNER, [signer_certificate(SIGNER)], PAYLOAD), MAKERS.certificate.public_bytes(Encoding.PEM)),
        (blob(SIGNER, [signer_certificate(SIGNER)], PAYLOAD), b"no certificate"),
        (blob(SIGNER, [signer_certificate(SIGNER, "evil.example")], PAYLOAD), ROOT),
        (blob(SIGNER, [signer_certificate(SIGNER, ends=TIME - timedelta(days=1))], PAYLOAD), ROOT),
        (blob(SIGNER, [], PAYLOAD), ROOT),
        (blob(BATCH, [signer_certificate(SIGNER)], PAYLOAD), ROOT),
        (blob(SIGNER, [signer_certificate(SIGNER)], PAYLOAD, algorithm="none"), ROOT),
        (blob(SIGNER, [signer_certificate(SIGNER)], PAYLOAD, algorithm="HS256"), ROOT),
        (blob(SIGNER, [signer_certificate(SIGNER)], PAYLOAD, cut=1), ROOT),
        (blob(SIGNER, [signer_certificate(SIGNER)], {"entries": []}), ROOT),
        (b"", ROOT), (b"..", ROOT), (b"[", ROOT), (b"[]", ROOT), (b"[{}]", ROOT), (b"\xff", ROOT), (b"[1]", ROOT),
    ],
)  # fmt: skip
def test_a_file_that_proves_nothing_is_a_problem(data: bytes, root: bytes) -> None:
    """No root, another root, another signer's name, out of time, changed, of another algorithm, or no metadata."""
    assert isinstance(read_metadata(data, root, NOW), MetadataProblem)


@pytest.mark.parametrize("status", ["REVOKED", "USER_KEY_REMOTE_COMPROMISE", "ATTESTATION_KEY_COMPROMISE"])
def test_a_model_that_was_broken_is_turned_away(status: str) -> None:
    """As FIDO reports it, whatever the list says."""
    entry = {"aaguid": TEXT, "metadataStatement": STATEMENT, "statusReports": [{"status": status}]}
    read = read_metadata(blob(SIGNER, [signer_certificate(SIGNER)], {"entries": [entry]}), ROOT, NOW)
    assert isinstance(read, Metadata)
    assert isinstance(judged(packed(GOOD), ListedModels(frozenset({AAGUID}), read)), Turned)


def test_without_a_list_metadata_gives_names_and_turns_nobody_away() -> None:
    """What a key says of itself is shown, never believed."""
    read = read_metadata(metadata_of(MAKERS.certificate), b"", NOW)
    assert isinstance(read, Metadata)
    rule = NoModels(read)
    assert (rule.name_of(AAGUID), rule.name_of(b"x" * 16)) == ("Example Key 5", "")
    new = made(SoftwareKey(aaguid=AAGUID), models=rule)
    assert isinstance(new, NewPasskey)
    assert not new.passkey.attested


@pytest.mark.parametrize(
    ("text", "read"),
    [(TEXT, AAGUID), (TEXT.upper(), AAGUID), ("00" * 16, None), ("", None), (TEXT[:-1], None), ("x" * 32, None)],
)
def test_an_aaguid_is_sixteen_bytes(text: str, read: bytes | None) -> None:
    """And not all of them zero, which names no model."""
    assert aaguid_of(text) == read
