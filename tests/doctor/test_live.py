"""Proving an entry of an MDM value against its site: the same probes, with the entry's client id."""

from genkan.doctor.live import oauth_on_android, prove
from genkan.doctor.reach import Clocks
from genkan.doctor.verdicts import Verdict
from genkan.wire.managed_records import OAuthEntry, SiteEntry
from tests.doctor.world import CLIENT_ID, INFO, SERVER, Answering, Asked, Front, Jira, Told, means, opened, sent_to
from tests.site.world import SiteUnderTest


async def test_an_entry_that_fits(ours: SiteUnderTest, front: Front) -> None:
    """The client id that the site knows: every probe is ok."""
    link = await ours.turn_mobile_on()
    entry = SiteEntry("Site", ours.base, OAuthEntry(link.client_id))
    found = await prove(entry, means(clocks=Clocks(lambda: ours.env.now, lambda: 0.0)))
    assert {one.verdict for one in found} == {Verdict.OK}


async def test_an_entry_with_a_wrong_client_id(ours: SiteUnderTest, front: Front) -> None:
    """The probe of the client is the one that is wrong, though the site's own switch is on."""
    found = await prove(SiteEntry("Site", ours.base, OAuthEntry(CLIENT_ID)), means())
    assert [one.id for one in found if one.verdict is Verdict.WRONG and one.id != "clock"] == ["client"]
    assert [one.id for one in found if one.verdict is Verdict.WARNING] == ["mobile-switch"]


async def test_an_entry_that_skips_the_info() -> None:
    """With skipInfo a gateway before serverInfo is a warning, and info/login is not needed."""
    jira = Jira()

    async def tamper(asked: Asked, site: Answering) -> Told:
        gated = asked.path in (INFO, SERVER)
        return sent_to("https://corp.okta.com/x") if gated else await site(asked)

    async with opened(Front(jira, tamper)) as front:
        jira.base = f"http://localhost:{front.port}"
        found = await prove(SiteEntry(None, jira.base, OAuthEntry(CLIENT_ID), skip_info=True), means())
    assert [one.id for one in found if one.verdict is Verdict.WRONG] == []
    assert "info-login" in [one.id for one in found if one.verdict is Verdict.WARNING]


async def test_oauth_is_ignored_on_android(ours: SiteUnderTest, front: Front) -> None:
    """The value for Android: oauth is a warning, and the site is judged by its switch."""
    entry = SiteEntry("Site", ours.base, OAuthEntry(CLIENT_ID))
    found = await prove(entry, means(clocks=Clocks(lambda: ours.env.now, lambda: 0.0)), android=True)
    assert {one.id: one.verdict.value for one in found if one.verdict is not Verdict.OK} == {"android": "warning"}
    assert oauth_on_android(SiteEntry("Site", ours.base)).verdict is Verdict.OK


async def test_an_entry_whose_address_cannot_be_read() -> None:
    """One probe says what is wrong with the address, and nothing is asked."""
    found = await prove(SiteEntry("Site", "https://jira example.com"), means())
    assert [(one.id, one.verdict) for one in found] == [("address", Verdict.WRONG)]
    assert "space" in found[0].answered
