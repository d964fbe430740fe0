"""What becomes of sign-ins by a certificate that counts no more: one write ends them all. How its revocation came to be
known is the caller's.
"""

from collections.abc import Iterable

from genkan.protocol.actors import address_of
from genkan.protocol.certificate_records import KnownCertificate, MarkChecked, RevokeCertificate
from genkan.protocol.certificates.standing import Revocation, Revoked
from genkan.protocol.env import Env
from genkan.protocol.outcomes import Change, Event, EventKind
from genkan.protocol.reasons import EndReason

ACTOR = "certificate check"
BY_ADMINISTRATOR = "administrator"


def revoke(known: KnownCertificate, why: str, actor: str, env: Env) -> Change:
    """End every session and grant that was signed in with it, and let it sign in nobody again. ``why`` is what its
    issuer says, or that an administrator did it.
    """
    step = RevokeCertificate(known.number, EndReason.CERTIFICATE_REVOKED, env.now)
    event = Event(
        EventKind.CERTIFICATE_REVOKED, env.now, actor, known.account_id, address=address_of(actor), reason=why,
        detail=f"SHA-256 {known.fingerprint.hex()}",
    )  # fmt: skip
    return Change((step,), (event,))


def is_over(known: KnownCertificate, env: Env) -> bool:
    """Whether nobody can say any more that it was revoked: issuers leave certificates out of their lists once they have
    expired. Sign-ins that it made go on until their own time is over.
    """
    return known.not_after < env.now


def learned(known: KnownCertificate, answer: Revocation, env: Env) -> Change | None:
    """What the answer of its issuer leads to; None where it stands, and where nobody knows."""
    return revoke(known, answer.reason, ACTOR, env) if isinstance(answer, Revoked) else None


def checked(certificates: Iterable[KnownCertificate], env: Env) -> Change:
    """They were looked up, whatever the answer; the next time others come first."""
    return Change((MarkChecked(tuple(one.number for one in certificates), env.now),))
