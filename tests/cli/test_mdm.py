"""genkan mdm: the contract of check, what build hands over and where, and explain in words."""

import json
import os
import stat
from pathlib import Path

import pytest

from genkan.mdm.targets import Target
from tests.cli.shell import Shell

CLIENT = "38843a89f2b02a471000bc022e4b9de8"
SITE = ["--site", "https://jira.example.com", "--client-id", CLIENT]
SAMPLE = (
    '[{"title": "My Jira Site", "baseURL": "https://jira.example.com", "oauth": {"clientID": "'
    + CLIENT
    + '", "cacheSessionInMobileBrowser": false}}]'
)
PASTED = '[{"baseURL": "https://jira.example.com/secure/Dashboard.jspa", "clientId": "' + CLIENT + '"}]'


def test_check_prints_the_contract(bare: Shell) -> None:
    """Findings with their six members and the sites; status 0, since nothing is an error."""
    told = bare.good("mdm", "check", "-", "--json", given=SAMPLE).json
    assert told["findings"] == []
    assert told["sites"] == json.loads(SAMPLE)


def test_check_says_no_by_its_status(bare: Shell) -> None:
    """An error makes status 1, in JSON too; each finding has its six members."""
    ended = bare("mdm", "check", "-", "--json", given=PASTED)
    assert ended.status == 1
    assert [sorted(finding) for finding in ended.json["findings"]] == [
        ["entry", "fix", "gets", "pointer", "problem", "severity"]
    ] * 2
    assert [(finding["pointer"], finding["severity"]) for finding in ended.json["findings"]] == [
        ("/0/clientId", "error"),
        ("/0/baseURL", "error"),
    ]
    assert ended.json["sites"] == []


def test_a_warning_is_no_error(bare: Shell) -> None:
    """What works all the same is told, with status 0."""
    told = bare.good("mdm", "check", "-", given='[{"baseURL": "https://jira.example.com/"}]').out
    assert "warning: /0/baseURL: The address ends in a slash" in told
    assert told.splitlines()[-1].startswith("With a catch: a phone gets 1 site")


def test_check_in_words(bare: Shell) -> None:
    """People read what the file is, each finding with its place and fix, and the verdict."""
    ended = bare("mdm", "check", "-", given=PASTED)
    assert ended.status == 1
    pasted = "The address of a page was pasted (“/secure/Dashboard.jspa”). Write https://jira.example.com."
    page = f"error: /0/baseURL: {pasted} "
    beside = "error: /0/clientId: “clientId” stands beside `oauth`, where phones do not look. Move it: "
    assert ended.out.splitlines() == [
        "This is the JSON array alone.",
        beside + '"oauth": {"clientID": …}. A phone shows an error in place of this site.',
        page + "A phone shows an error in place of this site.",
        "Wrong: 2 errors. A phone shows an error.",
    ]


def test_the_object_around_the_value_comes_with_the_value(bare: Shell) -> None:
    """Whoever pastes it into a console's field for `sites` reads what belongs there, which checks clean."""
    told = bare.good("mdm", "check", "-", given=json.dumps({"sites": SAMPLE})).out.splitlines()[-1]
    words, _, value = told.partition(": ")
    assert words == "An MDM that asks for the value of `sites` takes this alone"
    assert bare.good("mdm", "check", "-", "--json", given=value).json["findings"] == []


def test_fix_prints_the_mended_file(bare: Shell) -> None:
    """The file is on standard output alone, what was done on standard error, and the file passes the check."""
    ended = bare.good("mdm", "check", "-", "--fix", given=PASTED)
    assert json.loads(ended.out) == [{"baseURL": "https://jira.example.com", "oauth": {"clientID": CLIENT}}]
    assert ended.err.count("genkan: put right: ") == 2
    assert bare.good("mdm", "check", "-", "--json", given=ended.out).json["findings"] == []


