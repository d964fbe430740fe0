"""A session for git, pip and uv: their own programs where they are here, their protocols in any case."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from genkan.testing import Setup, SiteDouble
from tests.terminal.conftest import Terminal

Make = Callable[[Setup], SiteDouble]


def asked(genkan: Terminal, *lines: str, operation: str = "get", words: tuple[str, ...] = ()) -> dict[str, str]:
    """What the helper answers git, with nothing on standard error."""
    ran = genkan("git-credential", operation, *words, given="\n".join(lines) + "\n\n")
    assert (ran.status, ran.err) == (0, "")
    return dict(line.split("=", 1) for line in ran.out.splitlines())


def host_of(site: SiteDouble) -> str:
    return site.base_url.split("/")[2]


def test_git_gets_the_token_as_a_password_or_as_bearer(genkan: Terminal) -> None:
    """By what this git can do: the capability of 2.46, else user name and password; always with the end of its life."""
    token = genkan.sign_in()
    place = ("protocol=http", f"host={host_of(genkan.site)}")
    plain = asked(genkan, *place)
    assert (plain["username"], plain["password"]) == ("alice", token)
    assert plain["password_expiry_utc"].isdigit()
    bearer = asked(genkan, "capability[]=authtype", "capability[]=state", *place)
    assert (bearer["capability[]"], bearer["authtype"], bearer["credential"]) == ("authtype", "Bearer", token)
    assert "password" not in bearer


def test_git_gets_nothing_that_is_another_sites(signed_in: Terminal) -> None:
    """Scheme, host and port must be the session's; an unknown place is no answer, and no operation but get is."""
    host = host_of(signed_in.site)
    assert asked(signed_in, "protocol=https", f"host={host}") == {}
    assert asked(signed_in, "protocol=http", "host=127.0.0.1:1") == {}
    assert asked(signed_in, "protocol=http", f"host={host}.evil.example") == {}
    assert asked(signed_in, "protocol=http", "host=[") == {}
    assert asked(signed_in) == {}
    assert asked(signed_in, "protocol=http", f"host={host}", operation="store") == {}
    assert asked(signed_in, "protocol=http", f"host={host}", operation="capability") == {}


def test_git_names_the_context_path_and_the_account(genkan: Terminal, make_genkan_site: Make) -> None:
    """With credential.useHttpPath the path decides, and a user name chooses between accounts."""
    site = make_genkan_site(Setup(people=("alice", "bob"), path="/git"))
    genkan.sign_in("alice", site)
    genkan.sign_in("bob", site)
    place = ("protocol=http", f"host={host_of(site)}")
    assert asked(genkan, *place, "path=git/scm/x.git", "username=bob")["username"] == "bob"
    assert asked(genkan, *place, "path=gitea/x.git", "username=bob") == {}
    assert asked(genkan, *place, words=("--account", "alice"))["username"] == "alice"
    unclear = genkan("git-credential", "get", given="\n".join(place))
    assert (unclear.status, unclear.out) == (0, "")
    assert "--account" in unclear.err


def test_a_token_that_the_server_refused_is_renewed(genkan: Terminal) -> None:
    """erase makes the next get give another; a refusal of somebody else's password changes nothing."""
    token = genkan.sign_in()
    place = ("protocol=http", f"host={host_of(genkan.site)}")
    asked(genkan, *place, "password=something else", operation="erase")
    assert asked(genkan, *place)["password"] == token
    asked(genkan, *place, f"password={token}", operation="erase")
    assert asked(genkan, *place)["password"] not in {token, ""}
    assert [phone.state for phone in genkan.site.phones()] == ["signed_in"]


def test_an_ended_session_is_told_and_asks_nobody(signed_in: Terminal) -> None:
    """Signed out at the site: status 1 and a line, so that git goes on to its own question, which CI has turned off."""
    signed_in.site.sign_out()
    signed_in.site.clock.advance(10)
    token = json.loads(signed_in("token", "--json").out)["access_token"]
    place = f"protocol=http\nhost={host_of(signed_in.site)}\n"
    ran = signed_in("git-credential", "erase", given=f"{place}password={token}\n\n")
    assert (ran.status, ran.out) == (1, "")
    assert "genkan app login" in ran.err


@pytest.mark.needs("git")
def test_git_itself_asks_us(signed_in: Terminal, tmp_path: Path) -> None:
    """`git credential fill`, set up as the manual says, comes back with our token, with the terminal's question off."""
    helper = f"!{sys.executable} -m genkan app git-credential"
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("GENKAN_", "GIT_"))}
    env = {**plain, **signed_in.settings, "HOME": str(tmp_path), "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1"}
    argv = ["git", "-c", f"credential.{signed_in.site.base_url}.helper={helper}", "credential", "fill"]
    given = f"url={signed_in.site.base_url}/scm/x.git\n\n"
    said = subprocess.run(argv, env=env, input=given, capture_output=True, text=True, timeout=60, check=True)
    assert "username=alice\n" in said.stdout
    assert "password=gnk_at_" in said.stdout


def test_pip_and_uv_get_what_keyring_would_say(genkan: Terminal) -> None:
    """The words that each of them types: pip with a mode and JSON, uv with an address and a name."""
    token = genkan.sign_in()
    index = f"{genkan.site.base_url}/simple/"
    credentials = genkan("keyring", "--mode=creds", "--output=json", "get", index)
    assert json.loads(credentials.out) == {"username": "alice", "password": token}
    assert genkan("keyring", "get", index, "alice").out == f"{token}\n"
    assert genkan("keyring", "get", "--mode", "creds", index).out == f"alice\n{token}\n"
    named = index.replace("http://", "http://oauth2@")
    assert genkan("keyring", "get", named, "oauth2").out == f"{token}\n"
    for words in (("get", "https://pypi.example/simple"), ("get", "pypi.example")):
        ran = genkan("keyring", *words)
        assert (ran.status, ran.out, ran.err) == (1, "", "")
    assert genkan("keyring", "set", index, "alice").status == 1


def test_pip_itself_asks_us(signed_in: Terminal, tmp_path: Path) -> None:
    """pip finds the wrapper of the manual as `keyring`, is answered, and shows the index the token as a password."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    wrapper = bin_folder / "keyring"
    wrapper.write_text(f'#!/bin/sh\nset -- app keyring "$@"\nexec {sys.executable} -m genkan "$@"\n')
    wrapper.chmod(0o755)
    challenge = ((b"www-authenticate", b'Basic realm="packages"'),)
    signed_in.site.faults.answer("/simple/thing/", 401, b"", "text/html", headers=challenge)
    signed_in.site.faults.answer("/simple/thing/", 200, b"<html></html>", "text/html")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("GENKAN_", "PIP_"))}
    env = {**plain, **signed_in.settings, "PATH": f"{bin_folder}:{os.environ['PATH']}", "PIP_CONFIG_FILE": os.devnull}
    argv = [sys.executable, "-m", "pip", "download", "--no-input", "--keyring-provider=subprocess", "--retries=0"]
    index = f"{signed_in.site.base_url}/simple"
    rest = ["--index-url", index, "--trusted-host", host_of(signed_in.site), "--no-deps", "-d", str(tmp_path), "thing"]
    subprocess.run([*argv, *rest], env=env, capture_output=True, text=True, timeout=120, check=False)
    shown = [seen.headers.get("authorization", "") for seen in signed_in.site.faults.requests("/simple/thing/")]
    assert [words.partition(" ")[0] for words in shown] == ["", "Basic"], shutil.which("keyring", path=env["PATH"])
