"""The part of the table of reasons about parameters that are not served, and which of two conflicts it is."""

from collections.abc import Mapping

from genkan.protocol.refusals import Entry, Reason, to_app, to_client
from genkan.wire.oauth import ErrorCode as E

REQUEST_REASONS: Mapping[Reason, Entry] = {
    Reason.RESPONSE_MODE: to_app(
        E.INVALID_REQUEST,
        "The response_mode is not offered; use query.",
        "The client wants its answer as a form or a fragment: leave response_mode out, or send query.",
    ),
    Reason.REQUEST_OBJECT: to_app(
        E.REQUEST_NOT_SUPPORTED,
        "Request objects are not offered; send the parameters themselves.",
        "OpenID Connect Core 6.1: the client sends request=; its library has a switch for that.",
    ),
    Reason.REQUEST_BY_ADDRESS: to_app(
        E.REQUEST_URI_NOT_SUPPORTED,
        "Requests by address are not offered; send the parameters themselves.",
        "OpenID Connect Core 6.2: the client sends request_uri=; its library has a switch for that.",
    ),
    Reason.RESOURCE_MALFORMED: to_app(
        E.INVALID_TARGET,
        "The resource is no absolute URI.",
        "RFC 8707 2: an absolute URI without a fragment, as in https://wiki.example.com/.",
    ),
    Reason.CONFLICT: to_client(
        E.INVALID_REQUEST,
        409,
        "It was changed by somebody else meanwhile.",
        "Load it again and repeat the change.",
    ),
    Reason.TAKEN: to_client(
        E.INVALID_REQUEST,
        409,
        "It exists already, or belongs to somebody else.",
        "A name, client id, certificate or identity is another's: choose another one, or change what is there.",
    ),
}
