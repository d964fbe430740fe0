"""genkan api-key: told once, kept as a hash, revoked for ever."""

from genkan.protocol.clients import secret_digest
from genkan.protocol.records import ApiKey
from genkan.wire.scopes import Permission
from tests.cli.shell import Shell


def kept(shell: Shell, text: str) -> ApiKey:
    """The key as the store has it."""
    found = shell.in_store(lambda store: store.api_key(secret_digest(text)))
    assert found is not None
    return found.key


def test_a_key_is_told_once(shell: Shell) -> None:
    """The text opens the row that the store keeps; no later command shows it."""
    told = shell.good("api-key", "create", "MDM job", "--permission", "ADMIN", "--days", "30", "--json").json
    key = kept(shell, told["apiKey"])
    assert (key.name, key.permission) == ("MDM job", Permission.ADMIN)
    assert key.expires_at == key.created_at + 30 * 86_400_000
    assert told["apiKey"].startswith("gnk_ak_")
    assert len(told["apiKey"]) == 7 + 44
    (listed,) = shell.good("api-key", "list", "--json").json
    assert listed == {name: value for name, value in told.items() if name != "apiKey"}
    assert told["apiKey"].encode() not in shell.database.read_bytes()


def test_the_usual_key_may_only_read(shell: Shell) -> None:
    """Without options a key has READ and 90 days; people see it beside the words that it comes once."""
    told = shell.good("api-key", "create", "wiki").out
    key = kept(shell, next(word for word in told.split() if word.startswith("gnk_ak_")))
    assert (key.permission, key.expires_at) == (Permission.READ, key.created_at + 90 * 86_400_000)
    assert "(shown this once)" in told


def test_a_key_without_end_is_asked_for_by_name(shell: Shell) -> None:
    """It says so, and cannot have an end as well."""
    told = shell.good("api-key", "create", "wiki", "--without-end", "--json").json
    assert (told["expiresAt"], kept(shell, told["apiKey"]).expires_at) == (None, None)
    assert "never" in shell.good("api-key", "list").out
    both = ("api-key", "create", "other", "--without-end", "--days", "3")
    assert "--days and --without-end contradict each other" in shell.refused(*both, status=2)


def test_revoking_is_for_ever(shell: Shell) -> None:
    """The row says when; the name is free for another key."""
    told = shell.good("api-key", "create", "wiki", "--json").json
    assert shell.good("api-key", "revoke", told["id"]).out == "wiki is revoked\n"
    assert kept(shell, told["apiKey"]).revoked_at is not None
    assert "already" in shell.refused("api-key", "revoke", told["id"], status=1)
    shell.good("api-key", "create", "wiki")
    states = [key["state"] for key in shell.good("api-key", "list", "--json").json]
    assert states == ["revoked", "active"]
    assert shell.kinds() == ["api_key.created", "api_key.revoked", "api_key.created"]


def test_bad_keys_are_not_made(shell: Shell) -> None:
    """A name in use, no name, a life without length, an unknown permission: named and refused."""
    shell.good("api-key", "create", "wiki")
    for words, status, said in (
        (("wiki",), 1, "already"),
        (("",), 2, "the name must have 1 to 100 printable characters"),
        (("a\x1bb",), 2, "name"),
        (("x", "--days", "0"), 2, "--days: write 1 or more, or leave it out"),
        (("x", "--permission", "ALL"), 2, "READ, WRITE"),
    ):
        assert said in shell.refused("api-key", "create", *words, status=status)
    assert "there is no API key" in shell.refused("api-key", "revoke", "0" * 16, status=1)
    assert len(shell.good("api-key", "list", "--json").json) == 1