def test_fix_leaves_to_people_what_only_they_know(bare: Shell) -> None:
    """A client id cannot be guessed: the rest is mended, and status 1 says that something is left."""
    ended = bare("mdm", "check", "-", "--fix", given='[{"baseURL": "https://jira.example.com/", "oauth": {}}]')
    assert ended.status == 1
    assert json.loads(ended.out) == [{"baseURL": "https://jira.example.com", "oauth": {}}]
    assert "left to you: /0/oauth: `oauth` has no clientID." in ended.err


def test_fix_writes_a_file(bare: Shell) -> None:
    """With --output the mended file is written, also over the one that was checked."""
    file = bare.folder / "sites.json"
    file.write_text(PASTED)
    assert bare.good("mdm", "check", str(file), "--fix", "--output", str(file)).out == ""
    assert bare.good("mdm", "check", str(file)).status == 0


def test_fix_in_json_carries_the_file(bare: Shell) -> None:
    """A program gets the findings, the mended text and what is left in one document."""
    told = bare.good("mdm", "check", "-", "--fix", "--json", given=PASTED).json
    assert len(told["findings"]) == 2
    assert told["left"] == []
    assert json.loads(told["mended"])[0]["baseURL"] == "https://jira.example.com"


def test_a_secret_that_was_in_the_file_has_to_be_replaced(bare: Shell) -> None:
    """Taking it out does not make it secret again, and no line repeats it."""
    value = '[{"baseURL": "https://a.example", "oauth": {"clientID": "abc", "clientSecret": "hunter2"}}]'
    ended = bare.good("mdm", "check", "-", "--fix", given=value)
    assert "replace that secret on the site too" in ended.err
    assert "hunter2" not in ended.err + ended.out


@pytest.mark.parametrize("target", Target)
def test_build_and_check_agree(bare: Shell, target: Target) -> None:
    """Whatever is built passes the check, and standard error says where to paste it."""
    built = bare.good(
        "mdm", "build", "--for", target, *SITE, "--title", 'R&D "Süd" <1>', "--bundle-id", "com.example.jira"
    )
    assert "paste it here" in built.err
    told = bare.good("mdm", "check", "-", "--for", target, "--json", given=built.out).json
    assert [(site["title"], site["oauth"]["clientID"]) for site in told["sites"]] == [('R&D "Süd" <1>', CLIENT)]


def test_build_takes_several_sites(bare: Shell) -> None:
    """Each --site has its client id and title, in order; counts that differ are refused."""
    words = ["--site", "https://b.example", "--client-id", "abc", "--title", "A", "--title", "B"]
    told = bare.good("mdm", "build", "--for", "value", *SITE, *words).out
    assert [(site["title"], site["oauth"]["clientID"]) for site in json.loads(told)] == [("A", CLIENT), ("B", "abc")]
    fault = bare.refused("mdm", "build", "--for", "value", *SITE, "--site", "https://b.example", status=2)
    assert "--client-id once for each --site" in fault


def test_build_from_a_record(bare: Shell) -> None:
    """Sites kept in a file, in TOML or as the value itself, with everything that a site can have."""
    toml = bare.folder / "sites.toml"
    toml.write_text(
        '[[sites]]\ntitle = "玄関"\nbaseURL = "https://jira.example.com"\nskipInfo = true\n'
        f'[sites.oauth]\nclientID = "{CLIENT}"\ncacheSessionInMobileBrowser = true\n'
    )
    value = bare.good("mdm", "build", "--for", "value", "--record", str(toml)).out
    assert json.loads(value) == [
        {
            "title": "玄関",
            "baseURL": "https://jira.example.com",
            "oauth": {"clientID": CLIENT, "cacheSessionInMobileBrowser": True},
            "skipInfo": True,
        }
    ]
    again = bare.folder / "sites.json"
    again.write_text(value)
    assert bare.good("mdm", "build", "--for", "value", "--record", str(again)).out == value


