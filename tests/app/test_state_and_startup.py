"""The kept document and the first screen: functions of values."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.app.choice import NobodySignedIn, Unclear, entry_of, session_of
from genkan.app.startup import Broken, ChooseSite, Resume, SignIn, plan
from genkan.app.state import Account, SessionState, Tokens, Unreadable, decode, encode, is_fresh
from genkan.wire import managed
from genkan.wire.login_screen import completed
from genkan.wire.managed import SiteEntry
from tests.app.by_hand import APP, BASE, a_site

NOW = 1_700_000_000_000
HOUR = 3_600_000


def a_session(name: str = "alice", base: str = BASE, at: int = NOW, **changed: object) -> SessionState:
    tokens = Tokens("at-secret", "rt-secret", at, at + HOUR, "WRITE")
    state = SessionState(f"id-{name}", a_site(base_url=base), APP, at, Account(f"key-{name}", name), tokens)
    return replace(state, **changed)  # type: ignore[arg-type]


def test_the_document_comes_back_as_it_was() -> None:
    """What is written is read again, field for field."""
    state = a_session()
    assert decode(state.id, encode(state)) == state
    ended = a_session(tokens=None, ended="The site has ended this sign-in.")
    assert decode(ended.id, encode(ended)) == ended


def test_fields_of_a_later_version_are_passed_over() -> None:
    """A field that is not known yet does not cost the session."""
    state = a_session()
    assert decode(state.id, encode(state)[:-1] + ', "new": {"x": 1}}') == state


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[]", '{"version": 1}', '{"version": "1"}', "\x00", '{"version": 1,']
)
def test_a_damaged_document_gives_a_sentence(text: str) -> None:
    """Nothing that a file may hold raises."""
    read = decode("x", text)
    assert isinstance(read, Unreadable)
    assert "sign in again" in read.sentence


def test_another_version_gives_a_sentence() -> None:
    """A layout that is not ours is named, not guessed at."""
    read = decode("x", '{"version": 2, "tokens": "moved"}')
    assert isinstance(read, Unreadable)
    assert "layout 2" in read.sentence


@given(st.integers(0, 400), st.sampled_from(['"', "{", "}", ":", "1", "\\", ""]))
def test_any_damage_is_read_or_named(place: int, put: str) -> None:
    """One wrong character anywhere gives a state or a sentence, and the sentence quotes nothing of the document."""
    text = encode(a_session())
    read = decode("id-alice", text[:place] + put + text[place + 1 :])
    assert isinstance(read, SessionState) or "secret" not in read.sentence


def test_tokens_are_in_no_repr() -> None:
    """Printing a state shows no token and no client secret."""
    shown = repr(a_session(site=a_site(client_secret="s3cret")))
    assert "secret" not in shown.replace("client_secret", "")
    assert "at-secret" not in shown


def test_freshness() -> None:
    """A token is renewed before it expires, by a margin that grows with the jitter, at once when the clock ran back."""
    tokens = Tokens("a", "r", NOW, NOW + HOUR)
    assert is_fresh(tokens, NOW)
    assert is_fresh(tokens, NOW + HOUR - 120_001)
    assert not is_fresh(tokens, NOW + HOUR - 120_000)
    assert not is_fresh(tokens, NOW + HOUR - 120_001, jitter=255)
    assert is_fresh(tokens, NOW + HOUR - 180_001, jitter=255)
    assert not is_fresh(tokens, NOW - 1)


@given(st.integers(0, 10_000_000), st.integers(0, 255))
def test_a_new_token_is_fresh_for_most_of_its_life(lifetime: int, jitter: int) -> None:
    """Even a short life is not spent in refreshing: at four fifths of it a token is still fresh."""
    tokens = Tokens("a", "r", NOW, NOW + lifetime)
    assert lifetime < 10 or is_fresh(tokens, NOW + lifetime * 4 // 5, jitter)


def delivered(text: str) -> managed.Managed:
    return managed.parse(text)


TWO = '[{"title": "One", "baseURL": "https://one.example"}, {"title": "Two", "baseURL": "https://two.example"}]'
ONE = '[{"title": "One", "baseURL": "https://one.example", "oauth": {"clientID": "38843a89f2b02a471000bc022e4b9de8"}}]'


def test_start_signed_in() -> None:
    """A live session comes first, with its access token good offline or not."""
    assert plan(None, [a_session()], NOW) == Resume(a_session(), (), True, ())
    late = plan(None, [a_session()], NOW + HOUR)
    assert isinstance(late, Resume)
    assert late.offline is False


def test_the_session_used_last_comes_first() -> None:
    """Of several sessions the one refreshed last is shown, the others are at hand."""
    older, newer = a_session("bob", at=NOW - HOUR), a_session("alice")
    planned = plan(None, [older, newer], NOW)
    assert isinstance(planned, Resume)
    assert planned.state == newer
    assert planned.others == (older,)


def test_a_broken_configuration_signs_nobody_out() -> None:
    """M8: the fault is told, and a live session goes on."""
    planned = plan(delivered("{"), [a_session()], NOW)
    assert isinstance(planned, Resume)
    assert planned.problems


def test_a_broken_configuration_names_entry_and_fault() -> None:
    """M8: never a crash, never an empty screen: what is right is offered, what is wrong is named."""
    text = TWO[:-1] + ', {"title": "No address"}]'
    planned = plan(delivered(text), [], NOW)
    assert isinstance(planned, Broken)
    assert [choice.base_url for choice in planned.choices] == ["https://one.example", "https://two.example"]
    assert [finding.entry for finding in planned.problems] == [2]
    assert all(finding.problem and finding.fix for finding in planned.problems)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"baseURL": "https://x.example"}', "“[]”", "\x00"])
def test_any_broken_value_is_told(text: str) -> None:
    """Whatever MDM delivers, the app starts and says what is wrong."""
    planned = plan(delivered(text), [], NOW)
    assert isinstance(planned, Broken)
    assert planned.problems


def test_one_site_goes_to_the_sign_in() -> None:
    """A single site needs no choice."""
    planned = plan(delivered(ONE), [], NOW)
    assert isinstance(planned, SignIn)
    assert planned.choice.base_url == "https://one.example"
    assert planned.choice.entry is not None
    assert (planned.site, planned.because) == (None, None)


def test_an_ended_session_goes_to_its_sign_in() -> None:
    """Where the site ended the only session, its sign-in is offered with the reason."""
    ended = a_session(tokens=None, ended="Signed out by an administrator.")
    planned = plan(None, [ended], NOW)
    assert isinstance(planned, SignIn)
    assert planned.site == ended.site
    assert planned.because == "Signed out by an administrator."


def test_several_sites_are_listed_once_each() -> None:
    """Managed sites come first, and a site that is saved too is one line."""
    ended = a_session(base="https://two.example", tokens=None)
    planned = plan(delivered(TWO), [ended, a_session("bob", base="https://three.example", tokens=None)], NOW)
    assert isinstance(planned, ChooseSite)
    addresses = [choice.base_url for choice in planned.choices]
    assert addresses == ["https://one.example", "https://two.example", "https://three.example"]


def test_nothing_known_lets_the_person_type() -> None:
    """Without anything the list is empty and the address is typed."""
    assert plan(None, [], NOW) == ChooseSite(())


def test_choosing_a_session() -> None:
    """The only session needs no name; several say which to choose; a wrong name lists what there is."""
    alice, bob, far = a_session(), a_session("bob"), a_session("carol", base="https://far.example")
    assert session_of([alice], None, None) == alice
    assert session_of([alice, far], "far.example", None) == far
    assert session_of([alice, bob], BASE, "bob") == bob
    assert session_of([alice, bob], BASE + "/", "key-bob") == bob
    assert isinstance(session_of([], None, None), NobodySignedIn)
    several = session_of([alice, far], None, None)
    assert isinstance(several, Unclear)
    assert "https://far.example" in several.sentence
    accounts = session_of([alice, bob], BASE, None)
    assert isinstance(accounts, Unclear)
    assert "name one" in accounts.sentence
    assert "--" not in accounts.sentence  # the command adds its own option
    ended = a_session(tokens=None, ended="It has ended.")
    assert session_of([ended, bob], None, None) == bob
    assert session_of([ended, bob], BASE, "alice") == ended
    assert session_of([ended], None, None) == ended
    wrong = session_of([alice], "https://elsewhere.example", None)
    assert isinstance(wrong, NobodySignedIn)
    assert BASE in wrong.sentence


def test_choosing_an_entry() -> None:
    """An entry is found by any spelling of its address, the only one without any; others are typed."""
    two, one = delivered(TWO), delivered(ONE)
    found = entry_of(two, "HTTPS://Two.example:443/")
    assert isinstance(found, SiteEntry)
    assert found.title == "Two"
    assert entry_of(one, None) == one.sites[0]
    assert isinstance(entry_of(two, None), Unclear)
    assert isinstance(entry_of(None, None), Unclear)
    assert entry_of(two, "https://typed.example") is None
    assert completed(" jira.example.com ") == "https://jira.example.com"
    for here in ("localhost:8080", "127.0.0.1/jira", "[::1]:8080"):
        assert completed(here) == f"http://{here}"
    assert completed("localhost.example.com") == "https://localhost.example.com"


def test_skip_info_at_the_top_counts_for_each_entry() -> None:
    """`skipInfo` is taken per entry and at the top level."""
    top = managed.Managed((SiteEntry("One", "https://one.example"),), skip_info=True)
    entry = entry_of(top, "one.example")
    assert isinstance(entry, SiteEntry)
    assert entry.skip_info is True
