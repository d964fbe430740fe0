"""Values and files that almost are what they were: what people, editors and consoles do to a configuration, by seed."""

import json
from collections.abc import Callable
from random import Random

CLIENT = "38843a89f2b02a471000bc022e4b9de8"
ENTRIES = [
    {"title": "Süd & <Nord>", "baseURL": "https://jira.example.com", "oauth": {"clientID": CLIENT}},
    {"baseURL": "https://wiki.example.com:8443/desk", "skipInfo": True},
]
VALUE = json.dumps(ENTRIES, ensure_ascii=False)
_INNER = VALUE.replace("&", "&amp;").replace("<", "&lt;")
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "a.dtd">\n'
DICT = (
    f"<dict>\n  <key>other</key>\n  <integer>7</integer>\n  <key>sites</key>\n  <string>{_INNER}</string>\n"
    "  <key>flag</key>\n  <true/>\n</dict>"
)
PLIST = f'{_HEAD}<plist version="1.0">\n{DICT}\n</plist>\n'
SEEDS = [
    PLIST,
    PLIST,
    DICT,
    VALUE,
    VALUE,
    json.dumps({"sites": VALUE, "skipInfo": False}, ensure_ascii=False),
    json.dumps({"managedProperty": [{"key": "sites", "valueString": VALUE}]}, ensure_ascii=False),
]
_PIECES = [
    "<b>",
    "</b>",
    "<b>x</b>",
    "<!-- x -->",
    "<![CDATA[x]]>",
    "<![CDATA[]]>",
    "<?x y?>",
    "&#x4A;",
    "&#0000000074;",
    "&auml;",
    "&amp;",
    "&",
    "<",
    ">",
    "]]>",
    "<key>sites</key>",
    "<key>a</key>",
    "<string>b</string>",
    "<string/>",
    "<true/>",
    "<dict/>",
    "<array>",
    "</dict>",
    "</plist>",
    "<plist>",
    "<data>!</data>",
    "<real>x</real>",
    '"',
    "'",
    "“",
    "”",
    "\uff02",
    "\uff1a",
    ",",
    "[",
    "]",
    "{",
    "}",
    ":",
    "\\",
    '\\"',
    "\\u0041",
    "\\ud800",
    " ",
    "\t",
    "\n",
    "\r",
    "\u00a0",
    "\u200b",
    "\u3000",
    "\ufeff",
    "\0",
    "\x1f",
    "NaN",
    "1" * 5000,
    "1e999",
    "null",
    "true",
    "-",
    "0",
    "a",
    "é",
    "/",
    "//",
    "/*",
    "#",
    "?x",
    "@",
    "$USERNAME",
    "%A%",
]
_WORDS = [
    ('encoding="UTF-8"', 'encoding="UTF-16"'),
    ('encoding="UTF-8"', 'encoding="klingon"'),
    ('encoding="UTF-8"', "encoding='utf-8'"),
    ('encoding="UTF-8"', 'encoding="ISO-8859-1"'),
    ('encoding="UTF-8"', 'encoding="windows-1252"'),
    ('version="1.0"', 'version="1.1"'),
    ("<key>sites</key>", "<key>sites </key>"),
    ("<key>sites</key>", "<key>Sites</key>"),
    ("<key>sites</key>", "<key>\nsites</key>"),
    ("<key>sites</key>", "<key><!-- x -->sites</key>"),
    ("<key>other</key>", "<key>sites</key>"),
    ("<string>", '<string a="b">'),
    ("<dict>", "<Dict>"),
    ("<true/>", "<true>yes</true>"),
    ("<true/>", ""),
    ("<integer>7", "<integer>seven"),
    ("<integer>7", "<integer>0x7"),
    ("<integer>7", "<integer>99999999999999999999"),
    ("<plist", "\n<plist"),
    ("<?xml", " <?xml"),
    ("<plist version=", "<plist foo="),
    ('"sites"', '"sites "'),
    ('"baseURL"', '"baseUrl"'),
    ('"oauth"', '"oauth": {}, "oauth"'),
    (CLIENT, CLIENT[:-1]),
    (CLIENT, CLIENT + "\n"),
    ("https://jira", "http://jira"),
    ("jira.example.com", "localhost"),
    ("example.com", "example.com/secure/Dashboard.jspa"),
    ("true", "True"),
]


def _inserted(text: str, random: Random) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(_PIECES) + text[at:]


def _cut(text: str, random: Random) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + text[at + random.randrange(1, 25) :]


def _again(text: str, random: Random) -> str:
    at = random.randrange(len(text) + 1)
    end = at + random.randrange(1, 160)
    return text[:end] + text[at:end] + text[end:]


def _replaced(text: str, random: Random) -> str:
    known = [pair for pair in _WORDS if pair[0] in text]
    return text.replace(*random.choice(known)) if known else _inserted(text, random)


def _tag_moved(text: str, random: Random) -> str:
    """A tag or a bracket of the text, put somewhere else."""
    tags = [index for index, character in enumerate(text) if character in "<[{"]
    at = random.choice(tags) if tags else 0
    end = max(text.find(">" if text[at : at + 1] == "<" else ",", at), at) + 1
    piece, rest = text[at:end], text[:at] + text[end:]
    to = random.randrange(len(rest) + 1)
    return rest[:to] + piece + rest[to:]


_MUTATIONS: tuple[Callable[[str, Random], str], ...] = (_inserted, _cut, _again, _replaced, _replaced, _tag_moved)
_ENCODINGS = (*("utf-8",) * 14, "utf-8-sig", "utf-16")


def mutated(seed: int) -> bytes:
    """The same octets for the same seed."""
    random = Random(seed)
    text = random.choice(SEEDS)
    for _ in range(random.choice((0, 1, 1, 1, 1, 2, 3))):
        text = random.choice(_MUTATIONS)(text, random)
    return text.encode(random.choice(_ENCODINGS), "replace")
