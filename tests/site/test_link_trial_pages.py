"""Trying a link out: the answer comes back to the console, to who asked for it, and signs nobody in."""

from genkan.protocol.env import MINUTE
from genkan.protocol.records import ConsentMode
from genkan.site.api.documents import public_id
from genkan.store.api import PhoneQuery
from genkan.wire.scopes import Permission
from tests.site.link_console import WEB, Console, path_of


async def test_a_trial_comes_back_to_the_console(console: Console) -> None:
    """Consent is asked for as ever; the answer stands on the console's page, right in every point, and signs nobody
    in. A redirect URL that is not the link's own is not tried.
    """
    link = (await console.site.make_link(WEB, permission=Permission.SYSTEM_ADMIN)).link
    start = await console.send(await console.get(path_of(link)), "/trial", redirect="https://evil.example/cb")
    consent = await console.follow(start)
    assert "evil" not in consent.text
    assert "This is a trial from the console" in consent.text
    result = await console.follow(await console.site.decide(consent))
    assert "It works" in result.text
    assert result.text.count('badge good">Right') == 3
    assert "(ADMIN)" in result.text
    assert "…" in result.text.partition("<code>code</code>")[2][:120]
    assert await console.site.store.phones(PhoneQuery()) == []


async def test_a_denied_trial_says_so(console: Console) -> None:
    """What the application would be told."""
    link = (await console.site.make_link(WEB)).link
    consent = await console.follow(await console.send(await console.get(path_of(link)), "/trial"))
    result = await console.follow(await console.site.decide(consent, "deny"))
    assert "You did not allow it" in result.text
    assert "access_denied" in result.text


async def test_the_answer_of_a_trial_is_for_who_started_it(console: Console) -> None:
    """Late the code has expired; another administrator, another link and a changed answer find nothing."""
    link = (await console.site.make_link(WEB)).link
    other = (await console.site.make_link("https://other.example/cb")).link
    consent = await console.follow(await console.send(await console.get(path_of(link)), "/trial"))
    address = (await console.site.decide(consent)).headers["location"]
    console.site.env.advance(2 * MINUTE)
    assert "The authorization code has expired." in (await console.get(address)).text
    elsewhere = address.replace(public_id(link.id), public_id(other.id))
    assert (await console.get(elsewhere)).status_code == 404
    assert (await console.get(address[:-1] + ("A" if address[-1] != "A" else "B"))).status_code == 404
    console.site.env.advance(15 * MINUTE)
    assert (await console.get(address)).status_code == 404
    console.site.env.advance(-16 * MINUTE)
    await console.site.make_account("bob", Permission.SYSTEM_ADMIN)
    await console.site.sign_in("bob")
    assert (await console.get(address)).status_code == 404


async def test_a_trial_of_a_disabled_link_is_refused_as_the_application_would_be(console: Console) -> None:
    """The very check of the authorization endpoint says no."""
    link = (await console.site.make_link(WEB)).link
    page = await console.get(path_of(link))
    await console.send(page, "/disable")
    assert "switched off on this site" in (await console.send(page, "/trial")).text


async def test_a_trial_leaves_no_consent_behind(console: Console) -> None:
    """Trying a link that remembers consents makes the administrator no exception afterwards."""
    link = (await console.site.make_link(WEB, consent=ConsentMode.REMEMBER)).link
    consent = await console.follow(await console.send(await console.get(path_of(link)), "/trial"))
    await console.site.decide(consent)
    alice = await console.site.store.account_by_name("alice")
    assert alice is not None
    assert await console.site.store.consents(alice.id) == []
