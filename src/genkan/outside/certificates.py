"""The certificate desk: the one place where a presented client certificate is judged, whoever brings it. Sign-in,
forward authentication and ``explain`` ask it; whose certificate it is, is ``protocol.certificates.mapping``'s.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

from cryptography import x509

from genkan.outside.reach import Reach
from genkan.outside.revocation import Revocations
from genkan.protocol.certificate_records import KnownCertificate
from genkan.protocol.certificates.bundle import Bundle
from genkan.protocol.certificates.chain import Path, verify
from genkan.protocol.certificates.faults import CertificateFault, Fault
from genkan.protocol.certificates.naming import read_leaf
from genkan.protocol.certificates.presented import Presented
from genkan.protocol.certificates.reading import day, der_of, read_certificate, shown
from genkan.protocol.certificates.rules import Rule
from genkan.protocol.certificates.standing import Good, Revocation, Revoked, Unknown
from genkan.protocol.env import Env
from genkan.protocol.signin.certificate import Accepted


class Strictness(StrEnum):
    """What happens where revocation cannot be found out."""

    REQUIRE = "require"
    PREFER = "prefer"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class CertificateDesk:
    """Judges certificates by the administrator's CAs at a moment. Without CAs nobody is let in: ``is_open`` says so.

    ``judge`` is for who presents one (``presented.from_client_cert`` and its like read it from a header or TLS) and
    gives ``Accepted`` or the fault with a sentence for its holder. ``recheck`` is for the task that looks again at
    certificates that people are signed in with.
    """

    bundle: Bundle = field(default_factory=Bundle)
    rules: tuple[Rule, ...] = ()
    strictness: Strictness = Strictness.PREFER
    revocations: Revocations = field(default_factory=lambda: Revocations(Reach()))
    log: Callable[..., None] = field(default=lambda *_, **__: None, repr=False)

    @property
    def is_open(self) -> bool:
        """Whether client certificates count on this site at all."""
        return bool(self.bundle.anchors)

    async def judge(self, presented: Presented, env: Env) -> Accepted | CertificateFault:
        """Read, verify, ask for its revocation. Never raises for what was presented."""
        certificate = read_certificate(presented.leaf)
        if isinstance(certificate, CertificateFault):
            return certificate
        path = verify(certificate, _readable(presented.chain), self.bundle, env.now)
        if isinstance(path, CertificateFault):
            return path
        doubt = await self._revocation_fault(path, env)
        if isinstance(doubt, CertificateFault):
            return doubt
        if doubt:
            self.log("warning", "revocation unknown", why=doubt, certificate=sha256(presented.leaf).hexdigest())
        return Accepted(read_leaf(path.leaf), presented.leaf, der_of(path.issuer), doubt)

    async def recheck(self, known: KnownCertificate, env: Env) -> Revocation:
        """Whether a certificate that somebody signed in with stands now, and each authority between it and ours, as far
        as the CA file and the issuer that is kept show the way. Where the site does not ask, Unknown.
        """
        certificate, issuer = read_certificate(known.leaf), read_certificate(known.issuer)
        if isinstance(certificate, CertificateFault) or isinstance(issuer, CertificateFault):
            return Unknown("what is kept of it cannot be read")
        if self.strictness is Strictness.OFF:
            return Unknown("this site does not ask (GENKAN_CERTIFICATE_REVOCATION)")
        path = verify(certificate, [issuer], self.bundle, env.now)
        # Without a way to an authority (one between came with the sign-in alone) there is this much to ask.
        links = list(path.links()) if isinstance(path, Path) else [(certificate, issuer)]
        return _worst([await self.revocations.standing(one, by, env.now) for one, by in links])

    async def _revocation_fault(self, path: Path, env: Env) -> CertificateFault | str:
        """The fault of the first that does not stand, else why it is not known of one, where that may pass."""
        if self.strictness is Strictness.OFF:
            return ""
        doubts = []
        for certificate, issuer in path.links():
            answer = await self.revocations.standing(certificate, issuer, env.now)
            match answer:
                case Good():
                    continue
                case Revoked():
                    return _revoked(certificate is path.leaf, certificate, answer)
                case Unknown():
                    doubts.append(f"{shown(certificate.subject)}: {answer.why}")
        doubt = "; ".join(doubts)
        if doubt and self.strictness is Strictness.REQUIRE:
            return CertificateFault(Fault.REVOCATION_UNKNOWN, doubt)
        return doubt


def _worst(answers: Sequence[Revocation]) -> Revocation:
    """One that is revoked counts before one that is not known."""
    revoked = (answer for answer in answers if isinstance(answer, Revoked))
    unknown = (answer for answer in answers if isinstance(answer, Unknown))
    return next(revoked, None) or next(unknown, None) or answers[0]


def _revoked(is_leaf: bool, certificate: x509.Certificate, answer: Revoked) -> CertificateFault:
    date = day(answer.at)
    detail = f"{shown(certificate.subject)} was revoked on {date} ({answer.reason})"
    return (
        CertificateFault(Fault.REVOKED, detail, (("date", date),)) if is_leaf else CertificateFault(Fault.CHAIN, detail)
    )


def _readable(chain: Sequence[bytes]) -> list[x509.Certificate]:
    """What came beside the leaf only helps; what of it cannot be read helps nobody."""
    read = map(read_certificate, chain)
    return [one for one in read if not isinstance(one, CertificateFault)]
