"""Each value that was once called right, or mended into something else, though a phone's own parser says otherwise."""

import json
import plistlib
from typing import Any

import pytest

from genkan.mdm.build import Artefact, build
from genkan.mdm.check import Report, check, fix
from genkan.mdm.forms import TAKES, Form, other_names, target_named
from genkan.mdm.targets import GUIDES, Target

CLIENT = "38843a89f2b02a471000bc022e4b9de8"
BASE = "https://jira.example.com"
VALUE = json.dumps([{"title": "Jira", "baseURL": BASE, "oauth": {"clientID": CLIENT}}])
PAIR = f"<key>sites</key><string>{VALUE}</string>"


def listed(inner: str = PAIR, encoding: str = "UTF-8") -> str:
    """A property list."""
    return f'<?xml version="1.0" encoding="{encoding}"?>\n<plist version="1.0">\n<dict>{inner}</dict>\n</plist>\n'


def value(base: str = BASE, client: str = CLIENT, title: str = "Jira") -> bytes:
    """The value with one site."""
    return json.dumps([{"title": title, "baseURL": base, "oauth": {"clientID": client}}], ensure_ascii=False).encode()


def names(report: Report) -> list[str]:
    """What was found."""
    return [finding.name for finding in report.findings]


def read_as(octets: bytes | None) -> Any:
    """What plistlib and json find in a mended list."""
    return json.loads(plistlib.loads(octets or b"", fmt=plistlib.FMT_XML)["sites"])


def assert_not_right(octets: bytes, name: str, *said: str, target: Target | None = None) -> Report:
    """Found under this name, with these words in its sentence, and told what a phone gets."""
    report = check(octets, target=target)
    assert not report.right
    finding = next(one for one in report.findings if one.name == name)
    assert all(words in finding.problem for words in said), finding.problem
    assert str(finding.gets).endswith(".")
    return report


@pytest.mark.parametrize("encoding", ["UTF-16", "utf-16le", "klingon", "windows-1252", "UTF-7"])
def test_an_encoding_that_the_octets_do_not_have_is_not_right(encoding: str) -> None:
    """Declared UTF-16 in UTF-8 octets, or unknown: expat refuses it, so a phone may; mended, both read the sites."""
    octets = listed(encoding=encoding).encode()
    report = assert_not_right(octets, "xml-encoding", encoding)
    assert report.sites == ()
    assert read_as(fix(octets).octets) == json.loads(VALUE)


@pytest.mark.parametrize("declared", ["UTF-16", "utf-8", "UTF-16LE"])
def test_the_mended_list_of_a_utf_16_file_is_one_that_parsers_take(declared: str) -> None:
    """What is written is UTF-8 and says so: never UTF-8 octets that call themselves UTF-16."""
    mended = fix(listed(encoding=declared).encode("utf-16"))
    assert mended.left == ()
    assert read_as(mended.octets) == json.loads(VALUE)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("sites ", "U+0020 SPACE as character 6"),
        ("\nsites", "U+000A"),
        ("sites\u00a0", "NO-BREAK SPACE"),
        ("si\u200btes", "U+200B"),
    ],
)
def test_a_key_with_a_blank_is_another_key(key: str, said: str) -> None:
    """A phone looks for `sites`, and plistlib says that it is not there; the character is told by name."""
    octets = listed(PAIR.replace("<key>sites<", f"<key>{key}<")).encode()
    assert "sites" not in plistlib.loads(octets)
    assert_not_right(octets, "sites-character", said)
    assert read_as(fix(octets).octets) == json.loads(VALUE)


@pytest.mark.parametrize("markup", ["<b>Jira</b>", "<!-- mine -->", "<?mine?>"])
def test_markup_inside_a_string_is_not_right(markup: str) -> None:
    """Apple's parser refuses it and plistlib drops what stands before it; line and column are told."""
    octets = listed(PAIR.replace("Jira", f"My {markup}Jira")).encode()
    assert_not_right(octets, "plist-markup", "<string>", "line 3, column ")
    mended = fix(octets)
    assert mended.left == ()
    assert read_as(mended.octets)[0]["title"] == ("My <b>Jira</b>Jira" if markup.startswith("<b") else "My Jira")


