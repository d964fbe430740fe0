"""The authorization request: what is refused, in which words, and above all where the refusal goes (row 31)."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from genkan.protocol.authorize import (
    LONGEST_STATE,
    AuthorizeAsked,
    ErrorPage,
    ErrorRedirect,
    GoOn,
    Interaction,
    consider,
)
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Link, LinkKind, Standing
from genkan.wire import pkce, redirects
from genkan.wire.oauth import ErrorCode
from genkan.wire.scopes import Permission
from tests.protocol.builders import (
    APP,
    CHALLENGE,
    DIGEST,
    NOW,
    VERIFIER,
    WEB,
    a_link,
    a_web_link,
    an_env,
    authorize_asked,
)
from tests.wire.strategies import any_text

# Whatever is wrong besides, an error may travel only after these two held.
UNTRUSTED: dict[str, tuple[Link | None, dict[str, Any], Reason]] = {
    "no client id": (a_link(), {"client_id": None}, Reason.MISSING_PARAMETER),
    "empty client id": (a_link(), {"client_id": ""}, Reason.MISSING_PARAMETER),
    "unknown client": (None, {}, Reason.UNKNOWN_CLIENT),
    "deleted client": (a_link(standing=Standing.DELETED), {}, Reason.UNKNOWN_CLIENT),
    "disabled client": (a_link(standing=Standing.DISABLED), {}, Reason.LINK_DISABLED),
    "foreign redirect": (a_link(), {"redirect_uri": "https://evil.example.com/"}, Reason.REDIRECT_NOT_REGISTERED),
    "redirect's case": (a_link(), {"redirect_uri": APP.upper()}, Reason.REDIRECT_NOT_REGISTERED),
    "redirect and more": (a_link(), {"redirect_uri": APP + "?a=b"}, Reason.REDIRECT_NOT_REGISTERED),
    "userinfo": (a_link(), {"redirect_uri": "http://a@127.0.0.1/oauth-callback"}, Reason.REDIRECT_NOT_REGISTERED),
    "script": (a_link(), {"redirect_uri": "javascript:alert(1)"}, Reason.REDIRECT_NOT_REGISTERED),
    "unreadable": (a_link(), {"redirect_uri": "\ud800"}, Reason.REDIRECT_NOT_REGISTERED),
    "no redirect, several registered": (a_link(), {"redirect_uri": None}, Reason.REDIRECT_MISSING),
    "empty redirect, several registered": (a_link(), {"redirect_uri": ""}, Reason.REDIRECT_MISSING),
    "no redirect, loopback registered": (
        a_link(redirects=("http://127.0.0.1/cb",)),
        {"redirect_uri": None},
        Reason.REDIRECT_MISSING,
    ),
    "no redirect, disabled client": (
        a_web_link(standing=Standing.DISABLED),
        {"redirect_uri": None},
        Reason.LINK_DISABLED,
    ),
}

FAULTS: dict[str, tuple[dict[str, Any], Reason]] = {
    "no response type": ({"response_type": None}, Reason.RESPONSE_TYPE_MISSING),
    "empty response type": ({"response_type": ""}, Reason.RESPONSE_TYPE_MISSING),
    "token": ({"response_type": "token"}, Reason.UNSUPPORTED_RESPONSE_TYPE),
    "hybrid": ({"response_type": "code token"}, Reason.UNSUPPORTED_RESPONSE_TYPE),
    "capitals": ({"response_type": "CODE"}, Reason.UNSUPPORTED_RESPONSE_TYPE),
    "space": ({"response_type": "code "}, Reason.UNSUPPORTED_RESPONSE_TYPE),
    "unknown scope": ({"scope": "read:jira-work"}, Reason.SCOPE_UNKNOWN),
    "scope in small letters": ({"scope": "write"}, Reason.SCOPE_UNKNOWN),
    "a known and an unknown scope": ({"scope": "WRITE offline_access"}, Reason.SCOPE_UNKNOWN),
    "blank scope": ({"scope": "  "}, Reason.SCOPE_UNKNOWN),
    "wider scope": ({"scope": "ADMIN"}, Reason.SCOPE_TOO_WIDE),
    "widest in a list": ({"scope": "READ SYSTEM_ADMIN"}, Reason.SCOPE_TOO_WIDE),
    "no challenge": ({"code_challenge": None, "code_challenge_method": None}, Reason.PKCE_REQUIRED),
    "method without challenge": ({"code_challenge": None}, Reason.PKCE_MALFORMED),
    "empty challenge": ({"code_challenge": ""}, Reason.PKCE_MALFORMED),
    "empty challenge, no method": ({"code_challenge": "", "code_challenge_method": None}, Reason.PKCE_MALFORMED),
    "short challenge": ({"code_challenge": CHALLENGE[:42]}, Reason.PKCE_MALFORMED),
    "padded challenge": ({"code_challenge": CHALLENGE + "="}, Reason.PKCE_MALFORMED),
    "foreign characters": ({"code_challenge": CHALLENGE[:-1] + "é"}, Reason.PKCE_MALFORMED),
    "no method": ({"code_challenge_method": None}, Reason.PKCE_PLAIN_REFUSED),
    "plain": ({"code_challenge_method": "plain"}, Reason.PKCE_PLAIN_REFUSED),
    "unknown method": ({"code_challenge_method": "S512"}, Reason.PKCE_METHOD_UNKNOWN),
    "method in small letters": ({"code_challenge_method": "s256"}, Reason.PKCE_METHOD_UNKNOWN),
    "empty method": ({"code_challenge_method": ""}, Reason.PKCE_METHOD_UNKNOWN),
    "prompt none and more": ({"prompt": "none login"}, Reason.PROMPT_CONTRADICTS),
}


def gone_on(link: Link, **changes: Any) -> Interaction:
    outcome = consider(authorize_asked(link, **changes), link, an_env())
    assert isinstance(outcome, GoOn), outcome
    return outcome.interaction


def test_a_good_request_goes_on() -> None:
    """What goes on is the request, judged: nothing of it is lost and nothing is added."""
    assert gone_on(a_link()) == Interaction(
        a_link().id, APP, True, Permission.WRITE, "xyz", DIGEST, (), False, NOW
    )  # fmt: skip


@pytest.mark.parametrize(("link", "changes", "reason"), UNTRUSTED.values(), ids=UNTRUSTED.keys())
def test_without_client_and_redirect_no_error_travels(
    link: Link | None, changes: dict[str, Any], reason: Reason
) -> None:
    """Row 31: an error page, alone and together with every other fault that a request can have (RFC 6749 3.1.2.4)."""
    for _, (fault, _) in [("none", ({}, reason)), *FAULTS.items()]:
        outcome = consider(authorize_asked(link, **fault | changes), link, an_env())
        assert isinstance(outcome, ErrorPage)
        assert outcome.refused.reason is reason


@pytest.mark.parametrize("redirect", [APP, "http://127.0.0.1:53682/oauth-callback", "http://[::1]:1/oauth-callback"])
@pytest.mark.parametrize(("fault", "reason"), FAULTS.values(), ids=FAULTS.keys())
def test_every_other_fault_goes_to_the_application(fault: dict[str, Any], reason: Reason, redirect: str) -> None:
    """RFC 6749 4.1.2.1: to the redirect URI as asked, with the state as sent (RFC 6749 3.1.1; RFC 9700 2.1.2)."""
    asked = authorize_asked(redirect_uri=redirect, state='{"a": "ü"}', **fault)
    outcome = consider(asked, a_link(), an_env())
    assert isinstance(outcome, ErrorRedirect)
    assert (outcome.refused.reason, outcome.redirect_uri, outcome.state) == (reason, redirect, '{"a": "ü"}')
    assert entry(reason).redirectable


@pytest.mark.parametrize(
    ("reason", "wire"),
    [
        (Reason.RESPONSE_TYPE_MISSING, ErrorCode.INVALID_REQUEST),
        (Reason.UNSUPPORTED_RESPONSE_TYPE, ErrorCode.UNSUPPORTED_RESPONSE_TYPE),
        (Reason.SCOPE_UNKNOWN, ErrorCode.INVALID_SCOPE),
        (Reason.SCOPE_TOO_WIDE, ErrorCode.INVALID_SCOPE),
        (Reason.PKCE_REQUIRED, ErrorCode.INVALID_REQUEST),
        (Reason.PKCE_METHOD_UNKNOWN, ErrorCode.INVALID_REQUEST),
        (Reason.PROMPT_CONTRADICTS, ErrorCode.INVALID_REQUEST),
    ],
)
def test_the_error_codes_are_those_of_the_rfc(reason: Reason, wire: ErrorCode) -> None:
    """RFC 6749 4.1.2.1 and RFC 7636 4.4.1 name the code for each fault."""
    assert entry(reason).wire is wire


texts = st.none() | any_text | st.sampled_from(["", "code", "WRITE", "S256", "plain", CHALLENGE, APP, WEB, "none"])


@given(
    st.builds(
        AuthorizeAsked,
        client_id=texts,
        redirect_uri=texts | st.sampled_from(["http://127.0.0.1:1/oauth-callback", "https://evil.example.com"]),
        response_type=texts,
        scope=texts,
        state=texts,
        code_challenge=texts,
        code_challenge_method=texts,
        prompt=texts,
        ephemeral=st.booleans(),
    ),
    st.sampled_from([None, a_link(), a_web_link(), a_web_link(standing=Standing.DISABLED)]),
)
@settings(max_examples=500)
def test_whatever_is_asked_nothing_reaches_an_unregistered_address(asked: AuthorizeAsked, link: Link | None) -> None:
    """Row 31, for any request: an answer that travels goes where the link says, and nothing raises."""
    outcome = consider(asked, link, an_env())
    if isinstance(outcome, ErrorPage):
        return
    assert link is not None
    assert link.usable
    target = outcome.redirect_uri if isinstance(outcome, ErrorRedirect) else outcome.interaction.redirect_uri
    assert redirects.find(link.redirects, target) is not None
    assert target == (asked.redirect_uri or link.redirects[0])


def test_a_redirect_may_be_left_out_where_one_is_registered() -> None:
    """RFC 6749 3.1.2.3: then the code exchange may leave it out as well; one that is sent without a value counts so."""
    for sent in (None, ""):
        interaction = gone_on(a_web_link(), redirect_uri=sent)
        assert (interaction.redirect_uri, interaction.redirect_given) == (WEB, False)
    assert gone_on(a_web_link(), redirect_uri=WEB).redirect_given


@pytest.mark.parametrize("sent", [None, ""])
@pytest.mark.parametrize("permission", Permission)
def test_a_missing_scope_means_the_links_permission(sent: str | None, permission: Permission) -> None:
    """RFC 6749 3.3: the pre-defined default."""
    assert gone_on(a_link(permission=permission), scope=sent).scope == permission


@pytest.mark.parametrize(
    ("scope", "read"), [("READ", Permission.READ), ("READ WRITE", Permission.WRITE), ("WRITE READ", Permission.WRITE)]
)
def test_the_widest_word_of_a_scope_counts(scope: str, read: Permission) -> None:
    """Several words are welcome."""
    assert gone_on(a_link(), scope=scope).scope == read


@pytest.mark.parametrize("method", ["S256", "sha256"])
def test_the_vendors_word_for_the_method_is_understood(method: str) -> None:
    """`sha256` is S256."""
    assert gone_on(a_link(), code_challenge_method=method).challenge == DIGEST


@pytest.mark.parametrize("method", [None, "plain"])
def test_plain_is_for_links_that_allow_it(method: str | None) -> None:
    """RFC 7636 4.3: absent means plain; what is kept is the digest of the one verifier."""
    link = a_link(plain_pkce=True)
    kept = gone_on(link, code_challenge=VERIFIER, code_challenge_method=method).challenge
    assert kept == pkce.digest(VERIFIER, pkce.Method.PLAIN)


@pytest.mark.parametrize(
    ("link", "needed"),
    [
        (a_link(), True),
        (a_link(pkce_required=False), True),
        (a_web_link(), False),
        (a_web_link(pkce_required=True), True),
        (a_web_link(kind=LinkKind.NATIVE), True),
    ],
)
def test_who_needs_a_challenge(link: Link, needed: bool) -> None:
    """Links without a secret always, those with one where the link says so; one that is given is always kept (RFC 9700
    2.1.1, RFC 8252 6).
    """
    bare = structs.replace(authorize_asked(link), code_challenge=None, code_challenge_method=None)
    outcome = consider(bare, link, an_env())
    if needed:
        assert isinstance(outcome, ErrorRedirect)
        assert outcome.refused == Refused(Reason.PKCE_REQUIRED, "code_challenge")
    else:
        assert isinstance(outcome, GoOn)
        assert outcome.interaction.challenge is None
    assert gone_on(link).challenge == DIGEST


@pytest.mark.parametrize(
    ("prompt", "prompts"),
    [(None, ()), ("", ()), ("none", ("none",)), ("login", ("login",)), ("login consent", ("consent", "login")),
     ("consent  consent", ("consent",))],
)  # fmt: skip
def test_prompts_are_a_set(prompt: str | None, prompts: tuple[str, ...]) -> None:
    """none alone; login and consent in any order."""
    assert gone_on(a_link(), prompt=prompt).prompts == prompts


@given(any_text)
def test_the_state_comes_back_as_it_was_sent(state: str) -> None:
    """Quotes, JSON, any character: it is never looked into, in errors as in what goes on."""
    assert gone_on(a_link(), state=state).state == state
    refused = consider(authorize_asked(state=state, response_type="token"), a_link(), an_env())
    assert isinstance(refused, ErrorRedirect)
    assert refused.state == state


@pytest.mark.parametrize("character", ["x", "ü", "\U0001f600"])
def test_a_state_has_a_length_that_addresses_can_carry(character: str) -> None:
    """At the limit it goes on; one more is refused to the application, which gets it back all the same."""
    longest = character * LONGEST_STATE
    assert gone_on(a_link(), state=longest).state == longest
    refused = consider(authorize_asked(state=longest + "x"), a_link(), an_env())
    assert refused == ErrorRedirect(Refused(Reason.STATE_TOO_LONG, "state"), APP, longest + "x")


@pytest.mark.parametrize(
    ("prompt", "prompts"), [("select_account", ()), ("LOGIN", ()), ("login select_account", ("login",))]
)
def test_an_unknown_prompt_is_ignored(prompt: str, prompts: tuple[str, ...]) -> None:
    """RFC 6749 3.1: what other providers know does no harm here."""
    assert gone_on(a_link(), prompt=prompt).prompts == prompts
