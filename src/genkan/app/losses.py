"""What a failure of the network is called: the kind that decides what it means, and a sentence for the person.

Owns the reading of what the HTTP library and TLS raise; no word of theirs is shown, for it may carry the request.
"""

from genkan.app.steps import Ask, Loss, Lost, Source, length_of
from genkan.wire import alerts

LONG_BODY = 64 * 1024
"""Bytes; what is shorter has left before a refusal comes back, which is then read."""


def lost(trouble: Exception, asked: Ask, *, is_away: bool = True) -> Lost:
    """Name a failure of the network; ``trouble`` itself is dropped, for it carries the request.

    ``is_away`` says that some of the request may have left: before, being late means that nobody was reached.
    """
    import httpx2  # noqa: PLC0415 - a tenth of a second, which a session that needs no request should not pay

    host = host_of(asked)
    words = _causes(trouble)
    if found := _of_tls(words, host):
        return found
    is_late = isinstance(trouble, TimeoutError | httpx2.TimeoutException)
    unreached = httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout | httpx2.ProxyError
    if isinstance(trouble, unreached) or (is_late and not is_away):
        return Lost(Loss.UNREACHABLE, f"{host} cannot be reached: check the address and the network.")
    if isinstance(trouble, httpx2.InvalidURL | httpx2.UnsupportedProtocol):
        return Lost(Loss.UNREADABLE, f"{asked.url!r} is not an address that can be asked.")
    if is_late:
        return late(asked)
    return Lost(Loss.INTERRUPTED, f"The connection to {host} broke before the answer came.")


def late(asked: Ask) -> Lost:
    """An answer that was not there in time, whole."""
    return Lost(Loss.INTERRUPTED, f"The answer of {host_of(asked)} did not end in time.", is_late=True)


def may_hide_a_refusal(lost: Lost, body: bytes | Source | None) -> bool:
    """Whether the site may have answered while it was still sent to, and the answer was lost with the connection.

    Every try with the same token would end as this one then.
    """
    return lost.loss is Loss.INTERRUPTED and not lost.is_late and length_of(body) >= LONG_BODY


def _of_tls(words: str, host: str) -> Lost | None:
    if alerts.wants_client_certificate(words):
        sentence = f"{host} asks for a client certificate on this address, which the app cannot present."
        return Lost(Loss.CLIENT_CERTIFICATE, sentence)
    if alerts.may_want_client_certificate(words):
        sentence = (
            f"{host} refuses the handshake: it asks for a client certificate, which the app cannot present, or it "
            "speaks only ciphers that this machine does not take."
        )
        return Lost(Loss.HANDSHAKE, sentence)
    if "CERTIFICATE_VERIFY_FAILED" in words or "CertificateError" in words:
        sentence = f"The certificate of {host} is not trusted by this machine: install its authority first."
        return Lost(Loss.CERTIFICATE, sentence)
    if "WRONG_VERSION_NUMBER" in words or "HTTP_REQUEST" in words:
        sentence = f"{host} does not speak https: check the address, its scheme and port included."
        return Lost(Loss.NOT_TLS, sentence)
    return None


def _causes(trouble: BaseException | None) -> str:
    words = []
    while trouble is not None:
        words.append(f"{type(trouble).__name__} {trouble}")
        trouble = trouble.__cause__ or trouble.__context__
    return " | ".join(words)


def host_of(asked: Ask) -> str:
    """Whom a request goes to, in words."""
    return asked.url.split("/", 3)[2] if asked.url.count("/") > 1 else asked.url
