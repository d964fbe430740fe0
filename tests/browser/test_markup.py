"""The pages as markup: what a screen reader finds, what the security policy needs, and that values stay values."""

from itertools import pairwise

import pytest

from tests.browser.gallery import ORIGIN, Shown, gallery, rendered, the_pages
from tests.browser.hostile import ALL, MARKUP
from tests.browser.reading import Element, read_page, shape

SHOWN = {shown.name: shown for shown in gallery()}
EVERY = pytest.mark.parametrize("name", SHOWN)


def tree(name: str) -> Element:
    return read_page(rendered(SHOWN[name], the_pages()).body)


@EVERY
def test_a_page_says_what_it_is(name: str) -> None:
    """Language, a title that names page and site, exactly one first heading, and room to zoom."""
    page = tree(name)
    [html] = page.all("html")
    [title] = page.all("title")
    [heading] = page.all("h1")
    [viewport] = page.having("name", "viewport")
    assert html.attributes["lang"] == "en"
    assert title.text.endswith("– Example Desk")
    assert len(title.text) > len("– Example Desk") + 4
    assert heading.text
    assert viewport.attributes["content"] == "width=device-width, initial-scale=1"


@EVERY
def test_a_page_has_its_landmarks(name: str) -> None:
    """One header, one main, one footer; the first thing in the focus order skips to the main part."""
    page = tree(name)
    [main] = page.all("main")
    assert [len(list(page.all(tag))) for tag in ("header", "footer")] == [1, 1]
    reached = next(e for e in page.all("a", "button", "input", "textarea"))
    assert reached.attributes["href"] == "#" + main.attributes["id"]


