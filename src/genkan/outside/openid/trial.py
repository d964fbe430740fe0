"""Trying an OpenID provider out step by step, for the operator: what was asked, what came of it, and what to mend."""

from collections.abc import Mapping

from genkan.outside.ldap_trial import Step
from genkan.outside.openid.provider import Upstream
from genkan.protocol.openid.discovery import Provider, address_of
from genkan.protocol.openid.faults import Fault
from genkan.protocol.openid.keys import Key, key_for
from genkan.protocol.reasons import Reason
from genkan.sources.openid import OFFLINE, OpenIDSource

_FIXES: Mapping[Reason, str] = {
    Reason.SIGN_ON_UNAVAILABLE: "Look whether the provider runs and this machine reaches it; one of your own network "
    "has to be named in GENKAN_FETCH_ALLOW.",
    Reason.SIGN_ON_INVALID: "Write issuer exactly as the provider's own discovery document has it.",
}
_KEYS_FIX = "See that the provider has keys for signatures (RSA of 2048 bits or more, P-256, Ed25519) at its jwks_uri."


async def try_out(upstream: Upstream, callback: str, logout: str) -> list[Step]:
    """Every step up to the first that fails. Nobody signs in; the secret is shown to the provider for a code that it
    has never given.
    """
    source = upstream.source
    tried = f"Read {address_of(source.issuer)}"
    provider = await upstream.provider(anew=True)
    if isinstance(provider, Fault):
        return [_failed(tried, provider, _FIXES.get(provider.reason, ""))]
    steps = [Step(tried, True, f"it is of the issuer {provider.issuer}")]
    keys = await upstream.keys(anew=True)
    if isinstance(keys, Fault):
        return [*steps, _failed(f"Read {provider.jwks_uri}", keys, _KEYS_FIX)]
    steps.append(_keys(provider, keys, source))
    steps.append(_authentication(provider, source))
    steps.append(await _secret(upstream, callback))
    steps.append(_background(provider, source, logout))
    return [*steps, Step("Register at the provider as redirect URI", True, callback)]


def _failed(tried: str, fault: Fault, fix: str) -> Step:
    return Step(tried, False, fault.why, fix)


def _keys(provider: Provider, keys: tuple[Key, ...], source: OpenIDSource) -> Step:
    kinds = sorted({f"{key.kind} {key.curve}".strip() for key in keys})
    fitting = any(not isinstance(key_for([key], name, ""), str) for key in keys for name in source.algorithms)
    tried, found = f"Read {provider.jwks_uri}", f"{len(keys)} keys: {', '.join(kinds)}"
    if fitting:
        return Step(tried, True, found)
    return Step(tried, False, found, "Name the algorithm that the provider signs with in algorithms.")


def _authentication(provider: Provider, source: OpenIDSource) -> Step:
    taken = ", ".join(provider.client_authentication)
    way = "private_key_jwt" if source.private_key_file else "client_secret" if source.client_secret_file else "none"
    good = any(name.startswith(way) for name in provider.client_authentication)
    fix = "" if good else "Set client_secret_file or private_key_file, whichever the provider takes for this client."
    return Step("How this site proves itself", good, f"{way}; the provider takes {taken}", fix)


async def _secret(upstream: Upstream, callback: str) -> Step:
    """A code that is none: a provider that knows this site says so, and one that does not says that."""
    answer = await upstream.exchange("a-code-that-was-never-given", "v" * 43, callback)
    tried = "Show client_id and its secret or key"
    if isinstance(answer, Fault) and answer.reason is Reason.SIGN_ON_DENIED:
        return Step(tried, True, "accepted")
    why = answer.why if isinstance(answer, Fault) else "a code that was never given is taken"
    return Step(tried, False, why, "Write client_id as the provider has it and its present secret into the file.")


def _background(provider: Provider, source: OpenIDSource, logout: str) -> Step:
    asked = OFFLINE in source.scopes_at(provider.scopes)
    by = "by refresh token" if asked else f"not at all: a sign-in counts for {source.fresh_days} days"
    out = (
        f"register {logout} for back-channel logout" if provider.signs_out_by_back_channel else "no back-channel logout"
    )
    return Step("How people are asked after", True, f"{by}; {out}")
