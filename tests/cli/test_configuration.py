"""genkan apply and genkan export: files, standard input, secrets by reference, all of it or nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from genkan.cli.workbench import CHANGED
from genkan.ops.apply import Applying
from genkan.outside import passwords
from genkan.protocol.clients import secret_digest
from genkan.protocol.link_wishes import LinkWish
from genkan.protocol.links import create
from genkan.protocol.outcomes import PutAccount
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Link
from genkan.store.api import Store
from genkan.wire.scopes import Permission
from tests.cli.shell import Shell
from tests.store.builders import a_change, added, an_account, an_env

SITE = """
[mobile]
enabled = true

[[link]]
name = "Build server"
redirects = ["https://build.example/cb"]

[[link]]
name = "Old program"
redirects = ["https://old.example/cb"]
secret_file = "old.secret"

[[user]]
name = "alice"
permission = "SYSTEM_ADMIN"
password_env = "ALICE_PASSWORD"

[[user]]
name = "bob"
password_file = "secrets/bob"
"""
OLD_SECRET = "0123456789abcdef" * 4


@pytest.fixture
def file(shell: Shell) -> Path:
    """A configuration in a folder of its own, with the secrets that it names."""
    folder = shell.folder / "conf"
    (folder / "secrets").mkdir(parents=True)
    (folder / "site.toml").write_text(SITE)
    (folder / "old.secret").write_text(OLD_SECRET + "\n")
    (folder / "secrets" / "bob").write_text("the password of bob\n")
    shell.patch.setenv("ALICE_PASSWORD", "the password of alice")
    return folder / "site.toml"


def link_named(shell: Shell, name: str) -> Link:
    """The link of this name."""
    return next(link for link in shell.in_store(lambda store: store.links()) if link.name == name)


def fits(shell: Shell, name: str, password: str) -> bool:
    """Whether this is the person's password."""
    row = shell.in_store(lambda store: store.password_row(name, ()))
    return row.hash is not None and passwords.verify_now(row.hash, password)


def test_dry_run_apply_and_again(shell: Shell, file: Path) -> None:
    """A dry run says what apply then does, and changes nothing; the second apply has nothing to do."""
    dry = shell.good("apply", str(file), "--dry-run").out.splitlines()
    assert dry[-1] == "nothing was changed: this was a dry run"
    assert shell.kinds() == []
    done = shell.good("apply", str(file)).out.splitlines()
    assert done[: len(dry) - 1] == dry[:-1]
    assert "add the account alice with the permission SYSTEM_ADMIN" in done
    assert shell.good("apply", str(file)).out == "nothing to change\n"
    assert shell.good("mobile", "status", "--json").json["enabled"] is True


def test_secrets_come_from_where_the_file_says(shell: Shell, file: Path) -> None:
    """Passwords and the old secret work, a drawn secret is told once, and no given one is ever printed."""
    told = shell.good("apply", str(file), "--json")
    assert fits(shell, "alice", "the password of alice")
    assert fits(shell, "bob", "the password of bob")
    assert link_named(shell, "Old program").secret == secret_digest(OLD_SECRET)
    (new,) = told.json["newLinks"]
    assert new["name"] == "Build server"
    assert link_named(shell, "Build server").secret == secret_digest(new["clientSecret"])
    for secret in (OLD_SECRET, "the password of"):
        assert secret not in told.out
    assert shell.good("apply", str(file), "--json").json == {"applied": True, "changes": [], "newLinks": []}


def test_a_dry_run_in_json_tells_no_secret(shell: Shell, file: Path) -> None:
    """What was only planned has no secret yet."""
    told = shell.good("apply", str(file), "--dry-run", "--json").json
    assert (told["applied"], told["newLinks"]) == (False, [])
    assert len(told["changes"]) == 5


def test_a_changed_password_is_set_and_an_unchanged_one_is_not(shell: Shell, file: Path) -> None:
    """Only the person whose password differs from the file is touched."""
    shell.good("apply", str(file))
    before = len(shell.kinds())
    shell.patch.setenv("ALICE_PASSWORD", "another one of alice")
    assert shell.good("apply", str(file)).out == "set the password of alice\n"
    assert fits(shell, "alice", "another one of alice")
    assert shell.kinds()[before:] == ["account.password_changed"]


def test_export_and_apply_is_a_round(shell: Shell, file: Path) -> None:
    """An export goes back in through standard input without a change, and into an empty site as the same."""
    shell.good("apply", str(file))
    text = shell.good("export").out
    assert OLD_SECRET not in text
    assert "password" not in text.split("[mobile]")[1]
    assert shell.good("apply", "-", given=text).out == "nothing to change\n"
    shell.data = shell.folder / "other"
    shell.patch.setenv("GENKAN_DATA_DIR", str(shell.data))
    shell.found_site()
    shell.good("apply", "-", given=text)
    assert sorted(shell.good("export").out.splitlines()) == sorted(text.splitlines())