def test_a_key_that_is_written_twice_in_one_dictionary_is_not_right() -> None:
    """Which of the two counts is nowhere documented: alike they become one, else a person has to choose."""
    other = PAIR.replace("jira.example.com", "other.example.com")
    assert_not_right(listed(PAIR + other).encode(), "key-twice", "sites")
    both = fix(listed(PAIR + other).encode())
    assert [finding.name for finding in both.left] == ["key-twice"]
    assert both.octets is not None
    assert both.octets.count(b"<key>sites</key>") == 2
    assert fix(listed(PAIR + PAIR).encode()).left == ()


@pytest.mark.parametrize(
    "text",
    [
        '{"sites": "[]", "sites": %s}',
        '{"managedProperty": [{"key": "sites", "valueString": "[]"}, {"key": "sites", "valueString": %s}]}',
        '{"managedProperty": [{"key": "sites", "valueString": "[]", "valueString": %s}]}',
        '{"settings": [{"appConfigKey": "sites", "appConfigKeyValue": %s}, {"appConfigKey": "sites"}]}',
    ],
)
def test_a_name_that_is_there_twice_is_not_right_in_any_form(text: str) -> None:
    """Nor is one of the two chosen by mending."""
    octets = (text % json.dumps(VALUE)).encode()
    assert check(octets).sites == ()
    assert "key-twice" in names(check(octets))
    assert fix(octets).octets is None


def test_a_binary_list_with_a_key_twice_is_not_right() -> None:
    """plistlib alone would take the last one without a word."""
    octets = plistlib.dumps({"sites": VALUE, "sitez": "[]"}, fmt=plistlib.FMT_BINARY, sort_keys=False)
    assert_not_right(octets.replace(b"sitez", b"sites"), "key-twice", "sites")


def test_a_profile_is_not_right_for_phones() -> None:
    """Phones take app configuration from an MDM only; asked as what a Mac installs it is right."""
    made = build(Target.MOBILECONFIG, check(value()).sites, bundle_id="com.example.jira")
    assert isinstance(made, Artefact)
    report = assert_not_right(made.text.encode(), "profile-for-macs", "from an MDM only")
    assert report.sites == ()
    assert check(made.text.encode(), target=Target.MOBILECONFIG).right


@pytest.mark.parametrize("digits", [16, 31, 33, 63])
def test_a_client_id_of_another_length_is_not_right(digits: int) -> None:
    """31 hexadecimal digits are 32 of which one was lost."""
    octets = value(client=(CLIENT * 2)[:digits])
    assert_not_right(octets, "client-id-length", f"{digits} hexadecimal digits")
    assert "client-id-length" in [finding.name for finding in fix(octets).left]


@pytest.mark.parametrize("host", ["localhost", "localhost:8443", "127.0.0.1", "127.1.2.3", "[::1]"])
def test_https_on_localhost_is_not_right(host: str) -> None:
    """There a phone asks itself."""
    assert assert_not_right(value(f"https://{host}"), "loopback", host.partition(":84")[0].strip("[]")).sites == ()


def test_an_unqualified_host_is_not_right() -> None:
    """It works in one's own network at best, which is said."""
    report = assert_not_right(value("https://jira/desk"), "unqualified", "“jira”")
    assert len(report.sites) == 1
    assert check(value("https://[2001:db8::1]")).right


@pytest.mark.parametrize("host", ["acme.atlassian.net", "ACME.Atlassian.Net", "acme.jira.com"])
def test_a_site_of_the_cloud_is_not_right(host: str) -> None:
    """The app is for Data Center; a host that only ends like it is no such site."""
    assert assert_not_right(value(f"https://{host}"), "cloud-site", host.lower()).sites == ()
    assert check(value("https://notatlassian.net")).right


