"""What cannot be read of what is kept: it is told, and keeps nobody from the other sessions, nor from ending them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from keyring.backend import KeyringBackend

from genkan.app import App, HandedAgent, Machine, SignInNeeded, VaultTrouble, keeping, leaving
from genkan.app.keeping import Keeper
from genkan.app.shelter import shelter_of
from genkan.testing import Setup, SiteDouble
from tests.app.by_hand import drive
from tests.app.conftest import Chance, Clock
from tests.app.desk import MYSELF, Desk
from tests.app.keyrings import SilentKeyring

UseKeyring = Callable[[KeyringBackend], None]


def copied(folder: Path) -> None:
    (folder / "abc (conflicted copy).json").write_text("{}")


def restored(folder: Path) -> None:
    (folder / "abc.json").write_text("{}")
    (folder / "abc.json").chmod(0o644)


def linked(folder: Path) -> None:
    (folder / "abc.json").symlink_to(folder / "nowhere")


def a_folder(folder: Path) -> None:
    (folder / "abc.json").mkdir()


@pytest.mark.parametrize("stray", [copied, restored, linked, a_folder])
def test_one_that_does_not_belong_there(desk: Desk, stray: Callable[[Path], None]) -> None:
    """A copy of a synchronised folder, a file from a backup: the session beside it is used, and ended."""
    desk.app().connect(desk.site.base_url).close()
    stray(desk.vault._folder)
    with desk.app().connect(desk.site.base_url, account="alice", sign_in=False) as connection:
        assert connection.get(MYSELF).ok
    with pytest.raises(SignInNeeded, match="sign in first"):
        desk.app().connect("http://127.0.0.1:9", sign_in=False)
    told = desk.app().sign_out_everywhere()
    assert [phone.state for phone in desk.site.phones()] == ["signed_out"]
    assert all("abc" in label and "abc.json" in sentence for label, sentence in told.items())
    assert len(told) == (0 if stray is copied else 1)


class Kinds:
    """Alice at one site with her session in the keyring, and at another with it in encrypted files."""

    def __init__(self, folder: Path, clock: Clock, chance: Chance, sites: list[SiteDouble]) -> None:
        self.environ = {"GENKAN_APP_DIR": str(folder)}
        self.machine = Machine(self.environ, clock, chance, clock.ticks, lambda _: None)
        self.sites = sites
        for kind, site in zip(("keyring", "encrypted"), sites, strict=True):
            self.app(site, kind).connect(site.base_url).close()

    def app(self, site: SiteDouble | None = None, kind: str = "") -> App:
        machine = Machine({**self.environ, "GENKAN_APP_VAULT": kind}, self.machine.now, self.machine.draw)
        agent = None if site is None else HandedAgent(site.person("alice"))
        return App(agent=agent, machine=machine, examine=False)

    def states(self) -> list[str]:
        return [phone.state for site in self.sites for phone in site.phones()]


@pytest.fixture
def backend() -> SilentKeyring:
    return SilentKeyring()


@pytest.fixture
def kinds(
    tmp_path: Path,
    clock: Clock,
    chance: Chance,
    make_genkan_site: Callable[[Setup], SiteDouble],
    use_keyring: UseKeyring,
    backend: SilentKeyring,
) -> Kinds:
    use_keyring(backend)
    return Kinds(tmp_path / "app", clock, chance, [make_genkan_site(Setup()), make_genkan_site(Setup())])


def test_a_keyring_in_use_that_is_locked(kinds: Kinds, backend: SilentKeyring) -> None:
    """The session of the other kind goes on; of its own it is told that it is locked, not that nobody is signed in."""
    there, elsewhere = kinds.sites
    backend.locked = True
    with kinds.app().connect(elsewhere.base_url, account="alice", sign_in=False) as connection:
        assert connection.whoami().name == "alice"
    with pytest.raises(VaultTrouble, match="unlock it"):
        kinds.app().connect(there.base_url, sign_in=False)
    with pytest.raises(VaultTrouble, match="unlock it"):
        kinds.app(there).connect(there.base_url)
    (state,) = kinds.app().saved()
    assert state.site.base_url == elsewhere.base_url
    told = kinds.app().sign_out_everywhere()
    assert kinds.states() == ["signed_in", "signed_out"]
    assert [sentence for sentence in told.values() if "unlock it" in sentence] == list(told.values())
    assert len(told) == 1
    backend.locked = False
    assert kinds.app().sign_out_everywhere() == {}
    assert kinds.states() == ["signed_out", "signed_out"]


def test_a_session_in_use_while_the_keyring_is_locked(
    kinds: Kinds, backend: SilentKeyring, clock: Clock, chance: Chance
) -> None:
    """It is the vault's trouble and not the end of the session: no program signs in again for it."""
    (state,) = (one for one in kinds.app().saved() if one.site.base_url == kinds.sites[0].base_url)
    backend.locked = True
    keeper = Keeper(shelter_of(kinds.environ).find(chance), clock, chance)
    with pytest.raises(VaultTrouble, match="unlock it"):
        drive(keeping.access(keeper, state.id), lambda step: pytest.fail(f"asked {step}"))
    with pytest.raises(VaultTrouble, match="unlock it"):
        drive(leaving.sign_out(keeper, state.id), lambda step: pytest.fail(f"asked {step}"))


@pytest.mark.parametrize("kind", ["", "encrypted"])
def test_forgetting_where_the_keyring_is_gone(kinds: Kinds, no_keyring: None, kind: str, tmp_path: Path) -> None:
    """What can be ended is ended, all the rest is forgotten, and nothing is left to try again."""
    told = kinds.app(kind=kind).sign_out_everywhere()
    assert len(told) == 1
    assert kinds.states() == ["signed_in", "signed_out"]
    told = kinds.app(kind=kind).sign_out_everywhere(forget=True)
    assert len(told) == 1
    assert kinds.app(kind="encrypted").sign_out_everywhere() == {}
    names = {path.name for path in (tmp_path / "app" / "sessions").iterdir()}
    assert {name for name in names if name.endswith((".keyed", ".sealed"))} == {"device.keyed", "device.sealed"}


def test_forgetting_where_the_key_file_is_gone(
    tmp_path: Path, clock: Clock, chance: Chance, make_genkan_site: Callable[[Setup], SiteDouble]
) -> None:
    """Once all is forgotten the next sign-in makes a key of its own: nothing is left that the old one would open."""
    site, folder = make_genkan_site(Setup()), tmp_path / "app"
    environ = {"GENKAN_APP_DIR": str(folder), "GENKAN_APP_VAULT": "encrypted"}
    machine = Machine(environ, clock, chance, clock.ticks, lambda _: None)
    app = App(agent=HandedAgent(site.person("alice")), machine=machine, examine=False)
    app.connect(site.base_url).close()
    (folder / "sessions.key").unlink()
    with pytest.raises(VaultTrouble, match="put it back"):
        app.connect(site.base_url)
    app.sign_out_everywhere(forget=True)
    for _ in range(2):
        with app.connect(site.base_url) as connection:
            assert connection.whoami().name == "alice"
    assert (folder / "sessions" / "device.sealed").exists()
