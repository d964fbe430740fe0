"""The calls of the manual's page on the API are made, as they stand there, one after the other."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from genkan.wire.scopes import Permission
from tests.site.api_world import a_key
from tests.site.world import TestClock, close_site, open_site
from tests.workshop.tree import ROOT

PAGE = ROOT / "docs/how-to/automate-with-an-api-key.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
SEVERAL = 10


def commands() -> Iterator[dict[str, str]]:
    """Each curl of the page: method, header, body and address."""
    for block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        for line in block.splitlines():
            words = shlex.split(line)
            assert words[0] == "curl", line
            asked = {"method": "GET", "body": "", "header": ""}
            rest = iter(words[1:])
            for word in rest:
                if word == "--json":
                    asked |= {"body": next(rest)}
                    asked["method"] = "POST" if asked["method"] == "GET" else asked["method"]
                elif word in ("-H", "-X"):
                    asked["header" if word == "-H" else "method"] = next(rest)
                else:
                    asked["address"] = word
            yield asked


async def test_every_call_of_the_page_does_what_it_says(tmp_path: Path) -> None:
    """Good answers all, with the id that the first answer about a person carries."""
    site = await open_site(tmp_path, TestClock())
    try:
        await a_key(site, Permission.ADMIN, "the-key")
        known, made = {"SITE": site.base, "KEY": "the-key"}, 0
        for asked in commands():
            address, header = (filled(asked[part], known) for part in ("address", "header"))
            name, _, value = header.partition(": ")
            options: dict[str, Any] = {"json": json.loads(asked["body"])} if asked["body"] else {}
            answer = await site.client.request(asked["method"], address, headers={name: value}, **options)
            assert answer.status_code in (200, 201), (asked, answer.text)
            if asked["address"].endswith("/people"):
                known["ID"] = answer.json()["id"]
            made += 1
        assert made >= SEVERAL
    finally:
        await close_site(site)


def filled(text: str, known: dict[str, str]) -> str:
    """With the shell's variables put in."""
    for name, value in known.items():
        text = text.replace(f"${name}", value)
    assert "$" not in text
    return text