def test_a_record_with_a_fault_is_refused(bare: Shell) -> None:
    """The line names the file, the place, the fault and the fix."""
    toml = bare.folder / "sites.toml"
    toml.write_text('[[sites]]\nbaseURL = "jira.example.com"\n')
    told = bare.refused("mdm", "build", "--for", "jamf", "--record", str(toml), status=2)
    assert "sites.toml /sites/0/baseURL: The address is not absolute. Write it with its scheme" in told
    toml.write_text("[[sites]\n")
    assert "is no TOML" in bare.refused("mdm", "build", "--for", "jamf", "--record", str(toml), status=2)


def test_build_here(shell: Shell) -> None:
    """The site of this machine: its address, its name, and the client id while the switch is on."""
    before = shell.good("mdm", "build", "--for", "value", "--here")
    assert "the mobile switch is off" in before.err
    assert "oauth" not in json.loads(before.out)[0]
    client_id = shell.good("mobile", "on", "--json").json["clientID"]
    (site,) = json.loads(shell.good("mdm", "build", "--for", "value", "--here").out)
    assert site["oauth"]["clientID"] == client_id
    assert site["baseURL"] == "http://localhost:8080"


@pytest.mark.parametrize(
    ("words", "gist"),
    [
        (["--for", "jamf"], "name the sites in one way"),
        (["--for", "jamf", "--here", *SITE], "name the sites in one way"),
        (["--for", "nothing", *SITE], "write one of intune,"),
        (["--for", "appconfig", *SITE], "--bundle-id"),
        (["--for", "jamf", "--site", "http://jira.example.com"], "/0/baseURL: The address is plain http."),
        (["--for", "jamf", "--site", "https://a.example", "--client-id", "your_clientID"], "placeholder"),
    ],
)
def test_what_cannot_be_built_is_one_line(bare: Shell, words: list[str], gist: str) -> None:
    """Usage and values that a phone would refuse end with status 2 and a sentence."""
    assert gist in bare.refused("mdm", "build", *words, status=2)


def test_build_writes_files(bare: Shell) -> None:
    """The artefact in the named file, its declarations beside it."""
    file = bare.folder / "list.plist"
    told = bare.good("mdm", "build", "--for", "ddm", *SITE, "--output", str(file))
    assert told.out == ""
    assert sorted(path.name for path in bare.folder.glob("*.[pj]*")) == [
        "jira-sites.app.json",
        "jira-sites.asset.json",
        "list.plist",
    ]


def test_build_in_json(bare: Shell) -> None:
    """A program gets the artefact, its name and the text that says where to paste it."""
    told = bare.good("mdm", "build", "--for", "jamf", *SITE, "--json").json
    assert (told["for"], told["filename"]) == ("jamf", "jira-sites.plist")
    assert told["text"].startswith("<dict>")
    assert told["pasteItHere"]


def test_help_text_has_the_variables(bare: Shell) -> None:
    """Where to paste it, and what the MDM fills in, with who says so."""
    told = bare.good("mdm", "build", "--for", "intune", "--help-text").out
    assert "{{userprincipalname}}" in told
    assert "https://learn.microsoft.com/" in told


def test_sotis_variables_have_their_sources(bare: Shell) -> None:
    """SOTI's macros are told with where each can be read; none is there without."""
    told = bare.good("mdm", "build", "--for", "soti", "--help-text").out
    for macro in ("%ENROLLEDUSER_USERNAME%", "%ENROLLEDUSER_EMAIL%", "%ENROLLEDUSER_FIRST_NAME%"):
        assert macro in told
    assert "https://soti.net/mc/help/" in told


def test_a_variable_in_a_title_is_told(bare: Shell) -> None:
    """It is no fault, and people should know that the MDM writes something else there."""
    told = bare.good("mdm", "build", "--for", "intune", *SITE, "--title", "Jira of {{username}}")
    assert "puts a value in place of {{username}} in the title" in told.err


