"""genkan link: making, changing and ending application links."""

import pytest

from genkan.protocol.clients import secret_digest
from genkan.protocol.records import GrantState, Link
from tests.cli.shell import Ended, Shell

WEB = "https://wiki.example.com/oauth/callback"
APP = "jira-server://oauth-callback"


def create(shell: Shell, *words: str) -> Ended:
    """Make a link named Wiki."""
    return shell.good("link", "create", "--name", "Wiki", *words)


def kept(shell: Shell, client_id: str) -> Link:
    """The link as the store has it."""
    found = shell.in_store(lambda store: store.link_by_client_id(client_id))
    assert found is not None
    return found


def test_a_confidential_link_tells_its_secret_once(shell: Shell) -> None:
    """The answer has the members of the contract; nothing shows the secret again, and only its hash is kept."""
    told = create(shell, "--redirect", WEB, "--permission", "WRITE", "--json").json
    assert {"id", "name", "clientId", "clientSecret", "redirects", "permission"} <= told.keys()
    assert (told["name"], told["redirects"], told["permission"]) == ("Wiki", [WEB], "WRITE")
    assert (len(told["clientId"]), len(told["clientSecret"])) == (32, 64)
    for shown in (shell.good("link", "show", told["id"], "--json"), shell.good("link", "list", "--json")):
        assert told["clientSecret"] not in shown.out
    assert kept(shell, told["clientId"]).secret == secret_digest(told["clientSecret"])


def test_the_redirect_decides_the_kind_and_the_output_says_so(shell: Shell) -> None:
    """A private-use scheme makes a native link, https a confidential one; a warning stands beside, not in, the
    output.
    """
    ended = create(shell, "--redirect", APP)
    assert "native (decided by the redirect)" in ended.out
    assert "secret" not in ended.out
    assert "genkan: note: " in ended.err
    ended = shell.good("link", "create", "--name", "Other", "--redirect", WEB)
    assert "confidential (decided by the redirect)" in ended.out
    assert "(shown this once)" in ended.out
    assert ended.err == ""
    assert "decided" not in create(shell, "--redirect", WEB, "--confidential").out


def test_every_option_arrives(shell: Shell) -> None:
    """Each option of create is what the link then has."""
    told = create(
        shell, "--redirect", WEB, "--redirect", WEB + "2", "--permission", "ADMIN", "--confidential", "--introspect",
        "--consent", "remember", "--pkce-required", "--client-id", "known-to-phones", "--absolute-days", "30",
        "--plain-pkce-exposes-codes", "--json",
    ).json  # fmt: skip
    assert told["redirects"] == [WEB, WEB + "2"]
    assert (told["permission"], told["kind"], told["consent"]) == ("ADMIN", "confidential", "remember")
    assert (told["introspect"], told["pkceRequired"], told["plainPkce"]) == (True, True, True)
    assert (told["clientId"], told["absoluteLifetimeSeconds"]) == ("known-to-phones", 30 * 86400)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--redirect", "javascript:alert(1)"), 2, "redirect"),
        (("--redirect", "http://wiki.example.com/"), 2, "redirect"),
        (("--redirect", WEB, "--redirect", WEB), 2, "different"),
        (("--redirect", WEB, "--permission", "ROOT"), 2, "READ, WRITE"),
        (("--redirect", WEB, "--native", "--confidential"), 2, "exclude each other"),
        (("--redirect", APP, "--consent", "remember"), 2, "--consent remember: only a confidential link"),
        (("--redirect", WEB, "--consent", "never"), 2, "always or remember"),
        (("--redirect", APP, "--introspect"), 2, "introspect"),
        (("--redirect", WEB, "--client-id", "short"), 2, "the client id must have 8 to 64 letters, digits"),
        (("--redirect", WEB, "--absolute-days", "-1"), 2, "--absolute-days: write how many days, or 0 for never"),
    ],
)
def test_a_bad_link_is_not_made(shell: Shell, words: tuple[str, ...], status: int, said: str) -> None:
    """What is wrong is named, and there is no link afterwards."""
    assert said in shell.refused("link", "create", "--name", "Wiki", *words, status=status)
    assert shell.good("link", "list", "--json").json == []


def test_a_client_id_is_used_once_for_ever(shell: Shell) -> None:
    """The client id of a link is refused to another, also after the link was deleted."""
    create(shell, "--redirect", WEB, "--client-id", "taken-already")
    again = ("link", "create", "--name", "Other", "--redirect", WEB, "--client-id", "taken-already")
    assert "taken" in shell.refused(*again, status=1)
    shell.good("link", "delete", "taken-already")
    assert "taken" in shell.refused(*again, status=1)


