"""Owns the reading of TLS alerts in what a library says of them: did the server want a certificate of the client's?
Makes no connection.
"""

# RFC 8446 6.2: certificate_required (116) says so. bad_certificate (42) is what servers written in Go say for it; from
# a server to a client that showed none it can mean nothing else.
_FOR_WANT_OF_ONE = ("certificate_required", "certificate required", "alert_bad_certificate", "alert bad certificate")
# RFC 5246 7.4.6: below TLS 1.3 a server may say handshake_failure (40) for it, and says the same where no cipher fits.
_UNCLEAR = ("alert_handshake_failure", "alert handshake failure")


def wants_client_certificate(words: str) -> bool:
    """Whether these words of a TLS library tell of an alert that a client's certificate is missing."""
    lower = words.lower()
    return any(phrase in lower for phrase in _FOR_WANT_OF_ONE)


def may_want_client_certificate(words: str) -> bool:
    """Whether they tell of the alert that can mean this or another thing."""
    lower = words.lower()
    return any(phrase in lower for phrase in _UNCLEAR)
