"""Rules for what the app asks before anybody signs in: info/login, the switch behind it, and sign-in options."""

from genkan.doctor.gateways import is_portal
from genkan.doctor.judge_site import BUSY, COMPRESSED, LIMITED, is_confluence, is_genkan, is_kept_out, is_unreadable
from genkan.doctor.judge_tls import wants_certificate
from genkan.doctor.moves import move_at
from genkan.doctor.observed import Q, Seen, Target, place
from genkan.doctor.saying import joined, plain, say
from genkan.doctor.table import (
    Condition,
    Rule,
    always,
    brief,
    heard,
    is_silent,
    no_answer,
    ok,
    silence,
    status,
    unknown,
    warning,
    wrong,
)
from genkan.doctor.telling import SILENT
from genkan.doctor.turned_away import exempt, sent_where
from genkan.wire import login_info, uri
from genkan.wire.login_info import LoginInfo, LoginInfoProblem
from genkan.wire.sentences import Sentence

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


def _elsewhere(found: LoginInfo, target: Target) -> str | None:
    """An endpoint at another address than the site's, where the app would go by it."""
    if not found.enabled or target.client_id not in {None, found.client_id}:
        return None
    named = (found.authorization_endpoint, found.token_endpoint)
    return next((one for one in named if one is not None and not one.startswith(target.base.text + "/")), None)


def _named_elsewhere(seen: Seen) -> str | None:
    found = read_info(seen)
    return _elsewhere(found, seen.target) if isinstance(found, LoginInfo) else None


def _is_read(seen: Seen) -> bool:
    return isinstance(read_info(seen), LoginInfo)


def _is_compressed(seen: Seen) -> bool:
    return heard(seen, Q.INFO_LOGIN).header("content-encoding").strip().lower() not in {"", "identity"}


def _is_no_json(seen: Seen) -> bool:
    return status(seen, Q.INFO_LOGIN) == 200 and heard(seen, Q.INFO_LOGIN).json is None


def _by_mdm(seen: Seen) -> bool:
    return seen.target.client_id is not None


def _is(*numbers: int) -> Condition:
    return lambda seen: status(seen, Q.INFO_LOGIN) in numbers


def _is_out(seen: Seen) -> bool:
    return is_kept_out(seen, Q.INFO_LOGIN)


def _is_portal(seen: Seen) -> bool:
    return is_portal(heard(seen, Q.INFO_LOGIN))


def _sent_where(seen: Seen) -> Sentence:
    """Who turned it away, and where it leads."""
    return sent_where(heard(seen, Q.INFO_LOGIN), seen.target.base.text)


def _exempt(seen: Seen) -> Sentence:
    """The exact exception for the gateway, or what the site itself must answer."""
    base = seen.target.base
    paths = [base.path + path for question, path in _APP_PATHS if is_kept_out(seen, question)]
    return exempt(heard(seen, Q.INFO_LOGIN), paths, base.text)


def _exempt_or_mdm(seen: Seen) -> Sentence:
    """The same, or the MDM set-up."""
    return joined([_exempt(seen), _MDM], "\n")


def _briefly(seen: Seen) -> Sentence:
    """Status, and what kind of thing came or where it leads."""
    return heard(seen, Q.INFO_LOGIN).briefly


_NONE_READ = say("200, with no client id that can be read")
_GIVE_BY_MDM = joined([say("Give the client id by MDM."), _MDM], " ")
INFO = Rule(
    "info-login",
    say("GET %(address)s%(info_login)s, as nobody"),
    say("Without MDM the app learns here how to sign in, before anybody has, and it follows no redirect."),
    (
        unknown(
            lambda seen: not seen.hops.get(Q.INFO_LOGIN),
            silence(Q.INFO_LOGIN),
        ),
        unknown(is_silent(Q.INFO_LOGIN), silence(Q.INFO_LOGIN), SILENT),
        unknown(lambda seen: is_unreadable(seen, Q.INFO_LOGIN), *COMPRESSED),
        wrong(
            lambda seen: _named_elsewhere(seen) is not None,
            say("200, and it names another server: %(place)s"),
            say(
                "Correct the site's base URL, or use the address that it names in the app and in the MDM value: the "
                "app goes to no other server than the one that it was given."
            ),
        ),
        warning(lambda seen: _is_read(seen) and _is_compressed(seen), *COMPRESSED),
        ok(_is_read, say("%(briefly)s, for everybody")),
        wrong(
            lambda seen: _is_no_json(seen) and _is_portal(seen),
            _sent_where,
            _exempt,
        ),
        wrong(
            _is_no_json,
            say("%(briefly)s, and not the JSON object that was asked for"),
            say(
                "See what answers there in place of the site (a start page, a login page, a maintenance page): this "
                "path must reach the site."
            ),
        ),
        # No shape is published: a client id may be in it for an app, so that it is not known to be wrong.
        warning(lambda seen: _is(200)(seen) and _by_mdm(seen), _NONE_READ, _GIVE_BY_MDM),
        unknown(_is(200), _NONE_READ, _GIVE_BY_MDM),
        unknown(lambda seen: wants_certificate(heard(seen, Q.INFO_LOGIN)), say("%(briefly)s: see client-certificate")),
        wrong(*move_at(Q.INFO_LOGIN, INFO_LOGIN)),
        wrong(lambda seen: _is_out(seen) and _is_portal(seen), _sent_where, _exempt),
        warning(
            lambda seen: _is_out(seen) and _by_mdm(seen),
            say("%(sent_where)s; the client id comes by MDM, so the app does without"),
            _exempt,
        ),
        wrong(_is_out, _sent_where, _exempt_or_mdm),
        ok(
            lambda seen: _is(404)(seen) and _by_mdm(seen),
            say("404: the client id comes by MDM, so the app does without"),
        ),
        unknown(
            lambda seen: _is(404)(seen) and is_confluence(seen),
            say("404: where a Confluence tells its client id is published nowhere"),
            _MDM,
        ),
        unknown(
            lambda seen: _is(404)(seen) and status(seen, Q.SERVER_INFO) == 404,
            say("404, as for serverInfo: see server-info"),
        ),
        wrong(
            _is(404),
            say("404: the site knows no such path"),
            say(
                "Switch the mobile plugin on or update it (see mobile-plugin), and see that the proxy passes this path "
                "on."
            ),
        ),
        unknown(_is(*LIMITED), say("%(briefly)s: busy or down"), BUSY),
        wrong(
            lambda seen: status(seen, Q.INFO_LOGIN) >= 500,
            say("%(briefly)s: busy or down"),
            say("See the site's log; then check again."),
        ),
        wrong(
            lambda seen: heard(seen, Q.INFO_LOGIN).redirects, _briefly, say("Let this path answer without a redirect.")
        ),
        wrong(always, _briefly, say("See in the log of the proxy or the site why it refuses this path.")),
    ),
    {
        "address": lambda seen: seen.target.base.text,
        "info_login": lambda _: INFO_LOGIN,
        "briefly": brief(Q.INFO_LOGIN),
        "place": lambda seen: place(_named_elsewhere(seen) or ""),
        "sent_where": _sent_where,
    },
)


