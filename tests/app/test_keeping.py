"""Kept sessions by hand and over the wire: durable before use, refreshed once, restored, ended, never lost."""

import json
from dataclasses import replace

import pytest

from genkan.app import arrival, keeping, leaving
from genkan.app.drive import Driver
from genkan.app.keeping import Keeper
from genkan.app.outcomes import Access, Retry, SignedOut, SignInAgain, SiteSetUpWrong
from genkan.app.session import Sessions
from genkan.app.state import SessionState, Tokens, Unreadable, decode, encode
from genkan.app.steps import Answer, Ask, Call, Loss, Lost, Pause, Step
from genkan.app.vault import FileVault, MemoryVault, VaultTrouble
from tests.app.by_hand import APP, BASE, a_site, document, drive, form_of, page
from tests.app.conftest import Chance, Clock

HOUR = 3_600_000
NEW = {"access_token": "at-new", "refresh_token": "rt-new", "token_type": "bearer", "expires_in": 3600}


def keep(keeper: Keeper, session_id: str = "s1", left: int = HOUR, **changed: object) -> SessionState:
    """A session with `left` milliseconds of its hour to live, in the vault."""
    expires = keeper.now() + left
    tokens = Tokens("at-old", "rt-old", expires - HOUR, expires, "WRITE")
    state = SessionState(session_id, a_site(), APP, expires - HOUR, None, tokens)
    state = replace(state, **changed)  # type: ignore[arg-type]
    keeper.vault.write(session_id, encode(state))
    return state


def kept(keeper: Keeper, session_id: str = "s1") -> SessionState:
    state = decode(session_id, keeper.vault.read(session_id) or "")
    assert isinstance(state, SessionState)
    return state


def nobody(step: Step) -> object:
    return pytest.fail(f"asked {step}")


def access(keeper: Keeper, *answers: object, rejected: str | None = None) -> object:
    waiting = list(answers)
    outcome = drive(keeping.access(keeper, "s1", rejected), lambda _step: waiting.pop(0))
    assert waiting == []
    return outcome


def test_a_fresh_token_is_used_without_a_network(keeper: Keeper) -> None:
    """Offline start: a token that still holds needs nobody."""
    keep(keeper)
    outcome = drive(keeping.access(keeper, "s1"), nobody)
    assert isinstance(outcome, Access)
    assert (outcome.token, outcome.scope) == ("at-old", "WRITE")


def test_expired_and_offline_keeps_everything(keeper: Keeper) -> None:
    """Offline with an expired token is `Retry`, and the session is as it was."""
    before = keep(keeper, left=-1)
    assert access(keeper, Lost(Loss.UNREACHABLE, "No network.")) == Retry("No network.")
    assert kept(keeper) == before


def test_early_refresh_that_fails_falls_back(keeper: Keeper) -> None:
    """Shortly before its end a token is renewed; when that fails, it is still used until it ends."""
    keep(keeper, left=60_000)
    outcome = access(keeper, Lost(Loss.UNREACHABLE, "No network."))
    assert isinstance(outcome, Access)
    assert outcome.token == "at-old"
    assert isinstance(access(keeper, Lost(Loss.UNREACHABLE, "No network."), rejected="at-old"), Retry)


def test_the_moment_of_renewal_is_the_sessions_own(keeper: Keeper) -> None:
    """Within the spread a session is asked often and always answers the same; phones and generations differ."""

    def is_renewed(session_id: str) -> bool:
        asked: list[Step] = []

        def no_network(step: Step) -> object:
            asked.append(step)
            return Lost(Loss.UNREACHABLE, "So.")

        drive(keeping.access(keeper, session_id), no_network)
        return bool(asked)

    sessions = [keep(keeper, f"s{number}", left=150_000).id for number in range(40)]
    first = [is_renewed(session_id) for session_id in sessions]
    assert [[is_renewed(session_id) for session_id in sessions] for _ in range(5)] == [first] * 5
    assert 0 < sum(first) < 40
    keeper.now.forward(3600)  # type: ignore[attr-defined]
    for session_id in sessions:
        keep(keeper, session_id, left=150_000)
    assert [is_renewed(session_id) for session_id in sessions] != first


