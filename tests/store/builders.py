"""Records for tests, each whole and each its own: `a_link()`, `an_account()`, `a_grant()`, changed as named."""

import itertools
import os
from dataclasses import replace
from typing import Any

from msgspec import structs

from genkan.protocol.env import DAY, HOUR, Env
from genkan.protocol.outcomes import (
    AddAccount,
    AddLink,
    Change,
    Ended,
    Event,
    EventKind,
    Redeemed,
    Refused,
    Rotated,
    Step,
)
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, ConsentMode, Grant, Link, LinkKind, Method, Session, Standing
from genkan.protocol.sealing import new_grant_id
from genkan.wire.scopes import Permission

# A moment in 2026; tests count from it.
NOW = 1_790_000_000_000

_numbers = itertools.count(1)


def an_env(now: int = NOW) -> Env:
    """The moment of the test, with real chance: ids must differ, nothing else depends on them."""
    return Env(now, os.urandom)


def an_account(name: str = "", **changes: Any) -> Account:
    """An active person with the default right."""
    number = next(_numbers)
    name = name or f"person-{number}"
    account = Account(
        id=an_env().draw_id(),
        name=name,
        folded=name.casefold(),
        display_name=name.title(),
        email=f"{number}@example.org",
        permission=Permission.WRITE,
        groups=("staff",),
        standing=Standing.ACTIVE,
        stop=0,
        created_at=NOW,
        version=1,
    )
    return replace(account, **changes)


def a_link(name: str = "", **changes: Any) -> Link:
    """An active confidential link with one https redirect."""
    link = Link(
        id=an_env().draw_id(),
        client_id=os.urandom(16).hex(),
        name=name or f"link-{next(_numbers)}",
        kind=LinkKind.CONFIDENTIAL,
        redirects=("https://app.example.org/callback",),
        permission=Permission.WRITE,
        consent=ConsentMode.ALWAYS,
        introspect=False,
        pkce_required=False,
        plain_pkce=False,
        standing=Standing.ACTIVE,
        stop=0,
        absolute_lifetime=None,
        created_at=NOW,
        version=1,
        secret=os.urandom(32),
    )
    return replace(link, **changes)


def a_grant(account: Account, link: Link, now: int = NOW, **changes: Any) -> Grant:
    """A fresh sign-in of this person through this link, as a code exchange makes it."""
    grant = Grant(
        id=new_grant_id(an_env(now)),
        account_id=account.id,
        link_id=link.id,
        scope=Permission.WRITE,
        access_scope=Permission.WRITE,
        generation=0,
        key_id=4711,
        previous_key_id=4711,
        created_at=now,
        rotated_at=now,
        access_expires_at=now + HOUR,
        refresh_expires_at=now + 90 * DAY,
        account_stop=account.stop,
        link_stop=link.stop,
        method=Method.PWD,
        auth_time=now - 20_000,
        user_agent="AtlassianMobileApp/2.0 (iPhone; iOS 26.1)",
        address="203.0.113.77",
        network="203.0.113.0/24",
        redirect=b"redirect",
    )
    return structs.replace(grant, **changes)


def a_session(account: Account, now: int = NOW, **changes: Any) -> Session:
    """A browser session that opened just now."""
    session = Session(
        id=os.urandom(32),
        account_id=account.id,
        account_stop=account.stop,
        method=Method.PWD,
        auth_time=now,
        created_at=now,
        last_seen=now,
        expires_at=now + 7 * DAY,
        user_agent="Mozilla/5.0",
        address="2001:db8::7",
    )
    return structs.replace(session, **changes)


def an_event(kind: EventKind = EventKind.SIGNED_IN, at: int = NOW, **changes: Any) -> Event:
    """A line of the audit."""
    return structs.replace(Event(kind, at, "test"), **changes)


def redeemed(grant: Grant, consent_mark: int = 0) -> Redeemed:
    """A code became this grant."""
    event = an_event(
        at=grant.created_at, account_id=grant.account_id, link_id=grant.link_id, grant_id=grant.id,
        address=grant.address,
    )  # fmt: skip
    return Redeemed(grant, consent_mark, event)


def successor(grant: Grant, now: int, **changes: Any) -> Grant:
    """What a refresh makes of a row."""
    return structs.replace(
        structs.replace(
            grant,
            generation=grant.generation + 1,
            previous_key_id=grant.key_id,
            rotated_at=now,
            access_expires_at=now + HOUR,
            refresh_expires_at=now + 90 * DAY,
            rotation_due=max(now, grant.rotation_due) + 1000,
        ),
        **changes,
    )


def rotated(grant: Grant, now: int, **changes: Any) -> Rotated:
    """A refresh of the row as it was read."""
    return Rotated(grant, successor(grant, now, **changes))


def ended(grant: Grant, reason: EndReason = EndReason.SIGNED_OUT_BY_APP, at: int = NOW) -> Ended:
    """The end of a sign-in."""
    event = an_event(EventKind.GRANT_ENDED, at, grant_id=grant.id, reason=reason)
    return Ended(grant.id, reason, at, event)


def a_change(*steps: Step, events: tuple[Event, ...] = ()) -> Change:
    """Steps that all happen or none."""
    return Change(steps, events)


def decided(change: Change | Refused) -> Change:
    """A change that the rules allow."""
    assert isinstance(change, Change)
    return change


def added(*records: Account | Link) -> Change:
    """These accounts and links, added."""
    return Change(tuple(AddAccount(r) if isinstance(r, Account) else AddLink(r) for r in records))
