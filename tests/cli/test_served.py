"""The address that a serving site announced, as commands beside it know it."""

import json
from pathlib import Path

import pytest

from genkan import __version__
from genkan.protocol.outcomes import Announce, Change
from genkan.protocol.records import Served
from tests.cli.shell import PASSWORD, Shell
from tests.security.serving import serving
from tests.store.builders import NOW

ANNOUNCED = "https://site.example.com/jira"


@pytest.fixture
def served(shell: Shell) -> Shell:
    """A site that was started with a base URL which this terminal has not been told."""
    shell.add_user("alice", "--admin")
    shell.apply(Change((Announce(Served(ANNOUNCED, "9.9", NOW)),)))
    return shell


def test_serve_announces_its_base_url_version_and_start(tmp_path: Path) -> None:
    """What was told by flag or variable is known to a command that was told nothing."""
    with serving(tmp_path) as site:
        base = site.environment.pop("GENKAN_BASE_URL")
        site.command("user", "add", "alice", "--admin", "--password-stdin", given=PASSWORD)
        status = json.loads(site.command("status", "--json"))
        assert (status["baseURL"], status["served"]["baseURL"], status["served"]["version"]) == (
            base,
            base,
            __version__,
        )


def test_recover_prints_a_link_to_where_the_site_is_served(served: Shell) -> None:
    """Not to localhost, where nothing answers."""
    *_, link = served.good("user", "recover", "alice", "--link").out.splitlines()
    assert link.startswith(f"{ANNOUNCED}/")


def test_mdm_build_here_names_the_served_address(served: Shell) -> None:
    """A thousand phones get the address that the site has."""
    (site,) = json.loads(served.good("mdm", "build", "--for", "value", "--here").out)
    assert site["baseURL"] == ANNOUNCED


def test_who_is_told_another_address_hears_of_it(served: Shell) -> None:
    """What is told wins, for a move is prepared so, and one line says that the site is served as something else."""
    served.patch.setenv("GENKAN_BASE_URL", "https://new.example.com")
    ended = served.good("user", "recover", "alice", "--link")
    assert ended.out.splitlines()[-1].startswith("https://new.example.com/")
    assert ended.err.count("\n") == 1
    assert ANNOUNCED in ended.err


def test_recover_says_before_it_ends_anything_that_the_address_is_a_guess(shell: Shell) -> None:
    """Nothing has served the site, and nothing was told."""
    shell.add_user("alice", "--admin")
    ended = shell.good("user", "recover", "alice", "--link")
    assert "http://localhost:8080 is a guess" in ended.err


def test_a_site_that_was_served_without_https_is_known_too(shell: Shell) -> None:
    """It was allowed to by a setting that this terminal need not have."""
    shell.add_user("alice", "--admin")
    shell.apply(Change((Announce(Served("http://site.example.com", "9.9", NOW)),)))
    *_, link = shell.good("user", "recover", "alice", "--link").out.splitlines()
    assert link.startswith("http://site.example.com/")


def test_proxies_and_deployments_are_for_the_served_address(served: Shell, tmp_path: Path) -> None:
    """Whatever is written for other programs follows it as well."""
    served.good("deploy", "compose", "--into", str(tmp_path))
    assert f'GENKAN_BASE_URL: "{ANNOUNCED}"' in (tmp_path / "compose.yaml").read_text()


def test_serving_is_asked_and_nothing_else(served: Shell) -> None:
    """No process: status 1 and the address that was asked; the store is not looked at."""
    ended = served("status", "--serving", "--json")
    assert (ended.status, ended.json["serving"]) == (1, False)
    assert ended.json["asked"] == "http://127.0.0.1:8080/healthz"
