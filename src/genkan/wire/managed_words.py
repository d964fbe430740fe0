"""Owns what is said of a managed app configuration: each fault by name, with its severity, problem and fix."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from genkan.wire.urls import PROBLEMS

# `error`: phones show an error. `ignored`: they pass over that part. `warning`: it works, with a catch.
Severity = Literal["error", "ignored", "warning"]
_COPY = "Copy the client id from the application link."

# What the text as a whole has wrong, before it is a value.
_TEXT: Mapping[str, tuple[Severity, str, str]] = {
    "empty": (
        "error",
        "The value is empty.",
        "Give `sites` a JSON array with one object a site, or remove the key.",
    ),
    "too-large": (
        "error",
        "The value is longer than %(most)s characters.",
        "Check that this is the right file: a value for a thousand sites is shorter.",
    ),
    "not-utf-8": (
        "error",
        "The value is not UTF-8 (byte %(at)s).",
        "Save the file as UTF-8 without a byte order mark.",
    ),
    "utf-16": (
        "error",
        "The value is encoded as UTF-16, where phones and consoles read UTF-8.",
        "Save the file as UTF-8 without a byte order mark.",
    ),
    "byte-order-mark": (
        "warning",
        "The value begins with a byte order mark, at which some readers fail.",
        "Save the file as UTF-8 without a byte order mark.",
    ),
    "not-json": (
        "error",
        "The value is not JSON (%(why)s).",
        'Write straight double quotes and no comma before ] or }, as in [{"title": "…", "baseURL": "https://…"}].',
    ),
    "address-only": (
        "error",
        "The value is an address alone, not a JSON array.",
        'Write [{"baseURL": "%(write)s"}].',
    ),
    "free-text": (
        "error",
        "The value is text of another kind: it begins with neither [ nor {.",
        'Write a JSON array: [{"title": "…", "baseURL": "https://…"}].',
    ),
    "toml": (
        "error",
        "The value is TOML, which no phone reads.",
        "Build the value from that file: genkan mdm build --for value --record sites.toml.",
    ),
    "yaml": (
        "error",
        "The value is YAML, which no phone reads.",
        'Write a JSON array: [{"title": "…", "baseURL": "https://…"}].',
    ),
    "cut-off": (
        "error",
        "The value ends before its last bracket is closed.",
        "Copy it again, whole: it ends in ].",
    ),
    "xml": (
        "error",
        "The value is XML, not JSON.",
        "Put only the JSON array into `sites`; the property list around it is the MDM's business.",
    ),
    "encoded-twice": (
        "error",
        "The value is JSON inside a JSON string: it was encoded twice.",
        "Paste the array itself, without outer quotes and without backslashes before quotes.",
    ),
    "backslashes": (
        "error",
        "The value is not JSON: its quotes have backslashes before them, so it was encoded twice.",
        'Remove the backslash before every quote: write "title", not \\"title\\".',
    ),
    "escaped-for-xml": (
        "error",
        "The value is not JSON: its quotes are written as &quot;, which only XML understands.",
        'Write straight quotes (") in a console; only a plist or XML file may need &quot;.',
    ),
}
# What makes a text no JSON though it can be guessed what is meant; `at` is where that is first.
_SLIPS: Mapping[str, tuple[Severity, str, str]] = {
    "typographic-quotes": (
        "error",
        "The value is not JSON: it has typographic quotes (“ ”), first at %(at)s.",
        'Replace them by straight quotes ("), and copy the value from a plain text editor.',
    ),
    "full-width": (
        "error",
        "The value is not JSON: it has full-width brackets, colons or commas, first at %(at)s.",
        "Write them in the narrow form: [ ] { } : ,.",
    ),
    "single-quotes": (
        "error",
        "The value is not JSON: it has single quotes, first at %(at)s.",
        'Write straight double quotes (") around names and text.',
    ),
    "bare-words": (
        "error",
        "The value is not JSON: a name without quotes, first at %(at)s.",
        'Write straight double quotes (") around names.',
    ),
    "comma-too-many": (
        "error",
        "The value is not JSON: a comma before a closing bracket, first at %(at)s.",
        "Remove the comma before ] or }.",
    ),
    "comma-missing": (
        "error",
        "The value is not JSON: a comma is missing, first at %(at)s.",
        "Write a comma between two entries.",
    ),
    "comments": (
        "error",
        "The value is not JSON: it holds a comment, first at %(at)s.",
        "Remove comments: JSON has none.",
    ),
    "literals": (
        "error",
        "The value is not JSON: true, false or null is spelt in another way, first at %(at)s.",
        "Write true, false and null in small letters.",
    ),
    "odd-spaces": (
        "error",
        "The value is not JSON: it has a space between its parts that JSON does not know, first at %(at)s.",
        "Write ordinary spaces; a web page or word processor makes others.",
    ),
    "line-breaks": (
        "error",
        "The value is not JSON: a line break or another control character inside text, first at %(at)s.",
        "Write each text on one line.",
    ),
    "odd-escapes": (
        "error",
        "The value is not JSON: a backslash before a character that needs none, first at %(at)s.",
        "Remove the backslash.",
    ),
    "nul-behind": (
        "error",
        "The value is not JSON: a NUL character stands behind its last bracket, at %(at)s.",
        "Remove it: some programs end a text with one, and no phone reads on.",
    ),
    "second-value": (
        "error",
        "The value is not JSON: a second value follows the first, at %(at)s.",
        "Put both into one array: [{…}, {…}].",
    ),
    "text-behind": (
        "error",
        "The value is not JSON: something stands behind its last bracket, at %(at)s.",
        "Let the value end in ].",
    ),
}
# What the value has wrong as a whole.
_ARRAY: Mapping[str, tuple[Severity, str, str]] = {
    "bare-object": (
        "error",
        "The value is one object, where an array of sites belongs.",
        'Write square brackets around the object: [{"title": "…", "baseURL": "https://…"}].',
    ),
    "not-array": (
        "error",
        "The value is not an array of sites.",
        'Write a JSON array: [{"title": "…", "baseURL": "https://…"}].',
    ),
    "no-site": (
        "error",
        "The array has no site in it.",
        "Add one object a site, or remove the key `sites`.",
    ),
    "array-in-dictionary": (
        "warning",
        "This is the configuration around `sites`, with the array as an array.",
        "Into the MDM's value of `sites` goes the array alone, as text (type String).",
    ),
    "whole-in-sites": (
        "error",
        "The value of `sites` is the whole configuration with `sites` in it, where the array alone belongs.",
        "Write what stands behind “sites”: the array, from [ to ].",
    ),
    "same-site": (
        "ignored",
        "The site at %(again)s is the one at %(first)s again.",
        "Remove one of the two entries.",
    ),
}
_ENTRY: Mapping[str, tuple[Severity, str, str]] = {
    "address-alone": (
        "error",
        "This entry is an address alone, not a JSON object.",
        'Write {"baseURL": "%(write)s"}.',
    ),
    "array-in-array": (
        "error",
        "This entry is an array inside the array.",
        "Remove the inner brackets: [{…}], not [[{…}]].",
    ),
    "not-object": (
        "error",
        "This entry is not a JSON object.",
        'Write an object as in {"title": "…", "baseURL": "https://…"}.',
    ),
    "key-twice": (
        "error",
        "“%(key)s” is written twice.",
        "Keep one: which of the two counts differs from phone to phone.",
    ),
    "secret": (
        "error",
        "“%(key)s” is a secret, and everybody who has the configuration or a phone can read it.",
        "Remove it, and replace the secret on the site: the app needs the client id only.",
    ),
    "misspelt": ("error", "“%(key)s” is not a key that phones read.", "Write “%(write)s”."),
    "beside-oauth": (
        "error",
        "“%(key)s” stands beside `oauth`, where phones do not look.",
        'Move it: "oauth": {"%(write)s": …}.',
    ),
    "inside-oauth": (
        "error",
        "“%(key)s” stands inside `oauth`, where phones do not look.",
        "Move it out of `oauth`, as “%(write)s”.",
    ),
    "unknown-key": (
        "ignored",
        "“%(key)s” is not a key that phones read.",
        "Remove it; the keys here are %(known)s.",
    ),
    "flag-in-quotes": (
        "error",
        "“%(key)s” is “%(written)s” in quotes, where true or false belongs.",
        'Write "%(key)s": true or "%(key)s": false, without quotes.',
    ),
    "flag-type": (
        "error",
        "“%(key)s” is of type %(kind)s, where true or false belongs.",
        'Write "%(key)s": true or "%(key)s": false, without quotes.',
    ),
    "title-type": (
        "ignored",
        "The title is of type %(kind)s, so phones show the address instead.",
        "Write the title as text in quotes.",
    ),
    "title-empty": (
        "warning",
        "The title is empty, so phones show the address instead.",
        "Write the name that people know the site by.",
    ),
    "title-long": (
        "warning",
        "The title is longer than a phone can show.",
        "Write %(most)s characters at most.",
    ),
    "title-control": (
        "warning",
        "The title holds a line break or another character that phones cannot show.",
        "Write the title on one line, in letters that can be seen.",
    ),
    "no-base-url": (
        "error",
        "This entry has no baseURL.",
        'Add the site\'s address: "baseURL": "https://…".',
    ),
    "base-url-type": (
        "error",
        "baseURL is of type %(kind)s, where text belongs.",
        'Write the site\'s address as text: "baseURL": "https://…".',
    ),
    "http": ("error", "The address is plain http.", "Write %(write)s."),
    "http-allowed": ("warning", "The address is plain http.", "Write %(write)s."),
    "page": ("error", "The address of a page was pasted (“%(page)s”).", "Write %(write)s."),
    "loopback": (
        "error",
        "The address is that of the phone itself (%(host)s), where no site is.",
        "Write the address under which phones reach the site.",
    ),
    "loopback-allowed": (
        "warning",
        "The address is that of the machine itself (%(host)s): a simulator gets there, a phone does not.",
        "Write the https address under which phones reach the site.",
    ),
    "unqualified": (
        "warning",
        "The host “%(host)s” has no domain: only phones whose own network completes it get there.",
        "Write the whole name, as in %(host)s.example.com.",
    ),
    "cloud-site": (
        "error",
        "%(host)s is a site of Atlassian Cloud, and the app is for Data Center.",
        "Write the address of the Data Center site; for Cloud people use the app “Jira Cloud”.",
    ),
    "slash": (
        "warning",
        "The address ends in a slash, behind which some write a second one.",
        "Write %(write)s.",
    ),
    "oauth-type": (
        "error",
        "`oauth` is of type %(kind)s, where an object belongs.",
        'Write "oauth": {"clientID": "…"}, or remove the key to pre-populate the site only.',
    ),
    "no-client-id": (
        "error",
        "`oauth` has no clientID.",
        "Add the client id of the application link; without it, remove `oauth` to pre-populate the site only.",
    ),
    "client-id-type": ("error", "clientID is of type %(kind)s, where text belongs.", _COPY),
    "client-id-empty": ("error", "clientID is empty.", _COPY),
    "placeholder": ("error", "clientID is still the placeholder “%(written)s”.", _COPY),
    "client-id-address": ("error", "clientID is an address, not a client id.", _COPY),
    "client-id-characters": (
        "error",
        "clientID holds %(odd)s as character %(at)s, which no client id has.",
        _COPY,
    ),
    "client-id-length": (
        "error",
        "clientID has %(count)s hexadecimal digits, where a client id has 32: some were lost or doubled on the way.",
        _COPY,
    ),
    "secret-as-client-id": (
        "error",
        "clientID has the form of a client secret (64 hexadecimal digits).",
        "Copy the client id from the application link. If this was the secret, replace it on the site.",
    ),
}
FINDINGS: Mapping[str, tuple[Severity, str, str]] = MappingProxyType({**_TEXT, **_SLIPS, **_ARRAY, **_ENTRY})
# An address that cannot be read keeps the words it has everywhere, but that a password is in many hands here.
ADDRESS = "address-"
_ADDRESS: Mapping[str, tuple[Severity, str, str]] = {
    ADDRESS + "userinfo": (
        "error",
        PROBLEMS["userinfo"][0],
        "Remove everything up to the “@”, and replace that password on the site: everybody with a phone can read it.",
    ),
    ADDRESS + "space": (
        "error",
        "The address holds %(odd)s, which no address may hold.",
        "Remove it.",
    ),
}
ALL: Mapping[str, tuple[Severity, str, str]] = MappingProxyType(
    {**FINDINGS, **{ADDRESS + name: ("error", *words) for name, words in PROBLEMS.items()}, **_ADDRESS}
)
# What a phone gets where something was found: by the finding's name, else by its severity and reach.
GETS: Mapping[str, str] = MappingProxyType(
    {
        "error": "A phone gets no site from this, and shows an error.",
        "error-entry": "A phone shows an error in place of this site.",
        "ignored": "A phone passes over this part.",
        "warning": "A phone gets it as it is written.",
    }
)
_NO_KEY, _REFUSED = (
    "A phone gets a configuration without `sites`.",
    "A phone’s parser refuses it, so the phone gets nothing.",
)
_ONE = "A phone gets one of the two, and which is nowhere documented."
_ADDRESS_SHOWN = "A phone gets the site, and shows its address for a title."
GETS_BY_NAME: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("sites-misspelt", "sites-character", "no-sites-key", "sites-nested", "wrapper"), _NO_KEY),
        **dict.fromkeys(("title-type", "title-empty"), _ADDRESS_SHOWN),
        "key-twice": _ONE,
        **dict.fromkeys(
            (
                "form-value", "form-rows", "form-dict", "form-plist", "form-android", "form-profile", "form-appconfig",
                "form-android-restrictions",
            ),
            "The MDM refuses it, or gives a phone something else.",
        ),
        "profile-for-macs": "A phone gets nothing; a Mac gets the sites.",
        **dict.fromkeys(("loopback", "cloud-site"), "A phone gets the site, and cannot sign in to it."),
        **dict.fromkeys(
            (
                "xml-broken", "xml-second", "xml-encoding", "entities", "binary-broken", "ampersand", "plist-markup",
                "plist-text", "plist-pairs", "plist-element", "plist-value", "readers-differ",
            ),
            _REFUSED,
        ),
    }
)  # fmt: skip