def test_a_successor_is_durable_before_it_is_used(keeper: Keeper) -> None:
    """The new tokens are in the vault when the access token is handed out."""
    keep(keeper, left=-1)
    outcome = access(keeper, document(NEW))
    assert isinstance(outcome, Access)
    assert outcome.token == "at-new"
    assert kept(keeper).tokens == Tokens("at-new", "rt-new", keeper.now(), keeper.now() + HOUR, "WRITE")


class FullVault(MemoryVault):
    """A vault on a full disk."""

    full = False

    def write(self, name: str, text: str) -> None:
        if self.full:
            raise VaultTrouble("No space left.")
        super().write(name, text)


def test_a_successor_that_cannot_be_kept_is_not_used(clock: Clock, chance: Chance) -> None:
    """With a full disk no successor is asked for: a site that takes a token once would sign the person out."""
    vault = FullVault()
    keeper = Keeper(vault, clock, chance)
    before = keep(keeper, left=-1)
    vault.full = True
    with pytest.raises(VaultTrouble, match="No space left"):
        access(keeper)
    assert kept(keeper) == before
    vault.full = False
    assert isinstance(access(keeper, document(NEW)), Access)


def test_an_ended_sign_in_is_remembered(keeper: Keeper) -> None:
    """`invalid_grant` is kept with its reason and asked no second time; the site stays known."""
    keep(keeper, left=-1)
    refused = document({"error": "invalid_grant", "error_description": "Signed out by an administrator."}, 400)
    outcome = access(keeper, refused)
    assert isinstance(outcome, SignInAgain)
    assert "Signed out by an administrator." in outcome.sentence
    assert drive(keeping.access(keeper, "s1"), nobody) == outcome
    state = kept(keeper)
    assert (state.tokens, state.ended, state.site.base_url) == (None, outcome.sentence, BASE)


@pytest.mark.parametrize(("left", "kind"), [(HOUR, Access), (-1, Retry)])
def test_renewed_by_somebody_who_needs_no_turn(keeper: Keeper, left: int, kind: type) -> None:
    """`invalid_grant` for a token that another machine has replaced in the vault meanwhile ends nothing."""
    old = keep(keeper, left=-1)
    refused = document({"error": "invalid_grant"}, 400)

    def somebody_else(_step: Step) -> object:
        now = keeper.now()
        renewed = replace(old, tokens=Tokens("at-theirs", "rt-theirs", now + left - HOUR, now + left, "WRITE"))
        keeper.vault.write("s1", encode(renewed))
        return refused

    outcome = drive(keeping.access(keeper, "s1"), somebody_else)
    assert isinstance(outcome, kind), outcome
    tokens = kept(keeper).tokens
    assert tokens is not None
    assert tokens.refresh == "rt-theirs"


@pytest.mark.parametrize("answer", [page(503), page(200), document({"error": "invalid_client"}, 401), page(404)])
def test_nothing_but_invalid_grant_ends_a_session(keeper: Keeper, answer: Answer) -> None:
    """Faults, portals and a wrong set-up leave the session as it was."""
    before = keep(keeper, left=-1)
    outcome = drive(keeping.access(keeper, "s1"), lambda _step: answer)
    assert isinstance(outcome, Retry | SiteSetUpWrong)
    assert kept(keeper) == before


def test_somebody_else_refreshed_meanwhile(keeper: Keeper) -> None:
    """After waiting for the turn the state is read again, and a token that came meanwhile is used."""
    keep(keeper, left=-1)
    other = keeper.vault.turn("s1")
    assert other.take()
    polls: list[Pause] = []

    def refreshed_elsewhere(pause: Pause) -> None:
        polls.append(pause)
        if len(polls) == 3:
            keep(keeper, left=HOUR)
            other.give_back()

    outcome = drive(keeping.access(keeper, "s1"), nobody, refreshed_elsewhere)
    assert isinstance(outcome, Access)
    assert len(polls) == 3