def test_all_of_it_or_nothing(shell: Shell, file: Path) -> None:
    """A fault in the last entry leaves the first undone."""
    file.write_text(SITE + '[[user]]\nname = "carol"\nemail = "nobody"\n')
    said = shell.refused("apply", str(file), status=2)
    assert said.startswith(f"{file}: user 3 (carol): the e-mail address has no @")
    assert shell.kinds() == []
    assert shell.good("user", "list", "--json").json == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ("colour = 1\n" + SITE, "top level: there is no key 'colour'"),
        (SITE + "[", "it is not TOML at "),
        (SITE.replace("old.secret", "none.secret"), "link 2 (Old program): secret_file: none.secret cannot be read"),
        (SITE.replace("secrets/bob", "secrets"), "user 2 (bob): password_file: secrets cannot be read"),
        (SITE.replace("ALICE_PASSWORD", "NOT_SET"), "user 1 (alice): password_env: the variable NOT_SET is not set"),
        ("[mobile]\nenabled = 'yes'\n", "mobile: enabled: write true or false"),
        ("mobile = true\n", "mobile: write it as a table, its keys below it"),
        ("[mobile]\n", "mobile: the key 'enabled' is missing"),
        ("[link]\nname = 'x'\n", "link: write each link under a line [[link]]"),
        ("[[user]]\nname = 'x'\ngruops = []\n", "user 1 (x): there is no key 'gruops'; did you mean groups?"),
        ("[[user]]\nname = 7\n", "user 1: name: write text in quotes"),
        ("[[link]]\nname = 'x'\nredirects = 'a:/b'\n", "link 1 (x): redirects: write a list, as in redirects = ["),
        ("[[link]]\nname = 'x'\nkind = 'big'\n", "link 1 (x): kind: write native or confidential"),
        ("[[link]]\nname = 'x'\npermission = 'all'\n", "link 1 (x): permission: write READ or WRITE or ADMIN or "),
        ("[[user]]\nname = 'x'\nstate = 'gone'\n", "user 1 (x): state: write active or disabled or deleted"),
        ("[[link]]\nname = 'x'\nabsolute_lifetime_seconds = '1'\n", "link 1 (x): absolute_lifetime_seconds: write a "),
        (SITE + 'password_env = "ALICE_PASSWORD"\n', "user 2 (bob): give password_file or password_env, not both"),
        (SITE.replace('"alice"', '"a\\u200bb"'), "user 1 (a\ufffdb): the name must have 1 to 100 visible characters"),
        (SITE.replace("https://build.example/cb", "http://build.example/cb"), "link 1 (Build server): redirect "),
    ],
)
def test_a_fault_names_file_and_place(shell: Shell, file: Path, changed: str, said: str) -> None:
    """Whatever is wrong, the line begins with the file and the entry; status 2, nothing changed."""
    file.write_text(changed)
    assert shell.refused("apply", str(file), status=2).startswith(f"{file}: {said}")
    assert shell.kinds() == []


def test_bytes_that_are_no_text_are_named_by_their_line(shell: Shell, file: Path) -> None:
    """A file that is not UTF-8 says where."""
    file.write_bytes(b"# one\n# \xff\n")
    assert shell.refused("apply", str(file), status=2) == f"{file}: line 2 is not UTF-8; save the file as UTF-8"


def test_secrets_that_cannot_be_taken(shell: Shell, file: Path) -> None:
    """A password that is too short, a file that is not UTF-8: named, and not repeated."""
    shell.patch.setenv("ALICE_PASSWORD", "short")
    said = shell.refused("apply", str(file), status=2)
    assert "user 1 (alice): the password must have 10 to 1024 characters" in said
    assert "short" not in said.replace(str(file), "")
    shell.patch.setenv("ALICE_PASSWORD", "the password of alice")
    (file.parent / "old.secret").write_bytes(b"\xff" * 40)
    assert "is not UTF-8" in shell.refused("apply", str(file), status=2)


def test_files_that_are_none(shell: Shell) -> None:
    """A missing file and a folder are one line each; a fault on standard input says where it came from."""
    assert "cannot be read" in shell.refused("apply", "none.toml", status=2)
    assert "cannot be read" in shell.refused("apply", str(shell.folder), status=2)
    assert shell.refused("apply", "-", given="x", status=2).startswith("standard input: it is not TOML at its end; ")