@pytest.mark.parametrize(
    ("variable", "name", "said"),
    [
        ("$USERNAME", "variable-of-mdm", "Jamf Pro"),
        ("{{mail}}", "variable-of-mdm", "Microsoft Intune"),
        ("$EMAIL$", "variable-of-mdm", "Ivanti"),
        ("{EmailAddress}", "variable-of-mdm", "Workspace ONE"),
        ("%ENROLLEDUSER_EMAIL%", "variable-of-mdm", "SOTI"),
        ("${whoever}", "variable", "no MDM that we know"),
        ("$WHOEVER", "variable", "no MDM that we know"),
    ],
)
def test_a_variable_is_warned_of_with_the_mdm_that_fills_it_in(variable: str, name: str, said: str) -> None:
    """It is no error, for the MDM that is meant may fill it in; and it is not right for every MDM."""
    report = assert_not_right(value(title=f"Jira of {variable}"), name, variable, said)
    assert not report.broken


def test_a_variable_is_found_at_its_own_entry() -> None:
    """Whatever stands before it, a broken entry or one that is there already."""
    entries = [{}, {"baseURL": BASE}, {"baseURL": BASE}, {"title": "$USERNAME", "baseURL": "https://b.example.com"}]
    report = check(json.dumps(entries).encode())
    assert [(one.entry, one.pointer) for one in report.findings if one.name == "variable-of-mdm"] == [(3, "/3/title")]


def test_a_variable_of_the_mdm_that_is_meant_is_right_in_a_title() -> None:
    """Nowhere else, and for no other MDM."""
    inner = PAIR.replace("Jira", "Jira of $USERNAME")
    assert check(f"<dict>{inner}</dict>".encode(), target=Target.JAMF).right
    octets = value(title="Jira of $USERNAME")
    assert_not_right(octets, "variable-of-other", "$USERNAME", "Workspace ONE", target=Target.WORKSPACE_ONE)
    assert_not_right(value(f"{BASE}/$USERNAME"), "variable-of-mdm", "$USERNAME")


@pytest.mark.parametrize(
    "page",
    [
        "/servicedesk/customer/portal/1",
        "/secure/Dashboard.jspa",
        "/login.jsp",
        "/servicedesk",
        "/dashboards/7",
        "/browse/A-1",
    ],
)
@pytest.mark.parametrize("context", ["", "/jira"])
def test_a_page_of_a_portal_is_not_right(page: str, context: str) -> None:
    """The page goes, the context path stays."""
    octets = value(BASE + context + page)
    assert_not_right(octets, "page", page)
    assert json.loads(fix(octets).octets or b"")[0]["baseURL"] == BASE + context


@pytest.mark.parametrize("space", [" ", "\t", "\n", "\u00a0", "\u200b"])
def test_a_space_inside_a_client_id_is_asked_about(space: str) -> None:
    """It may stand for a character that was lost, so it stays; around the id it was copied along and goes."""
    inside = value(client=CLIENT[:12] + space + CLIENT[12:])
    assert_not_right(inside, "client-id-characters", f"U+{ord(space):04X}", "as character 13")
    mended = fix(inside)
    assert [finding.name for finding in mended.left] == ["client-id-characters"]
    assert json.loads(mended.octets or b"")[0]["oauth"]["clientID"] == CLIENT[:12] + space + CLIENT[12:]
    assert fix(value(client=f"{space}{CLIENT}{space}")).left == ()


