"""Judgements of what the app asks before anybody signs in: info/login, the switch behind it, and sign-in options."""

from genkan.doctor.gateways import is_portal, turned_away
from genkan.doctor.inflate import UNREADABLE
from genkan.doctor.judge_site import BUSY, is_confluence, is_genkan
from genkan.doctor.judge_tls import wants_certificate
from genkan.doctor.moves import move_of
from genkan.doctor.observed import Heard, Q, Seen, Silence, Silent, Target, place
from genkan.doctor.saying import joined, plain, say
from genkan.doctor.telling import SILENT, Told, in_words
from genkan.doctor.turned_away import exempt, sent_where
from genkan.doctor.verdicts import Probe
from genkan.wire import login_info, uri
from genkan.wire.login_info import LoginInfo, LoginInfoProblem

INFO_LOGIN = "/rest/nativemobile/1.1/info/login"
# What the app's own requests call without a browser's session: none of these may meet a gateway's sign-in.
_APP_PATHS = (
    (Q.INFO_LOGIN, INFO_LOGIN),
    (Q.SERVER_INFO, "/rest/api/2/serverInfo"),
    (Q.LOGIN_OPTIONS, "/rest/authconfig/1.0/login-options"),
)
_MDM = say("Or use the MDM set-up with the client id, then give --client-id here.")


def read_info(seen: Seen) -> LoginInfo | LoginInfoProblem | None:
    """What info/login says, None where it was not answered with 200."""
    heard = seen.heard(Q.INFO_LOGIN)
    return login_info.parse(heard.body) if heard is not None and heard.status == 200 else None


def info(seen: Seen) -> Probe:
    """Whether info/login answers anybody, without a redirect."""
    base = seen.target.base
    told = Told(
        "info-login",
        say("GET %(address)s%(info_login)s, as nobody", address=base.text, info_login=INFO_LOGIN),
        say("Without MDM the app learns here how to sign in, before anybody has, and it follows no redirect."),
    )
    answer = seen.first(Q.INFO_LOGIN)
    if isinstance(answer, Silent):
        return told.unknown(in_words(answer), None if answer.silence is Silence.NOT_ASKED else SILENT)
    if answer.status == 200:
        return _answered(told, answer, seen)
    if wants_certificate(answer):
        return told.unknown(say("%(briefly)s: see client-certificate", briefly=answer.briefly))
    if moved := move_of(answer, base, INFO_LOGIN):
        return told.wrong(*moved)
    if turned_away(answer, base.origin):
        return _kept_out(told, answer, seen)
    return _status(told, answer, seen)


def _answered(told: Told, answer: Heard, seen: Seen) -> Probe:
    encoding = answer.header("content-encoding").strip().lower()
    compressed = say("200, compressed although that was not asked for")
    fix = say("Let the proxy compress only what the caller says it takes (Accept-Encoding).")
    if encoding in UNREADABLE:
        return told.unknown(compressed, fix)
    found = login_info.parse(answer.body)
    if isinstance(found, LoginInfo):
        elsewhere = _elsewhere(found, seen.target)
        if elsewhere is None and encoding not in {"", "identity"}:
            return told.warning(compressed, fix)
        if elsewhere is None:
            return told.ok(say("%(briefly)s, for everybody", briefly=answer.briefly))
        fix = say(
            "Correct the site's base URL, or use the address that it names in the app and in the MDM value: the app "
            "goes to no other server than the one that it was given."
        )
        return told.wrong(say("200, and it names another server: %(place)s", place=place(elsewhere)), fix)
    if answer.json is None and is_portal(answer):
        return told.wrong(sent_where(answer), exempt(answer, []))
    if answer.json is None:
        fix = say(
            "See what answers there in place of the site (a start page, a login page, a maintenance page): this path "
            "must reach the site."
        )
        return told.wrong(
            say("%(briefly)s, and not the JSON object that was asked for", briefly=answer.briefly),
            fix,
        )
    without = say("200, with no client id that can be read")
    fix = joined([say("Give the client id by MDM."), _MDM], " ")
    # No shape is published: a client id may be in it for an app, so that it is not known to be wrong.
    return told.unknown(without, fix) if seen.target.client_id is None else told.warning(without, fix)


def _elsewhere(found: LoginInfo, target: Target) -> str | None:
    """An endpoint at another address than the site's, where the app would go by it."""
    if not found.enabled or target.client_id not in {None, found.client_id}:
        return None
    named = (found.authorization_endpoint, found.token_endpoint)
    return next((one for one in named if one is not None and not one.startswith(target.base.text + "/")), None)


