"""Work grows with the input, never with its square: counted in steps of the interpreter, so no clock is needed."""

import json
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import pytest

from genkan.wire import login_info, managed, metadata, uri
from genkan.wire.callback import parse_callback
from genkan.wire.client_auth import parse_basic
from genkan.wire.pkce import Method, is_challenge, is_verifier
from genkan.wire.redirects import find, form_action_source, matches, parse_redirect, with_answer
from genkan.wire.scopes import parse_scope
from genkan.wire.token_answer import parse_token_answer
from genkan.wire.urls import is_endpoint, is_loopback_host, join, parse_base_url
from genkan.wire.versions import parse_version

SIZE = 400
APP = "jira-server://oauth-callback"
SITE = {"title": "t", "baseURL": "https://a.example", "oauth": {"clientID": "abc"}}
# Pieces that a reader with a nested search would stumble over, each repeated as often as asked
PIECES = [
    "a",
    "/",
    ".",
    "..",
    "/..",
    "%",
    "%2e",
    "%25",
    "@",
    ":",
    "?",
    "&",
    "&a=",
    "#",
    "[",
    "\\",
    " ",
    "://",
    "a.",
    "*",
    "é",
    "READ ",
    "-1",
]


def steps(run: Callable[[], object]) -> int:
    """How many bytecode instructions a call takes, in our code and in the Python code that it calls."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    except ValueError:
        pass  # a refusal is an answer too, and must be as cheap
    finally:
        sys.settrace(before)
    return count


def assert_linear(reader: Callable[[str], object], make: Callable[[int], str]) -> None:
    """Twice the input takes at most three times the steps, the fixed cost of a call aside."""
    steps(lambda: reader(make(8)))  # fills the caches of what is called
    once, twice = (steps(partial(reader, make(size))) for size in (SIZE, 2 * SIZE))
    assert twice <= 3 * once + 500


READERS: dict[str, Callable[[str], object]] = {
    "split": uri.split,
    "split_authority": uri.split_authority,
    "escapes_hold": uri.escapes_hold,
    "has_dot_segment": uri.has_dot_segment,
    "is_host_name": uri.is_host_name,
    "parse_base_url": parse_base_url,
    "is_endpoint": is_endpoint,
    "is_loopback_host": is_loopback_host,
    "join": lambda text: join("https://a.example/jira", "/" + text),
    "parse_redirect": parse_redirect,
    "form_action_source": form_action_source,
    "matches": lambda text: matches("http://127.0.0.1/cb", "http://127.0.0.1" + text),
    "find": lambda text: find([APP, "http://[::1]/cb", "https://a.example/cb"], text),
    "with_answer": lambda text: with_answer(APP, {"state": text}),
    "parse_callback": lambda text: parse_callback(f"{APP}?{text}", state="s", redirect_uri=APP, issuer="i"),
    "is_verifier": is_verifier,
    "is_challenge": lambda text: is_challenge(text, Method.S256),
    "parse_scope": parse_scope,
    "parse_version": parse_version,
    "parse_basic": lambda text: parse_basic("Basic " + text),
    "parse_token_answer": lambda text: parse_token_answer(400, json.dumps({"error": text}).encode()),
    "login_info": lambda text: login_info.parse(json.dumps({text: {}, "clientID": text}).encode()),
    "metadata": lambda text: metadata.parse(json.dumps({"issuer": text}).encode(), issuer=text),
    "managed": managed.parse,
    "managed entry": lambda text: managed.parse(json.dumps([{"title": text, "baseURL": text, text: text}])),
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_a_text_is_read_in_steps_that_grow_with_its_length(reader: Callable[[str], object]) -> None:
    """No repeated piece makes a reader go over its input again and again."""
    for piece in PIECES:
        assert_linear(reader, lambda size, piece=piece: piece * size)  # type: ignore[misc]
        assert_linear(reader, lambda size, piece=piece: "https://" + piece * size)  # type: ignore[misc]


MANY: dict[str, Callable[[int], object]] = {
    "different sites": lambda size: [{"baseURL": f"https://a{number}.example"} for number in range(size)],
    "one site again and again": lambda size: [SITE] * size,
    "entries with a fault": lambda size: [{"baseUrl": 5, "x": 5}] * size,
    "entries that are none": lambda size: [None] * size,
    "unknown keys": lambda size: [{f"key{number}": None for number in range(size)}],
    "near misses": lambda size: [{"base" + "_" * number + "url": None for number in range(size)}],
    "depth": lambda size: json.loads("[" * size + "]" * size),
}


@pytest.mark.parametrize("make", MANY.values(), ids=MANY)
def test_a_value_is_checked_in_steps_that_grow_with_its_length(make: Callable[[int], object]) -> None:
    """Many sites, many faults and many keys cost as many steps, not their square."""

    def text(size: int) -> str:
        return json.dumps(make(size // 4))

    assert_linear(managed.parse, text)


def test_repeated_keys_are_found_in_one_pass() -> None:
    """A key written a thousand times, or a thousand keys written twice, is no work for every pair."""
    assert_linear(managed.parse, lambda size: "[{" + ",".join(['"a":1'] * size) + "}]")
    assert_linear(managed.parse, lambda size: "[{" + ",".join(f'"{number // 2}":1' for number in range(size)) + "}]")


def test_many_places_are_searched_in_one_pass() -> None:
    """An answer with a thousand objects in it is gone through once."""
    bodies = {size: json.dumps({f"k{number}": {} for number in range(size)}) for size in (8, SIZE, 2 * SIZE)}
    assert_linear(lambda text: login_info.parse(text.encode()), bodies.__getitem__)


def test_the_count_sees_a_square() -> None:
    """The measure itself is not blind: a reader that goes over its input for each of its characters fails it."""
    with pytest.raises(AssertionError):
        assert_linear(lambda text: [1 for _ in text for _ in text], lambda size: "a" * size)
