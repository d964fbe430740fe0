"""The token, introspection and revocation endpoints (RFC 6749 3.2, RFC 7662, RFC 7009): read, load, decide,
apply, answer.
"""

from typing import assert_never

from msgspec import structs

from genkan.protocol import api_keys
from genkan.protocol.access import access, introspect_refresh, revoke
from genkan.protocol.authorize import resource_fault
from genkan.protocol.clients import Credentials, authenticate, secret_digest
from genkan.protocol.env import Env
from genkan.protocol.facts import CodeFacts, GrantFacts
from genkan.protocol.outcomes import Ended, Live, Nothing, Redeemed, Refused, Retried, Rotated
from genkan.protocol.reasons import Reason
from genkan.protocol.records import ApiKey, Grant, Link, LinkKind, Site
from genkan.protocol.redeem import RedeemAsked, redeem
from genkan.protocol.refresh import RefreshAsked, refresh
from genkan.protocol.sealing import Code, Handle, Kind
from genkan.protocol.signin.demand import acr_of
from genkan.protocol.standing import sign_in_end
from genkan.site import answer, read
from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.opening import open_code, open_token, ring_fault
from genkan.site.provider.cross_origin import READABLE, preflights
from genkan.site.received import Received
from genkan.site.routes import Guard, Handler, Rule, Who
from genkan.store.rounds import TRIES
from genkan.wire.oauth import GrantType
from genkan.wire.scopes import Permission, parse_scope, scope_to_tell

LONGEST_DEVICE_ID = 200
LONGEST_USER_AGENT = 200


async def token(received: Received, door: Door) -> Answer:
    """POST token: code exchange or refresh by an authenticated client (RFC 6749 3.2)."""
    env = door.env()
    parameters = read.endpoint_parameters(received)
    if not door.settings.enable_access_tokens:
        return answer.error(Refused(Reason.TOKENS_SWITCHED_OFF))
    shown = read.credentials(received, parameters)
    client = await _client(shown, door, env)
    if isinstance(client, Refused):
        return _refuse(client, received, door, env, basic=shown is not None and shown.basic)
    answered = await _granted(received, parameters, client, door, env)
    return answered.plus(*READABLE) if client.kind is LinkKind.NATIVE else answered


async def _granted(received: Received, parameters: read.Form, client: Link, door: Door, env: Env) -> Answer:
    target = parameters.get("resource")
    if target and (fault := resource_fault(target)):
        return _refuse(fault, received, door, env)
    match parameters.get("grant_type"):
        case GrantType.AUTHORIZATION_CODE:
            return await exchange_code(received, parameters, client, door, env)
        case GrantType.REFRESH_TOKEN:
            return await refresh_grant(received, parameters, client, door, env)
        case None | "":
            return _refuse(Refused(Reason.MISSING_PARAMETER, "grant_type"), received, door, env)
        case _:
            # RFC 6749 5.2: unsupported_grant_type
            return _refuse(Refused(Reason.UNKNOWN_GRANT_TYPE), received, door, env)


async def _client(shown: Credentials | None, door: Door, env: Env) -> Link | Refused:
    if shown is None:
        return Refused(Reason.CLIENT_UNAUTHENTICATED)
    return authenticate(shown, await door.store.link_by_client_id(shown.client_id), env)


async def exchange_code(received: Received, parameters: read.Form, client: Link, door: Door, env: Env) -> Answer:
    """RFC 6749 4.1.3: a code becomes a signed-in phone, once."""
    for tries in range(TRIES):
        sealer = door.sealer
        opened = await _code(parameters, door, env)
        if isinstance(opened, Refused):
            return _refuse(opened, received, door, env)
        site, facts = await _code_facts(opened, tries, door, env)
        fault = ring_fault(sealer, site, door, env)
        if fault is not None:
            if fault.reason is Reason.BUSY:
                continue
            return _refuse(fault, received, door, env)
        asked = _redeem_asked(received, parameters, client, opened, door)
        decided = redeem(asked, facts, env, door.lifetimes)
        outcome = _paced(decided, door, env)
        if isinstance(outcome, Refused):
            if facts is None and outcome is not decided:
                continue  # However fast it goes, a code that is shown twice is noticed.
            return _refuse(outcome, received, door, env)
        if await door.store.apply(outcome):
            if isinstance(outcome, Redeemed):
                return _token_answer(outcome.grant, None, door, env)
            return _refuse(outcome.refusal or Refused(Reason.CODE_REDEEMED), received, door, env)
        if isinstance(outcome, Redeemed):
            door.sign_ins.give_back(opened.account_id, opened.link_id)
        env = door.env()
    return answer.busy()


