"""Reading a chain of certificates as far as a phone cares: names, dates, keys, signatures. Trusts nobody."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, ExtensionOID

from genkan.doctor.saying import say
from genkan.wire.sentences import Sentence

WEAK_HASHES = frozenset({"md5", "sha1"})
_NOT_TAKEN = say("a kind of key that an iPhone does not take in a server's certificate")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is told of one certificate. ``names`` are those that a client compares with the host; ``for_servers``: its
    extended key usage says so; ``transparent``: it was logged in public, which only public authorities do.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    key: str
    key_weak: Sentence | None
    hash_name: str
    issued_at: tuple[str, ...]
    self_issued: bool
    for_servers: bool
    transparent: bool

    @property
    def days(self) -> int:
        """How many days it is valid in all."""
        return round((self.not_after - self.not_before).total_seconds() / 86400)


# The rows of a table look at the same chain again and again.
@lru_cache(maxsize=8)
def read_chain(chain: tuple[bytes, ...]) -> tuple[Certificate, ...]:
    """The certificates that can be read, in their order, up to the first that cannot."""
    read = []
    for der in chain:
        certificate = _read(der)
        if certificate is None:
            break
        read.append(certificate)
    return tuple(read)


def _read(der: bytes) -> Certificate | None:
    try:
        found = x509.load_der_x509_certificate(der)
        key, weak = _key(found)
        used = found.signature_hash_algorithm
        return Certificate(
            _name(found.subject), _name(found.issuer), _names(found), found.not_valid_before_utc,
            found.not_valid_after_utc, key, weak, used.name if used else "", _issued_at(found),
            found.subject == found.issuer, _for_servers(found), _transparent(found),
        )  # fmt: skip
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension):
        return None


def _name(name: x509.Name) -> str:
    common = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    organization = name.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)
    chosen = next(iter((*common, *organization)), None)
    text = str(chosen.value) if chosen is not None else name.rfc4514_string()
    return "".join(c if c.isprintable() else " " for c in text)[:100] or "a certificate without a name"


def _names(found: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    dns = extension.get_values_for_type(x509.DNSName)
    return (*(text.lower() for text in dns), *map(str, extension.get_values_for_type(x509.IPAddress)))


def _for_servers(found: x509.Certificate) -> bool:
    """RFC 5280 4.2.1.12. Apple (support article 103769) wants the very purpose named since July 2019."""
    try:
        usages = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.SERVER_AUTH in usages


def _transparent(found: x509.Certificate) -> bool:
    # RFC 6962 3.3: the proof of it within the certificate.
    return any(each.oid == ExtensionOID.PRECERT_SIGNED_CERTIFICATE_TIMESTAMPS for each in found.extensions)


def _issued_at(found: x509.Certificate) -> tuple[str, ...]:
    try:
        access = found.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return ()
    kind = AuthorityInformationAccessOID.CA_ISSUERS
    places = [one.access_location for one in access if one.access_method == kind]
    return tuple(place.value for place in places if isinstance(place, x509.UniformResourceIdentifier))


def _key(found: x509.Certificate) -> tuple[str, Sentence | None]:
    """The key in words, and what is too weak about it: an iPhone wants RSA of 2048 bits or a curve of 256."""
    key = found.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        size = key.key_size
        return f"RSA {size}", say("an RSA key of less than 2048 bits") if size < 2048 else None
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}", say("a curve of less than 256 bits") if key.curve.key_size < 256 else None
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return "Ed25519 or Ed448", _NOT_TAKEN
    return type(key).__name__, _NOT_TAKEN


def covers(names: Sequence[str], host: str) -> bool:
    """RFC 9525 6.3: the host is one of the names, or a wildcard stands for its first label."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        parent = host.partition(".")[2]
        return host in names or bool(parent and f"*.{parent}" in names)
    return str(address) in names
