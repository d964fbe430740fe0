"""The compatibility rules before an imitated Jira: plugin versions on both sides of each limit, with a token, without
one, and what behaviour alone proves.
"""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from genkan.doctor.verdicts import Report, Verdict
from tests.doctor.certs import authority, issue, root_file, serving
from tests.doctor.world import ADMIN_TOKEN, CLIENT_ID, Front, Jira, Told, document, faults, looked, means, opened, probe

HOST = "localhost"


@contextlib.asynccontextmanager
async def at_home(jira: Jira, folder: Path) -> AsyncIterator[Jira]:
    """The imitated Jira behind good TLS."""
    leaf = issue(HOST, authority()[1], names=(HOST,))
    async with opened(Front(jira), serving(folder, leaf, authority()[1])) as front:
        jira.base = f"https://{HOST}:{front.port}"
        yield jira


async def looked_at(jira: Jira, folder: Path, *, token: str = "", client_id: str | None = None) -> Report:
    async with at_home(jira, folder):
        reaching = means(authorities=root_file(folder), token=token)
        return await looked(jira.base, reaching=reaching, client_id=client_id)


HEALTHY = [
    ("9.12.14", "4.2.0", "3.1.14"),
    ("9.12.20", "4.3.1", "3.2.0"),
    ("9.17.2", "4.2.0", "3.1.14"),
    ("10.1.0", "5.1.2", "4.1.0"),
    ("10.1.1", "5.2.0", "4.1.3"),
    ("11.2.0", "6.0.0", "5.0.1"),
]


@pytest.mark.parametrize(("version", "mobile", "oauth"), HEALTHY)
async def test_healthy_with_a_token(version: str, mobile: str, oauth: str, tmp_path: Path) -> None:
    """No false alarm: with the administrator's token only what needs a sign-in stays open."""
    report = await looked_at(Jira(version=version, mobile=mobile, oauth=oauth), tmp_path, token=ADMIN_TOKEN)
    assert faults(report) == {"permission": "unknown"}
    assert oauth in probe(report, "oauth-plugin").answered
    assert mobile in probe(report, "mobile-plugin").answered


@pytest.mark.parametrize(("version", "mobile", "oauth"), HEALTHY)
async def test_healthy_without_a_token(version: str, mobile: str, oauth: str, tmp_path: Path) -> None:
    """Without a token the OAuth plugin is unknown, with where to look; the mobile plugin is proved by what it does."""
    report = await looked_at(Jira(version=version, mobile=mobile, oauth=oauth), tmp_path)
    assert faults(report) == {"permission": "unknown", "oauth-plugin": "unknown"}
    assert "Manage apps" in probe(report, "oauth-plugin").fix
    assert "--admin-token-file" in probe(report, "oauth-plugin").fix
    assert "at least" in probe(report, "mobile-plugin").answered
    assert report.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("version", "needed"),
    [("9.12.13", "9.12.14"), ("9.4.0", "9.12.14"), ("8.20.30", "9.12.14"), ("10.0.0", "10.1.0"), ("10.0.9", "10.1.0")],
)
async def test_jira_itself_is_too_old(version: str, needed: str, tmp_path: Path) -> None:
    """The version to install is named, and nothing is said of plugins that would not help."""
    mobile = "4.1.9" if version < "91" and not version.startswith("10") else "5.1.1"
    report = await looked_at(Jira(version=version, mobile=mobile, oauth="3.1.13"), tmp_path, token=ADMIN_TOKEN)
    named = probe(report, "site-version")
    assert named.verdict is Verdict.WRONG
    assert needed in named.fix
    assert report.first == named
    assert probe(report, "oauth-plugin").verdict is Verdict.UNKNOWN
    assert probe(report, "mobile-plugin").verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("version", "mobile", "oauth", "needed"),
    [("9.12.14", "4.2.0", "3.1.13", "3.1.14"), ("9.17.0", "4.2.0", "3.0.0", "3.1.14"),
     ("10.1.0", "5.1.2", "4.0.9", "4.1.0"), ("11.0.0", "6.0.0", "3.1.14", "4.1.0")],
)  # fmt: skip
async def test_the_oauth_plugin_is_too_old(version: str, mobile: str, oauth: str, needed: str, tmp_path: Path) -> None:
    """With a token its version is judged, and the one to install is named."""
    report = await looked_at(Jira(version=version, mobile=mobile, oauth=oauth), tmp_path, token=ADMIN_TOKEN)
    named = probe(report, "oauth-plugin")
    assert named.verdict is Verdict.WRONG
    assert oauth in named.answered
    assert needed in named.fix
    assert probe(report, "mobile-plugin").verdict is Verdict.OK


