"""A session that cannot be read now may be the one that is meant: no other acts in its place unless it is named."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from keyring.backend import KeyringBackend

from genkan.app import App, HandedAgent, Machine, SignInNeeded, VaultTrouble, WhichOne
from genkan.cli.app import app as command
from genkan.testing import Setup, SiteDouble
from tests.app.keyrings import SilentKeyring

KINDS = {"alice": "keyring", "bob": "encrypted"}


class Two:
    """Alice with her session in the keyring, and bob with his in encrypted files, at one site."""

    def __init__(self, folder: Path, site: SiteDouble) -> None:
        self.folder = folder
        self.site = site
        for name in KINDS:
            self.app(name).sign_in(site.base_url).close()

    def app(self, name: str = "", kind: str = "") -> App:
        environ = {"GENKAN_APP_DIR": str(self.folder), "GENKAN_APP_VAULT": kind or KINDS.get(name, "")}
        agent = HandedAgent(self.site.person(name)) if name else None
        return App(agent=agent, machine=Machine(environ), examine=False)

    def whose(self, *named: str, kind: str = "") -> str:
        """Whose session a program gets by an address and an account, each of which it may leave out."""
        address, account = (*named, None, None)[:2]
        with self.app(kind=kind).connect(address or None, account=account, sign_in=False) as connection:
            return connection.whoami().name


@pytest.fixture
def backend(use_keyring: Callable[[KeyringBackend], None]) -> SilentKeyring:
    backend = SilentKeyring()
    use_keyring(backend)
    return backend


@pytest.fixture
def two(tmp_path: Path, make_genkan_site: Callable[[Setup], SiteDouble], backend: SilentKeyring) -> Two:
    return Two(tmp_path / "app", make_genkan_site(Setup(people=("alice", "bob"))))


@pytest.mark.parametrize("kind", ["keyring", "encrypted"])
def test_nobody_gets_another_ones_session(two: Two, backend: SilentKeyring, kind: str) -> None:
    """Whichever of the kinds is in use, and whatever is named: what was unclear stays so behind the lock."""
    base = two.site.base_url
    with pytest.raises(WhichOne):
        two.whose(kind=kind)
    backend.locked = True
    with pytest.raises(VaultTrouble, match="unlock it"):
        two.whose(kind=kind)
    for named in ((base,), ("", "bob")):
        with pytest.raises(WhichOne, match=f"unlock it.*bob at {base}"):
            two.whose(*named, kind=kind)
    assert two.whose(base, "bob", kind=kind) == "bob"
    with pytest.raises(VaultTrouble if kind == "keyring" else SignInNeeded, match="unlock it"):
        two.whose(base, "alice", kind=kind)
    backend.locked = False
    assert two.whose(base, "alice", kind=kind) == "alice"


def test_what_is_spoilt_is_over(two: Two, backend: SilentKeyring) -> None:
    """A keyring that was emptied gives nothing back: the other session is the only one."""
    backend.kept.clear()
    assert two.whose() == two.whose(two.site.base_url) == "bob"


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def genkan(two: Two, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `genkan app WORDS…` in this process, over what the two have kept."""
    monkeypatch.setenv("GENKAN_APP_DIR", str(two.folder))
    monkeypatch.setenv("GENKAN_BROWSER", shlex.join([sys.executable, "-m", "genkan.testing"]))

    def run(*words: str) -> tuple[int, str, str]:
        status = command(words, result_action="return_value", exit_on_error=False)
        return (status, *capsys.readouterr())

    return run


@pytest.mark.parametrize("words", [("whoami",), ("token",), ("logout",), ("request", "DELETE", "/rest/api/2/x")])
def test_no_command_takes_another_one(two: Two, backend: SilentKeyring, genkan: Run, words: tuple[str, ...]) -> None:
    """Nor does it advise to forget one that is in good order, nor to sign in where that fails as well."""
    base = two.site.base_url
    backend.locked = True
    address = ("--site", base) if words[0] == "request" else (base,)
    for named in ((), address, ("--account", "bob")):
        status, out, err = genkan(*words, *named)
        assert (status, out) == (2, "")
        assert "unlock it" in err
        assert "--forget" not in err
        assert len(err.splitlines()) == 1
    status, out, err = genkan(*words, *address, "--account", "alice")
    assert (status, out, err.count("unlock it")) == (2, "", 1)
    assert "genkan app login" not in err
    assert sorted(phone.state for phone in two.site.phones()) == ["signed_in", "signed_in"]


def test_what_is_kept_is_shown(two: Two, backend: SilentKeyring, genkan: Run) -> None:
    """The sentence once, and what can be read; who is named and may be there is told nothing else."""
    backend.locked = True
    status, out, err = genkan("status")
    assert (status, err.count("unlock it"), "--forget" in err) == (0, 1, False)
    assert "bob at" in out
    assert "signed in as bob" in genkan("sites")[1]
    assert genkan("whoami", two.site.base_url, "--account", "bob")[0] == 0
    status, out, err = genkan("status", two.site.base_url, "--account", "alice")
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    backend.locked = False
    backend.kept.clear()
    status, out, err = genkan("whoami")
    assert (status, "bob" in out, "--forget" in err) == (0, True, True)


def test_helpers_give_no_other_ones_token(
    two: Two, backend: SilentKeyring, genkan: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """git and pip get a token of the account that they name, and of no other."""
    backend.locked = True
    status, out, err = genkan("keyring", "get", two.site.base_url)
    assert (status, out, "unlock it" in err, "--account" in err) == (1, "", True, True)
    assert genkan("keyring", "get", two.site.base_url, "alice")[:2] == (1, "")
    status, out, _ = genkan("keyring", "get", two.site.base_url, "bob")
    assert (status, len(out.splitlines())) == (0, 1)
