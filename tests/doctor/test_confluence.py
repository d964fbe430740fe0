"""The doctor before an imitated Confluence, with one fault each: told from a Jira by its manifest, by its own rules."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from genkan.doctor import manifest
from genkan.doctor.examine import examine
from genkan.doctor.verdicts import Report, Verdict
from tests.doctor.certs import authority, issue, root_file, serving
from tests.doctor.world import (
    ADMIN_TOKEN,
    CLIENT_ID,
    INFO,
    SERVER,
    Asked,
    Front,
    Jira,
    Told,
    faults,
    looked,
    means,
    opened,
    page,
    probe,
    target,
)

CALLBACK = "confluence-server://oauth-callback"
HOST = "localhost"


@dataclass
class Confluence(Jira):
    """An imitated Confluence Data Center: the same provider, no serverInfo, and a manifest of its own."""

    version: str = "9.2.0"
    oauth: str | None = "4.1.1"
    redirect: str = CALLBACK
    mobile: str | None = "5.1.2"
    said: str = ""

    async def __call__(self, asked: Asked) -> Told:
        path = asked.path.removeprefix(urlsplit(self.base).path)
        if path == manifest.MANIFEST:
            body = (
                f"<manifest><id>1</id><name>Wiki</name><typeId>confluence</typeId><version>{self.version}</version>"
                f"<url>{self.said or self.base}</url><x><version>0.1</version></x></manifest>"
            )
            dated = ("date", format_datetime(datetime.now(UTC), usegmt=True))
            return Told(200, (("content-type", "application/xml"), dated), body.encode())
        if path == SERVER:
            return page("Page Not Found", 404)
        return await super().__call__(asked)


@contextlib.asynccontextmanager
async def at_home(site: Jira, folder: Path, context: str = "") -> AsyncIterator[str]:
    leaf = issue(HOST, authority()[1], names=(HOST,))
    async with opened(Front(site), serving(folder, leaf, authority()[1])) as front:
        site.base = f"https://{HOST}:{front.port}{context}"
        yield f"https://{HOST}:{front.port}"


async def seen(site: Jira, folder: Path, *, token: str = ADMIN_TOKEN, context: str = "", **options: Any) -> Report:
    async with at_home(site, folder, context) as origin:
        return await looked(origin, reaching=means(authorities=root_file(folder), token=token), **options)


@pytest.mark.parametrize("client_id", [None, CLIENT_ID])
async def test_a_confluence_is_not_called_broken(client_id: str | None, tmp_path: Path) -> None:
    """Told by its manifest, with its own redirect; nothing is wrong, and it is ready."""
    report = await seen(Confluence(), tmp_path, client_id=client_id)
    assert faults(report) == {"permission": "unknown"}
    assert report.ready
    assert "Confluence, version 9.2.0" in probe(report, "server-info").answered
    assert CALLBACK in probe(report, "redirect").asked
    assert "Confluence" in probe(report, "oauth-plugin").answered


@pytest.mark.parametrize(
    ("site", "where", "phrase"),
    [(Confluence(version="9.0.3"), "site-version", "9.1.0 or later"),
     (Confluence(oauth="4.1.0"), "oauth-plugin", "4.1.1 or later"),
     (Confluence(said="https://other.example"), "base-url", "Server base URL"),
     (Confluence(switch=False), "mobile-switch", "Confluence mobile app"),
     (Confluence(redirect="jira-server://oauth-callback"), "redirect", CALLBACK),
     (Confluence(redirect="jira-server://oauth-callback"), "redirect", "General configuration → Application links")],
)  # fmt: skip
async def test_each_fault_of_a_confluence(site: Confluence, where: str, phrase: str, tmp_path: Path) -> None:
    """One fault each, named by its probe with Confluence's own words."""
    report = await seen(site, tmp_path)
    assert report.first == probe(report, where), faults(report)
    assert probe(report, where).verdict is Verdict.WRONG
    assert phrase in probe(report, where).fix


async def test_a_confluence_without_info_login(tmp_path: Path) -> None:
    """Where it tells its client id is published nowhere: unknown, not ready; with the client id by MDM it is ready."""
    report = await seen(Confluence(mobile=None), tmp_path)
    assert probe(report, "info-login").verdict is Verdict.UNKNOWN
    assert INFO in probe(report, "info-login").asked
    assert not report.ready
    assert (await seen(Confluence(mobile=None), tmp_path, client_id=CLIENT_ID)).ready


@pytest.mark.parametrize("site", [Jira(), Confluence()], ids=["Jira", "Confluence"])
async def test_a_forgotten_context_path_is_named_where_the_start_page_leads_there(site: Jira, tmp_path: Path) -> None:
    """The address without its context path: the site was found behind the start page's redirect, and is named."""
    async with at_home(site, tmp_path, "/app") as origin:
        jira = site

        async def root(asked: Asked) -> Told:
            if asked.path == "/":
                return Told(302, (("location", "/app/"),))
            return await jira(asked) if asked.path.startswith("/app/") else page("Not found", 404)

        async with opened(Front(root)) as front:
            site.base = f"http://{HOST}:{front.port}/app"
            report = await looked(f"http://{HOST}:{front.port}", reaching=means())
    assert origin
    named = probe(report, "server-info")
    assert named.verdict is Verdict.WRONG
    assert report.first == named
    assert f"Use {site.base} in the app" in named.fix


@pytest.mark.parametrize(("app", "ok"), [("1.9.4", False), ("2.0", True), ("2.0.1", True)])
async def test_an_app_below_two_is_too_old(app: str, ok: bool, tmp_path: Path) -> None:
    """The rule of the app's own version is asked where somebody gives it, for Confluence as for Jira."""
    async with at_home(Confluence(), tmp_path) as origin:
        wanted = replace(target(origin), app_version=app, has_authorities=True)
        report = await examine(wanted, means(authorities=root_file(tmp_path)))
    assert (probe(report, "app-version").verdict is Verdict.OK) is ok


DEEP = b"<a>" * 20 + b"</a>" * 20
BOMB = b'<!DOCTYPE m [<!ENTITY a "aaaaaaaa">]><manifest><typeId>confluence&a;</typeId></manifest>'


@pytest.mark.parametrize("body", [b"", b"{}", b"<manifest>", DEEP, BOMB, b"<m>" + b" " * 70000 + b"</m>", b"\xff\xfe<"])
def test_a_manifest_that_is_none(body: bytes) -> None:
    """Broken, too deep, too long or with a document type: nothing is read out of it."""
    assert manifest.read(body) == {}