async def _code(parameters: read.Form, door: Door, env: Env) -> Code | Refused:
    shown = parameters.get("code")
    return await open_code(shown, door, env) if shown else Refused(Reason.MISSING_PARAMETER, "code")


async def _code_facts(code: Code, tries: int, door: Door, env: Env) -> tuple[Site, CodeFacts | None]:
    """Nothing is looked at before the first try but a certificate: a code is mostly shown once, and then the write
    alone finds that all is as the code says. One that was shown here before is looked for first, since a write that
    is refused is not free.
    """
    if not tries and not code.certificate and not door.codes_shown.wait(code.grant_id, env.now):
        return await door.store.site(), None
    facts = await door.store.code_facts(code.grant_id, code.account_id, code.link_id)
    if code.certificate:
        known = await door.store.certificate_numbered(code.certificate)
        facts = structs.replace(facts, revoked=known is None or known.revoked_at is not None)
    return facts.site, facts


def _paced(outcome: Redeemed | Ended | Refused, door: Door, env: Env) -> Redeemed | Ended | Refused:
    if not isinstance(outcome, Redeemed):
        return outcome
    return door.sign_ins.refusal(outcome.grant.account_id, outcome.grant.link_id, env.now) or outcome


def _redeem_asked(received: Received, parameters: read.Form, client: Link, code: Code, door: Door) -> RedeemAsked:
    device_id = parameters.get("device_id")
    return RedeemAsked(
        code=code,
        client=client,
        redirect_uri=parameters.get("redirect_uri"),
        verifier=parameters.get("code_verifier"),
        device_id=device_id if device_id and len(device_id) <= LONGEST_DEVICE_ID else None,
        user_agent=received.text(b"user-agent", LONGEST_USER_AGENT),
        address=received.peer.address,
        network=received.peer.network,
        key_id=door.sealer.active_id,
    )


async def refresh_grant(received: Received, parameters: read.Form, client: Link, door: Door, env: Env) -> Answer:
    """RFC 6749 6 and tokens.md 3: rotate, tell the same successor again, or end a replayed sign-in."""
    if not parameters.get("refresh_token"):
        return _refuse(Refused(Reason.MISSING_PARAMETER, "refresh_token"), received, door, env)
    for _ in range(TRIES):
        sealer = door.sealer
        asked = await _refresh_asked(received, parameters, client, door, env)
        if isinstance(asked, Refused):
            return _refuse(asked, received, door, env)
        facts = await door.store.grant_facts(asked.handle.grant_id)
        fault = ring_fault(sealer, facts.site, door, env)
        if fault is not None and fault.reason is Reason.BUSY:
            continue
        if fault is not None:
            return _refuse(fault, received, door, env)
        outcome = refresh(asked, facts, env, door.lifetimes)
        if isinstance(outcome, Refused):
            return _refuse(outcome, received, door, env)
        if await door.store.apply(outcome):
            match outcome:
                case Rotated(grant=grant) | Retried(grant=grant):
                    return _token_answer(grant, asked.scope, door, env)
                case Ended(refusal=refusal):
                    return _refuse(refusal or Refused(Reason.GRANT_ENDED), received, door, env)
                case _:
                    assert_never(outcome)
        env = door.env()
    return answer.busy()


