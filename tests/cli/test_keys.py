"""genkan keys: words and statuses; the order of file and store is shown in tests/ops."""

import pytest

from genkan.outside.ring_file import read_ring
from genkan.protocol.ring import Ring
from tests.cli.shell import Shell


def ring(shell: Shell) -> Ring:
    """The ring in the file."""
    found = read_ring(shell.ring_path)
    assert isinstance(found, Ring)
    return found


def test_a_rotation_as_the_manual_describes_it(shell: Shell) -> None:
    """list, add, activate, drop: each says what it did, and the ring agrees."""
    (first,) = shell.good("keys", "list", "--json").json["keys"]
    assert (first["state"], first["inUse"]) == ("active", False)
    second = shell.good("keys", "add", "--json").json
    assert second["state"] == "verify"
    assert "is active" in shell.good("keys", "activate", second["id"]).out
    assert f"{ring(shell).active.id:04x}" == second["id"]
    assert shell.good("keys", "drop", first["id"]).out == f"{first['id']} is dropped\n"
    told = shell.good("keys", "list", "--json").json
    assert told["version"] == 4
    assert [(key["id"], key["state"]) for key in told["keys"]] == [(first["id"], "dropped"), (second["id"], "active")]
    assert shell.good("keys", "list").out.splitlines()[1].startswith(f"{first['id']}  dropped")


def test_a_second_ring_is_never_made(shell: Shell) -> None:
    """A site that has one says so; where its file is gone, none is made in its place."""
    assert "has a key ring already" in shell.refused("keys", "create", status=1)
    shell.ring_path.unlink()
    assert "has a key ring already" in shell.refused("keys", "create", status=1)
    assert not shell.ring_path.exists()


def test_no_secret_is_shown(shell: Shell) -> None:
    """What the commands print holds no byte of a key."""
    secret = ring(shell).active.secret
    told = shell.good("keys", "list", "--json").out + shell.good("keys", "list").out + shell.good("keys", "add").out
    assert secret.hex() not in told
    assert repr(secret) not in told


def test_revoking_says_what_ended(shell: Shell) -> None:
    """The phone under the key is signed out, and the list says why."""
    link, (alice,) = shell.people("alice")
    key_id = ring(shell).active.id
    shell.sign_in(alice, link, key_id=key_id, previous_key_id=key_id)
    assert shell.good("keys", "list", "--json").json["keys"][0]["inUse"] is True
    assert "every sign-in under it has ended" in shell.good("keys", "revoke", f"{key_id:04x}").out
    assert shell.good("phones", "list", "--json").json[0]["reason"] == "key_revoked"
    assert "already" in shell.refused("keys", "revoke", f"{key_id:04x}", status=1)


@pytest.mark.parametrize("command", ["activate", "revoke", "drop"])
def test_ids_that_are_none(shell: Shell, command: str) -> None:
    """An unknown key is a no, a word that is no id is wrong usage; the ring stays."""
    before = ring(shell)
    unknown = f"{before.active.id ^ 1:04x}"
    assert unknown in shell.refused("keys", command, unknown, status=1)
    for text in ("xyz", "12345", "+1a2", "ABCD", ""):
        assert "not a key's id" in shell.refused("keys", command, text, status=2)
    assert ring(shell) == before


def test_a_lost_ring_is_a_fault_of_the_set_up(shell: Shell) -> None:
    """Without its file every keys command says so, exits with 2 and makes none."""
    shell.ring_path.unlink()
    for words in (("list",), ("add",), ("revoke", "1234")):
        assert "is not there" in shell.refused("keys", *words, status=2)
    assert not shell.ring_path.exists()