def test_plain_http_follows_the_setting(shell: Shell, file: Path) -> None:
    """GENKAN_INSECURE_REDIRECTS lets a file have plain http redirects too."""
    shell.patch.setenv("GENKAN_INSECURE_REDIRECTS", "1")
    file.write_text(SITE.replace("https://build.example/cb", "http://build.example/cb"))
    shell.good("apply", str(file))
    assert link_named(shell, "Build server").redirects == ("http://build.example/cb",)


def test_a_plan_that_was_overtaken_is_made_anew(shell: Shell, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody makes the link between plan and write: the next plan finds it, hashes no password again, and applies."""
    hashed: list[str] = []
    real, planned = passwords.hash_now, Applying.plan

    def counted(password: str) -> str:
        hashed.append(password)
        return real(password)

    async def overtaken(self: Applying, store: Store, actor: str, env: object) -> object:
        plan = await planned(self, store, actor, env)  # type: ignore[arg-type]
        if len(await store.links()) == 0:
            made = create(LinkWish("Mobile app", ("app:/x",), Permission.READ), "other", an_env())
            assert await store.apply(made.change)  # type: ignore[union-attr]
        return plan

    monkeypatch.setattr("genkan.ops.apply.hash_now", counted)
    monkeypatch.setattr(Applying, "plan", overtaken)
    shell.good("apply", str(file))
    assert len(hashed) == 2
    assert {link["name"] for link in shell.good("link", "list", "--json").json} >= {"Build server", "Old program"}


ADMINISTRATOR = '[[user]]\nname = "{}"\npermission = "SYSTEM_ADMIN"\n'
ENDS = {
    "lowered": '[[user]]\nname = "alice"\npermission = "READ"\n',
    "disabled": '[[user]]\nname = "alice"\nstate = "disabled"\n',
    "deleted": '[[user]]\nname = "alice"\nstate = "deleted"\n',
}


@pytest.mark.parametrize("ends", ENDS.values(), ids=ENDS)
def test_the_last_administrator_stays(shell: Shell, file: Path, ends: str) -> None:
    """Also in a dry run, and where the only other one has no way in; a file that puts another there passes."""
    shell.add_user("alice", "--admin")
    file.write_text(ends)
    for words in (("--dry-run",), ()):
        said = shell.refused("apply", str(file), *words, status=2)
        assert said.endswith("the permission SYSTEM_ADMIN that alice loses; give it to somebody else in the file")
    file.write_text(ADMINISTRATOR.format("carol") + ends)
    said = shell.refused("apply", str(file), status=1)
    assert "that alice loses" in said
    shell.add_user("bob")
    file.write_text(ADMINISTRATOR.format("bob") + ends)
    shell.good("apply", str(file))
    assert "nothing to change" in shell.good("apply", str(file)).out


def test_of_several_who_lose_a_right_the_highest_is_named(shell: Shell, file: Path) -> None:
    """Where the only one who would be left has no way in: whoever loses less would not have been in the way."""
    shell.add_user("abel", "--permission", "ADMIN")
    shell.add_user("alice", "--admin")
    lowered = ENDS["lowered"]
    file.write_text(ADMINISTRATOR.format("carol") + lowered.replace("alice", "abel") + lowered)
    assert "the permission SYSTEM_ADMIN that alice loses" in shell.refused("apply", str(file), status=1)


def test_a_plan_that_is_always_overtaken_is_not_said_to_leave_nobody(
    shell: Shell, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file lowers an administrator beside another one, and somebody changes the site each time before it is
    written.
    """
    planned = Applying.plan

    async def overtaken(self: Applying, store: Store, actor: str, env: object) -> object:
        plan = await planned(self, store, actor, env)  # type: ignore[arg-type]
        alice = await store.account_by_name("alice")
        assert alice is not None
        changed = replace(alice, version=alice.version + 1)
        assert await store.apply(a_change(PutAccount(changed)))
        return plan

    shell.add_user("alice", "--admin")
    shell.add_user("bob", "--admin")
    file.write_text(ENDS["lowered"])
    monkeypatch.setattr(Applying, "plan", overtaken)
    assert CHANGED in shell.refused("apply", str(file), status=1)


def test_a_policy_that_would_let_no_administrator_in_is_said(shell: Shell, file: Path) -> None:
    """Also where only the store can see it, since the file sets somebody's password."""
    shell.apply(added(an_account("alice", permission=Permission.SYSTEM_ADMIN)))
    bob = '[[user]]\nname = "bob"\npassword_file = "secrets/bob"\n'
    file.write_text(bob + '[sign_in]\nways = ["password"]\n')
    said = shell.refused("apply", str(file), status=1)
    assert said == f"sign_in: {entry(Reason.NOBODY_COULD_SIGN_IN).public}"
