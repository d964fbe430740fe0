"""Which exception a program gets for what: waiting is advised only where waiting helps."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from genkan.app import ApiRefused, Connection, FileVault, SetUpWrong, TryLater, VaultTrouble
from genkan.app.keeping import no_answer
from genkan.app.outcomes import Retry, SiteSetUpWrong
from genkan.app.steps import Loss, Lost
from genkan.testing import SiteDouble
from tests.app.conftest import Clock
from tests.app.desk import MYSELF, Desk

CALLS: list[Callable[[Connection], object]] = [
    lambda connection: connection.fresh_token(),
    lambda connection: connection.get(MYSELF),
    lambda connection: connection.whoami(),
    lambda connection: connection.sign_out(),
]


@pytest.mark.parametrize("call", CALLS)
def test_a_file_that_others_can_read(connection: Connection, tmp_path: Path, call: object) -> None:
    """What is wrong with the vault is told as that in the life of a session, too: waiting does not heal it."""
    for file in (tmp_path / "sessions").glob("*.json"):
        file.chmod(0o644)
    with pytest.raises(VaultTrouble, match="chmod 600"):
        call(connection)  # type: ignore[operator]


def test_a_vault_that_fails_during_a_sign_in(desk: Desk, tmp_path: Path) -> None:
    """A disk that is full when the session is to be kept is no matter of the site's set-up, and nothing stays open."""

    class Full(FileVault):
        def write(self, name: str, text: str) -> None:
            if name != "device":
                raise VaultTrouble("No space left.")
            super().write(name, text)

    with pytest.raises(VaultTrouble, match="No space left"):
        desk.app(vault=Full(tmp_path / "full")).connect(desk.site.base_url)
    assert desk.site.faults.asked[-1].path.endswith("/revoke")


@pytest.mark.skipif(os.name == "nt", reason="permissions of a folder are POSIX's")
def test_many_sign_outs_and_one_bad_vault(desk: Desk, connection: Connection, tmp_path: Path) -> None:
    """Signing out everywhere tells a session that could not be removed by its sentence."""

    class Stuck(FileVault):
        def remove(self, name: str) -> None:
            raise VaultTrouble(f"{name} cannot be removed.")

    ended = desk.app(vault=Stuck(tmp_path / "sessions")).sign_out_everywhere()
    assert list(ended.values()) == [f"{connection.id} cannot be removed."]


@pytest.mark.parametrize("loss", [loss for loss in Loss if loss not in {Loss.UNREACHABLE, Loss.INTERRUPTED}])
def test_losses_that_no_waiting_heals(loss: Loss) -> None:
    """A certificate that is not trusted or an answer that is too long stays so."""
    assert no_answer(Lost(loss, "So."), "GET") == SiteSetUpWrong("So.")


@pytest.mark.parametrize("method", ["GET", "head", "POST", "DELETE"])
@pytest.mark.parametrize("loss", [Loss.UNREACHABLE, Loss.INTERRUPTED])
def test_a_lost_answer_may_hide_an_act(method: str, loss: Loss) -> None:
    """Only a request that changes something and whose answer was lost may have acted."""
    found = no_answer(Lost(loss, "So."), method)
    assert isinstance(found, Retry)
    assert found.may_have_acted == (loss is Loss.INTERRUPTED and method in {"POST", "DELETE"})


def test_a_lost_post(connection: Connection, genkan_site: SiteDouble) -> None:
    """The exception says so, and the request is not sent again by itself."""
    before = len(genkan_site.faults.requests("myself"))
    genkan_site.faults.lose_answer("myself")
    with pytest.raises(TryLater) as lost:
        connection.post(MYSELF, {})
    assert lost.value.may_have_acted
    genkan_site.faults.lose_answer("myself")
    with pytest.raises(TryLater) as lost:
        connection.get(MYSELF)
    assert not lost.value.may_have_acted
    assert len(genkan_site.faults.requests("myself")) == before + 2


def test_an_answer_that_is_too_long(connection: Connection, genkan_site: SiteDouble) -> None:
    """More than 16 MiB comes again at the next try: nobody is told to wait."""
    genkan_site.faults.answer("myself", 200, b"x" * (16 * 1024 * 1024 + 1))
    with pytest.raises(SetUpWrong, match="longer than"):
        connection.get(MYSELF)


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GE T", {}),
        ("", {}),
        ("GÉT", {}),
        ("GET", {"X": "a\nb"}),
        ("GET", {"X": "é"}),
        ("GET", {"X": "a\0"}),
        ("GET", {"": "a"}),
        ("GET", {"X:": "a"}),
    ],
)
def test_what_cannot_be_sent(
    connection: Connection, genkan_site: SiteDouble, method: str, headers: dict[str, str]
) -> None:
    """A fault of the program is a ValueError before anything is sent."""
    before = len(genkan_site.faults.asked)
    with pytest.raises(ValueError, match=r"header|method"):
        connection.request(method, MYSELF, headers=headers)
    assert len(genkan_site.faults.asked) == before


def test_a_busy_api_says_how_long(connection: Connection, genkan_site: SiteDouble) -> None:
    """The seconds of Retry-After go with the refusal; a date or nothing gives none."""
    for value, after in (("7", 7), ("Wed, 21 Oct 2026 07:28:00 GMT", None)):
        genkan_site.faults.answer("myself", 503, b"{}", headers=((b"retry-after", value.encode()),))
        with pytest.raises(ApiRefused) as refused:
            connection.get(MYSELF).json()
        assert (refused.value.status, refused.value.after) == (503, after)


def test_a_busy_token_endpoint(connection: Connection, genkan_site: SiteDouble, clock: Clock) -> None:
    """A renewal that is busy keeps its own number of seconds."""
    clock.forward(4000)
    genkan_site.faults.fail("token", 503, retry_after=9)
    with pytest.raises(TryLater) as later:
        connection.fresh_token()
    assert later.value.after == 9
