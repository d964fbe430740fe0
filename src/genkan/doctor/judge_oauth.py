"""Rules for the provider as a whole: are its endpoints there, and does it refuse what it must refuse."""

from collections.abc import Mapping

from genkan.doctor.gateways import turned_away
from genkan.doctor.judge_site import BUSY, LIMITED
from genkan.doctor.moves import move_at
from genkan.doctor.observed import Q, Seen, Silent, place
from genkan.doctor.saying import plain, say
from genkan.doctor.table import (
    Rule,
    always,
    brief,
    heard,
    no_answer,
    ok,
    status,
    unknown,
    warning,
    wrong,
)
from genkan.doctor.telling import SILENT
from genkan.doctor.turned_away import exempt, sent_where
from genkan.wire import metadata
from genkan.wire.jsontext import shown, text
from genkan.wire.metadata import MetadataProblem, ServerMetadata
from genkan.wire.sentences import Sentence

TOKEN = "/rest/oauth2/latest/token"


def described(seen: Seen) -> ServerMetadata | MetadataProblem | None:
    """The metadata document of the site, None where it has none, which is no fault."""
    for question in (Q.METADATA, Q.METADATA_BELOW):
        heard = seen.heard(question)
        if heard is not None and heard.status == 200 and heard.json is not None:
            return metadata.parse(heard.body, issuer=seen.target.base.text)
    return None


def _statuses(seen: Seen) -> Mapping[str, int]:
    """What was answered at the endpoints, by their names."""
    asked = {"authorize": Q.UNKNOWN_APP, "token": Q.TOKEN, "client": Q.CLIENTS}
    return {name: status(seen, question) for name, question in asked.items() if seen.heard(question) is not None}


def _missing(seen: Seen) -> list[str]:
    return [name for name in ("authorize", "token") if _statuses(seen).get(name) == 404]


def _shows_links(seen: Seen) -> bool:
    answer = seen.heard(Q.CLIENTS)
    return answer is not None and answer.status == 200 and answer.json is not None


def _listed(seen: Seen) -> Sentence:
    """The status of each endpoint."""
    return plain(", ".join(f"{name} {number}" for name, number in _statuses(seen).items()))


ENDPOINTS = Rule(
    "oauth-endpoints",
    say("authorize, token and client below %(address)s/rest/oauth2"),
    say("These are the addresses that the app opens in the browser and calls itself."),
    (
        *no_answer(Q.UNKNOWN_APP, SILENT, where=lambda seen: not _statuses(seen)),
        wrong(
            lambda seen: bool(_missing(seen)),
            say("%(answered)s: %(listed)s cannot be found"),
            say(
                "Switch the OAuth plugin on (Manage apps), and see that the proxy passes everything below /rest/oauth2 "
                "on."
            ),
        ),
        wrong(
            _shows_links,
            _listed,
            say("Close it: anonymous callers must get 401 there, and here they see the application links."),
        ),
        wrong(
            lambda seen: any(number >= 500 for number in _statuses(seen).values()),
            _listed,
            say("See the log of the site or its proxy for why these fail."),
        ),
        unknown(
            lambda seen: not {"authorize", "token"} <= _statuses(seen).keys(),
            say("%(answered)s; no answer for the rest"),
            SILENT,
        ),
        ok(always, _listed),
    ),
    {
        "address": lambda seen: seen.target.base.text,
        "answered": _listed,
        "listed": lambda seen: ", ".join(_missing(seen)),
    },
)


def _error(seen: Seen) -> str | None:
    return text((heard(seen, Q.TOKEN).json or {}).get("error"))


def _sent_where(seen: Seen) -> Sentence:
    """Which gateway turned it away, and where it leads."""
    return sent_where(heard(seen, Q.TOKEN))


def _exempt(seen: Seen) -> Sentence:
    """The exact exception for the gateway."""
    paths = [seen.target.base.path + path for path in (TOKEN, "/rest/oauth2/latest/revoke")]
    return exempt(heard(seen, Q.TOKEN), paths)


