"""Test values in good order: each builder takes only what a test is about, and gives the same value every time."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from msgspec import structs

from genkan.protocol.authorize import AuthorizeAsked, Interaction
from genkan.protocol.clients import secret_digest
from genkan.protocol.entrances import Entrances
from genkan.protocol.env import Env
from genkan.protocol.facts import CodeFacts, GrantFacts, SessionFacts
from genkan.protocol.links import APP_REDIRECTS
from genkan.protocol.records import (
    ALL_WAYS,
    Account,
    ConsentMode,
    Grant,
    Link,
    LinkKind,
    Method,
    Session,
    Site,
    Standing,
)
from genkan.protocol.redeem import RedeemAsked
from genkan.protocol.refresh import RefreshAsked
from genkan.protocol.ring import Ring, new_ring
from genkan.protocol.sealing import Code, Handle, Kind, Sealer, new_grant_id, redirect_digest
from genkan.wire import pkce
from genkan.wire.scopes import Permission

NOW = 1_800_000_000_000
# What a site can take: everything, with passkeys of one host, one provider and one directory that judges passwords.
HERE = Entrances(ALL_WAYS, ("site.example",), ("corp",), ("ldap",))
SITE_ID = bytes(range(16))
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636 B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
DIGEST = pkce.digest(CHALLENGE, pkce.Method.S256) or b""
SECRET = "5ec4e7" * 10 + "0123"
APP = APP_REDIRECTS[0]
WEB = "https://wiki.example.com/oauth/callback"
KEY = 0x1234
OTHER_KEY = 0x4321


def draws(seed: str = "genkan") -> Callable[[int], bytes]:
    """A source of bytes that no two calls get alike, and that every run gets alike."""
    calls = 0

    def draw(size: int) -> bytes:
        nonlocal calls
        calls += 1
        return hashlib.shake_256(f"{seed} {calls}".encode()).digest(size)

    return draw


def an_env(now: int = NOW, seed: str = "genkan") -> Env:
    return Env(now, draws(seed))


def a_ring(seed: str = "ring") -> Ring:
    return new_ring(an_env(seed=seed))


def a_sealer(seed: str = "ring", site_id: bytes = SITE_ID) -> Sealer:
    return Sealer(a_ring(seed), site_id)


def a_link(**changes: Any) -> Link:
    """The app's own link: native, PKCE required, never remembered."""
    made = Link(
        id=11,
        client_id="38843a89f2b02a471000bc022e4b9de8",
        name="Mobile app",
        kind=LinkKind.NATIVE,
        redirects=APP_REDIRECTS,
        permission=Permission.WRITE,
        consent=ConsentMode.ALWAYS,
        introspect=False,
        pkce_required=True,
        plain_pkce=False,
        standing=Standing.ACTIVE,
        stop=0,
        absolute_lifetime=None,
        created_at=NOW,
        version=1,
    )
    return replace(made, **changes)


def a_web_link(**changes: Any) -> Link:
    """A server's link: confidential, PKCE optional, answering at https."""
    web: dict[str, Any] = {
        "id": 22,
        "client_id": "c0ffee00c0ffee00c0ffee00c0ffee00",
        "name": "Wiki",
        "kind": LinkKind.CONFIDENTIAL,
        "redirects": (WEB,),
        "pkce_required": False,
        "secret": secret_digest(SECRET),
    }
    return a_link(**(web | changes))


def an_account(**changes: Any) -> Account:
    made = Account(
        id=77,
        name="alice",
        folded="alice",
        display_name="Alice A.",
        email="alice@example.com",
        permission=Permission.WRITE,
        groups=("staff",),
        standing=Standing.ACTIVE,
        stop=0,
        created_at=NOW,
        version=1,
    )
    return replace(made, **changes)


def a_site(**changes: Any) -> Site:
    made = Site(
        site_id=SITE_ID,
        version=1,
        ring_version=1,
        ring_fingerprint=bytes(16),
        mobile_enabled=False,
        mobile_link_id=None,
        heal_until=0,
        setup_digest=None,
        has_administrator=True,
    )
    return replace(made, **changes)


def a_session(account: Account | None = None, **changes: Any) -> Session:
    person = account or an_account()
    made = Session(
        id=hashlib.sha256(b"cookie").digest(),
        account_id=person.id,
        account_stop=person.stop,
        method=Method.PWD,
        auth_time=NOW,
        created_at=NOW,
        last_seen=NOW,
        expires_at=NOW + 86_400_000,
    )
    return structs.replace(made, **changes)