@pytest.mark.parametrize("marks", ["\uff02\uff02", "\uff07\uff07", "〝〞", "❝❞", "“”"])
def test_full_width_and_typographic_quotes_are_recognised(marks: str) -> None:
    """Each is told by code point, name and place, and mended."""
    text, opened = "", False
    for character in VALUE:
        if character == '"':
            text, opened = text + marks[opened], not opened
        else:
            text += character
    name = "single-quotes" if marks == "\uff07\uff07" else "typographic-quotes"
    assert_not_right(text.encode(), name, f"line 1, column 3 (U+{ord(marks[0]):04X} ")
    assert json.loads(fix(text.encode()).octets or b"") == json.loads(VALUE)


def test_full_width_brackets_colons_and_commas_are_recognised() -> None:
    """As an input method for Japanese or Chinese writes them."""
    narrow = '[{"title":"Jira","baseURL":"@"}]'
    wide = "".join(chr(ord(one) + 0xFEE0) if one in '[]{}:,"' else one for one in narrow)
    text = wide.replace("@", BASE)
    assert_not_right(text.encode(), "full-width", "U+FF3B FULLWIDTH LEFT SQUARE BRACKET")
    assert json.loads(fix(text.encode()).octets or b"") == [{"title": "Jira", "baseURL": BASE}]


@pytest.mark.parametrize("digits", ["1" * 5000, "-" + "9" * 5000, "1" * 41])
def test_a_number_of_5000_digits_is_told_in_our_words(digits: str) -> None:
    """Where it is and how long, and nothing of what CPython says of its own limits."""
    report = assert_not_right(f'[{{"baseURL": {digits}}}]'.encode(), "not-json", "digits, line 1, column 14")
    assert not [finding for finding in report.findings if "limit" in finding.problem]


def test_what_another_reader_does_not_confirm_is_not_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last word has plistlib: where it finds something else, the list is wrong whatever our rules say."""
    assert check(listed().encode()).right
    monkeypatch.setattr(plistlib, "loads", lambda *_given, **_named: {"sites": "[]"})
    assert_not_right(listed().encode(), "readers-differ")


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("Kandji", Target.KANDJI),
        ("IRU", Target.KANDJI),
        ("Mosyle", Target.MOSYLE),
        ("MERAKI", Target.MERAKI),
        ("Cisco Meraki", Target.MERAKI),
        ("addigy", Target.ADDIGY),
        ("SimpleMDM", Target.SIMPLEMDM),
        ("simple-mdm", Target.SIMPLEMDM),
        ("MobileIron", Target.IVANTI),
        ("AirWatch", Target.WORKSPACE_ONE),
        ("Workspace ONE", Target.WORKSPACE_ONE),
        ("Google", Target.GOOGLE),
        ("Jamf Pro", Target.JAMF),
        ("INTUNE", Target.INTUNE),
        ("Intune Android", Target.INTUNE_ANDROID),
        ("value", Target.VALUE),
        ("", None),
        ("nobody", None),
    ],
)
def test_an_mdm_is_known_by_each_of_its_names(name: str, target: Target | None) -> None:
    """In any letter case, with or without spaces, under its old name too."""
    assert target_named(name) is target


@pytest.mark.parametrize("target", Target)
def test_one_table_says_what_is_built_and_what_is_judged(target: Target) -> None:
    """What is built for an MDM is right for it; what it does not take is found, and written in its form by mending."""
    made = build(target, check(json.dumps([{"baseURL": BASE}]).encode()).sites, bundle_id="com.example.jira")
    assert isinstance(made, Artefact)
    assert check(made.text.encode(), target=target).right
    assert GUIDES[target].name
    assert all(target_named(other) is target for other in other_names()[target])
    refused = b"<dict>" + PAIR.encode() + b"</dict>"
    if Form.DICT not in TAKES[target].forms:
        assert_not_right(refused, f"form-{TAKES[target].forms[0]}", target=target)
        left = [finding.name for finding in fix(refused, target=target).left if finding.severity == "error"]
        # Those two name the app by its bundle id, which nobody can guess.
        unmended = {Target.APPCONFIG: ["form-appconfig"], Target.MOBILECONFIG: ["form-profile"]}
        assert left == unmended.get(target, [])
