"""Taking the compression off a body within a bound, for proxies that compress whatever they are asked."""

import zlib

# RFC 7932, RFC 8878: what phones can read and this cannot.
UNREADABLE = frozenset({"br", "zstd"})


def inflated(body: bytes, encoding: str, most: int) -> bytes:
    """The body as it was meant, ``most`` octets of it at most; nothing where it is not what its header says."""
    encoding = encoding.strip().lower()
    if encoding in {"gzip", "x-gzip"}:
        return _tried(body, 16 + zlib.MAX_WBITS, most)
    if encoding == "deflate":
        # RFC 9110 8.4.1.2: zlib's form is meant, and some servers send the bare one.
        return _tried(body, zlib.MAX_WBITS, most) or _tried(body, -zlib.MAX_WBITS, most)
    return body


def _tried(body: bytes, form: int, most: int) -> bytes:
    """Cut off at the bound: a few octets may stand for gigabytes."""
    try:
        return zlib.decompressobj(form).decompress(body, most)
    except zlib.error:
        return b""
