"""genkan phones: the list with its reasons, and signing out one, a person's, a link's or all."""

import pytest

from genkan.protocol.env import DAY
from genkan.protocol.records import GrantState, LinkKind
from tests.cli.shell import Shell
from tests.store.builders import a_link, added, an_account

MEMBERS = {"id", "person", "link", "signedInAt", "lastSeenAt", "method", "device", "state", "reason"}


def test_the_list_is_the_contract(shell: Shell) -> None:
    """Every row has the agreed members; newest first."""
    link, (alice,) = shell.people("alice")
    first, second = shell.sign_in(alice, link), shell.sign_in(alice, link)
    told = shell.good("phones", "list", "--json").json
    assert [row["id"] for row in told] == [second.id.hex(), first.id.hex()]
    assert all(row.keys() >= MEMBERS for row in told)
    assert {(row["person"], row["link"], row["device"], row["state"], row["reason"]) for row in told} == {
        ("alice", "Wiki", "iPhone", "signed_in", "")
    }


def test_the_list_in_words_says_why(shell: Shell) -> None:
    """A row that was signed out carries the reason as a sentence."""
    link, (alice,) = shell.people("alice")
    grant = shell.sign_in(alice, link)
    shell.good("phones", "sign-out", grant.id.hex())
    told = shell.good("phones", "list").out
    assert "An administrator signed this phone out." in told
    assert told.splitlines()[1].split()[:3] == [grant.id.hex(), "alice", "Wiki"]


def test_lists_are_narrowed(shell: Shell) -> None:
    """By person, by link, and to those that are signed in; more rows than a page holds all come."""
    link, (alice, bob) = shell.people("alice", "bob")
    other = a_link("Other")
    shell.apply(added(other))
    shell.patch.setattr("genkan.cli.phones.PAGE", 2)
    hers = [shell.sign_in(alice, link) for _ in range(5)]
    his = shell.sign_in(bob, other)
    expired = shell.sign_in(bob, link, refresh_expires_at=0)
    ids = {grant.id.hex() for grant in hers}
    assert {row["id"] for row in shell.good("phones", "list", "--person", "ALICE", "--json").json} == ids
    assert [row["id"] for row in shell.good("phones", "list", "--link", other.client_id, "--json").json] == [
        his.id.hex()
    ]
    assert len(shell.good("phones", "list", "--json").json) == 7
    shell.good("phones", "sign-out", hers[0].id.hex())
    live = {row["id"] for row in shell.good("phones", "list", "--live", "--json").json}
    assert live == ids - {hers[0].id.hex()} | {his.id.hex()}
    states = {row["id"]: row["state"] for row in shell.good("phones", "list", "--person", "bob", "--json").json}
    assert states == {his.id.hex(): "signed_in", expired.id.hex(): "expired"}


def test_one_is_signed_out_and_the_others_stay(shell: Shell) -> None:
    """Only the named row ends; asking again says so and changes nothing."""
    link, (alice,) = shell.people("alice")
    first, second = shell.sign_in(alice, link), shell.sign_in(alice, link)
    assert "alice is signed out" in shell.good("phones", "sign-out", first.id.hex()).out
    before = shell.phone(first).grant
    assert "was signed out before" in shell.good("phones", "sign-out", first.id.hex()).out
    assert shell.phone(first).grant == before
    assert shell.phone(second).grant.state is GrantState.LIVE
    assert shell.kinds().count("grant.ended") == 1


def test_a_misspelt_id_among_good_ones_changes_nothing(shell: Shell) -> None:
    """All ids are looked for before the first is signed out."""
    link, (alice,) = shell.people("alice")
    grant = shell.sign_in(alice, link)
    assert "there is no phone" in shell.refused("phones", "sign-out", grant.id.hex(), "00" * 16, status=1)
    assert shell.phone(grant).grant.state is GrantState.LIVE
    assert "is not an id" in shell.refused("phones", "sign-out", grant.id.hex(), "xyz", status=2)


@pytest.mark.parametrize("many", ["--person", "--link", "--all"])
def test_many_are_signed_out_at_once(shell: Shell, many: str) -> None:
    """Each way ends exactly those that it names, with a reason on every row."""
    link, (alice, bob) = shell.people("alice", "bob")
    other = a_link("Other")
    shell.apply(added(other))
    grants = {
        "hers": shell.sign_in(alice, link),
        "hers elsewhere": shell.sign_in(alice, other),
        "his": shell.sign_in(bob, link),
    }
    named = {"--person": ("Alice",), "--link": (link.client_id,), "--all": ()}[many]
    shell.good("phones", "sign-out", many, *named)
    over = {name for name, grant in grants.items() if shell.phone(grant).grant.state is GrantState.ENDED}
    assert (
        over
        == {
            "--person": {"hers", "hers elsewhere"},
            "--link": {"hers", "his"},
            "--all": {"hers", "hers elsewhere", "his"},
        }[many]
    )
    assert all(shell.phone(grants[name]).grant.reason for name in over)


@pytest.mark.parametrize("words", [(), ("aa", "--all"), ("--person", "a", "--link", "b"), ("--all", "--person", "a")])
def test_exactly_one_way_must_be_named(shell: Shell, words: tuple[str, ...]) -> None:
    """None or two at once are wrong usage, and nobody is signed out."""
    assert "say which" in shell.refused("phones", "sign-out", *words, status=2)
    assert shell.kinds() == []


def test_an_unknown_person_or_link(shell: Shell) -> None:
    """Names that do not exist are refused, not listed as nobody."""
    for words in (("list", "--person", "x"), ("sign-out", "--person", "x"), ("list", "--link", "x")):
        assert "there is no" in shell.refused("phones", *words, status=1)


def test_a_phone_that_was_silent_for_long(shell: Shell) -> None:
    """A row that was never refreshed or used says never, and in JSON null."""
    link, alice = a_link("Wiki"), an_account("alice")
    shell.apply(added(link, alice))
    grant = shell.sign_in(alice, link)
    assert grant.refresh_expires_at - grant.created_at == 90 * DAY
    assert shell.good("phones", "list", "--json").json[0]["lastSeenAt"] is None
    assert " never " in shell.good("phones", "list").out


def test_the_list_says_what_may_be_one_phone(shell: Shell) -> None:
    """Whatever is left out of the list, a row is judged by all the person's live sign-ins."""
    link, (_, (alice, bob)) = a_link("App", kind=LinkKind.NATIVE, secret=None), shell.people("alice", "bob")
    shell.apply(added(link))
    pair = {shell.sign_in(alice, link).id.hex() for _ in range(2)}
    alone, marked = shell.sign_in(bob, link), shell.sign_in(alice, link, device=b"m" * 16)
    told = {row["id"]: row["possiblySamePhone"] for row in shell.good("phones", "list", "--json").json}
    assert told == {**dict.fromkeys(pair, True), alone.id.hex(): False, marked.id.hex(): False}
    assert shell.good("phones", "list").out.count("possibly the same phone") == 2
    first, second = pair
    shell.good("phones", "sign-out", first, marked.id.hex())
    told = {row["id"]: row["possiblySamePhone"] for row in shell.good("phones", "list", "--json").json}
    assert not any(told.values())
    assert second in told
