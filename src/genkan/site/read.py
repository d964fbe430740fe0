"""HTTP request -> typed request, or Malformed. Nothing is guessed: repeats, broken encodings and strays are refused."""

from genkan.protocol.authorize import AuthorizeAsked
from genkan.protocol.clients import Credentials
from genkan.protocol.reasons import Reason
from genkan.site.arrival import MOST_BODY_BYTES
from genkan.site.received import MOST_PARAMETERS, Malformed, Received
from genkan.wire import jsontext
from genkan.wire.budget import DOCUMENT
from genkan.wire.client_auth import parse_basic
from genkan.wire.uri import form_decoded

Form = dict[str, str]
FORM_TYPE = "application/x-www-form-urlencoded"
JSON_TYPE = "application/json"


def form(received: Received) -> Form:
    """The body's parameters. RFC 6749 B: form encoding and nothing else."""
    if received.body or received.header(b"content-type"):
        require_type(received, FORM_TYPE)
    return pairs(received.body)


def query(received: Received) -> Form:
    """The query's parameters."""
    return pairs(received.query)


def endpoint_parameters(received: Received) -> Form:
    """Parameters of the token, revocation and introspection endpoints: body, or query as the vendor's samples
    have it.
    """
    if received.query and received.body:
        # RFC 6749 2.3.1: never both at once.
        raise Malformed(Reason.PARAMETERS_IN_QUERY_AND_BODY)
    return query(received) if received.query else form(received)


def pairs(encoded: bytes) -> Form:
    """Parse form encoding strictly. RFC 6749 3.1: a parameter given twice is an error; broken UTF-8 is one too."""
    if len(encoded) > MOST_BODY_BYTES or encoded.count(b"&") >= MOST_PARAMETERS:
        raise Malformed(Reason.TOO_LARGE)
    found: Form = {}
    try:
        text = encoded.decode("utf-8")
        if "\0" in text:
            raise Malformed(Reason.MALFORMED, "a NUL character")
        for pair in text.split("&"):
            if pair:
                name, _, value = pair.partition("=")
                # Most names and values of programs hold nothing that needs a second look.
                key = _decoded(name) if "%" in name or "+" in name else name
                if key in found:
                    raise Malformed(Reason.REPEATED_PARAMETER, key[:50])
                found[key] = _decoded(value) if "%" in value or "+" in value else value
    except UnicodeDecodeError:
        raise Malformed(Reason.MALFORMED, "encoding") from None
    return found


def _decoded(text: str) -> str:
    decoded = form_decoded(text)
    if decoded is None:
        raise Malformed(Reason.MALFORMED, "an escape")
    if "\0" in decoded:
        raise Malformed(Reason.MALFORMED, "a NUL character")
    return decoded


def require_type(received: Received, wanted: str) -> None:
    """Refuse a body of any other media type; its parameters say nothing here."""
    given = received.header(b"content-type") or ""
    if given != wanted and given.partition(";")[0].strip().lower() != wanted:
        raise Malformed(Reason.WRONG_CONTENT_TYPE, f"send {wanted}")


def json_object(received: Received) -> dict[str, object]:
    """The body as a JSON object, for the administration API."""
    require_type(received, JSON_TYPE)
    value = jsontext.decode(received.body, DOCUMENT)
    if isinstance(value, jsontext.NotJSON):
        raise Malformed(Reason.MALFORMED, "JSON")
    if not isinstance(value, dict):
        raise Malformed(Reason.MALFORMED, "a JSON object is expected")
    return value


def credentials(received: Received, parameters: Form) -> Credentials | None:
    """Client authentication by HTTP Basic or in the parameters; None when neither is there (RFC 6749 2.3.1)."""
    header = received.header(b"authorization")
    if header is None or header.partition(" ")[0].lower() != "basic":
        client_id = parameters.get("client_id")
        return Credentials(client_id, parameters.get("client_secret") or None) if client_id else None
    basic = parse_basic(header)
    if basic is None:
        return Credentials("", "", basic=True)
    said_again = (parameters.get("client_id", basic.client_id), parameters.get("client_secret", basic.client_secret))
    if said_again != (basic.client_id, basic.client_secret):
        # RFC 6749 2.3: a client must not use more than one method; where it says the same twice it uses one.
        raise Malformed(Reason.CLIENT_AUTHENTICATED_TWICE)
    return Credentials(basic.client_id, basic.client_secret or None, basic=True)


def bearer(received: Received) -> str | None:
    """The access token of an Authorization: Bearer header, None when there is no such header (RFC 6750 2.1)."""
    found = received.headers.every(b"authorization")
    if not found:
        return None
    if len(found) > 1:
        # RFC 6750 2: one method, once.
        raise Malformed(Reason.BEARER_TWICE)
    scheme, _, token = found[0].partition(b" ")
    return token.strip().decode("latin-1") if scheme.lower() == b"bearer" else None


def authorize_request(parameters: Form) -> AuthorizeAsked:
    """The authorization request's parameters; unknown ones are ignored (RFC 6749 3.1)."""
    return AuthorizeAsked(
        client_id=parameters.get("client_id") or None,
        redirect_uri=parameters.get("redirect_uri") or None,
        response_type=parameters.get("response_type") or None,
        scope=parameters.get("scope") or None,
        state=parameters.get("state"),
        code_challenge=parameters.get("code_challenge"),
        code_challenge_method=parameters.get("code_challenge_method") or None,
        prompt=parameters.get("prompt") or None,
        ephemeral=parameters.get("ephemeral") == "true",
        max_age=parameters.get("max_age") or None,
        acr_values=parameters.get("acr_values") or None,
        response_mode=parameters.get("response_mode") or None,
        request=parameters.get("request") or None,
        request_uri=parameters.get("request_uri") or None,
        resource=parameters.get("resource") or None,
    )