@EVERY
def test_headings_leave_no_level_out(name: str) -> None:
    """A heading is at most one level below the one before it."""
    levels = [int(e.tag[1]) for e in tree(name).all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@EVERY
def test_every_field_has_a_label_and_every_button_words(name: str) -> None:
    """What is typed into or pressed has a name that is seen, and what describes it is on the page. Who is hidden (the
    user name beside a password, for those who keep passwords) needs none.
    """
    page = tree(name)
    labels = {e.attributes["for"]: e.text for e in page.all("label")}
    ids = [e.attributes["id"] for e in page.having("id")]
    shown = [e for e in page.all("input", "textarea", "select") if "hidden" not in e.attributes]
    fields = [e for e in shown if e.attributes.get("type") != "hidden"]
    assert {e.attributes["id"] for e in fields} == labels.keys()
    assert all(labels.values())
    assert all(e.text for e in page.all("button", "a"))
    assert len(ids) == len(set(ids)), "an id stands once"
    told = [e.attributes["aria-describedby"].split() for e in page.having("aria-describedby")]
    assert {word for words in told for word in words} <= set(ids)
    assert all("alt" in e.attributes for e in page.all("img"))


@EVERY
def test_nothing_needs_an_open_security_policy(name: str) -> None:
    """No inline style, script or handler, nothing from elsewhere, and and every static file by its digest."""
    page = tree(name)
    pages = the_pages()
    allowed = {f"/desk/static/{asset.digest}/{file}" for file, asset in pages.assets.items()}
    assert all(e.text == "" and e.attributes["src"] in allowed for e in page.all("script"))
    assert list(page.all("style", "base", "iframe", "object", "embed")) == []
    assert [n for e in page.all() for n in e.attributes if n == "style" or n.startswith("on")] == []
    assert {e.attributes["href"] for e in page.all("link")} <= allowed
    assert {e.attributes["src"] for e in page.all("img")} <= {*allowed, "/desk/qr.svg"}


@EVERY
def test_every_form_is_posted_with_its_page_token(name: str) -> None:
    """A form posts to this site, carries every hidden field once, and stands in no other form; one that only asks for
    another view of a list carries no token, since that would stand in the address. Neither does a check from a phone:
    its browser may keep no cookie to tie one to, and the sealed visit is in its address or stands for one.
    """
    for form in tree(name).all("form"):
        hidden = [e.attributes["name"] for e in form.having("type", "hidden")]
        assert form.attributes["action"].startswith("/desk/")
        visit = form.attributes["action"].startswith(("/desk/check/", "/desk/checked/"))
        assert ("page_token" in hidden) == (form.attributes["method"] == "post" and not visit)
        assert len(set(hidden)) == len(hidden)
        assert len(list(form.all("form"))) == 1


def test_the_sign_in_form_has_the_names_that_programs_rely_on() -> None:
    """Fields `username` and `password`, marked for password managers."""
    page = tree("login-failed")
    [name], [password] = page.having("name", "username"), page.having("name", "password")
    assert (name.attributes["autocomplete"], name.attributes["value"]) == ("username webauthn", "alice")
    assert (password.attributes["autocomplete"], password.attributes["type"]) == ("current-password", "password")
    assert "value" not in password.attributes
    [alarm] = page.having("role", "alert")
    assert alarm.attributes["id"] in password.attributes["aria-describedby"]


@pytest.mark.parametrize("name", [name for name in SHOWN if name.startswith("consent")])
def test_the_consent_page_has_one_form_that_decides(name: str) -> None:
    """Exactly one form has buttons named `decision`: one allows, one denies, and `Not you?` stands apart."""
    page = tree(name)
    deciding = [form for form in page.all("form") if form.having("name", "decision")]
    assert [[b.attributes["value"] for b in f.having("name", "decision")] for f in deciding] == [["allow", "deny"]]
    [switch] = [form for form in page.all("form") if form not in deciding]
    assert switch.text == "Not you?"


def test_consent_says_who_asks_for_what_as_whom_and_where_the_answer_goes() -> None:
    """Application, permission, person and destination stand on the page."""
    said = tree("consent").text
    for told in ("Jira Mobile", "change and delete", "WRITE", "Alice Adams", "alice", "jira-server://oauth-callback"):
        assert told in said


@EVERY
def test_the_security_policy_leaves_the_way_back_open_and_nothing_else(name: str) -> None:
    """A page's policy has no unsafe word; forms lead to this site and to the one place named for them."""
    shown = SHOWN[name]
    headers = dict(rendered(shown, the_pages()).headers)
    policy = dict(part.strip().partition(" ")[::2] for part in headers[b"content-security-policy"].decode().split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["form-action"].split() == ["'self'", *shown.forms_to]
    assert "unsafe" not in str(policy)


@pytest.mark.parametrize("markup", [*MARKUP, "all"])
def test_values_stay_values(markup: str) -> None:
    """Whatever stands in a name, an address or a parameter, the page's elements and attributes stay the same."""
    evil = MARKUP.get(markup, ALL)
    for plain, attacked in zip(gallery(), gallery(lambda text: text + evil), strict=True):
        assert shape_of(attacked) == shape_of(plain), plain.name


def test_a_title_with_markup_stays_a_title() -> None:
    """The site's own title is escaped like everything else."""
    for shown in gallery():
        page = read_page(rendered(shown, the_pages(title=ALL)).body)
        assert shape(page) == shape_of(shown)


def shape_of(shown: Shown) -> list[str]:
    return shape(read_page(rendered(shown, the_pages()).body))


def test_the_shape_shows_what_escaping_would_miss() -> None:
    """The comparison above sees an element and an attribute that a value brings in."""
    plain = read_page(b"<p><input value=''></p>")
    assert shape(read_page(b"<p><input value='' onfocus='x'></p>")) != shape(plain)
    assert shape(read_page(b"<p><input value=''><b></b></p>")) != shape(plain)


def test_an_insecure_site_says_so_and_a_secure_one_does_not() -> None:
    """Over plain http every page carries the sentence about it."""
    shown = SHOWN["login"]
    insecure = read_page(rendered(shown, the_pages("http://localhost:8080")).body)
    assert [e.text for e in insecure.having("role", "note")] == [
        "This site is reached without encryption: for trying out on this machine only."
    ]
    assert tree("login").having("role", "note") == []


@pytest.mark.parametrize("base", [ORIGIN, f"{ORIGIN}/desk/deep"])
def test_addresses_of_pages_begin_with_the_context_path(base: str) -> None:
    """Links and files that a page names itself lie below the base URL's path, whatever it is."""
    path = base.removeprefix(ORIGIN)
    page = read_page(rendered(SHOWN["error"], the_pages(base)).body)
    named = [e.attributes.get("href", e.attributes.get("src", "")) for e in page.all("a", "link", "script", "img")]
    assert all(address.startswith((path + "/", "#")) for address in named)


def test_the_page_of_a_wrong_address_names_what_to_mend() -> None:
    """Seen and expected address, both headers and both settings stand there, and the right address is a link."""
    page = tree("wrong-host")
    for word in ("https://desk.example", "Host", "X-Forwarded-Proto", "GENKAN_TRUSTED_PROXIES", "9f3c21aa-1c",
                 "GENKAN_PROXY_SECRET_FILE", "GENKAN_BASE_URL=https://desk.example/desk"):  # fmt: skip
        assert word in page.text
    assert page.having("href", f"{ORIGIN}/desk/")
