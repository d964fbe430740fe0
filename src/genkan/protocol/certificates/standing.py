"""Whether a certificate was revoked, as a value made of what CRLs and OCSP responses say; and where those are."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from genkan.protocol.certificates.reading import extension
from genkan.protocol.env import MINUTE

SKEW = 5 * MINUTE  # how far the clock of a CA may be from ours
MOST_SOURCES = 4  # addresses of one kind that are asked for one certificate


@dataclass(frozen=True, slots=True)
class Good:
    """Its issuer says that it stands; the word counts until then."""

    until: int


@dataclass(frozen=True, slots=True)
class Revoked:
    """Its issuer revoked it, or holds it back, since then."""

    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody who may say so says whether it stands; why, as half a sentence for the operator."""

    why: str


Revocation: TypeAlias = Good | Revoked | Unknown


def combine(answers: Iterable[Revocation]) -> Revocation:
    """One word from several sources: a revocation anywhere counts, else a good word, else why there is none."""
    good: Good | None = None
    reasons: list[str] = []
    for answer in answers:
        match answer:
            case Revoked():
                return answer
            case Good():
                good = answer if good is None or answer.until < good.until else good
            case Unknown():
                reasons.append(answer.why)
    return good or Unknown("; ".join(dict.fromkeys(reasons)) or "it names neither a CRL nor an OCSP responder")


@dataclass(frozen=True, slots=True)
class Sources:
    """Addresses that the certificate itself names, as written there."""

    ocsp: tuple[str, ...]
    crls: tuple[str, ...]


def sources_of(certificate: x509.Certificate) -> Sources:
    """RFC 5280 4.2.2.1 (authority information access) and 4.2.1.13 (CRL distribution points)."""
    return Sources(tuple(_ocsp(certificate))[:MOST_SOURCES], tuple(_crls(certificate))[:MOST_SOURCES])


def _ocsp(certificate: x509.Certificate) -> Iterator[str]:
    for one in extension(certificate, x509.AuthorityInformationAccess) or ():
        if one.access_method == AuthorityInformationAccessOID.OCSP:
            yield from _addresses((one.access_location,))


def _crls(certificate: x509.Certificate) -> Iterator[str]:
    for point in extension(certificate, x509.CRLDistributionPoints) or ():
        # RFC 5280 4.2.1.13: a point with an issuer of its own is of an indirect CRL, with reasons it tells only some.
        if point.crl_issuer is None and point.reasons is None:
            yield from _addresses(point.full_name or ())


def _addresses(names: Iterable[x509.GeneralName]) -> Iterator[str]:
    for name in names:
        if isinstance(name, x509.UniformResourceIdentifier) and name.value.lower().startswith(("http://", "https://")):
            yield name.value
