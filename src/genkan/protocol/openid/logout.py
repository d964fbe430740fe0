"""What a sign-out at a provider ends here (OpenID Connect Back-Channel Logout 1.0 2.7)."""

from collections.abc import Sequence
from hashlib import sha256

from genkan.protocol.accounts import sign_out_everywhere
from genkan.protocol.actors import Actor, address_of
from genkan.protocol.env import Env
from genkan.protocol.openid.tokens import LogoutToken
from genkan.protocol.outcomes import Change, CloseSession, Event, EventKind, Spend
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Session

ACTOR = "openid"


def ended(
    token: LogoutToken, source: str, sessions: Sequence[Session], account: Account | None, everything: bool,
    address: str, env: Env,
) -> Change:  # fmt: skip
    """End these browsers, and with ``everything`` whatever else of the person is signed in. A token counts once; one
    for nobody who is here is good as well.
    """
    spend = Spend(sha256(f"logout {source} {token.jti}".encode()).digest(), token.expires_at)
    actor = Actor(f"{ACTOR}:{source}", address)
    if everything and account is not None:
        out = sign_out_everywhere(account, EndReason.SIGNED_OUT_UPSTREAM, actor, env)
        return Change((spend, *out.steps), (*out.events, *_told(account.id, source, actor, env)))
    events = [
        event for one in {session.account_id: None for session in sessions} for event in _told(one, source, actor, env)
    ]
    return Change((spend, *(CloseSession(session.id) for session in sessions)), tuple(events))


def _told(account_id: int, source: str, actor: str, env: Env) -> tuple[Event, ...]:
    kind = EventKind.SIGNED_OUT_UPSTREAM
    return (Event(kind, env.now, actor, account_id, address=address_of(actor), detail=source),)
