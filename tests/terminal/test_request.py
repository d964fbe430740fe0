"""`genkan app request`: what is sent for what a person writes, and how the answer comes out."""

import json
from email import message_from_bytes
from pathlib import Path

import pytest

from genkan.app.steps import API_LIMIT
from genkan.testing import AppLink, Somebody
from genkan.wire.scopes import Permission
from tests.terminal.conftest import Terminal

THINGS = "/rest/api/2/things"


def answers(genkan: Terminal, body: bytes, kind: str = "application/json", times: int = 1, status: int = 200) -> None:
    """What the site's API has to say of things."""
    genkan.site.faults.answer(THINGS, status, body, kind, times)


def test_headers_and_query_are_sent_as_written(signed_in: Terminal) -> None:
    """A header replaces ours of the same name, parameters are encoded, and the token goes along by itself."""
    answers(signed_in, b"a,b\n", "text/csv")
    words = ("-H", "Accept: text/csv", "-H", "X-Trace:  7 ", "-q", "jql=project = A & B", "-q", "empty=")
    ran = signed_in("request", "get", f"{THINGS}?old=1", *words)
    assert (ran.status, ran.out) == (0, "a,b\n")
    (asked,) = signed_in.site.faults.requests(THINGS)
    assert (asked.headers["accept"], asked.headers["x-trace"]) == ("text/csv", "7")
    assert asked.query == {"old": "1", "jql": "project = A & B", "empty": ""}
    assert asked.headers["authorization"].startswith("Bearer gnk_at_")


def test_bodies(signed_in: Terminal, tmp_path: Path) -> None:
    """Form fields are joined, JSON is sent as JSON, a file as what it is, standard input under @-."""
    answers(signed_in, b"{}", times=4)
    (tmp_path / "note.txt").write_bytes(b"line one\nline two")
    (tmp_path / "pair").write_bytes(b"c=3")
    assert signed_in("request", "POST", THINGS, "-d", "a=1", "-d", f"@{tmp_path / 'pair'}").status == 0
    assert signed_in("request", "PUT", THINGS, "--json-body", "@-", given='{"b": 2}').status == 0
    assert signed_in("request", "PUT", THINGS, "-T", str(tmp_path / "note.txt")).status == 0
    assert signed_in("request", "PUT", THINGS, "-T", str(tmp_path / "pair"), "-H", "Content-Type: x/y").status == 0
    form, document, text, named = signed_in.site.faults.requests(THINGS)
    assert form.form == {"a": "1", "c": "3"}
    assert (document.headers["content-type"], document.body) == ("application/json", b'{"b": 2}')
    assert (text.headers["content-type"], text.body) == ("text/plain", b"line one\nline two")
    assert named.headers["content-type"] == "x/y"


def test_an_upload_is_a_multipart_form(signed_in: Terminal, tmp_path: Path) -> None:
    """Fields and files in their order (RFC 7578), a hostile file name in its quotes, and the word that Jira wants."""
    answers(signed_in, b"[]")
    file = tmp_path / 'a "picture".png'
    file.write_bytes(b"\x89PNG\r\n\x00\xff")
    words = ("-F", "comment=two\nlines", "-F", f"file=@{file}", "-F", f"raw=@{file};type=application/x-raw")
    assert signed_in("request", "POST", THINGS, *words).status == 0
    (asked,) = signed_in.site.faults.requests(THINGS)
    assert asked.headers["x-atlassian-token"] == "no-check"
    whole = b"Content-Type: " + asked.headers["content-type"].encode() + b"\r\n\r\n" + asked.body
    parts = list(message_from_bytes(whole).walk())[1:]
    assert [part.get_content_type() for part in parts] == ["text/plain", "image/png", "application/x-raw"]
    assert parts[1].get_filename() == "a %22picture%22.png"
    assert asked.body.count(b"\x89PNG\r\n\x00\xff\r\n--") == 2