def test_a_turn_that_never_comes(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    """A holder that hangs gives a sentence, not a second refresh beside it."""
    monkeypatch.setattr(keeping, "TURN_POLLS", 3)
    keep(keeper, left=-1)
    other = keeper.vault.turn("s1")
    assert other.take()
    assert isinstance(drive(keeping.access(keeper, "s1"), nobody), Retry)
    assert isinstance(drive(leaving.sign_out(keeper, "s1"), nobody), Retry)
    other.give_back()


def test_a_token_that_holds_waits_for_nobody(keeper: Keeper) -> None:
    """Renewed early by somebody else: the present token is used meanwhile, unless the site refused it."""
    keep(keeper, left=60_000)
    other = keeper.vault.turn("s1")
    assert other.take()

    def no_pause(_pause: Pause) -> None:
        pytest.fail("waited")

    outcome = drive(keeping.access(keeper, "s1"), nobody, no_pause)
    assert isinstance(outcome, Access)
    assert outcome.token == "at-old"
    waited: list[Pause] = []

    def then_free(pause: Pause) -> None:
        waited.append(pause)
        other.give_back()

    outcome = drive(keeping.access(keeper, "s1", "at-old"), lambda _step: document(NEW), then_free)
    assert isinstance(outcome, Access)
    assert (outcome.token, len(waited)) == ("at-new", 1)


def test_the_turn_is_given_back_whatever_happens(keeper: Keeper) -> None:
    """An exception or a cancellation in the middle of a refresh leaves no lock behind."""
    keep(keeper, left=-1)

    def crash(_step: Step) -> object:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        drive(keeping.access(keeper, "s1"), crash)
    assert isinstance(access(keeper, document(NEW)), Access)


@pytest.mark.parametrize("text", ["", "{", '{"version": 9}', "null"])
def test_a_damaged_session_is_a_sentence(keeper: Keeper, text: str) -> None:
    """A file that was corrupted asks for a new sign-in and is listed, not stumbled over."""
    keeper.vault.write("s1", text)
    assert isinstance(drive(keeping.access(keeper, "s1"), nobody), SignInAgain)
    assert isinstance(keeping.saved(keeper.vault)[0], Unreadable)


def test_what_cannot_be_read_is_not_called_signed_out(keeper: Keeper) -> None:
    """The site still takes its tokens: it stays and is told, until forgetting is asked for, which is told as well."""
    keeper.vault.write("s1", '{"version": 9}')
    outcome = drive(leaving.sign_out(keeper, "s1"), nobody)
    assert isinstance(outcome, SiteSetUpWrong)
    assert "layout 9" in outcome.sentence
    ((label, ended),) = drive(leaving.sign_out_everywhere(keeper), nobody)
    assert "cannot be read" in label
    assert ended == outcome
    assert keeper.vault.names() == ("s1",)
    assert drive(leaving.sign_out(keeper, "s1", forget=True), nobody) == outcome
    assert keeper.vault.names() == ()


def test_a_session_that_is_gone(keeper: Keeper) -> None:
    """Signed out elsewhere meanwhile: sign in again."""
    assert isinstance(drive(keeping.access(keeper, "s1"), nobody), SignInAgain)


def test_a_call_renews_a_refused_token_once(keeper: Keeper) -> None:
    """401 renews and repeats, since nothing was done; the second answer stands."""
    keep(keeper)
    asked: list[Ask] = []
    refusal = document({}, 401, **{"www-authenticate": 'Bearer error="invalid_token"'})
    answers = [refusal, document(NEW), document({"ok": True}, 201)]

    def script(step: Step) -> object:
        assert isinstance(step, Ask)
        asked.append(step)
        return answers.pop(0)

    outcome = drive(keeping.call(keeper, "s1", Call("POST", "/rest/api/2/issue", body=b"{}")), script)
    assert isinstance(outcome, Answer)
    assert outcome.status == 201
    assert [step.url.removeprefix(BASE) for step in asked] == [
        "/rest/api/2/issue",
        "/rest/oauth2/latest/token",
        "/rest/api/2/issue",
    ]
    assert ("Authorization", "Bearer at-new") in asked[2].headers


def test_a_site_that_refuses_its_own_tokens(keeper: Keeper) -> None:
    """Refused twice, the sentence names what drops the header; the session stays."""
    keep(keeper)
    answers = [document({}, 401), document({}, 401), document(NEW), document({}, 401), document({}, 401)]
    outcome = drive(keeping.call(keeper, "s1", Call("GET", "/x")), lambda _step: answers.pop(0))
    assert isinstance(outcome, SiteSetUpWrong)
    assert kept(keeper).tokens is not None


@pytest.mark.parametrize("status", [200, 204, 400, 403, 404, 500])
def test_other_answers_are_the_callers(keeper: Keeper, status: int) -> None:
    """Everything but 401 is the API's own answer."""
    keep(keeper)
    outcome = drive(keeping.call(keeper, "s1", Call("GET", "/x")), lambda _step: document({}, status))
    assert isinstance(outcome, Answer)
    assert outcome.status == status


def test_sign_out_revokes_then_forgets(keeper: Keeper) -> None:
    """The site is told first; only when it knows is the session forgotten."""
    keep(keeper)
    forms: list[dict[str, str]] = []

    def script(step: Step) -> object:
        forms.append(form_of(step))
        assert keeper.vault.read("s1") is not None
        return Answer(200, {}, b"")

    assert isinstance(drive(leaving.sign_out(keeper, "s1"), script), SignedOut)
    assert forms[0]["token"] == "rt-old"
    assert keeper.vault.names() == ()


def test_sign_out_without_the_site(keeper: Keeper) -> None:
    """Out of reach nothing changes, unless forgetting was asked for."""
    keep(keeper)
    gone = Lost(Loss.UNREACHABLE, "No network.")
    assert drive(leaving.sign_out(keeper, "s1"), lambda _step: gone) == Retry("No network.")
    assert keeper.vault.names() == ("s1",)
    assert drive(leaving.sign_out(keeper, "s1", forget=True), lambda _step: gone) == Retry("No network.")
    assert keeper.vault.names() == ()


def test_an_ended_session_signs_out_alone(keeper: Keeper) -> None:
    """What the site has ended needs no telling."""
    keep(keeper, tokens=None, ended="Ended.")
    assert isinstance(drive(leaving.sign_out(keeper, "s1"), nobody), SignedOut)
    assert keeper.vault.names() == ()


def test_nothing_secret_reaches_a_traceback(keeper: Keeper) -> None:
    """An exception out of a flow carries no token in its text."""
    keep(keeper, left=-1)

    def crash(_step: Step) -> object:
        raise RuntimeError(repr(_step))

    with pytest.raises(RuntimeError) as told:
        drive(keeping.access(keeper, "s1"), crash)
    assert "rt-old" not in str(told.value)


def test_sessions_close_and_reopen(tmp_path_factory: pytest.TempPathFactory, clock: Clock, chance: Chance) -> None:
    """After a restart the session is found as it was, without asking anybody."""
    folder = tmp_path_factory.mktemp("app") / "sessions"
    keep(Keeper(FileVault(folder), clock, chance))
    with Sessions(FileVault(folder), clock, chance, Driver(clock.ticks)) as sessions:
        (state,) = sessions.saved()
        outcome = sessions.open(state.id).access()
    assert isinstance(outcome, Access)
    assert outcome.token == "at-old"


def test_device_mark_is_made_once(keeper: Keeper) -> None:
    """Sign-ins from one vault to one site carry one mark, to another site another; it is no session."""
    flow = arrival._device_id  # the mark itself is internal; what it promises is not
    here, there = a_site(), a_site(base_url="https://other.example")
    first, second, other = (drive(flow(keeper, site), nobody) for site in (here, here, there))
    assert first == second != other
    assert isinstance(first, str)
    assert len(first) == 32
    assert keeping.saved(keeper.vault) == ()


def test_account_is_read_tolerantly() -> None:
    """A `myself` document without key falls back to the name; what is no such document is None."""
    read = keeping.read_account
    account = read(document({"name": "alice"}))
    assert account is not None
    assert (account.key, account.name, account.display_name) == ("alice", "alice", None)
    others: list[object] = [{}, [], "alice", {"name": 1}, {"name": ""}, None]
    for body in others:
        assert read(Answer(200, {}, json.dumps(body).encode())) is None
    assert read(Answer(200, {}, b"\xff")) is None
