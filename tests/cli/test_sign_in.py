"""genkan sign-in, the ways of a link, and the break-glass where no password is taken."""

from genkan.protocol.env import MINUTE
from genkan.protocol.records import Site, Standing, Way
from genkan.store.api import Store
from genkan.wire.scopes import Permission
from tests.cli.shell import PASSWORD, Shell


def site_of(shell: Shell) -> Site:
    async def read(store: Store) -> Site:
        return await store.site()

    return shell.in_store(read)


def test_the_policy_is_set_and_shown(shell: Shell) -> None:
    """Ways with commas and an age in minutes; what is not named stays; 0 takes the age back."""
    shell.good("user", "add", "root", "--admin", "--password-stdin", given=PASSWORD)
    told = shell.good("sign-in", "set", "--ways", "password, passkey", "--max-age-minutes", "30", "--json").json
    assert told == {"ways": ["password", "passkey"], "maxAgeSeconds": 1800}
    assert shell.good("sign-in", "set", "--max-age-minutes", "0", "--json").json["ways"] == ["password", "passkey"]
    assert (site_of(shell).ways, site_of(shell).max_age) == (Way.PASSWORD | Way.PASSKEY, None)
    assert "password, passkey" in shell.good("sign-in", "show").out


def test_a_policy_that_shuts_everybody_out_is_refused(shell: Shell) -> None:
    """Nobody has a passkey: exit status 1 and one line that says what to do."""
    shell.good("user", "add", "root", "--admin", "--password-stdin", given=PASSWORD)
    refused = shell("sign-in", "set", "--ways", "passkey")
    assert refused.status == 1
    assert "No system administrator could sign in" in refused.err
    assert site_of(shell).ways == Way(15)


def test_a_word_that_is_no_way_is_named(shell: Shell) -> None:
    """Exit status 2, and the words that are."""
    refused = shell("sign-in", "set", "--ways", "passkeys")
    assert (refused.status, refused.err.count("\n")) == (2, 1)
    assert "password, passkey, certificate, corporate" in refused.err
    assert shell("sign-in", "set").status == 2


def test_a_link_has_ways_of_its_own(shell: Shell) -> None:
    """Set when it is made and changed later; site leaves it to the site again."""
    words = ("--name", "App", "--redirect", "app.example:/cb", "--ways", "passkey,certificate", "--json")
    made = shell.good("link", "create", *words, "--max-age-minutes", "15").json
    assert (made["ways"], made["maxAgeSeconds"]) == (["passkey", "certificate"], 900)
    changed = shell.good("link", "change", made["id"], "--ways", "corporate", "--json").json
    assert (changed["ways"], changed["maxAgeSeconds"]) == (["corporate"], 900)
    reset = shell.good("link", "change", made["id"], "--ways", "site", "--max-age-minutes", "0", "--json").json
    assert (reset["ways"], reset["maxAgeSeconds"]) == ([], None)


def test_the_file_says_it_too(shell: Shell) -> None:
    """Exported and applied again it changes nothing; another policy is told and made."""
    shell.good("user", "add", "root", "--admin", "--password-stdin", given=PASSWORD)
    shell.good("link", "create", "--name", "App", "--redirect", "app.example:/cb", "--ways", "password")
    file = shell.folder / "site.toml"
    file.write_text(shell.good("export").out)
    assert "nothing to change" in shell.good("apply", str(file)).out
    file.write_text('[sign_in]\nways = ["password"]\nmax_age_seconds = 600\n[[link]]\nname = "App"\nways = []\n')
    told = shell.good("apply", str(file)).out
    assert "change how people sign in: ways password passkey certificate corporate becomes password" in told
    assert "change the link App: ways password becomes none" in told
    assert (site_of(shell).ways, site_of(shell).max_age) == (Way.PASSWORD, 10 * MINUTE)


def test_a_file_that_shuts_everybody_out_is_refused(shell: Shell) -> None:
    """With its place, and without a change; an administrator of the same file counts."""
    shell.good("user", "add", "root", "--admin", "--password-stdin", given=PASSWORD)
    file = shell.folder / "site.toml"
    file.write_text('[sign_in]\nways = ["certificate"]\n')
    refused = shell("apply", str(file))
    assert refused.status == 2
    assert "sign_in: certificates need an authority in GENKAN_CLIENT_CA" in refused.err
    file.write_text('[sign_in]\nways = ["smoke"]\n')
    assert "write password or passkey or certificate or corporate" in shell("apply", str(file)).err


def test_break_glass_by_a_link(shell: Shell) -> None:
    """recover --link enables, makes administrator and prints an address that works once; no password is set."""
    link, (alice,) = shell.people("alice")
    shell.sign_in(alice, link)
    shell.good("user", "disable", "alice")
    told = shell.good("user", "recover", "alice", "--link").out.splitlines()
    assert told[1].startswith("http://localhost:8080/recover/")

    async def read(store: Store) -> tuple[object, ...]:
        found = await store.account_by_name("alice")
        assert found is not None
        return found.standing, found.permission, await store.recovery_of(found.id) is not None

    assert shell.in_store(read) == (Standing.ACTIVE, Permission.SYSTEM_ADMIN, True)
    assert shell("user", "recover", "alice", "--link", "--password-stdin").status == 2
