"""genkan check as it is typed: its JSON, its words, its page, its exit statuses, and its refusals."""

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.cli.shell import Shell
from tests.ports import free_port
from tests.security.serving import Serving, serving

KEYS = {"id", "verdict", "asked", "answered", "why", "fix"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A real server, with the switch on."""
    with serving(tmp_path_factory.mktemp("served"), GENKAN_PASSWORD_THREADS="1") as site:
        site.command("mobile", "on")
        yield site


def test_a_healthy_site(bare: Shell, served: Serving) -> None:
    """Exit status 0, and the document of the contract."""
    found = bare.good("check", served.base, "--json").json
    assert set(found) == {"url", "verdict", "probes"}
    assert (found["url"], found["verdict"]) == (served.base, "ok")
    assert all(set(one) == KEYS for one in found["probes"])
    assert {one["verdict"] for one in found["probes"]} == {"ok"}
    assert all(one["fix"] == "" for one in found["probes"])


def test_a_healthy_site_in_words(bare: Shell, served: Serving) -> None:
    """A line for each probe, and at the end that the site is ready."""
    out = bare.good("check", served.base).out
    assert "This site is ready for the app." in out
    assert "info-login" not in out
    assert "ok  info-login" in bare.good("check", served.base, "--all").out


def test_an_address_as_app_login_takes_it(bare: Shell, served: Serving) -> None:
    """`genkan check 127.0.0.1:8080` and `jira.example.com`: the scheme that is meant is put before them."""
    assert bare.good("check", served.base.removeprefix("http://"), "--json").json["url"] == served.base
    ended = bare("check", "jira.invalid", "--json")
    assert (ended.status, ended.json["url"]) == (1, "https://jira.invalid")


def test_a_site_that_is_not_there(bare: Shell) -> None:
    """An address that refuses: exit status 1, and the one line that matters stands first, without the thirty others."""
    url = f"http://localhost:{free_port()}"
    ended = bare("check", url)
    assert ended.status == 1
    lines = ended.out.rstrip().splitlines()
    assert lines[2].startswith("Change first (connection): ")
    assert len(lines) <= 12
    assert len(bare("check", url, "--all").out.splitlines()) > 31
    ended = bare("check", url, "--json")
    assert ended.status == 1
    assert ended.json["verdict"] == "wrong"


def test_a_page_to_attach(bare: Shell, served: Serving, tmp_path: Path) -> None:
    """One file, whole in itself: no script, nothing loaded from elsewhere, everything escaped."""
    file = tmp_path / "report.html"
    bare.good("check", served.base, "--html", str(file), "--json")
    tags: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            """Keep every tag."""
            tags.append((tag, dict(attrs)))

    text = file.read_text("utf-8")
    Reader().feed(text)
    assert {"script", "img", "link", "iframe"} & {tag for tag, _ in tags} == set()
    assert not any({"src", "href", "style"} & set(attributes) for _, attributes in tags)
    assert served.base in text
    assert sum(tag == "section" for tag, _ in tags) == 31


def test_the_page_in_japanese(bare: Shell, tmp_path: Path) -> None:
    """The file is for readers of one language; what the command prints, and what is typed, stays English."""
    file = tmp_path / "report.html"
    url = f"http://localhost:{free_port()}"
    told = bare("check", url, "--html", str(file), "--language", "ja")
    text = file.read_text("utf-8")
    assert '<html lang="ja">' in text
    assert "アプリの準備ができていますか" in text
    assert "最初に直すこと" in text
    assert not any(word in text for word in ("Change first", "not asked", "phones", "No."))
    assert "Change first" in told.out


@pytest.mark.parametrize(
    ("words", "phrase"),
    [(["https://x.example", "--language", "tlh"], "--language"),
     (["https://a@b/"], "user name"), (["ftp://x"], "https://"),
     (["https://x.example", "--permission", "ALL"], "--permission"),
     (["https://x.example", "--redirect", "x"], "scheme"),
     (["https://x.example", "--client-id", "a\x07"], "--client-id"),
     (["https://x.example", "--admin-token-file", "no-such-file"], "--admin-token-file"),
     (["https://x.example", "--ca-file", "no-such-file"], "--ca-file"), ([], "check")],
)  # fmt: skip
def test_wrong_usage(bare: Shell, words: list[str], phrase: str) -> None:
    """One line that says what to write, exit status 2, and nobody is asked."""
    assert phrase in bare.refused("check", *words, status=2)


def test_files_that_hold_something_else(bare: Shell, tmp_path: Path) -> None:
    """A token file without a token and a bundle without a certificate are refused before anything is asked."""
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "long").write_text("a b c")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    for name in ("empty", "long", "binary"):
        assert "--admin-token-file" in bare.refused("check", "https://x.example", "--admin-token-file", name, status=2)
    for name in ("empty", "pem", "binary"):
        assert "--ca-file" in bare.refused("check", "https://x.example", "--ca-file", name, status=2)


def test_a_page_that_cannot_be_written(bare: Shell, served: Serving) -> None:
    """Said in a line; nothing half is left."""
    said = bare.refused("check", served.base, "--html", "no/such/folder/report.html", status=2)
    assert "--html" in said


def test_the_client_id_of_an_mdm_value(bare: Shell, served: Serving) -> None:
    """A client id that nobody knows is wrong, the site's own is right."""
    own = json.loads(served.command("mobile", "status", "--json"))["clientID"]
    assert bare("check", served.base, "--client-id", own).status == 0
    ended = bare("check", served.base, "--client-id", "0" * 32)
    assert ended.status == 1
    assert "Change first (client)" in ended.out
