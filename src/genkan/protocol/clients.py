"""Client authentication at the token, revocation and introspection endpoints (RFC 6749 2.3)."""

import hashlib
import hmac

import msgspec

from genkan.protocol.env import Env
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Link, LinkKind, Standing


class Credentials(msgspec.Struct, frozen=True):
    """What a caller showed: ``basic`` tells where, since RFC 6749 5.2 answers a failed Basic with its challenge."""

    client_id: str
    secret: str | None = None
    basic: bool = False

    def __repr__(self) -> str:
        return f"<Credentials of {self.client_id!r}>"


def secret_digest(secret: str) -> bytes:
    """What is kept of a client secret or API key. They are 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def authenticate(shown: Credentials, link: Link | None, env: Env) -> Link | Refused:
    """The caller's link, or why it is not believed. A failed try changes nothing."""
    if link is None or link.standing is Standing.DELETED:
        return Refused(Reason.CLIENT_UNAUTHENTICATED)
    if shown.secret:
        # RFC 6749 2.3.1: a secret that is sent must be right, also where none is needed.
        return link if _secret_is_right(shown.secret, link, env) else Refused(Reason.CLIENT_SECRET_WRONG)
    # RFC 6749 3.2.1, RFC 8252 8.5: a native link is a public client; PKCE stands in for the secret.
    return link if link.kind is LinkKind.NATIVE else Refused(Reason.CLIENT_SECRET_MISSING)


def _secret_is_right(secret: str, link: Link, env: Env) -> bool:
    digest = secret_digest(secret)
    if link.secret is not None and hmac.compare_digest(digest, link.secret):
        return True
    overlapping = link.previous_secret is not None and env.now < link.previous_secret_until
    return overlapping and hmac.compare_digest(digest, link.previous_secret or b"")