_INSTEAD = say("%(briefly)s, and not an error of OAuth 2.0 in JSON")
# Before the gateways: 401 and 403 in HTML are what firewalls and checks of the Origin say.
TOKEN_ENDPOINT = Rule(
    "token-endpoint",
    say("POST %(address)s%(token)s with a code that is none, of a client that is none"),
    say("The app calls it without a browser: it must get the provider's own answer."),
    (
        *no_answer(Q.TOKEN, SILENT),
        ok(
            lambda seen: status(seen, Q.TOKEN) in {400, 401} and _error(seen) is not None,
            lambda seen: plain(f"{status(seen, Q.TOKEN)}, {shown(_error(seen) or '', 60)}"),
        ),
        unknown(lambda seen: status(seen, Q.TOKEN) == 404, say("404: see oauth-endpoints")),
        unknown(lambda seen: status(seen, Q.TOKEN) in LIMITED, say("%(briefly)s: busy or down"), BUSY),
        wrong(*move_at(Q.TOKEN, TOKEN)),
        wrong(
            lambda seen: heard(seen, Q.TOKEN).redirects and turned_away(heard(seen, Q.TOKEN), seen.target.base.origin),
            _sent_where,
            _exempt,
        ),
        wrong(lambda seen: status(seen, Q.TOKEN) == 405, _INSTEAD, say("Let the proxy pass POST on to this path.")),
        wrong(
            lambda seen: status(seen, Q.TOKEN) >= 500,
            _INSTEAD,
            say("See the log of the site or its proxy for why it fails."),
        ),
        wrong(
            lambda seen: heard(seen, Q.TOKEN).redirects,
            _INSTEAD,
            say("Let this path answer by itself; it is sent to %(place)s."),
        ),
        wrong(
            always,
            _INSTEAD,
            say(
                "See in the log of the proxy or firewall which rule answers in the site's place, and exempt this path."
            ),
        ),
    ),
    {
        "address": lambda seen: seen.target.base.text,
        "token": lambda _: TOKEN,
        "briefly": brief(Q.TOKEN),
        "place": lambda seen: place(heard(seen, Q.TOKEN).target),
    },
)
UNKNOWN_CLIENT = Rule(
    "unknown-client",
    say("authorize with a client id that nobody registered"),
    say("RFC 6749 4.1.2.1: an error must not travel to an address that nobody registered."),
    (
        *no_answer(Q.UNKNOWN_APP),
        wrong(
            lambda seen: (
                heard(seen, Q.UNKNOWN_APP).redirects
                and heard(seen, Q.UNKNOWN_APP).target.startswith(seen.target.redirect_uri)
            ),
            say("%(status)s, sent to %(redirect)s"),
            say("Update the provider: it sends errors to redirect addresses that it does not know."),
        ),
        unknown(
            lambda seen: heard(seen, Q.UNKNOWN_APP).redirects,
            say("%(briefly)s: somebody has to sign in before it looks at the client"),
        ),
        unknown(
            lambda seen: status(seen, Q.UNKNOWN_APP) == 404 or status(seen, Q.UNKNOWN_APP) >= 500,
            say("%(status)s: see oauth-endpoints"),
        ),
        ok(always, say("%(briefly)s: refused on a page, without a redirect")),
    ),
    {
        "status": lambda seen: status(seen, Q.UNKNOWN_APP),
        "briefly": brief(Q.UNKNOWN_APP),
        "redirect": lambda seen: seen.target.redirect_uri,
    },
)


def _problem(seen: Seen) -> Sentence:
    """What is wrong with the document."""
    found = described(seen)
    return plain(found.sentence if isinstance(found, MetadataProblem) else "")


def _issuer(seen: Seen) -> object:
    found = described(seen)
    return found.issuer if isinstance(found, ServerMetadata) else ""


METADATA = Rule(
    "metadata",
    say("/.well-known/oauth-authorization-server, in both places"),
    say("Programs that read it trust the issuer in it; the app does without."),
    (
        *no_answer(Q.METADATA, where=lambda seen: isinstance(seen.first(Q.METADATA_BELOW), Silent)),
        ok(lambda seen: described(seen) is None, say("none, as on Jira")),
        warning(
            lambda seen: isinstance(described(seen), MetadataProblem),
            _problem,
            say("Correct the site's base URL, or let the proxy pass this path to it."),
        ),
        ok(always, say("issuer %(issuer)s")),
    ),
    {"issuer": _issuer},
)
