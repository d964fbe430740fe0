"""The corpus of confusions against registration and matching."""

import json
from collections import Counter
from urllib.parse import urlsplit

import pytest

from genkan.wire.redirects import DENIED_SCHEMES, Kind, RedirectProblem, RedirectURI, find, matches, parse_redirect
from tests.vectors.whatwg import VECTOR, registrable
from tests.wire.confusions import REGISTERED, Confusion, corpus

CORPUS = corpus()
FAMILIES = sorted({confusion.family for confusion in CORPUS})
BROWSER: dict[str, list[str] | None] = json.loads(VECTOR.read_text())


def test_the_corpus_is_large_and_even() -> None:
    """Every registered redirect has its share, every family is there, and no confusion stands twice."""
    assert len(CORPUS) >= 1500
    assert len({(confusion.registered, confusion.asked) for confusion in CORPUS}) == len(CORPUS)
    counts = Counter(confusion.registered for confusion in CORPUS)
    assert set(counts) == set(REGISTERED)
    assert min(counts.values()) >= 120


@pytest.mark.parametrize("registered", REGISTERED)
def test_what_is_registered_is_in_good_order(registered: str) -> None:
    """The redirects that the corpus confuses are themselves registrable and match themselves."""
    assert isinstance(parse_redirect(registered), RedirectURI)
    assert find(REGISTERED, registered) == registered


@pytest.mark.parametrize("family", FAMILIES)
def test_no_confusion_matches(family: str) -> None:
    """Nothing but the registered bytes matches, in either direction."""
    wrong = [
        c for c in CORPUS if c.family == family and (matches(c.registered, c.asked) or matches(c.asked, c.registered))
    ]
    assert wrong == []


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_confusing_in_itself_cannot_be_registered(family: str) -> None:
    """Userinfo, fragments, wildcards, odd characters, denied schemes and odd hosts are refused, each under its code."""
    assert [(c, refusal(c)) for c in CORPUS if c.family == family and c.refused and refusal(c) != c.refused] == []


def refusal(confusion: Confusion) -> str | None:
    """The code under which a text is refused at registration."""
    parsed = parse_redirect(confusion.asked)
    return parsed.code if isinstance(parsed, RedirectProblem) else None


def test_a_browser_reads_what_passes_as_we_do() -> None:
    """For every text of the corpus that may be registered, a browser sees our scheme, our host and our port."""
    assert list(BROWSER) == registrable()
    assert [text for text, read in BROWSER.items() if not agrees(text, read)] == []


def agrees(text: str, read: list[str] | None) -> bool:
    """Whether a browser's reading [protocol, hostname, port] is ours; null is a text that it does not open at all."""
    parsed = parse_redirect(text)
    if read is None or not isinstance(parsed, RedirectURI) or parsed.scheme in DENIED_SCHEMES:
        return False
    protocol, host, port = read
    if parsed.kind is Kind.PRIVATE_USE:
        return protocol == f"{parsed.scheme}:"
    ours = f"[{parsed.host}]" if ":" in (parsed.host or "") else (parsed.host or "").lower()
    default = {"https": 443, "http": 80}[parsed.scheme]
    return (protocol, host, int(port or default)) == (f"{parsed.scheme}:", ours, parsed.port or default)


def test_a_loopback_confusion_never_leaves_loopback() -> None:
    """What passes at registration as loopback is on the machine for another reader too."""
    accepted = [parsed for c in CORPUS if isinstance(parsed := parse_redirect(c.asked), RedirectURI)]
    hosts = {urlsplit(parsed.text).hostname for parsed in accepted if parsed.kind is Kind.LOOPBACK}
    assert hosts == {"127.0.0.1", "::1", "localhost"}