def test_a_second_link_of_one_name_is_noted(shell: Shell) -> None:
    """It is made, with a line beside the output that names the other one; a deleted namesake is none."""
    first = create(shell, "--redirect", WEB, "--json").json
    ended = create(shell, "--redirect", WEB, "--json")
    assert ended.err == (
        f"genkan: note: Wiki is the name of another link too (id {first['id']}); genkan link change ID --name gives "
        "one of them another\n"
    )
    assert ended.json["name"] == "Wiki"
    other = shell.good("link", "create", "--name", "Other", "--redirect", WEB, "--json").json
    assert first["id"] in shell.good("link", "change", other["id"], "--name", "Wiki").err
    for link in (first, ended.json, other):
        shell.good("link", "delete", link["id"])
    assert create(shell, "--redirect", WEB).err == ""


def test_plain_http_needs_the_named_setting(shell: Shell) -> None:
    """GENKAN_INSECURE_REDIRECTS lets a plain http redirect in."""
    shell.patch.setenv("GENKAN_INSECURE_REDIRECTS", "1")
    create(shell, "--redirect", "http://wiki.example.com/cb")


def test_a_link_is_found_by_id_and_client_id(shell: Shell) -> None:
    """Both names show the same link, in words and as JSON."""
    told = create(shell, "--redirect", APP, "--json").json
    by_id = shell.good("link", "show", told["id"]).out
    assert by_id == shell.good("link", "show", told["clientId"]).out
    fields = dict(line.split(maxsplit=1) for line in by_id.splitlines())
    assert (fields["redirects"], fields["introspect"], fields["absoluteLifetimeSeconds"]) == (APP, "no", "none")


def test_changing_leaves_what_is_not_named(shell: Shell) -> None:
    """One option changes one thing; nobody is signed out by it."""
    link, (alice,) = shell.people("alice")
    grant = shell.sign_in(alice, link)
    shell.good("link", "change", link.client_id, "--permission", "READ", "--pkce-required")
    changed = kept(shell, link.client_id)
    assert (changed.permission.name, changed.pkce_required, changed.redirects) == ("READ", True, link.redirects)
    told = shell.good("link", "change", link.client_id, "--no-pkce-required", "--name", "New name", "--json").json
    assert (told["name"], told["pkceRequired"], told["permission"]) == ("New name", False, "READ")
    shell.good("link", "change", link.client_id, "--absolute-days", "1")
    assert kept(shell, link.client_id).absolute_lifetime == 86_400_000
    shell.good("link", "change", link.client_id, "--absolute-days", "0")
    assert kept(shell, link.client_id).absolute_lifetime is None
    assert shell.phone(grant).grant.state is GrantState.LIVE
    assert "nothing to change" in shell.refused("link", "change", link.client_id, status=2)


def test_rotating_overlaps(shell: Shell) -> None:
    """Both secrets work for the overlap; with none the old one has stopped."""
    told = create(shell, "--redirect", WEB, "--json").json
    rotated = shell.good("link", "rotate-secret", told["id"], "--json").json
    link = kept(shell, told["clientId"])
    assert link.secret == secret_digest(rotated["clientSecret"])
    assert link.previous_secret == secret_digest(told["clientSecret"])
    assert "previousSecretUntil" in rotated
    assert "has stopped working" in shell.good("link", "rotate-secret", told["id"], "--overlap", "0").out
    assert kept(shell, told["clientId"]).previous_secret is None
    assert "--overlap: write how many seconds" in shell.refused(
        "link", "rotate-secret", told["id"], "--overlap", "-5", status=2
    )


def test_a_native_link_has_no_secret_to_rotate(shell: Shell) -> None:
    """Rotating a native link's secret is refused."""
    told = create(shell, "--redirect", APP, "--json").json
    assert "no secret" in shell.refused("link", "rotate-secret", told["id"], status=2)


def test_disabling_suspends_and_deleting_ends(shell: Shell) -> None:
    """A disabled link's sign-ins resume when it is enabled; a deleted one's are over, and it is gone from the list."""
    link, (alice,) = shell.people("alice")
    grant = shell.sign_in(alice, link)
    shell.good("link", "disable", link.client_id)
    shell.good("link", "disable", link.client_id)
    assert shell.phone(grant).grant.state is GrantState.LIVE
    shell.good("link", "enable", link.client_id)
    shell.good("link", "delete", link.client_id)
    assert shell.phone(grant).grant.reason == "link_deleted"
    assert shell.good("link", "list", "--json").json == []
    assert shell.kinds()[-3:] == ["link.disabled", "link.enabled", "link.deleted"]


def test_signing_out_keeps_the_link(shell: Shell) -> None:
    """link sign-out ends every sign-in of it; new ones are possible."""
    link, (alice,) = shell.people("alice")
    grant = shell.sign_in(alice, link)
    assert "all sign-ins have ended" in shell.good("link", "sign-out", link.client_id).out
    assert shell.phone(grant).grant.reason == "link_signed_out"
    assert kept(shell, link.client_id).usable


@pytest.mark.parametrize("command", ["show", "change", "rotate-secret", "disable", "enable", "delete", "sign-out"])
def test_no_such_link(shell: Shell, command: str) -> None:
    """An id that no link has is answered with where to look, and status 1."""
    more = ("--name", "x") if command == "change" else ()
    said = shell.refused("link", command, "nothing", *more, status=1)
    assert said == "there is no link nothing; genkan link list shows them"