async def _refresh_asked(
    received: Received, parameters: read.Form, client: Link, door: Door, env: Env
) -> RefreshAsked | Refused:
    handle = await open_token(parameters["refresh_token"], door, env)
    if isinstance(handle, Refused):
        return handle
    if handle.kind is not Kind.REFRESH:
        return Refused(Reason.TOKEN_KIND)
    text = parameters.get("scope")
    scope = parse_scope(text) if text else None
    if text and scope is None:
        return Refused(Reason.SCOPE_UNKNOWN, "scope")
    sealer = door.sealer
    return RefreshAsked(
        handle=handle,
        client=client,
        scope=scope,
        redirect_uri=parameters.get("redirect_uri") or None,
        user_agent=received.text(b"user-agent", LONGEST_USER_AGENT),
        address=received.peer.address,
        network=received.peer.network,
        active_key=sealer.active_id,
        known_keys=sealer.known_keys,
        retired_keys=sealer.retired_keys,
        clock_is_wrong=door.health.clock_is_wrong,
    )


def _token_answer(grant: Grant, asked: Permission | None, door: Door, env: Env) -> Answer:
    mint = door.sealer.token
    return answer.token(
        mint(Kind.ACCESS, grant.key_id, grant.id, grant.generation),
        mint(Kind.REFRESH, grant.key_id, grant.id, grant.generation),
        max(0, grant.access_expires_at - env.now) // 1000,
        scope_to_tell(asked, grant.access_scope),
        grant.rotated_at // 1000,
    )


async def introspect(received: Received, door: Door) -> Answer:
    """RFC 7662 2: what a token may do now, for confidential links made for it and for API keys."""
    env = door.env()
    parameters = read.endpoint_parameters(received)
    caller = await _introspector(received, parameters, door, env)
    if isinstance(caller, Refused):
        return _refuse_introspector(caller, received, door, env)
    if not parameters.get("token"):
        return _refuse(Refused(Reason.MISSING_PARAMETER, "token"), received, door, env)
    sealer = door.sealer
    handle = await open_token(parameters["token"], door, env)
    if isinstance(handle, Refused):
        return _inactive_unless_behind(handle, received, door, env)
    facts = await door.store.grant_facts(handle.grant_id)
    fault = ring_fault(sealer, facts.site, door, env)
    if fault is not None:
        return _refuse(fault, received, door, env)
    if handle.kind is Kind.REFRESH:
        return _introspected_refresh(handle, facts, caller, door, env)
    outcome = access(handle, facts, env)
    if isinstance(outcome, Refused) and outcome.reason is Reason.STORE_BEHIND:
        # Inactive for the caller, and loud for the operator (tokens.md 8).
        door.note(outcome, received, env.now)
    if isinstance(outcome, Refused) or not door.settings.enable_access_tokens:
        # RFC 7662 2.2: nothing but that it is inactive, whatever the reason.
        return answer.json({"active": False})
    door.note_sighting(outcome.sighting)
    return answer.json(_introspection(outcome, door))


def _refuse_introspector(refused: Refused, received: Received, door: Door, env: Env) -> Answer:
    """RFC 9110 11.6.1: the challenge is of the scheme that the caller tried."""
    if read.bearer(received) is None:
        return _refuse(refused, received, door, env, basic=True)
    door.note(refused, received, env.now)
    return answer.bearer_error(refused, "Genkan")


def _inactive_unless_behind(refused: Refused, received: Received, door: Door, env: Env) -> Answer:
    """RFC 7662 2.2: an unknown token is inactive; a node with an old ring cannot know, and says 503."""
    if refused.reason is Reason.RING_BEHIND:
        return _refuse(refused, received, door, env)
    return answer.json({"active": False})


async def _introspector(received: Received, parameters: read.Form, door: Door, env: Env) -> Link | ApiKey | Refused:
    secret = read.bearer(received)
    if secret is not None:
        facts = await door.store.api_key(secret_digest(secret))
        if facts is None or api_keys.right(facts, env.now) is None:
            return Refused(Reason.NOT_AUTHENTICATED)
        door.measures.key_used(facts.key.id, env.now)
        return facts.key
    client = await _client(read.credentials(received, parameters), door, env)
    if isinstance(client, Refused):
        return client
    return client if client.introspect and client.usable else Refused(Reason.INTROSPECTION_FORBIDDEN)


