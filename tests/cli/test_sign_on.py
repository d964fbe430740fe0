"""genkan sign-on test: each thing that can be wrong with a directory, told in words with what to mend."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import tomli_w
import trustme

from tests.cli.shell import Ended, Shell
from tests.outside.slapd import BASE, PEOPLE, Slapd

Tried = Callable[..., Ended]


@pytest.fixture
def tried(shell: Shell, slapd: Slapd) -> Tried:
    """``tried("alice", base="…")``: the command on a sign-on file with these keys."""

    def run(user: str = "", *more: str, **keys: object) -> Ended:
        file = shell.folder / "sign-on.toml"
        file.write_text(tomli_w.dumps({"ldap": [slapd.source(**keys)]}))
        shell.patch.setenv("GENKAN_SIGN_ON_FILE", str(file))
        return shell("sign-on", "test", "corp", *(("--user", user) if user else ()), *more)

    return run


def wrong(ended: Ended) -> str:
    """The step that is wrong, and what to do about it."""
    assert ended.status == 1, ended
    lines = ended.out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("WRONG"))
    return " ".join(line.strip() for line in lines[at : at + 2])


@pytest.mark.needs("slapd", "ldapadd")
def test_a_directory_that_is_right(slapd: Slapd, tried: Tried) -> None:
    """Server, bind, people and one person with all that is read of them; the same as JSON."""
    dn = slapd.person("c-alice", "the password")
    group = slapd.group("c-staff", dn)
    ended = tried("c-alice", permissions={group: "ADMIN"}, most_permission="ADMIN")
    assert ended.status == 0, ended
    told = ended.out
    for part in ("connected, TLS", "accepted", "entries with entryUUID", dn, "c-staff", "ADMIN", "Belongs here: yes"):
        assert part in told, part
    assert "WRONG" not in told
    document = tried("c-alice", "--json").json
    assert document["good"] is True
    assert {"tried", "good", "found", "fix"} == set(document["steps"][0])


@pytest.mark.needs("slapd", "ldapadd")
@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"servers": ["ldaps://no-such-host.invalid"]}, "cannot be resolved"),
        ({"ca_file": ""}, "is not trusted"),
        ({"base": f"ou=nowhere,{BASE}"}, "has no entry"),
        ({"base": f"ou=left,{BASE}", "id_attribute": "employeeNumber"}, "shows nobody with employeeNumber"),
    ],
)
def test_what_is_wrong_with_the_way_there(tried: Tried, keys: dict[str, object], said: str) -> None:
    """Name, certificate, base and rights: one step is wrong, it says why, and what to mend."""
    line = wrong(tried("", **keys))
    assert said in line
    assert line.endswith(".")


@pytest.mark.needs("slapd", "ldapadd")
def test_a_port_where_nobody_listens(slapd: Slapd, tried: Tried) -> None:
    """A closed port is told with the ports that there usually are; the other server is still tried."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        ended = tried("", servers=[f"ldaps://127.0.0.1:{closed.getsockname()[1]}", slapd.tls])
    assert "636" in wrong(ended)
    assert "accepted" in ended.out


@pytest.mark.needs("slapd", "ldapadd")
def test_the_wrong_authority_and_the_wrong_password(tried: Tried, tmp_path: Path) -> None:
    """A foreign certificate stops before the bind; a refused bind names the account and never its password."""
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    assert "ca_file" in wrong(tried("", ca_file=str(tmp_path / "other.pem")))
    (tmp_path / "secret").write_text("not its password")
    ended = tried("", bind_password_file=str(tmp_path / "secret"))
    assert "bind_password_file" in wrong(ended)
    assert "not its password" not in ended.out + ended.err


@pytest.mark.needs("slapd", "ldapadd")
@pytest.mark.parametrize(
    ("name", "keys", "said"),
    [
        ("c-nobody", {}, "nobody fits"),
        ("c-x)(uid=*", {}, "nobody fits"),
        ("c-twin", {"filter": "(sn={name})"}, "more than one entry fits"),
        ("c-one", {"login_attribute": "employeeNumber"}, "Set login_attribute"),
        ("c-one", {"id_attribute": "uid", "filter": "(&(sn={name})(uid=*))"}, "not one alone"),
        ("c-gone", {}, "expired (shadowExpire)"),
    ],
)
def test_what_is_wrong_with_a_person(slapd: Slapd, tried: Tried, name: str, keys: dict[str, object], said: str) -> None:
    """Nobody, two, no name, two ids, somebody who has left: each told with what to mend."""
    if not slapd.attribute(f"uid=c-one,{PEOPLE}", "uid"):
        slapd.person("c-one", "the password", more=[("uid", "c-one-too")])
        slapd.person("c-gone", "the password", more=[("shadowExpire", "1")])
        for one in ("c-twin-a", "c-twin-b"):
            slapd.person(one, "the password", more=[("sn", "c-twin")])
    line = wrong(tried(name, **keys))
    assert said in line
    assert line.endswith(".")


def test_a_name_that_no_table_has(shell: Shell, tmp_path: Path) -> None:
    """What is not in the file is named, with what is."""
    assert shell.refused("sign-on", "test", "corp", status=2) == (
        "no table of GENKAN_SIGN_ON_FILE is called corp; there is: none"
    )
