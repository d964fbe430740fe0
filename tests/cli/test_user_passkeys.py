"""genkan user passkeys: listing and taking one away, the last way in of the last administrator only where meant."""

from dataclasses import replace

import pytest

from genkan.protocol.outcomes import Change, EventKind
from genkan.protocol.passkey_steps import AddPasskey, MarkCloned
from genkan.protocol.records import Account, Passkey
from genkan.protocol.signin.passkey import public_id
from tests.cli.shell import Shell

MADE_AT = 1_700_000_000_000
FIRST = Passkey(
    b"k" * 16, 0, b"public", 7, "Laptop", b"a" * 16, ("internal",), "localhost", False, False, False, MADE_AT
)
SECOND = replace(FIRST, id=b"l" * 16, name="Phone", backup_eligible=True, backed_up=True, created_at=MADE_AT + 1)


@pytest.fixture
def alice(shell: Shell) -> Account:
    """Somebody with two passkeys."""
    shell.add_user("alice")
    account = shell.in_store(lambda store: store.account_by_name("alice"))
    assert account is not None
    steps = [AddPasskey(replace(one, account_id=account.id), 9) for one in (FIRST, SECOND)]
    assert shell.in_store(lambda store: store.apply(Change(tuple(steps))))
    return account


def names(shell: Shell) -> list[str]:
    return [one["name"] for one in shell.good("user", "passkeys", "list", "alice", "--json").json]


def test_passkeys_are_listed(shell: Shell, alice: Account) -> None:
    """Oldest first, where each is kept, and which of them is refused as perhaps copied; an account by any case."""
    first, second = shell.good("user", "passkeys", "list", "ALICE", "--json").json
    assert (first["id"], first["name"]) == (public_id(FIRST), "Laptop")
    assert second["id"] == public_id(SECOND)
    assert shell.in_store(lambda store: store.apply(Change((MarkCloned(alice.id, SECOND.id, 7, MADE_AT + 2),))))
    rows = [line for line in shell.good("user", "passkeys", "list", "alice").out.splitlines() if line]
    assert [word in rows[1] for word in (public_id(FIRST), "Laptop", "this device", "never", "good")] == [True] * 5
    assert [word in rows[2] for word in ("Phone", "synced", "perhaps copied")] == [True] * 3


def test_one_is_taken_away(shell: Shell, alice: Account) -> None:
    """By the id that the list shows, with its line in the audit; one that is not there is named."""
    gone = shell.good("user", "passkeys", "remove", "alice", public_id(FIRST), "--json").json
    assert gone["name"] == "Laptop"
    again = shell("user", "passkeys", "remove", "alice", public_id(FIRST))
    assert (again.status, "genkan user passkeys list alice" in again.err) == (1, True)
    assert names(shell) == ["Phone"]
    said = shell.good("user", "passkeys", "remove", "alice", public_id(SECOND)).out
    assert said == "alice no longer has the passkey Phone\n"
    events = [event for _, event in shell.in_store(lambda store: store.events())]
    removed = [event for event in events if event.kind is EventKind.PASSKEY_REMOVED]
    assert [(event.account_id, event.detail) for event in removed] == [
        (alice.id, public_id(FIRST)),
        (alice.id, public_id(SECOND)),
    ]


def test_nobody_else_s_can_be_taken(shell: Shell, alice: Account) -> None:
    """The id counts within the account alone, and an account that is not there is told as itself."""
    shell.add_user("bob")
    refused = shell("user", "passkeys", "remove", "bob", public_id(FIRST))
    assert (refused.status, "bob has no passkey" in refused.err) == (1, True)
    nobody = shell("user", "passkeys", "list", "carol")
    assert nobody.status != 0
    assert "carol" in nobody.err
    assert names(shell) == ["Laptop", "Phone"]


def test_the_last_way_in_of_the_last_administrator_is_not_taken_by_mistake(shell: Shell, alice: Account) -> None:
    """Where passkeys alone count the last one that works here stays, unless that is meant; then the way back is told.
    A passkey of a host that the site does not ask for is no way in.
    """
    shell.good("user", "permission", "alice", "SYSTEM_ADMIN")
    foreign = replace(FIRST, id=b"m" * 16, account_id=alice.id, name="Old", rp_id="given-up.example")
    assert shell.in_store(lambda store: store.apply(Change((AddPasskey(foreign, 9),))))
    shell.good("sign-in", "set", "--ways", "passkey")
    shell.good("user", "passkeys", "remove", "alice", public_id(SECOND))
    refused = shell("user", "passkeys", "remove", "alice", public_id(FIRST))
    assert (refused.status, "--last-administrator" in refused.err) == (1, True)
    assert sorted(names(shell)) == ["Laptop", "Old"]
    done = shell.good("user", "passkeys", "remove", "alice", public_id(FIRST), "--last-administrator")
    assert "genkan user recover alice" in done.err
    assert names(shell) == ["Old"]