def _introspected_refresh(handle: Handle, facts: GrantFacts, caller: Link | ApiKey, door: Door, env: Env) -> Answer:
    outcome = introspect_refresh(handle, facts, caller if isinstance(caller, Link) else None, env)
    if isinstance(outcome, Refused):
        return answer.json({"active": False})
    door.note_sighting(outcome.sighting)
    grant = outcome.grant
    return answer.json(
        {"active": True, "client_id": outcome.link.client_id, "iss": door.endpoints.issuer,
         "iat": grant.rotated_at // 1000, "exp": sign_in_end(grant, outcome.link) // 1000, "sid": grant.id.hex()}
    )  # fmt: skip


def _introspection(live: Live, door: Door) -> dict[str, object]:
    """RFC 7662 2.2, RFC 9470 6.2; ``scope`` is what the token may do now, ``sid`` the sign-in's public id."""
    grant = live.grant
    return {
        "active": True,
        "scope": live.permission.name,
        "client_id": live.link.client_id,
        "username": live.account.name,
        "sub": f"{live.account.id:016x}",
        "token_type": "bearer",
        "iss": door.endpoints.issuer,
        "iat": grant.rotated_at // 1000,
        "exp": grant.access_expires_at // 1000,
        "auth_time": grant.auth_time // 1000,
        "amr": grant.method.references(),
        "sid": grant.id.hex(),
        **({"acr": acr} if (acr := acr_of(grant.method)) else {}),
    }


async def revoke_token(received: Received, door: Door) -> Answer:
    """RFC 7009 2: any genuine token of the caller's link ends the sign-in; 200 only once that is durable."""
    env = door.env()
    parameters = read.endpoint_parameters(received)
    shown = read.credentials(received, parameters)
    client = await _client(shown, door, env)
    if isinstance(client, Refused):
        return _refuse(client, received, door, env, basic=shown is not None and shown.basic)
    if not parameters.get("token"):
        return _refuse(Refused(Reason.MISSING_PARAMETER, "token"), received, door, env)
    handle = await open_token(parameters["token"], door, env)
    if isinstance(handle, Refused):
        # RFC 7009 2.2: an invalid token is no error, since the client's purpose is reached.
        return _refuse(handle, received, door, env) if handle.reason is Reason.RING_BEHIND else answer.json({})
    facts = await door.store.grant_facts(handle.grant_id)
    outcome = revoke(handle, facts, client, received.peer.address, env)
    if isinstance(outcome, Refused):
        return _refuse(outcome, received, door, env)
    if not isinstance(outcome, Nothing) and not await door.store.apply(outcome):
        return answer.busy()
    done = answer.json({})
    return done.plus(*READABLE) if client.kind is LinkKind.NATIVE else done


def _refuse(refused: Refused, received: Received, door: Door, env: Env, *, basic: bool = False) -> Answer:
    door.note(refused, received, env.now)
    return answer.error(refused, basic=basic)


def _both(path: str, handler: Handler, about: str) -> tuple[Rule, Rule]:
    """A route under ``latest`` and under the numbered version."""
    latest = Rule(f"/rest/oauth2/latest/{path}", ("POST",), handler, Who.CLIENT, Guard.MACHINE, about)
    numbered = Rule(f"/rest/oauth2/1.0/{path}", ("POST",), handler, Who.CLIENT, Guard.MACHINE, f"{about} (numbered)")
    return latest, numbered


_FOR_PAGES = tuple(f"/rest/oauth2/{version}/{name}" for version in ("latest", "1.0") for name in ("token", "revoke"))
RULES = (
    *preflights(*_FOR_PAGES),
    *_both("token", token, "Exchanges a code, refreshes a sign-in."),
    *_both("revoke", revoke_token, "Ends a sign-in by any of its tokens."),
    *_both("introspect", introspect, "Says what a token may do now."),
)
