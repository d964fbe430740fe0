"""A TLS server on loopback that ends handshakes without a client certificate by the alert of one's choice, as servers
do that are not built on OpenSSL: below TLS 1.3 the alert travels in the clear, in TLS 1.3 under the server's own key.
"""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

BAD_CERTIFICATE = 42
_ALERT, _DATA = 0x15, 0x17


@contextmanager
def alerting(context: ssl.SSLContext, folder: Path, alert: int = BAD_CERTIFICATE) -> Iterator[int]:
    """The server's port. ``context`` has to want a certificate; its keys are noted in ``folder``."""
    secrets = folder / "secrets.txt"
    context.keylog_filename = str(secrets)
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with suppress(OSError), connection:
                    connection.settimeout(10)
                    _end(connection, context, secrets, alert)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


def _end(connection: socket.socket, context: ssl.SSLContext, secrets: Path, alert: int) -> None:
    """Make the handshake up to where a certificate is missed, and say the alert in place of OpenSSL's own."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    spoken = context.wrap_bio(incoming, outgoing, server_side=True)
    while True:
        try:
            spoken.do_handshake()
        except ssl.SSLWantReadError:
            connection.sendall(outgoing.read())
            came = connection.recv(65536)
            if not came:
                return
            incoming.write(came)
        except ssl.SSLError:
            cipher = spoken.cipher()
            connection.sendall(_record(cipher[0] if cipher else "", secrets, alert))
            # Read on until the other side closes: closing on unread bytes would tear the alert away.
            while connection.recv(65536):
                pass
            return


def _record(cipher: str, secrets: Path, alert: int) -> bytes:
    fatal = bytes([2, alert])
    # RFC 8446 B.4: suites of TLS 1.3 name no key exchange, by which their names are told apart
    if not cipher.startswith("TLS_"):
        return bytes([_ALERT, 3, 3, 0, len(fatal)]) + fatal
    lines = [line.split() for line in secrets.read_text().splitlines() if line.startswith("SERVER_TRAFFIC_SECRET_0 ")]
    secret = bytes.fromhex(lines[-1][2])
    algorithm: hashes.HashAlgorithm = hashes.SHA384() if len(secret) == 48 else hashes.SHA256()

    def expanded(label: bytes, length: int) -> bytes:
        # RFC 8446 7.1: HKDF-Expand-Label with an empty context
        name = b"tls13 " + label
        info = length.to_bytes(2, "big") + bytes([len(name)]) + name + b"\0"
        return HKDFExpand(algorithm, length, info).derive(secret)

    is_chacha = "CHACHA20" in cipher
    key = expanded(b"key", 32 if is_chacha or len(secret) == 48 else 16)
    sealer = ChaCha20Poly1305(key) if is_chacha else AESGCM(key)
    # RFC 8446 5.2: the kind of record stands behind its content, and the tag takes 16 octets
    plain = fatal + bytes([_ALERT])
    head = bytes([_DATA, 3, 3]) + (len(plain) + 16).to_bytes(2, "big")
    # RFC 8446 5.3: the first record under this key has number 0, so that the nonce is the vector itself
    return head + sealer.encrypt(expanded(b"iv", 12), plain, head)