@pytest.mark.parametrize(
    "words",
    [
        ("-H", "no colon"),
        ("-H", "Authorization: Bearer mine"),
        ("-H", "Cookie: a=b"),
        ("-H", "X-A: b\r\nX-C: d"),
        ("-H", "X B: c"),
        ("-q", "nothing"),
        ("-F", "nothing"),
        ("-F", "a=@/nonexistent"),
        ("-T", "/nonexistent"),
        ("-T", "/"),
        ("-d", "a", "-F", "b=c"),
        ("--paginate", "-d", "a"),
        ("--paginate", "--include"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_is(genkan: Terminal, words: tuple[str, ...]) -> None:
    """Status 2 and one line, without a session and without a request."""
    ran = genkan("request", "GET", THINGS, *words)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("genkan app: ")
    assert ran.err.count("\n") == 1
    assert genkan.site.faults.asked == []


def test_json_is_indented_when_asked_and_changed_in_nothing_else(signed_in: Terminal) -> None:
    """A pipe gets the body as it came; --pretty keeps every digit and name; what is no JSON stays as it is."""
    body = '{"n":1.00,"big":12345678901234567890123,"k":1,"k":2,"s":"ü"}'.encode()
    answers(signed_in, body, times=2)
    assert signed_in("request", "GET", THINGS).out.encode() == body + b"\n"
    lines = signed_in("request", "GET", THINGS, "--pretty").out.splitlines()
    assert lines[0] == "{"
    assert [line.strip() for line in lines[1:3]] == ['"n": 1.00,', '"big": 12345678901234567890123,']
    answers(signed_in, b"not json", "text/plain")
    assert signed_in("request", "GET", THINGS, "--pretty").out == "not json\n"


def test_status_and_headers_on_demand(signed_in: Terminal) -> None:
    """--include prints them before the body, and a page is then printed as well."""
    answers(signed_in, b"<h1>Page</h1>", "text/html", status=404)
    ran = signed_in("request", "GET", THINGS, "-i")
    head, _, body = ran.out.partition("\n\n")
    assert ran.status == 1
    assert head.splitlines()[0] == "HTTP 404"
    assert "content-type: text/html" in head.splitlines()
    assert body == "<h1>Page</h1>\n"


def test_a_file_gets_the_bytes_as_they_came(signed_in: Terminal, tmp_path: Path) -> None:
    """--output keeps bytes that no terminal should see; a folder that is not there is told."""
    answers(signed_in, b"\x00\x1b[2Jbinary", "application/octet-stream", times=2)
    ran = signed_in("request", "GET", THINGS, "-o", str(tmp_path / "got"))
    assert (ran.status, ran.out, (tmp_path / "got").read_bytes()) == (0, "", b"\x00\x1b[2Jbinary")
    refused = signed_in("request", "GET", THINGS, "-o", str(tmp_path / "no" / "got"))
    assert refused.status == 2
    assert "cannot be written" in refused.err


def test_a_long_download_is_whole(signed_in: Terminal, tmp_path: Path) -> None:
    """An attachment may be longer than what a program holds of an answer unasked."""
    answers(signed_in, b"x" * (API_LIMIT + 1), "application/octet-stream", times=2)
    assert signed_in("request", "GET", THINGS).status == 2
    assert signed_in("request", "GET", THINGS, "-o", str(tmp_path / "got")).status == 0
    assert (tmp_path / "got").stat().st_size == API_LIMIT + 1


def test_a_redirect_is_no_answer(signed_in: Terminal, tmp_path: Path) -> None:
    """It is not followed, so nothing was read: a no that names the target without its secrets, and no empty file."""
    to_login = ((b"location", b"https://sso.example.com/login?ticket=s3cret"),)
    signed_in.site.faults.answer(THINGS, 302, headers=to_login, times=3)
    file = tmp_path / "picture.png"
    for words in (("-o", str(file)), (), ("--include",)):
        ran = signed_in("request", "GET", THINGS, *words)
        assert ran.status == 1
        assert "answered 302 and leads to https://sso.example.com/login?ticket=<hidden" in ran.err
        assert "s3cret" not in ran.err
        assert ran.out.startswith("HTTP 302") == ("--include" in words)
    assert not file.exists()
    answers(signed_in, b"", status=304)
    assert signed_in("request", "GET", THINGS, "-H", "If-None-Match: x").status == 0


def test_a_page_is_no_file(signed_in: Terminal, tmp_path: Path) -> None:
    """A sign-in page in a download's place is told; a page that somebody attached is a file as any other."""
    file = tmp_path / "picture.png"
    answers(signed_in, b"<h1>Sign in</h1>", "text/html")
    ran = signed_in("request", "GET", THINGS, "-o", str(file))
    assert (ran.status, file.exists()) == (1, False)
    assert "answered 200 with a web page" in ran.err
    attached = ((b"content-disposition", b"attachment; filename=a.html"),)
    signed_in.site.faults.answer(THINGS, 200, b"<h1>Ours</h1>", "text/html", headers=attached)
    assert signed_in("request", "GET", THINGS, "-o", str(file)).status == 0
    assert file.read_bytes() == b"<h1>Ours</h1>"


def test_a_link_of_ones_own_with_its_redirect(genkan: Terminal) -> None:
    """A link that is registered with loopback alone is signed in by; a redirect that is none is told at once."""
    mine = genkan.site.add_link(AppLink("Mine", ("http://127.0.0.1/mine",)))
    wrong = genkan("login", genkan.site.base_url, "--client-id", mine.client_id, "--redirect", "127.0.0.1/mine")
    assert (wrong.status, wrong.err.count("\n"), genkan.site.faults.asked) == (2, 1, [])
    words = (genkan.site.base_url, "--client-id", mine.client_id, "--redirect", "http://127.0.0.1/mine")
    ran = genkan("login", *words)
    assert ran.status == 0, ran.err
    assert genkan("inspect", *words, "--sign-in").status == 0
    assert {phone.client_id for phone in genkan.site.phones()} == {mine.client_id}


def test_an_answer_on_a_web_address_is_pasted(genkan: Terminal) -> None:
    """A link with a web address alone: the browser ends there, and the person brings the address back."""
    web = "https://localhost:8091/jira"
    mine = genkan.site.add_link(AppLink("Web", (web,), confidential=False))
    person = genkan.site.person("alice")
    words = ("app", "login", genkan.site.base_url, "--client-id", mine.client_id, "--redirect", web, "--no-browser")
    with genkan.start(*words) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        address = process.stdout.readline().decode().strip()
        process.stdin.write(f"{person(address)}\n".encode())
        process.stdin.close()
        said = process.stdout.read().decode()
        assert process.wait(60) == 0
    assert said.startswith("Signed in as alice")


def test_a_terminal_is_told_nothing_that_it_would_obey(signed_in: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal JSON is indented, control characters are shown, and bytes are left for a file."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    answers(signed_in, b'{"a":1}')
    assert signed_in("request", "GET", THINGS).out == '{\n  "a": 1\n}\n'
    answers(signed_in, "title \x1b]0;owned\x07 \x9b2J".encode(), "text/plain")
    assert signed_in("request", "GET", THINGS).out == "title \\x1b]0;owned\\x07 \\x9b2J\n"
    answers(signed_in, b"\x00\x01", "image/png")
    binary = signed_in("request", "GET", THINGS)
    assert (binary.status, binary.out) == (2, "")
    assert "--output" in binary.err
    signed_in.site.faults.answer(THINGS, 200, b"{}", headers=((b"x-a", b"\x9b31mred\xc2\x9b2J"),))
    head = signed_in("request", "GET", THINGS, "--include").out
    assert "x-a: \\x9b31mred" in head
    assert "\x9b" not in head


def page(**members: object) -> bytes:
    return json.dumps(members).encode()


@pytest.mark.parametrize(
    ("pages", "then"),
    [
        (  # Jira: where it began, how many there are
            [page(startAt=0, maxResults=2, total=3, issues=[1, 2]), page(startAt=2, total=3, issues=[3])],
            {"startAt": "2"},
        ),
        (  # Jira's newer lists
            [page(startAt=0, isLast=False, values=[1, 2]), page(startAt=2, isLast=True, values=[3])],
            {"startAt": "2"},
        ),
        (  # Bitbucket Data Center
            [page(isLastPage=False, nextPageStart=25, values=[1, 2]), page(isLastPage=True, values=[3])],
            {"start": "25"},
        ),
        ([page(people=[1, 2], next="abc="), page(people=[3], next=None)], {"after": "abc="}),
        ([page(phones=[1, 2], next="abc"), page(phones=[3], next=None)], {"before": "abc"}),
    ],
    ids=["jira", "jira-isLast", "bitbucket", "ours", "our-phones"],
)
def test_every_page_of_a_list_is_one_list(signed_in: Terminal, pages: list[bytes], then: dict[str, str]) -> None:
    """Page after page is asked for in the way the answer says, with what was asked at first, and printed as one."""
    for body in pages:
        answers(signed_in, body)
    ran = signed_in("request", "GET", THINGS, "-q", "kept=yes", "--paginate")
    assert (ran.status, json.loads(ran.out)) == (0, [1, 2, 3])
    first, second = signed_in.site.faults.requests(THINGS)
    assert first.query == {"kept": "yes"}
    assert second.query == {"kept": "yes", **then}


def test_a_named_next_page_is_followed_within_the_site_alone(signed_in: Terminal) -> None:
    """An address is followed with the token only where it lies below the base URL; else the list is left open."""
    here = f"{signed_in.site.base_url}{THINGS}?page=2"
    answers(signed_in, page(values=[1], nextPage=here))
    answers(signed_in, page(values=[2], isLast=True))
    assert json.loads(signed_in("request", "GET", THINGS, "--paginate").out) == [1, 2]
    answers(signed_in, page(values=[1], nextPage="https://evil.example/rest?page=2"))
    ran = signed_in("request", "GET", THINGS, "--paginate")
    assert ran.status == 1
    assert "outside the site" in ran.err
    answers(signed_in, page(values=[1], nextPage=signed_in.site.base_url.replace("127", "x@127") + "/x"))
    assert signed_in("request", "GET", THINGS, "--paginate").status == 1


def test_a_list_that_breaks_off_is_no_json(signed_in: Terminal) -> None:
    """Who reads a part of a list must not take it for the whole; a list that turns in a circle ends."""
    answers(signed_in, page(startAt=0, total=9, values=[1]))
    answers(signed_in, b"{}", status=503)
    ran = signed_in("request", "GET", THINGS, "--paginate")
    assert (ran.status, "503" in ran.err) == (1, True)
    with pytest.raises(json.JSONDecodeError):
        json.loads(ran.out)
    answers(signed_in, page(isLastPage=False, nextPageStart=5, values=[1]), times=2)
    circle = signed_in("request", "GET", THINGS, "--paginate")
    assert (circle.status, "do not end" in circle.err) == (1, True)


def test_links_and_empty_lists(signed_in: Terminal) -> None:
    """RFC 8288: a list alone goes on where a header says so; nothing at all is an empty list; one object is told."""
    link = f'<{signed_in.site.base_url}{THINGS}?page=2>; rel="next", <https://x.example/>; rel="last"'
    signed_in.site.faults.answer(THINGS, 200, b"[1]", headers=((b"link", link.encode()),))
    answers(signed_in, b"[2, 3]")
    assert json.loads(signed_in("request", "GET", THINGS, "--paginate").out) == [1, 2, 3]
    answers(signed_in, page(values=[], startAt=0, total=0))
    assert signed_in("request", "GET", THINGS, "--paginate").out == "[]\n"
    for body in (b'{"a": 1}', b'{"a": [], "b": []}', b"7", b"{"):
        answers(signed_in, body)
        ran = signed_in("request", "GET", THINGS, "--paginate")
        assert (ran.status, ran.out) == (1, "")
        assert "--paginate" in ran.err


def test_our_own_list_of_phones_comes_whole(genkan: Terminal) -> None:
    """Not imitated: an administrator's list of phones, two rows a page, is every row once and in order."""
    site = genkan.site
    site.add_person(Somebody("root", permission=Permission.SYSTEM_ADMIN))
    link = site.add_link(AppLink("Administration", permission=Permission.SYSTEM_ADMIN))
    for _ in range(4):
        site.tokens("alice")
    genkan.sign_in("root", client_id=link.client_id, scope="SYSTEM_ADMIN")
    ran = genkan("request", "GET", "/rest/genkan/1.0/phones?limit=2", "--paginate")
    assert ran.status == 0, ran.err
    assert [row["id"] for row in json.loads(ran.out)] == [phone.id for phone in site.phones()]
    assert len(site.faults.requests("/phones")) == 3
