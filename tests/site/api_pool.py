"""A site full of people, links, keys, phones and browsers, so that each call of the API can have one of its own."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from genkan.clock import system_env
from genkan.protocol.certificate_records import AddPin, KeepCertificate, KnownCertificate, Pin, PinKind
from genkan.protocol.clients import secret_digest
from genkan.protocol.env import DAY
from genkan.protocol.outcomes import AddApiKey, Change, GiveConsent, OpenSession, Step
from genkan.protocol.records import Account, ApiKey, Consent, Grant, Link, RecoveryLink
from genkan.protocol.recovery_steps import PutRecovery
from genkan.site.api.documents import public_id
from genkan.site.api.people_documents import session_public_id
from genkan.store.sqlite import open_store
from genkan.wire.scopes import Permission
from tests.store.builders import a_grant, a_link, a_session, added, an_account, redeemed

KEY = "an-api-key-of-the-fuzzer"
CLIENT_ID = "c" * 32


@dataclass
class Pool:
    """What is left to be called upon; each thing is given away once, and begins anew when all were."""

    values: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    taken: dict[str, Iterator[dict[str, str]]] = field(default_factory=dict)

    def take(self, path: str) -> dict[str, str]:
        """The variables of this path, of something that is there."""
        kind = kind_of(path)
        following = next(self.taken.get(kind, iter(())), None)
        if following is None:
            self.taken[kind] = iter(self.values[kind])
            following = next(self.taken[kind])
        return following


def kind_of(path: str) -> str:
    """What a path is about, by its parts."""
    if "/client/" in path:
        return "links"
    if "{check}" in path:
        return "checks"
    if "/people/" in path:
        variables = {"{link}": "consents", "{session}": "sessions", "{pin}": "pins", "{fingerprint}": "certificates",
                     "{passkey}": "passkeys", "{source}": "identities"}  # fmt: skip
        return next((kind for variable, kind in variables.items() if variable in path), "people")
    return "keys" if "/api-keys/" in path else "phones"


def fill(path: Path, count: int) -> Pool:
    """Make the site in this file; ``count`` of each kind, and a key that may do everything."""
    return asyncio.run(_filled(path, count))


async def _filled(path: Path, count: int) -> Pool:
    env = system_env()
    store = open_store(path, create=True, env=env)
    try:
        people = [an_account(locale="ja", groups=("staff", "ops")) for _ in range(count)]
        links = [*(a_link() for _ in range(count - 1)), a_link(client_id=CLIENT_ID)]
        grants = [a_grant(person, link, now=env.now) for person, link in zip(people, links, strict=True)]
        sessions = [a_session(person, now=env.now) for person in people]
        consents: list[Step] = [GiveConsent(Consent(p.id, link.id, 0, Permission.READ, env.now))
                                for p, link in zip(people, links, strict=True)]  # fmt: skip
        keys = [_key(number, f"key {number}", f"secret {number}", env.now) for number in range(2, count)]
        root = _key(1, "fuzzer", KEY, env.now, Permission.SYSTEM_ADMIN)
        assert await store.apply(added(*people, *links))
        assert all(await asyncio.gather(*(store.apply(redeemed(grant)) for grant in grants)))
        opened = [OpenSession(session, None) for session in sessions]
        made = [AddApiKey(key) for key in (root, *keys)]
        handed = [
            PutRecovery(RecoveryLink(p.id, env.draw(32), p.stop, env.now, env.now + DAY), p.permission) for p in people
        ]
        pins = [AddPin(Pin(n, p.id, PinKind.SPKI, bytes([n]) * 32, "a pin", env.now)) for n, p in enumerate(people)]
        known = [
            KeepCertificate(
                KnownCertificate(n + 1, bytes([n]) * 32, p.id, "CN=a", b"leaf", b"issuer", env.now, 1, 1, 1)
            )
            for n, p in enumerate(people)
        ]
        assert await store.apply(Change((*consents, *opened, *made, *handed, *pins, *known)))
        ids = [session_public_id(session) for session in sessions]
        return Pool(_values(people, links, grants, keys, ids))
    finally:
        await store.close()


def _key(number: int, name: str, text: str, now: int, permission: Permission = Permission.READ) -> ApiKey:
    expires_at = None if number % 2 else now + DAY
    return ApiKey(number, name, secret_digest(text), permission, now, expires_at, None)


def _values(
    people: list[Account], links: list[Link], grants: list[Grant], keys: list[ApiKey], sessions: list[str]
) -> dict[str, list[dict[str, str]]]:
    """The variables of paths by kind; what is to be deleted is not at once what something else is to happen to."""
    deleted = len(people) * 2 // 3
    return {
        "people": [{"id": public_id(person.id)} for person in people[:deleted]],
        # Those whom nothing erases.
        "lasting": [{"id": public_id(person.id)} for person in people[deleted:]],
        "sessions": [{"id": public_id(p.id), "session": s} for p, s in zip(people, sessions, strict=True)][deleted:],
        "consents": [{"id": public_id(p.id), "link": public_id(link.id)}
                     for p, link in zip(people, links, strict=True)][deleted:],
        "pins": [{"id": public_id(p.id), "pin": public_id(n)} for n, p in enumerate(people)][deleted:],
        "certificates": [{"id": public_id(p.id), "fingerprint": bytes([n]).hex() * 32}
                         for n, p in enumerate(people)][deleted:],
        "passkeys": [{"id": public_id(person.id), "passkey": "AAAA"} for person in people[:deleted]],
        "identities": [{"id": public_id(person.id), "source": "corp"} for person in people[:deleted]],
        "links": [{"id": public_id(link.id)} for link in links[:deleted]],
        "keys": [{"id": public_id(key.id)} for key in keys],
        "checks": [{"check": "A" * 80}],
        "phones": [{"id": grant.id.hex()} for grant in grants],
    }  # fmt: skip
