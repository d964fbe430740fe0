"""genkan mdm check --live: each site of a value, proved against the site itself."""

import asyncio
from pathlib import Path

import pytest

from genkan import clock
from genkan.site.switch import load_switch
from genkan.wire import managed
from genkan.wire.managed import OAuthEntry, SiteEntry
from tests.cli.shell import Ended, Shell
from tests.doctor.world import Front
from tests.site.world import SiteUnderTest


async def checked(shell: Shell, *sites: SiteEntry) -> Ended:
    """The command in a thread, since the sites that it asks are served by this one."""
    return await asyncio.to_thread(shell, "mdm", "check", "-", "--live", "--json", given=managed.render(sites))


@pytest.fixture(autouse=True)
def one_time(ours: SiteUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The site's clock stands still, so whoever asks has the same time."""
    monkeypatch.setattr(clock, "wall_ms", lambda: ours.door.env().now)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell of somebody who has no site."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return Shell(folder, monkeypatch)


async def client_id(ours: SiteUnderTest) -> str:
    """What the site tells phones."""
    _, link = await load_switch(ours.door.store)
    assert link is not None
    return link.client_id


async def test_a_right_value_is_proved(bare: Shell, ours: SiteUnderTest, front: Front) -> None:
    """A site that answers as it should has no probe that is wrong, and the status is 0."""
    site = SiteEntry("Jira", ours.door.public.text, OAuthEntry(await client_id(ours)))
    ended = await checked(bare, site)
    (proof,) = ended.json["live"]
    assert [probe for probe in proof["probes"] if probe["verdict"] == "wrong"] == []
    assert (proof["url"], ended.status) == (ours.door.public.text, 0)


async def test_a_client_id_that_the_site_does_not_know_is_found(bare: Shell, ours: SiteUnderTest, front: Front) -> None:
    """The value is right by itself, and only the site can tell that the id is of another: status 1."""
    ended = await checked(bare, SiteEntry("Jira", ours.door.public.text, OAuthEntry("ab" * 16)))
    assert [finding["severity"] for finding in ended.json["findings"]] == ["warning"]
    assert ended.json["live"][0]["verdict"] == "wrong"
    assert ended.status == 1


async def test_each_site_has_a_proof_of_its_own(bare: Shell, ours: SiteUnderTest, front: Front) -> None:
    """One site that is not there takes nothing away from the other."""
    right = SiteEntry("Jira", ours.door.public.text, OAuthEntry(await client_id(ours)))
    ended = await checked(bare, right, SiteEntry("Gone", "http://localhost:9"))
    verdicts = {proof["url"]: proof["verdict"] for proof in ended.json["live"]}
    assert verdicts["http://localhost:9"] == "wrong"
    assert verdicts[ours.door.public.text] != "wrong"
