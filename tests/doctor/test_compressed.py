"""Bodies that a proxy compressed unasked are judged by what is in them, and cost no more than the bound."""

import gzip
import zlib

import pytest

from genkan.doctor.inflate import inflated
from tests.doctor.world import Answering, Asked, Front, Jira, Told, faults, looked, opened

TEXT = b'{"version": "10.1.0"}' * 20
ZIPPED = gzip.compress(TEXT, mtime=0)
RAW = zlib.compressobj(wbits=-15)
BARE = RAW.compress(TEXT) + RAW.flush()


@pytest.mark.parametrize(
    ("encoding", "body", "meant"),
    [("", TEXT, TEXT), ("identity", TEXT, TEXT), ("gzip", ZIPPED, TEXT), (" GZip ", ZIPPED, TEXT),
     ("deflate", zlib.compress(TEXT), TEXT), ("deflate", BARE, TEXT), ("gzip", TEXT, b""), ("deflate", TEXT, b""),
     ("gzip", b"", b""), ("br", b"\x0b", b"\x0b")],
)  # fmt: skip
def test_the_body_as_it_was_meant(encoding: str, body: bytes, meant: bytes) -> None:
    """RFC 9110 8.4.1: gzip, and deflate in both of its forms; what is not what it says cannot be read by a phone."""
    assert inflated(body, encoding, 10_000) == meant


def test_a_body_that_swells_is_cut() -> None:
    """A thousandfold body is inflated up to the bound only."""
    assert len(inflated(gzip.compress(b"0" * 10_000_000), "gzip", 1000)) == 1000


async def test_a_proxy_that_always_compresses() -> None:
    """Everything compressed costs one warning, and the site is judged by what it says."""
    jira = Jira()

    async def compressing(asked: Asked, site: Answering) -> Told:
        told = await site(asked)
        return Told(told.status, told.headers, gzip.compress(told.body)).plus(("content-encoding", "gzip"))

    async with opened(Front(jira, compressing)) as front:
        jira.base = f"http://localhost:{front.port}"
        report = await looked(jira.base)
    assert faults(report) == {"info-login": "warning", "oauth-plugin": "unknown", "permission": "unknown"}
