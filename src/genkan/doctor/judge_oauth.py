"""Judgements of the provider as a whole: are its endpoints there, and does it refuse what it must refuse."""

from genkan.doctor.gateways import turned_away
from genkan.doctor.judge_site import BUSY
from genkan.doctor.moves import move_of
from genkan.doctor.observed import Answered, Heard, Q, Seen, Silent, place
from genkan.doctor.saying import plain, say
from genkan.doctor.telling import SILENT, Told
from genkan.doctor.turned_away import exempt, sent_where
from genkan.doctor.verdicts import Probe
from genkan.wire import metadata
from genkan.wire.jsontext import shown, text
from genkan.wire.metadata import MetadataProblem, ServerMetadata
from genkan.wire.sentences import Sentence

TOKEN = "/rest/oauth2/latest/token"


def endpoints(seen: Seen) -> Probe:
    """Whether there is a provider at all."""
    base = seen.target.base
    told = Told(
        "oauth-endpoints",
        say("authorize, token and client below %(address)s/rest/oauth2", address=base.text),
        say("These are the addresses that the app opens in the browser and calls itself."),
    )
    answers = {"authorize": seen.first(Q.UNKNOWN_APP), "token": seen.first(Q.TOKEN), "client": seen.first(Q.CLIENTS)}
    heard = {name: answer for name, answer in answers.items() if isinstance(answer, Heard)}
    if not heard:
        return told.unasked(next(answer for answer in answers.values() if isinstance(answer, Silent)), SILENT)
    answered = plain(", ".join(f"{name} {answer.status}" for name, answer in heard.items()))
    late = set(answers) - set(heard)
    missing = [name for name in ("authorize", "token") if name in heard and heard[name].status == 404]
    if missing:
        fix = say(
            "Switch the OAuth plugin on (Manage apps), and see that the proxy passes everything below /rest/oauth2 on."
        )
        return told.wrong(
            say("%(answered)s: %(listed)s cannot be found", answered=answered, listed=", ".join(missing)), fix
        )
    clients = heard.get("client")
    if clients is not None and clients.status == 200 and clients.json is not None:
        fix = say("Close it: anonymous callers must get 401 there, and here they see the application links.")
        return told.wrong(answered, fix)
    broken = [name for name, answer in heard.items() if answer.status >= 500]
    if broken:
        return told.wrong(answered, say("See the log of the site or its proxy for why these fail."))
    if late & {"authorize", "token"}:
        return told.unknown(say("%(answered)s; no answer for the rest", answered=answered), SILENT)
    return told.ok(answered)


def token(seen: Seen) -> Probe:
    """Whether a POST to the token endpoint reaches the provider, and its refusal comes back whole."""
    base = seen.target.base
    told = Told(
        "token-endpoint",
        say(
            "POST %(address)s%(token)s with a code that is none, of a client that is none",
            address=base.text,
            token=TOKEN,
        ),
        say("The app calls it without a browser: it must get the provider's own answer."),
    )
    answer = seen.first(Q.TOKEN)
    if isinstance(answer, Silent):
        return told.unasked(answer, SILENT)
    members = answer.json
    error = text((members or {}).get("error"))
    if answer.status in {400, 401} and error is not None:
        return told.ok(plain(f"{answer.status}, {shown(error, 60)}"))
    if answer.status == 404:
        return told.unknown(say("404: see oauth-endpoints"))
    if answer.status in {408, 429}:
        return told.unknown(say("%(briefly)s: busy or down", briefly=answer.briefly), BUSY)
    if moved := move_of(answer, base, TOKEN):
        return told.wrong(*moved)
    # Before the gateways: 401 and 403 in HTML are what firewalls and checks of the Origin say.
    if answer.redirects and turned_away(answer, base.origin):
        paths = [base.path + path for path in (TOKEN, "/rest/oauth2/latest/revoke")]
        return told.wrong(sent_where(answer), exempt(answer, paths))
    return told.wrong(_instead(answer), _token_fix(answer))


def _instead(answer: Heard) -> Sentence:
    return say("%(briefly)s, and not an error of OAuth 2.0 in JSON", briefly=answer.briefly)


def _token_fix(answer: Heard) -> Sentence:
    if answer.status == 405:
        return say("Let the proxy pass POST on to this path.")
    if answer.status >= 500:
        return say("See the log of the site or its proxy for why it fails.")
    if answer.redirects:
        return say("Let this path answer by itself; it is sent to %(place)s.", place=place(answer.target))
    return say("See in the log of the proxy or firewall which rule answers in the site's place, and exempt this path.")


def unknown_client(seen: Seen) -> Probe:
    """Whether a client that nobody registered is refused on a page, and never sent anywhere."""
    told = Told(
        "unknown-client",
        say("authorize with a client id that nobody registered"),
        say("RFC 6749 4.1.2.1: an error must not travel to an address that nobody registered."),
    )
    answer = seen.first(Q.UNKNOWN_APP)
    if isinstance(answer, Silent):
        return told.unasked(answer)
    redirect = seen.target.redirect_uri
    if answer.redirects and answer.target.startswith(redirect):
        fix = say("Update the provider: it sends errors to redirect addresses that it does not know.")
        return told.wrong(say("%(status)s, sent to %(redirect)s", status=answer.status, redirect=redirect), fix)
    if answer.redirects:
        return told.unknown(
            say("%(briefly)s: somebody has to sign in before it looks at the client", briefly=answer.briefly)
        )
    if answer.status == 404 or answer.status >= 500:
        return told.unknown(say("%(status)s: see oauth-endpoints", status=answer.status))
    return told.ok(say("%(briefly)s: refused on a page, without a redirect", briefly=answer.briefly))


def described(seen: Seen) -> ServerMetadata | MetadataProblem | None:
    """The metadata document of the site, None where it has none, which is no fault."""
    for question in (Q.METADATA, Q.METADATA_BELOW):
        heard = seen.heard(question)
        if heard is not None and heard.status == 200 and heard.json is not None:
            return metadata.parse(heard.body, issuer=seen.target.base.text)
    return None


def metadata_document(seen: Seen) -> Probe:
    """Whether what the site describes is about this site."""
    told = Told(
        "metadata",
        say("/.well-known/oauth-authorization-server, in both places"),
        say("Programs that read it trust the issuer in it; the app does without."),
    )
    found = described(seen)
    if found is None:
        asked = [seen.first(question) for question in (Q.METADATA, Q.METADATA_BELOW)]
        silent = _all_silent(asked)
        return told.unasked(silent) if silent is not None else told.ok(say("none, as on Jira"))
    if isinstance(found, MetadataProblem):
        return told.warning(
            plain(found.sentence), say("Correct the site's base URL, or let the proxy pass this path to it.")
        )
    return told.ok(say("issuer %(issuer)s", issuer=found.issuer))


def _all_silent(answers: list[Answered]) -> Silent | None:
    silent = [answer for answer in answers if isinstance(answer, Silent)]
    return silent[0] if len(silent) == len(answers) else None