def _announced(seen: Seen) -> str | None:
    """The client id of a switch that is on."""
    found = read_info(seen)
    return found.client_id if isinstance(found, LoginInfo) and found.enabled else None


def _switch_on(seen: Seen) -> Sentence:
    """Where this product has its switch, or the MDM set-up."""
    if is_genkan(seen):
        how = say("Switch it on: run genkan mobile on, or Settings → System → Mobile app → OAuth 2.0.")
    elif is_confluence(seen):
        how = say("Switch it on: General configuration → Confluence mobile app.")
    else:
        how = say("Switch it on: Settings → System → Mobile app → OAuth 2.0.")
    return joined([how, _MDM], " ")


SWITCH = Rule(
    "mobile-switch",
    say("whether info/login announces OAuth 2.0, with a client id"),
    say("Without MDM the app signs in by OAuth 2.0 only where the switch is on."),
    (
        ok(
            lambda seen: _by_mdm(seen) and _announced(seen) is None,
            say("not on; the client id comes by MDM, so it need not be"),
        ),
        ok(
            lambda seen: _by_mdm(seen) and _announced(seen) == seen.target.client_id,
            say("on, with the same client id as the MDM value"),
        ),
        warning(
            _by_mdm,
            say("on, with another client id (%(client_id)s) than the MDM value"),
            say("If both shall be one, write %(client_id)s into the MDM value; if the link is another, leave it."),
        ),
        unknown(lambda seen: not _is_read(seen), say("not told: see info-login")),
        ok(lambda seen: _announced(seen) is not None, say("on, with the client id %(client_id)s")),
        wrong(always, say("off"), _switch_on),
    ),
    {"client_id": _announced},
)


def _results(seen: Seen) -> list[object] | None:
    answer = heard(seen, Q.LOGIN_OPTIONS)
    found = answer.json.get("results") if answer.status == 200 and answer.json is not None else None
    return found if isinstance(found, list) else None


def _kinds(seen: Seen) -> list[str]:
    told = _results(seen) or []
    kinds = sorted({str(one.get("type"))[:40] for one in told if isinstance(one, dict) and "type" in one})
    return [kind for kind in kinds if kind.isprintable()]


def _offered(seen: Seen) -> Sentence:
    """The ways to sign in that it lists."""
    return plain(", ".join(_kinds(seen))) if _kinds(seen) else say("none")


def _has_passkeys_at_an_address(seen: Seen) -> bool:
    """WebAuthn 5.1.3: a relying party is a domain, never an address."""
    base = seen.target.base
    offers = any("PASSKEY" in kind.upper() or "WEBAUTHN" in kind.upper() for kind in _kinds(seen))
    return offers and not base.is_loopback and (uri.is_ipv4(base.host) or uri.is_ipv6(base.host))


OPTIONS = Rule(
    "sign-in-options",
    say("GET %(address)s/rest/authconfig/1.0/login-options, as nobody"),
    say("They tell which ways to sign in the browser will offer."),
    (
        *no_answer(Q.LOGIN_OPTIONS),
        unknown(
            lambda seen: _results(seen) is None and is_kept_out(seen, Q.LOGIN_OPTIONS),
            say("kept from anonymous callers: see info-login"),
        ),
        ok(lambda seen: _results(seen) is None, say("not told, which the app does without")),
        wrong(
            _has_passkeys_at_an_address,
            say("%(answered)s, at an IP address"),
            say("Give the site a name: no browser makes passkeys for an address."),
        ),
        ok(always, _offered),
    ),
    {"address": lambda seen: seen.target.base.text, "answered": _offered},
)
