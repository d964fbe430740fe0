"""Certificates made for tests: an authority with an intermediate, and servers' ones with what is wrong about them."""

import ipaddress
import ssl
import subprocess
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, ExtensionOID, NameOID

from tests.conftest import installed_program

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def issue(
    common: str,
    by: Issued | None,
    *,
    names: tuple[str, ...] = (),
    authority: bool = False,
    start: datetime = NOW - 10 * DAY,
    end: datetime = NOW + 80 * DAY,
    key: Key | None = None,
    issuer_at: str = "",
    usages: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.SERVER_AUTH,),
    logged: bool = False,
) -> Issued:
    """A certificate for ``names``, by an issuer or signed by itself."""
    own: Any = key or ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(common))
        .issuer_name(by.certificate.subject if by else _name(common))
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
    if usages and not authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    if logged:
        # RFC 6962 3.3: a list of timestamps, here an empty one.
        proof = x509.UnrecognizedExtension(ExtensionOID.PRECERT_SIGNED_CERTIFICATE_TIMESTAMPS, b"\x04\x02\x00\x00")
        builder = builder.add_extension(proof, critical=False)
    if issuer_at:
        place = x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(issuer_at)
        )
        builder = builder.add_extension(x509.AuthorityInformationAccess([place]), critical=False)
    signer = by.key if by else own
    return Issued(builder.sign(signer, hashes.SHA256()), own)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@lru_cache(maxsize=1)
def authority() -> tuple[Issued, Issued]:
    """A root, and the intermediate that issues."""
    far = NOW + 3000 * DAY
    root = issue("Test Root", None, authority=True, end=far)
    return root, issue("Test Intermediate", root, authority=True, end=far)


def signed_with_sha1(folder: Path, leaf: Issued, by: Issued) -> Issued:
    """The same certificate with a signature that the library no longer makes."""
    for name, one in (("leaf", leaf), ("by", by)):
        (folder / f"{name}.key").write_bytes(
            one.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        (folder / f"{name}.pem").write_bytes(one.pem)
    openssl = [installed_program("openssl")]
    common = leaf.certificate.subject.rfc4514_string()
    names = f"subjectAltName=DNS:{common.removeprefix('CN=')}"
    subprocess.run(
        [*openssl, "req", "-new", "-key", "leaf.key", "-subj", f"/{common}", "-addext", names,
         "-addext", "extendedKeyUsage=serverAuth", "-out", "leaf.csr"],
        cwd=folder, capture_output=True, check=True,
    )  # fmt: skip
    made = subprocess.run(
        [*openssl, "x509", "-req", "-in", "leaf.csr", "-CA", "by.pem", "-CAkey", "by.key", "-sha1", "-days", "80",
         "-set_serial", "7", "-copy_extensions", "copy"],
        cwd=folder, capture_output=True, check=True,
    )  # fmt: skip
    return Issued(x509.load_pem_x509_certificate(made.stdout), leaf.key)


def serving(
    folder: Path,
    leaf: Issued,
    *chain: Issued,
    ciphers: str = "",
    lowest: int = 0x303,
    highest: int = 0,
    h2: bool = False,
) -> ssl.SSLContext:
    """A server's side with this certificate and what it sends along."""
    file = folder / "server.pem"
    key = leaf.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(key + leaf.pem + b"".join(one.pem for one in chain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(ciphers or "ALL:@SECLEVEL=0")
    context.load_cert_chain(file)
    for name, number in (("minimum_version", lowest), ("maximum_version", highest)):
        if number:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                setattr(context, name, number)
    if h2:
        context.set_alpn_protocols(["h2", "http/1.1"])
    return context


def root_file(folder: Path) -> str:
    """The root, as --ca-file takes it."""
    file = folder / "root.pem"
    file.write_bytes(authority()[0].pem)
    return str(file)