@pytest.mark.parametrize("target", ["soti", "mobileconfig"])
def test_a_variable_of_another_mdm_is_told(bare: Shell, target: str) -> None:
    """What this MDM does not fill in would stand on the phone as it was written."""
    bundle = ["--bundle-id", "com.example.app"]
    told = bare.good("mdm", "build", "--for", target, *SITE, "--title", "Jira of {{username}}", *bundle)
    assert "is not known to fill in {{username}}" in told.err


def test_the_value_alone_may_have_any_variable(bare: Shell) -> None:
    """Whoever takes the value alone may be any MDM, so that nothing is foreseen."""
    told = bare.good("mdm", "build", "--for", "rows", *SITE, "--title", "Jira of %ENROLLEDUSER_EMAIL%")
    assert "some MDMs put a value in place of %ENROLLEDUSER_EMAIL%" in told.err


def _program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_the_clipboard_gets_the_artefact(bare: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first program that works is used: one that fails is passed over."""
    programs = bare.folder / "bin"
    programs.mkdir()
    _program(programs, "xclip", "exit 1")
    _program(programs, "xsel", f'/bin/cat > "{bare.folder}/clipboard"')
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}/bin")
    monkeypatch.setenv("DISPLAY", ":7")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    built = bare.good("mdm", "build", "--for", "jamf", *SITE, "--copy")
    assert (bare.folder / "clipboard").read_text() == built.out
    assert "copied to the clipboard" in built.err


def test_no_clipboard_is_a_sentence(bare: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is none the artefact is printed all the same, and status 1 says that it was not copied."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME", "TERMUX_VERSION"):
        monkeypatch.delenv(name, raising=False)
    ended = bare("mdm", "build", "--for", "jamf", *SITE, "--copy")
    assert ended.status == 1
    assert ended.out.startswith("<dict>")
    assert "there is no clipboard here" in ended.err


def test_explain_in_words(bare: Shell) -> None:
    """Versions, the first screen, each site's steps, and phones without MDM."""
    told = bare.good("mdm", "explain", "-", given=SAMPLE).out
    for gist in (
        "from version 1.3.2 on iOS and 0.7.5 on Android",
        "from version 2.0.0 on iOS",
        "goes straight to signing in to “My Jira Site”",
        "private one: no cookie is kept",
        CLIENT,
        "On a phone without MDM:",
    ):
        assert gist in told


def test_explain_of_a_broken_value_says_so(bare: Shell) -> None:
    """The first screen is the error, the findings follow, and the status is 1."""
    ended = bare("mdm", "explain", "-", "--json", given=PASTED)
    assert ended.status == 1
    assert "The app shows an error" in " ".join(ended.json["steps"][1]["steps"])


def test_a_file_that_is_not_there(bare: Shell) -> None:
    """One line that names it."""
    assert "nowhere.json cannot be read" in bare.refused("mdm", "check", "nowhere.json", status=2)


def test_check_judges_the_form_of_the_mdm(bare: Shell) -> None:
    """A whole property list is right, but not for Jamf, under whichever spelling; --fix writes what Jamf takes."""
    whole = bare.good("mdm", "build", "--for", "MobileIron", *SITE).out
    assert bare.good("mdm", "check", "-", given=whole).out.splitlines()[-1].startswith("Right: 1 site")
    ended = bare("mdm", "check", "-", "--for", "JAMF Pro", given=whole)
    assert ended.status == 1
    assert "Jamf Pro takes the <dict> alone" in ended.out
    mended = bare.good("mdm", "check", "-", "--for", "jamf", "--fix", given=whole)
    assert mended.out == bare.good("mdm", "build", "--for", "jamf", *SITE).out
    assert "write one of" in bare.refused("mdm", "check", "-", "--for", "nobody", given=whole, status=2)


def test_each_finding_says_what_a_phone_gets(bare: Shell) -> None:
    """Which character, where, what to write, and what a phone gets as it is."""
    told = bare("mdm", "check", "-", given='[{"baseURL": "https://jira.example.com\u00a0"}]').out
    assert (
        "error: /0/baseURL: The address holds U+00A0 NO-BREAK SPACE, which no address may hold. Remove it. A phone"
        in told
    )
