"""The contexts that handshakes are made in: everything offered, so that what a server chooses is seen, and judged
elsewhere.
"""

import ssl
import warnings
from functools import lru_cache
from typing import Any

# The good ones first, since servers may follow the client's order; then all others, so that a weak server is seen too.
_EVERYTHING = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:DHE+AES:ALL:!aNULL:!eNULL:@SECLEVEL=0"
_HANDSHAKE = 22  # RFC 8446 5.1: the record type of handshake messages
_DER = 2  # what the standard library's extension calls ENCODING_DER


@lru_cache(maxsize=8)
def looking(authorities: str, *, verify: bool) -> ssl.SSLContext:
    """A client that takes every version and cipher; ``authorities`` is a PEM file that counts beside the system's."""
    context = ssl.create_default_context()
    if authorities:
        context.load_verify_locations(cafile=authorities)
    _take_everything(context)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return _verifying(context, verify=verify)


@lru_cache(maxsize=8)
def asking(authorities: str, *, verify: bool) -> ssl.SSLContext:
    """The same for questions by HTTP, which speak version 1.1."""
    context = ssl.create_default_context()
    if authorities:
        context.load_verify_locations(cafile=authorities)
    _take_everything(context)
    context.set_alpn_protocols(["http/1.1"])
    return _verifying(context, verify=verify)


@lru_cache(maxsize=1)
def offering_old() -> ssl.SSLContext:
    """A client that knows nothing newer than TLS 1.1, to see whether a server takes it."""
    context = ssl.create_default_context()
    _take_everything(context)
    _set_version(context, "maximum_version", ssl.TLSVersion.TLSv1_1)
    return _verifying(context, verify=False)


def listening(heard: set[int]) -> ssl.SSLContext:
    """A client that verifies nothing and notes which handshake messages the server sends, by their numbers."""
    context: Any = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _take_everything(context)

    def note(_spoken: object, direction: str, _version: int, content: int, message: int, _octets: bytes) -> None:
        if direction == "read" and content == _HANDSHAKE:
            heard.add(int(message))

    # The standard library documents this hook for looking at handshakes.
    context._msg_callback = note  # noqa: SLF001 - it has no public name
    return _verifying(context, verify=False)


def _take_everything(context: ssl.SSLContext) -> None:
    context.set_ciphers(_EVERYTHING)
    _set_version(context, "minimum_version", ssl.TLSVersion.TLSv1)
    # A renegotiation of old is not what this looks for, and a strict OpenSSL would end the handshake for it.
    context.options |= getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0)


def _set_version(context: ssl.SSLContext, name: str, version: ssl.TLSVersion) -> None:
    # Old versions are deprecated, and offering them is the point here.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        setattr(context, name, version)


def _verifying(context: ssl.SSLContext, *, verify: bool) -> ssl.SSLContext:
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    # Strict checks of newer Pythons refuse chains that phones accept; what phones refuse is judged on the chain itself.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def chain_of(spoken: ssl.SSLObject) -> tuple[bytes, ...]:
    """The certificates that the server sent, in DER, its own first."""
    own = spoken.getpeercert(binary_form=True)
    return _certificates(spoken, "get_unverified_chain") or ((own,) if own else ())


def path_of(spoken: ssl.SSLObject) -> tuple[bytes, ...]:
    """The certificates from the server's own to the root by which it was trusted, in DER; only after verifying."""
    return _certificates(spoken, "get_verified_chain")


def _certificates(spoken: ssl.SSLObject, which: str) -> tuple[bytes, ...]:
    inner: Any = getattr(spoken, "_sslobj", None)
    chain = getattr(inner, which, None)
    found = (chain() or ()) if chain is not None else ()
    return tuple(each if isinstance(each, bytes) else each.public_bytes(_DER) for each in found)