def a_person(account: Account | None = None, **session: Any) -> SessionFacts:
    """A live browser session and its account."""
    person = account or an_account()
    return SessionFacts(a_session(person, **session), person)


def a_grant(**changes: Any) -> Grant:
    """A phone that signed in at NOW and has refreshed twice since: its row stands at generation 2."""
    made = Grant(
        id=new_grant_id(an_env(seed="grant")),
        account_id=77,
        link_id=11,
        scope=Permission.WRITE,
        access_scope=Permission.WRITE,
        generation=2,
        key_id=KEY,
        previous_key_id=KEY,
        created_at=NOW,
        rotated_at=NOW,
        access_expires_at=NOW + 3_600_000,
        refresh_expires_at=NOW + 90 * 86_400_000,
        account_stop=0,
        link_stop=0,
        method=Method.PWD,
        auth_time=NOW,
        user_agent="AtlassianMobileApp",
        network="192.0.2.0/24",
        redirect=redirect_digest(APP)[:8],
    )
    return structs.replace(made, **changes)


def grant_facts(grant: Grant | None = None, **changes: Any) -> GrantFacts:
    """All in good order around a grant, whatever `a_grant` says."""
    return structs.replace(GrantFacts(a_site(), grant or a_grant(), a_link(), an_account()), **changes)


def a_handle(grant: Grant | None = None, **changes: Any) -> Handle:
    """The refresh token that is current for a grant."""
    row = grant or a_grant()
    return structs.replace(Handle(Kind.REFRESH, row.key_id, row.id, row.generation), **changes)


def refresh_asked(grant: Grant | None = None, **changes: Any) -> RefreshAsked:
    """A refresh with the current token, by the grant's own link, from where the phone was last."""
    asked = RefreshAsked(
        handle=a_handle(grant),
        client=a_link(),
        scope=None,
        redirect_uri=None,
        user_agent="AtlassianMobileApp",
        address="192.0.2.7",
        network="192.0.2.0/24",
        active_key=KEY,
        known_keys=frozenset({KEY, OTHER_KEY}),
    )
    return structs.replace(asked, **changes)


def a_code(**changes: Any) -> Code:
    """A code of the app's own link, issued now, with the challenge of RFC 7636 B."""
    made = Code(
        grant_id=new_grant_id(an_env(seed="code")),
        link_id=11,
        account_id=77,
        scope=Permission.WRITE,
        method=Method.PWD,
        redirect=redirect_digest(APP),
        challenge=DIGEST,
        redirect_given=True,
        auth_time=NOW,
        account_stop=0,
        link_stop=0,
        consent_mark=0,
        issued_at=NOW,
        device=None,
    )
    return structs.replace(made, **changes)


def redeem_asked(code: Code | None = None, **changes: Any) -> RedeemAsked:
    """The right code exchange for `a_code`."""
    asked = RedeemAsked(
        code=code or a_code(),
        client=a_link(),
        redirect_uri=APP,
        verifier=VERIFIER,
        device_id=None,
        user_agent="AtlassianMobileApp",
        address="192.0.2.7",
        network="192.0.2.0/24",
        key_id=KEY,
    )
    return structs.replace(asked, **changes)


def code_facts(**changes: Any) -> CodeFacts:
    """Nothing redeemed, nothing stopped."""
    return structs.replace(CodeFacts(a_site(), an_account(), a_link(), 0, None), **changes)


def authorize_asked(link: Link | None = None, **changes: Any) -> AuthorizeAsked:
    """The authorization request that the app sends."""
    made = AuthorizeAsked(
        client_id=(link or a_link()).client_id,
        redirect_uri=(link or a_link()).redirects[0],
        response_type="code",
        scope="WRITE",
        state="xyz",
        code_challenge=CHALLENGE,
        code_challenge_method="S256",
        prompt=None,
        ephemeral=False,
    )
    return structs.replace(made, **changes)


def an_interaction(**changes: Any) -> Interaction:
    """The same request, judged good, on its way through sign-in and consent."""
    made = Interaction(a_link().id, APP, True, Permission.WRITE, "xyz", DIGEST, (), False, NOW)
    return structs.replace(made, **changes)


def a_web_interaction(**changes: Any) -> Interaction:
    return an_interaction(link_id=a_web_link().id, redirect_uri=WEB, **changes)
