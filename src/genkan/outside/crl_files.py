"""CRLs that the operator keeps in files: read, bounded, whoever needs them, without what fetches the others."""

from pathlib import Path

from cryptography import x509

from genkan.protocol.certificates.crl import MOST_CRL_BYTES, read_crl


def read_crl_file(path: Path) -> x509.CertificateRevocationList | None:
    """The CRL in a file; None where it holds none. Raises OSError."""
    with path.open("rb") as file:
        return read_crl(file.read(MOST_CRL_BYTES + 1))