def _kept_out(told: Told, answer: Heard, seen: Seen) -> Probe:
    base = seen.target.base
    alike = [path for question, path in _APP_PATHS if _is_kept_out(seen, question)]
    fix = exempt(answer, [base.path + path for path in alike], base.text)
    if is_portal(answer):
        return told.wrong(sent_where(answer, base.text), fix)
    if seen.target.client_id is not None:
        return told.warning(
            say(
                "%(sent_where)s; the client id comes by MDM, so the app does without",
                sent_where=sent_where(answer, base.text),
            ),
            fix,
        )
    return told.wrong(sent_where(answer, base.text), joined([fix, _MDM], "\n"))


def _is_kept_out(seen: Seen, question: Q) -> bool:
    heard = seen.heard(question)
    return heard is not None and turned_away(heard, seen.target.base.origin)


def _status(told: Told, answer: Heard, seen: Seen) -> Probe:
    if answer.status == 404:
        if seen.target.client_id is not None:
            return told.ok(say("404: the client id comes by MDM, so the app does without"))
        if is_confluence(seen):
            return told.unknown(say("404: where a Confluence tells its client id is published nowhere"), _MDM)
        server = seen.heard(Q.SERVER_INFO)
        if server is not None and server.status == 404:
            return told.unknown(say("404, as for serverInfo: see server-info"))
        fix = say(
            "Switch the mobile plugin on or update it (see mobile-plugin), and see that the proxy passes this path on."
        )
        return told.wrong(say("404: the site knows no such path"), fix)
    if answer.status in {408, 429}:
        return told.unknown(say("%(briefly)s: busy or down", briefly=answer.briefly), BUSY)
    if answer.status >= 500:
        return told.wrong(
            say("%(briefly)s: busy or down", briefly=answer.briefly), say("See the site's log; then check again.")
        )
    if answer.redirects:
        return told.wrong(
            answer.briefly,
            say("Let this path answer without a redirect."),
        )
    return told.wrong(answer.briefly, say("See in the log of the proxy or the site why it refuses this path."))


def switch(seen: Seen) -> Probe:
    """Whether the mobile switch is on."""
    told = Told(
        "mobile-switch",
        say("whether info/login announces OAuth 2.0, with a client id"),
        say("Without MDM the app signs in by OAuth 2.0 only where the switch is on."),
    )
    found = read_info(seen)
    if seen.target.client_id is not None:
        return _beside_mdm(told, found, seen.target.client_id)
    if not isinstance(found, LoginInfo):
        return told.unknown(say("not told: see info-login"))
    if found.enabled and found.client_id is not None:
        return told.ok(say("on, with the client id %(client_id)s", client_id=found.client_id))
    if is_genkan(seen):
        how = say("Switch it on: run genkan mobile on, or Settings → System → Mobile app → OAuth 2.0.")
    elif is_confluence(seen):
        how = say("Switch it on: General configuration → Confluence mobile app.")
    else:
        how = say("Switch it on: Settings → System → Mobile app → OAuth 2.0.")
    return told.wrong(say("off"), joined([how, _MDM], " "))


def _beside_mdm(told: Told, found: LoginInfo | LoginInfoProblem | None, client_id: str) -> Probe:
    if not isinstance(found, LoginInfo) or not found.enabled or found.client_id is None:
        return told.ok(say("not on; the client id comes by MDM, so it need not be"))
    if found.client_id == client_id:
        return told.ok(say("on, with the same client id as the MDM value"))
    fix = say(
        "If both shall be one, write %(client_id)s into the MDM value; if the link is another, leave it.",
        client_id=found.client_id,
    )
    return told.warning(
        say("on, with another client id (%(client_id)s) than the MDM value", client_id=found.client_id), fix
    )


def options(seen: Seen) -> Probe:
    """The sign-in options, and whether passkeys can work under this name."""
    base = seen.target.base
    told = Told(
        "sign-in-options",
        say("GET %(address)s/rest/authconfig/1.0/login-options, as nobody", address=base.text),
        say("They tell which ways to sign in the browser will offer."),
    )
    answer = seen.first(Q.LOGIN_OPTIONS)
    if isinstance(answer, Silent):
        return told.unasked(answer)
    results = answer.json.get("results") if answer.status == 200 and answer.json is not None else None
    if not isinstance(results, list):
        if turned_away(answer, base.origin):
            return told.unknown(say("kept from anonymous callers: see info-login"))
        return told.ok(say("not told, which the app does without"))
    kinds = sorted({str(one.get("type"))[:40] for one in results if isinstance(one, dict) and "type" in one})
    listed = ", ".join(kind for kind in kinds if kind.isprintable())
    answered = plain(listed) if listed else say("none")
    has_passkeys = any("PASSKEY" in kind.upper() or "WEBAUTHN" in kind.upper() for kind in kinds)
    if has_passkeys and not base.is_loopback and (uri.is_ipv4(base.host) or uri.is_ipv6(base.host)):
        # WebAuthn 5.1.3: a relying party is a domain, never an address
        return told.wrong(
            say("%(answered)s, at an IP address", answered=answered),
            say("Give the site a name: no browser makes passkeys for an address."),
        )
    return told.ok(answered)
