"""One provider as it is asked: its discovery document and keys, kept for a while, and the tokens that it gives."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from genkan.outside.fetcher import Fetched, FetchFault, fetch
from genkan.outside.openid.client_proof import Credential, proof
from genkan.outside.openid.lane import Lane
from genkan.outside.reach import Reach
from genkan.protocol.env import HOUR, SECOND, Env
from genkan.protocol.openid import discovery, keys
from genkan.protocol.openid.discovery import Provider
from genkan.protocol.openid.faults import Fault, invalid
from genkan.protocol.openid.keys import Key
from genkan.protocol.openid.tokens import LONGEST_TOKEN
from genkan.protocol.reasons import Reason
from genkan.sources.openid import OpenIDSource
from genkan.wire import jsontext
from genkan.wire.budget import DOCUMENT

KEPT = HOUR
# A provider that answers wrong or not at all, or names an unknown key, is not asked for it again at once.
PAUSE = 10 * SECOND
LONGEST_ANSWER = 512 * 1024


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint gave."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


class Upstream:
    """A provider. Whatever it does is a value: an answer, or a Fault for the person and the operator."""

    def __init__(self, source: OpenIDSource, credential: Credential, reach: Reach, env: Callable[[], Env]) -> None:
        self.source = source
        self._credential = credential
        self._reach = replace(reach, plain_http=source.issuer.startswith("http://"))
        self._env = env
        self.lane = Lane()
        self._looking = asyncio.Lock()
        self._provider: Provider | None = None
        self._keys: tuple[Key, ...] = ()
        self._provider_at = self._keys_at = self._failed_at = -PAUSE
        self._failed: Fault | None = None
        self._keyless: Fault | None = None

    async def provider(self, *, anew: bool = False) -> Provider | Fault:
        """The discovery document, of at most an hour ago. While it cannot be had, the last one goes on."""
        kept = None if anew else self._kept()
        if kept is not None:
            return kept
        # Anybody can make us look: one looks, and who comes meanwhile waits for what it finds.
        async with self._looking:
            kept = None if anew else self._kept()
            return kept if kept is not None else await self._looked_up(anew=anew)

    def _kept(self) -> Provider | Fault | None:
        now = self._env().now
        if self._provider is not None and now - self._provider_at < KEPT:
            return self._provider
        if self._failed is not None and now - self._failed_at < PAUSE:
            return self._provider or self._failed
        return None

    async def _looked_up(self, *, anew: bool) -> Provider | Fault:
        body = await self._get(discovery.address_of(self.source.issuer), discovery.LONGEST_DOCUMENT, "discovery")
        found = body if isinstance(body, Fault) else discovery.read_provider(body, self.source.issuer)
        if isinstance(found, Fault):
            self._failed, self._failed_at = found, self._env().now
            return found if anew else self._provider or found
        self._provider, self._provider_at, self._failed = found, self._env().now, None
        return found

    async def keys(self, *, unknown: bool = False, anew: bool = False) -> tuple[Key, ...] | Fault:
        """The key set. ``unknown``: a token named none of these, so the provider may have changed them (Core 10.1.1);
        asked for at most every ten seconds, whoever sends tokens of unknown keys.
        """
        now = self._env().now
        age = now - self._keys_at
        if self._keys and not anew and (age < PAUSE or (age < KEPT and not unknown)):
            return self._keys
        provider = await self.provider()
        if isinstance(provider, Fault):
            return provider
        if not self._keys and not anew and age < PAUSE and self._keyless is not None:
            return self._keyless
        self._keys_at = now
        body = await self._get(provider.jwks_uri, keys.LONGEST_SET, "the key set")
        found = body if isinstance(body, Fault) else keys.read_keys(body)
        if isinstance(found, str):
            found = invalid(found)
        if isinstance(found, Fault):
            self._keyless = found
            return found if anew or not self._keys else self._keys
        self._keys = found
        return found

    async def exchange(self, code: str, verifier: str, redirect_uri: str) -> Tokens | Fault:
        """A code for tokens."""
        asked = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier,
        }  # fmt: skip
        given = await self._token(asked)
        if isinstance(given, Fault):
            return given
        # OpenID Connect Core 3.1.3.3: without an ID token nobody has signed in.
        return given if given.id_token else invalid("the token endpoint gave no ID token")

    async def refresh(self, refresh_token: str) -> Tokens | Fault:
        """A refresh token for new tokens; SIGN_ON_DENIED where it is good no more."""
        return await self._token({"grant_type": "refresh_token", "refresh_token": refresh_token})

    async def userinfo(self, access_token: str, subject: str) -> Mapping[str, Any] | Fault:
        """The claims that are not in the ID token."""
        provider = await self.provider()
        if isinstance(provider, Fault):
            return provider
        if not provider.userinfo_endpoint:
            return {}
        bearer = [("authorization", f"Bearer {access_token}"), ("accept", "application/json")]
        body = await self._get(provider.userinfo_endpoint, LONGEST_ANSWER, "userinfo", bearer)
        claims = body if isinstance(body, Fault) else _object(body, "userinfo")
        if isinstance(claims, Fault):
            return claims
        # Core 5.3.2: claims of somebody else must not be used.
        return claims if claims.get("sub") == subject else invalid("userinfo is about another sub")

    async def _token(self, asked: dict[str, str]) -> Tokens | Fault:
        provider = await self.provider()
        if isinstance(provider, Fault):
            return provider
        fields, headers = proof(self.source, self._credential, provider, self._env())
        form = [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json"), *headers]
        body = urlencode({**asked, **fields}).encode()
        fetched = await self._fetch(provider.token_endpoint, LONGEST_ANSWER, form, "POST", body)
        if isinstance(fetched, FetchFault):
            return _unavailable("the token endpoint", fetched)
        if fetched.status != 200:
            return _token_fault(fetched)
        answer = _object(fetched.body, "the token endpoint")
        return answer if isinstance(answer, Fault) else _tokens(answer)

    async def _get(self, url: str, most: int, what: str, headers: list[tuple[str, str]] | None = None) -> bytes | Fault:
        fetched = await self._fetch(url, most, headers or [("accept", "application/json")])
        if isinstance(fetched, FetchFault):
            return _unavailable(what, fetched)
        if fetched.status != 200:
            reason = Reason.SIGN_ON_UNAVAILABLE if fetched.status >= 500 else Reason.SIGN_ON_INVALID
            return Fault(reason, f"{what} is answered with status {fetched.status}")
        return fetched.body

    async def _fetch(
        self, url: str, most: int, headers: list[tuple[str, str]], method: str = "GET", body: bytes = b""
    ) -> Fetched | FetchFault:
        return await fetch(
            url, method=method, body=body, headers=headers, most_bytes=most, seconds=self.source.timeout_seconds,
            allow=self._reach,
        )  # fmt: skip


def _unavailable(what: str, fault: FetchFault) -> Fault:
    return Fault(Reason.SIGN_ON_UNAVAILABLE, f"{what}: {fault.sentence}")


def _object(body: bytes, what: str) -> dict[str, Any] | Fault:
    found = jsontext.decode(body, DOCUMENT)
    if isinstance(found, jsontext.NotJSON):
        return invalid(f"{what} does not answer in JSON")
    return found if isinstance(found, dict) else invalid(f"{what} does not answer with an object")


def _tokens(answer: dict[str, Any]) -> Tokens | Fault:
    texts = [answer.get(name, "") for name in ("id_token", "access_token", "refresh_token")]
    if not all(isinstance(text, str) and len(text) <= LONGEST_TOKEN for text in texts):
        return invalid("the token endpoint gave tokens that are none")
    return Tokens(*texts)


def _token_fault(fetched: Fetched) -> Fault:
    """RFC 6749 5.2. Only invalid_grant is about the person; the rest is about this site or the provider."""
    answer = _object(fetched.body, "")
    error = answer.get("error") if isinstance(answer, dict) else None
    if fetched.status == 400 and error == "invalid_grant":
        return Fault(Reason.SIGN_ON_DENIED, "the token endpoint answers invalid_grant")
    if error in ("invalid_client", "unauthorized_client"):
        return Fault(
            Reason.SIGN_ON_UNAVAILABLE, f"the token endpoint answers {error}: look at client_id and its secret"
        )
    return Fault(Reason.SIGN_ON_UNAVAILABLE, f"the token endpoint answers with status {fetched.status}")
