"""Asking an OpenID provider whether somebody is still there: by the refresh token that it gave, where it gave one."""

from collections.abc import Sequence

from genkan.outside.openid.provider import Upstream
from genkan.protocol.env import Env
from genkan.protocol.offboarding import Checked, Presence
from genkan.protocol.openid.faults import Fault
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Identity
from genkan.site.door import Door
from genkan.site.upstream_tokens import seal_token, unseal_token
from genkan.sources.base import Source

# After so many requests in a row without an answer the rest of the round is not asked: each takes its whole time.
MOST_SILENT = 3


class OpenIDDirectory:
    """The people of one provider, as the background task asks after them."""

    def __init__(self, upstream: Upstream, door: Door) -> None:
        self._upstream = upstream
        self._door = door

    @property
    def source(self) -> Source:
        return self._upstream.source

    async def present(self, identities: Sequence[Identity]) -> Sequence[Checked]:
        """One after the other, so that a provider is not asked by everybody at once."""
        answers: list[Checked] = []
        silent = 0
        for identity in identities:
            if silent >= MOST_SILENT:
                answers.append(Checked(Presence.UNREACHABLE))
                continue
            answer = await self._ask(identity)
            silent = silent + 1 if answer.presence is Presence.UNREACHABLE else 0
            answers.append(answer)
        return answers

    async def trouble(self) -> str:
        """Whether the discovery document can be had."""
        found = await self._upstream.provider(anew=True)
        return found.why if isinstance(found, Fault) else ""

    async def _ask(self, identity: Identity) -> Checked:
        token = unseal_token(identity.sealed, identity.source, identity.subject, self._door)
        if not token:
            return self._by_time(identity, self._door.env())
        given = await self._upstream.refresh(token)
        if isinstance(given, Fault):
            # RFC 6749 5.2 invalid_grant: the provider renews nothing for this person any more. Whether they are gone or
            # their token alone is, only a new sign-in there can tell.
            if given.reason is Reason.SIGN_ON_DENIED:
                return Checked(Presence.LAPSED, "")
            self._door.log("warning", "somebody cannot be asked after", source=identity.source, why=given.why)
            return Checked(Presence.UNREACHABLE)
        sealed = seal_token(identity.source, identity.subject, given.refresh_token, self._door, self._door.env())
        about = await self._upstream.userinfo(given.access_token, identity.subject) if given.access_token else {}
        # The token is spent whatever userinfo says: the new one is kept.
        if isinstance(about, Fault):
            self._door.log("warning", "somebody cannot be asked after", source=identity.source, why=about.why)
            return Checked(Presence.UNREACHABLE, sealed or None)
        return Checked(Presence.PRESENT, sealed or None)

    def _by_time(self, identity: Identity, env: Env) -> Checked:
        """Nobody can be asked: a sign-in there counts for a while. Who was held for it stays so until the next one."""
        fresh = self._upstream.source.fresh
        over = bool(fresh) and env.now - identity.seen_at >= fresh
        return Checked(Presence.LAPSED if over or identity.held is not None else Presence.PRESENT)
