"""Certificates that people are signed in with are looked up again, and a revocation ends what they signed in."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from genkan.protocol.certificates import revoking
from genkan.protocol.env import MINUTE, SECOND
from genkan.protocol.records import GrantState
from genkan.protocol.signin import session as sessions
from genkan.site.certificate_keeper import AT_ONCE, CertificateKeeper
from genkan.store.api import PhoneQuery
from tests.protocol.certificates.making import Made, authority, crl
from tests.site.certificate_world import TODAY, CertificateSite, certificate_site
from tests.site.world import VERIFIER

DAY = timedelta(days=1)


class Lists:
    """The CRL file of the authority."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "root.crl"

    def write(self, root: Made, *revoked: Made) -> None:
        """A new list, with these in it."""
        numbers = [made.certificate.serial_number for made in revoked]
        self.path.write_bytes(crl(root, *numbers, begins=TODAY - DAY, ends=TODAY + 40 * DAY))


@pytest.fixture
async def ours(tmp_path: Path) -> AsyncIterator[tuple[CertificateSite, Lists]]:
    """A site that reads a CRL file of its authority; the file is empty of serial numbers."""
    lists = Lists(tmp_path)
    root = authority("Root")
    lists.write(root)
    chosen = {"certificate_revocation": "require", "certificate_crls": (str(lists.path),)}
    async with certificate_site(tmp_path, root, **chosen) as opened:
        yield opened, lists


async def tokens_by(site: CertificateSite, shown: Made) -> dict[str, str]:
    """The app signed in by this certificate."""
    link = await site.site.turn_mobile_on()
    assert (await site.sign_in(shown)).status_code == 303
    code = await site.site.get_code(link)
    answer = await site.site.token(grant_type="authorization_code", code=code, client_id=link.client_id,
                                   redirect_uri=link.redirects[0], code_verifier=VERIFIER)  # fmt: skip
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_revocation_ends_sessions_and_phones(ours: tuple[CertificateSite, Lists]) -> None:
    """At the round after the list tells it; what was signed in by another certificate of the same person goes on."""
    site, lists = ours
    lost, kept = site.issue(), site.issue()
    other = site.site.browser()
    tokens = await tokens_by(site, lost)
    assert (await site.sign_in(kept, other)).status_code == 303
    keeper = CertificateKeeper(site.site.door)
    lists.write(site.root, lost)
    await keeper.round()
    assert (await site.site.myself(tokens["access_token"])).status_code == 200, "it was looked up a moment ago"
    site.site.env.advance(5 * MINUTE)
    await keeper.round()
    assert (await site.site.myself(tokens["access_token"])).status_code == 401
    assert await site.myself_in() == ""
    assert await site.myself_in(other) == "alice"
    (row,) = await site.site.store.phones(PhoneQuery())
    assert (row.grant.state, row.grant.reason) == (GrantState.ENDED, "certificate_revoked")
    assert (await site.known(lost)).revoked_at is not None
    assert (await site.known(kept)).revoked_at is None
    told = [event for _, event in await site.site.store.events() if event.kind == "certificate.revoked"]
    assert [(event.actor, event.detail) for event in told] == [
        ("certificate check", f"SHA-256 {(await site.known(lost)).fingerprint.hex()}")
    ]


async def test_a_revoked_certificate_signs_in_no_more(ours: tuple[CertificateSite, Lists]) -> None:
    """Not even where the list forgets it again, nor by a hand-over that was made before."""
    site, lists = ours
    alice = site.issue()
    await site.sign_in(alice)
    address = await site.hand_over(alice)
    lists.write(site.root, alice)
    site.site.env.advance(10 * SECOND)
    (due,) = await site.site.store.certificates((await site.known(alice)).account_id)
    assert await site.site.store.apply(revoking.revoke(due, "hold", revoking.ACTOR, site.site.env()))
    page = await site.site.client.get(address)
    assert page.status_code == 403
    assert "was revoked on" in page.text
    lists.write(site.root)
    page = await site.sign_in(alice)
    assert page.status_code == 403
    assert "was revoked on" in page.text


async def test_who_is_not_signed_in_is_not_asked_about(
    ours: tuple[CertificateSite, Lists], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor whose certificate has expired, of which its issuer says nothing any more; the next round looks at others."""
    site, _ = ours
    gone, over, live = site.issue(), site.issue(ends=TODAY + timedelta(minutes=30)), site.issue()
    for shown in (gone, over, live):
        browser = site.site.browser()
        await site.sign_in(shown, browser)
        if shown is gone:
            account = await site.site.store.account_by_name("alice")
            assert account is not None
            for session in await site.site.store.sessions(account.id):
                assert await site.site.store.apply(sessions.end(session, "test", site.site.env()))
    asked: list[bytes] = []
    desk = type(site.site.door.certificates)
    really = desk.recheck

    async def recheck(self: object, known: object, env: object) -> object:
        asked.append(known.leaf)  # type: ignore[attr-defined]
        return await really(self, known, env)  # type: ignore[arg-type]

    monkeypatch.setattr(desk, "recheck", recheck)
    site.site.env.advance(60 * MINUTE)
    keeper = CertificateKeeper(site.site.door)
    await keeper.round()
    assert asked == [live.der]
    await keeper.round()
    assert asked == [live.der]
    assert await site.site.store.certificates_to_check(site.site.env().now - 1, 10) == []


async def test_what_is_not_known_signs_nobody_out(ours: tuple[CertificateSite, Lists]) -> None:
    """A list that cannot be read any more is no revocation."""
    site, lists = ours
    alice = site.issue()
    await site.sign_in(alice)
    lists.path.unlink()
    said: list[str] = []
    door = replace(site.site.door, log=lambda level, event, **fields: said.append(event))
    site.site.env.advance(41 * 24 * 60 * MINUTE)
    await CertificateKeeper(door).round()
    assert (await site.known(alice)).revoked_at is None
    assert said == ["whether a certificate still stands is not known"]


async def test_many_are_looked_up_some_at_a_time(ours: tuple[CertificateSite, Lists]) -> None:
    """Each once a round, and the one that was revoked is found among them."""
    site, lists = ours
    many = [site.issue() for _ in range(AT_ONCE * 2 + 1)]
    for shown in many:
        assert (await site.sign_in(shown, site.site.browser())).status_code == 303
    lists.write(site.root, many[-1])
    site.site.env.advance(5 * MINUTE)
    await CertificateKeeper(site.site.door).round()
    standing = [(await site.known(shown)).revoked_at is None for shown in many]
    assert standing == [True] * (len(many) - 1) + [False]
