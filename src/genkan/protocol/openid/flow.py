"""One sign-in at a provider, from the address that the browser is sent to up to the code that it brings back."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import urlencode

import msgspec

from genkan.protocol.env import CLOCK_LEEWAY, DAY, MINUTE, SECOND, Env
from genkan.protocol.openid.discovery import Provider
from genkan.protocol.openid.faults import Fault
from genkan.protocol.outcomes import Spend
from genkan.protocol.reasons import Reason
from genkan.protocol.sealing import Purpose, Sealer
from genkan.wire import pkce

LONGEST_FLOW = 30 * MINUTE
LONGEST_CODE = 4096
OLDEST_SIGN_IN = 7 * DAY
# How long ago a sign-in was, as far as is known, where the provider does not say.
UNKNOWN_AGE = DAY


class Flow(msgspec.Struct, frozen=True, array_like=True):
    """What a browser carries, sealed, while its person is at the provider. ``fresh``: they must sign in anew there.
    ``account_id``: whose sign-in is confirmed, 0 for a sign-in. ``interaction`` (unsealed) and ``carried`` say
    where the way goes on here.
    """

    source: str
    state: str
    nonce: str
    verifier: str
    device: bytes
    started_at: int
    fresh: bool
    account_id: int
    interaction: bytes
    carried: dict[str, str]


@dataclass(frozen=True, slots=True)
class Client:
    """How this site is known at the provider, and where people come back to."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    asks_consent: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a sign-in is for, as a Flow carries it."""

    fresh: bool = False
    account_id: int = 0
    interaction: bytes = b""
    carried: Mapping[str, str] = field(default_factory=dict)


def begin(source: str, device: bytes, wanted: Wanted, env: Env) -> Flow:
    """A new sign-in; state, nonce and verifier belong to it alone."""
    state, nonce, verifier = (_text(env.draw(32)) for _ in range(3))
    return Flow(source, state, nonce, verifier, device, env.now, wanted.fresh, wanted.account_id, wanted.interaction,
                dict(wanted.carried))  # fmt: skip


def _text(drawn: bytes) -> str:
    """32 bytes as 43 characters of those that a verifier may have (RFC 7636 4.1)."""
    return urlsafe_b64encode(drawn).rstrip(b"=").decode()


def address(flow: Flow, provider: Provider, client: Client, acr_values: str = "", login_hint: str = "") -> str:
    """Where the browser is sent: OpenID Connect Core 3.1.2.1 with PKCE (RFC 7636 4.3)."""
    query = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "scope": " ".join(client.scopes),
        "state": flow.state,
        "nonce": flow.nonce,
        "code_challenge": pkce.challenge_of(flow.verifier),
        "code_challenge_method": "S256",
    }
    # Core 3.1.2.1: whoever is asked for max_age has to tell auth_time, however long ago that may be.
    query["max_age"] = "0" if flow.fresh else str(OLDEST_SIGN_IN // SECOND)
    prompts = [*(["login"] if flow.fresh else []), *(["consent"] if client.asks_consent else [])]
    if prompts:
        query["prompt"] = " ".join(prompts)
    if acr_values:
        query["acr_values"] = acr_values
    if login_hint:
        query["login_hint"] = login_hint
    joint = "&" if "?" in provider.authorization_endpoint else "?"
    return f"{provider.authorization_endpoint}{joint}{urlencode(query)}"


def seal(flow: Flow, sealer: Sealer, env: Env) -> str:
    """The flow for the browser's cookie."""
    return sealer.seal_value(Purpose.SIGN_ON, flow, env)


def unseal(text: str, sealer: Sealer) -> Flow | None:
    """Read it back; None for whatever was not sealed here for this."""
    return sealer.open_value(Purpose.SIGN_ON, text, Flow)


@dataclass(frozen=True, slots=True)
class Returned:
    """A code that belongs to a sign-in of this browser; ``spend`` makes sure that it comes once."""

    code: str
    spend: Spend


def take_back(
    flow: Flow | None, query: Mapping[str, str], source: str, issuer: str, tells_iss: bool, device: bytes, env: Env
) -> Returned | Fault:
    """What came back by the browser. Nothing is asked of the provider before this browser is known to have begun it."""
    if flow is None or not _belongs(flow, query.get("state", ""), source, device):
        return Fault(Reason.SIGN_ON_BROKEN, "state is of no sign-in that this browser has begun here")
    if not -CLOCK_LEEWAY <= env.now - flow.started_at <= LONGEST_FLOW:
        return Fault(Reason.SIGN_ON_BROKEN, "it took longer than half an hour")
    # RFC 9207 2.4: an answer of another provider is not read any further, an error no more than a code.
    if query.get("iss", issuer) != issuer or (tells_iss and "iss" not in query):
        return Fault(Reason.SIGN_ON_INVALID, "iss is another one or missing: the answer is of another provider")
    if "error" in query:
        return _denied(query["error"])
    code = query.get("code", "")
    if not 0 < len(code) <= LONGEST_CODE:
        return Fault(Reason.SIGN_ON_INVALID, "there is neither a code nor an error")
    digest = sha256(b"sign-on " + flow.state.encode()).digest()
    return Returned(code, Spend(digest, flow.started_at + LONGEST_FLOW + CLOCK_LEEWAY))


def _belongs(flow: Flow, state: str, source: str, device: bytes) -> bool:
    same = hmac.compare_digest(flow.state.encode(), state.encode("utf-8", "surrogatepass"))
    return same and flow.source == source and hmac.compare_digest(flow.device, device)


# Core 3.1.2.6, RFC 6749 4.1.2.1; what else a provider says is told to nobody.
_ERRORS = frozenset({
    "access_denied", "login_required", "consent_required", "interaction_required", "account_selection_required",
    "invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope", "server_error",
    "temporarily_unavailable",
})  # fmt: skip
_PASSING = frozenset({"server_error", "temporarily_unavailable"})


def _denied(error: str) -> Fault:
    known = error if error in _ERRORS else "an error of its own"
    reason = Reason.SIGN_ON_UNAVAILABLE if error in _PASSING else Reason.SIGN_ON_DENIED
    return Fault(reason, f"the provider answered {known}")


def auth_time(flow: Flow, told: int | None, env: Env) -> int:
    """When the person proved who they are. Of a fresh sign-in it is known that it was after they were sent there,
    however the provider's clock goes.
    """
    if flow.fresh:
        return min(env.now, max(told or 0, flow.started_at))
    return env.now - UNKNOWN_AGE if told is None else min(told, env.now)
