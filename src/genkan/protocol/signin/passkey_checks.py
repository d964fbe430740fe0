"""The checks of WebAuthn level 3 that every answer about a passkey has to pass, step by step, as far as they need no
signature. The first one that fails is named, for the log; whoever sent the answer is not told.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from enum import StrEnum

from genkan.protocol.records import Passkey
from genkan.protocol.signin.passkey_data import Asserted, AuthenticatorData, ClientData, Created
from genkan.protocol.signin.passkey_ticket import Ticket


class Check(StrEnum):
    """What was wrong, for operators."""

    TYPE = "type"
    CHALLENGE = "challenge"
    ORIGIN = "origin"
    FRAMED = "framed"
    RP_ID = "rp id"
    PRESENCE = "user presence"
    VERIFICATION = "user verification"
    BACKUP = "backup flags"
    DISCOVERABLE = "discoverable"
    CREDENTIAL_ID = "credential id"
    KEY = "key or attestation"
    MODEL = "model"
    USER = "user handle"
    UNKNOWN = "unknown passkey"
    SIGNATURE = "signature"
    ACCOUNT = "account"
    CLONED = "cloned"
    POLICY = "policy"
    UNREADABLE = "unreadable"


CREATE, GET = "webauthn.create", "webauthn.get"


def created_fault(created: Created, ticket: Ticket, origin: str) -> Check | None:
    """WebAuthn 7.1 steps 7 to 18 and 25 to 26."""
    data = created.authenticator
    fault = _client_fault(created.client, CREATE, ticket, origin) or _data_fault(data, ticket.rp_id)
    if fault is not None:
        return fault
    # 7.1 step 25 with 6.5.1: the id is there, and the browser names the one that the authenticator signed.
    if not data.credential_id or not hmac.compare_digest(data.credential_id, created.id):
        return Check.CREDENTIAL_ID
    # 5.4.4: what cannot be found without a user name is of no use on our sign-in page.
    return None if created.discoverable else Check.DISCOVERABLE


def asserted_fault(asserted: Asserted, ticket: Ticket, origin: str) -> Check | None:
    """WebAuthn 7.2 steps 10 to 18."""
    return _client_fault(asserted.client, GET, ticket, origin) or _data_fault(asserted.authenticator, ticket.rp_id)


def ownership_fault(asserted: Asserted, passkey: Passkey, ticket: Ticket) -> Check | None:
    """WebAuthn 7.2 steps 5 and 6, and what stays as it was when the credential was made."""
    # 7.2 step 6: with nobody named beforehand the user handle must be there, and be the account's.
    handle = asserted.user_handle
    if handle is None and not ticket.account_id:
        return Check.USER
    if handle is not None and not hmac.compare_digest(handle, user_handle(passkey.account_id)):
        return Check.USER
    # 7.2 step 5: with somebody named beforehand the credential must be theirs.
    if ticket.account_id not in (0, passkey.account_id):
        return Check.USER
    if passkey.rp_id != ticket.rp_id:
        return Check.RP_ID
    # 6.1.3: whether it may be backed up is fixed when it is made.
    return Check.BACKUP if asserted.authenticator.backup_eligible != passkey.backup_eligible else None


def counts_backwards(asserted: Asserted, passkey: Passkey) -> bool:
    """WebAuthn 7.2 step 24 with 6.1.1: a counter that is kept grows with every use; 0 says that none is kept."""
    counter = asserted.authenticator.counter
    return (counter, passkey.counter) != (0, 0) and counter <= passkey.counter


def user_handle(account_id: int) -> bytes:
    """WebAuthn 14.6.1: who it is in a way that tells nobody anything; account ids are random."""
    return account_id.to_bytes(8, "big")


def account_of(handle: bytes | None) -> int:
    """Whose handle it would be, were it one of ours; 0 where it cannot be."""
    return int.from_bytes(handle, "big") if handle is not None and len(handle) == 8 else 0


def base64url(raw: bytes) -> str:
    """As browsers write bytes, without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _client_fault(client: ClientData, kind: str, ticket: Ticket, origin: str) -> Check | None:
    if client.type != kind:  # 7.1 step 7, 7.2 step 10
        return Check.TYPE
    if not hmac.compare_digest(client.challenge.encode("utf-8", "surrogatepass"), base64url(ticket.challenge).encode()):
        return Check.CHALLENGE  # 7.1 step 8, 7.2 step 11
    if client.origin != origin:  # byte by byte as browsers spell it: 7.1 step 9, 7.2 step 12
        return Check.ORIGIN
    # 7.1 steps 10 and 11, 7.2 steps 13 and 14: none of our pages stands in a frame of somebody else.
    return Check.FRAMED if client.cross_origin or client.top_origin is not None else None


def _data_fault(data: AuthenticatorData, rp_id: str) -> Check | None:
    if not hmac.compare_digest(data.rp_id_hash, hashlib.sha256(rp_id.encode()).digest()):
        return Check.RP_ID  # 7.1 step 14, 7.2 step 15
    if not data.user_present:  # 7.1 step 15, 7.2 step 16
        return Check.PRESENCE
    if not data.user_verified:  # 7.1 step 16, 7.2 step 17
        return Check.VERIFICATION
    # 7.1 step 17, 7.2 step 18: only what may be backed up can be.
    return Check.BACKUP if data.backed_up and not data.backup_eligible else None