@pytest.mark.parametrize(
    ("version", "mobile", "oauth", "needed"),
    [
        ("9.12.14", "4.1.9", "3.1.14", "4.2.0"),
        ("10.1.0", "5.1.1", "4.1.0", "5.1.2"),
        ("11.0.0", "4.2.0", "4.1.0", "5.1.2"),
    ],
)
@pytest.mark.parametrize("token", [ADMIN_TOKEN, ""])
async def test_the_mobile_plugin_is_too_old(
    version: str, mobile: str, oauth: str, needed: str, token: str, tmp_path: Path
) -> None:
    """That it knows only the old info/login proves it, token or not, and the one to install is named."""
    report = await looked_at(Jira(version=version, mobile=mobile, oauth=oauth), tmp_path, token=token)
    named = probe(report, "mobile-plugin")
    assert named.verdict is Verdict.WRONG
    assert needed in named.fix
    assert report.first == named


@pytest.mark.parametrize("version", ["9.12.14", "10.1.0"])
async def test_mdm_does_without_the_mobile_plugin(version: str, tmp_path: Path) -> None:
    """With the client id from MDM an old mobile plugin is no fault."""
    oauth = "3.1.14" if version.startswith("9") else "4.1.0"
    report = await looked_at(Jira(version=version, mobile="4.0.0", oauth=oauth), tmp_path, token=ADMIN_TOKEN,
                             client_id=CLIENT_ID)  # fmt: skip
    assert faults(report) == {"permission": "unknown"}


async def test_no_mobile_plugin(tmp_path: Path) -> None:
    """A Jira without the plugin: it is said to be not there."""
    report = await looked_at(Jira(mobile=None), tmp_path)
    named = probe(report, "mobile-plugin")
    assert named.verdict is Verdict.WRONG
    assert "not there" in named.answered


async def test_no_oauth_plugin(tmp_path: Path) -> None:
    """A Jira whose OAuth plugin is off has no endpoints."""
    report = await looked_at(Jira(oauth=None), tmp_path)
    named = probe(report, "oauth-endpoints")
    assert named.verdict is Verdict.WRONG
    assert "OAuth plugin" in named.fix


async def test_the_switch_is_off(tmp_path: Path) -> None:
    """The path in Jira's settings is named, and no command of ours."""
    named = probe(await looked_at(Jira(switch=False), tmp_path), "mobile-switch")
    assert named.verdict is Verdict.WRONG
    assert "Mobile app" in named.fix
    assert "genkan mobile on" not in named.fix


async def test_a_plugin_that_is_switched_off(tmp_path: Path) -> None:
    """The version is enough, and it does nothing: said so."""
    named = probe(await looked_at(Jira(enabled=False), tmp_path, token=ADMIN_TOKEN), "oauth-plugin")
    assert named.verdict is Verdict.WRONG
    assert "switched off" in named.answered


async def test_a_token_without_the_right(tmp_path: Path) -> None:
    """A refused token leaves the plugin unknown, and says why."""
    named = probe(await looked_at(Jira(), tmp_path, token="somebody-elses"), "oauth-plugin")
    assert named.verdict is Verdict.UNKNOWN
    assert "not that of a system administrator" in named.answered


async def test_a_plugin_under_another_key(tmp_path: Path) -> None:
    """Where the keys are not the ones that are known, the list of all plugins tells."""
    jira = Jira()
    plugins = document({"plugins": [
        {"key": "com.atlassian.oauth2.the-new-provider", "version": "4.0.0"},
        {"key": "com.atlassian.jira.mobile.jira-mobile-rest", "version": "5.1.2"},
        {"key": "com.example.oauth2-provider-of-somebody", "version": "9.9.9"}, "nonsense", {"key": 3}]})  # fmt: skip
    async with at_home(jira, tmp_path):

        async def other_keys(asked: object) -> Told:
            path = getattr(asked, "path", "")
            if path == "/rest/plugins/1.0/":
                return plugins
            return Told(404) if path.startswith("/rest/plugins/") else await jira(asked)  # type: ignore[arg-type]

        leaf = issue(HOST, authority()[1], names=(HOST,))
        async with opened(Front(other_keys), serving(tmp_path, leaf, authority()[1])) as front:
            jira.base = f"https://{HOST}:{front.port}"
            report = await looked(jira.base, reaching=means(authorities=root_file(tmp_path), token=ADMIN_TOKEN))
    assert "4.0.0" in probe(report, "oauth-plugin").answered


async def test_a_jira_that_asks_to_sign_in_first(tmp_path: Path) -> None:
    """Where every authorization request leads to the sign-in, what lies behind stays unknown and nothing is wrong."""
    jira = Jira()
    async with at_home(jira, tmp_path):

        async def sign_in_first(asked: object) -> Told:
            if "/oauth2/latest/authorize" in getattr(asked, "path", ""):
                return Told(302, (("location", f"{jira.base}/login.jsp?os_destination=x"),))
            return await jira(asked)  # type: ignore[arg-type]

        leaf = issue(HOST, authority()[1], names=(HOST,))
        async with opened(Front(sign_in_first), serving(tmp_path, leaf, authority()[1])) as front:
            jira.base = f"https://{HOST}:{front.port}"
            report = await looked(jira.base, reaching=means(authorities=root_file(tmp_path)))
    unknown = {"oauth-plugin", "unknown-client", "client", "redirect", "permission", "pkce", "return-to-app"}
    assert faults(report) == dict.fromkeys(unknown, "unknown")
