"""The work of checking and mending grows with the file, never with its square: counted in steps."""

import json
from collections.abc import Callable

import pytest

from genkan.mdm.check import check, fix
from tests.wire.test_linear import steps

SIZE = 300

PIECES = [
    *("<key>sites</key><string>", "<string>", "<dict>", "<a/>", "&", "&amp;", "&uuml;", "\t", "sites\t", "sites: "),
    *(
        "a: b\n",
        "key: sites\n",
        "value: x\n",
        "```\n",
        "<![CDATA[",
        "]]>",
        "&lt;",
        '"',
        "'",
        "\\",
        '{"a":',
        '{"sites":',
    ),
    *("[", "{},", "null,", '[{"baseURL":"https://a.example"}]', "“", "/*", "//", "a,", "é", "\u3000", "AAAA"),
]
MANY: dict[str, Callable[[int], object]] = {
    "near misses": lambda size: [{"base" + "_" * (number % 60) + f"{number}url": None for number in range(size)}],
    "one key in many spellings": lambda size: [{f"b{'_' * (n % 50)}aseurl{'-' * (n // 50)}": "x" for n in range(size)}],
    "one site again and again": lambda size: [{"baseURL": "https://a.example"}] * size,
    "broken ones and good ones of one site": lambda size: [{"baseURL": "https://a.example", "oauth": {}}, {}] * size,
    "entries with five faults": lambda size: (
        [{"url": "a.example/x?y", "clientid": "x", "x": 1, "skipInfo": "no"}] * size
    ),
    "secrets beside": lambda size: {
        "sites": "[]",
        **{f"{'_' * (n % 50)}secret{'-' * (n // 50)}": 1 for n in range(size)},
    },
}
READERS: dict[str, Callable[[str], object]] = {
    "check": lambda text: check(text.encode()),
    "fix": lambda text: fix(text.encode()),
}


def assert_linear(reader: Callable[[str], object], make: Callable[[int], str]) -> None:
    """Twice the file takes at most three times the steps; counted anew where it takes more, since watchers may have run
    in between.
    """
    once, twice = make(SIZE), make(2 * SIZE)
    reader(make(8))  # fills the caches of what is called
    assert any(steps(lambda: reader(twice)) <= 3 * steps(lambda: reader(once)) + 500 for _ in range(3))


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("piece", PIECES)
def test_a_repeated_piece_costs_its_length(reader: Callable[[str], object], piece: str) -> None:
    """Alone, in a property list, in a row, and in a value."""
    for around in ("{}", "<dict><key>sites</key><string>{}</string></dict>", "sites: {}", '[{{"baseURL": {}}}]'):
        assert_linear(reader, lambda size, around=around: around.format(piece * size))  # type: ignore[misc]


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("make", MANY.values(), ids=MANY)
def test_many_faults_cost_their_number(reader: Callable[[str], object], make: Callable[[int], object]) -> None:
    """Many entries, many keys, many duplicates."""
    assert_linear(reader, lambda size: json.dumps(make(size // 4)))
