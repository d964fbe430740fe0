"""What proxies tell of certificates: each form read to the byte, a 16 kB header refused, anything else a fault."""

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.protocol.certificates.faults import CertificateFault, Fault
from genkan.protocol.certificates.presented import (
    MOST_CHAIN,
    MOST_HEADER,
    Presented,
    from_base64_der,
    from_client_cert,
    from_escaped_pem,
    from_file,
    from_tls,
)
from genkan.protocol.certificates.reading import MOST_BYTES
from tests.protocol.certificates.making import authority, person

ROOT = authority()
LEAF = person(ROOT)
ISSUING = authority("Issuing", ROOT)


def sequence(der: bytes) -> bytes:
    return b":" + base64.b64encode(der) + b":"


def fault(answer: Presented | CertificateFault) -> Fault:
    assert isinstance(answer, CertificateFault), answer
    assert str(answer.public)
    return answer.fault


def test_every_form_gives_the_same_bytes() -> None:
    """RFC 9440, nginx's escaped PEM, Caddy's base64, our own TLS and files: the leaf's DER."""
    escaped = quote(LEAF.pem.decode(), safe="").encode()
    for answer in (
        from_client_cert(sequence(LEAF.der)),
        from_client_cert(b" " + sequence(LEAF.der) + b"\t"),
        from_escaped_pem(escaped),
        from_escaped_pem(quote(LEAF.pem.decode(), safe="+/=").encode()),
        from_base64_der(base64.b64encode(LEAF.der)),
        from_tls(LEAF.der),
        from_file(LEAF.der),
        from_file(b"Bag Attributes\n" + LEAF.pem.replace(b"\n", b"\r\n")),
    ):
        assert answer == Presented(LEAF.der)


def test_the_chain_comes_in_one_line_or_in_several() -> None:
    """RFC 9440 2.3 and RFC 9651 3.1: a list, its order kept, however many header lines it takes."""
    one, two = sequence(ISSUING.der), sequence(ROOT.der)
    wanted = Presented(LEAF.der, (ISSUING.der, ROOT.der))
    for chain in ([one + b", " + two], [one, two], [one + b"\t,\t" + two]):
        assert from_client_cert(sequence(LEAF.der), chain) == wanted
    assert from_file(LEAF.pem + ISSUING.pem + ROOT.pem) == wanted
    assert from_tls(LEAF.der, [ISSUING.der, ROOT.der]) == wanted


@pytest.mark.parametrize(
    "value",
    [
        b"", b":", b"::", b":AAAA", b"AAAA:", b"AAAA", b":AA=A:", b":AAA:", b":AAB=:", b":A AA=:", b":AAAA:;a=1",
        b":AAAA:,", b":AAAA:\n", b":-_-_:", b'"AAAA"', b":\xff:",
    ],
)  # fmt: skip
def test_what_is_no_byte_sequence_is_a_fault(value: bytes) -> None:
    """RFC 9651 3.3.5 strictly, one spelling of the same bytes, one item, no parameters."""
    assert fault(from_client_cert(value)) is Fault.HEADER
    assert fault(from_client_cert(sequence(LEAF.der), [value])) is Fault.HEADER
    assert fault(from_client_cert(sequence(LEAF.der) + b"," + sequence(LEAF.der))) is Fault.HEADER


@pytest.mark.parametrize(
    "value",
    [
        b"", b"AAAA", b"%2", b"%zz", LEAF.pem + LEAF.pem, LEAF.pem + b"x", b"x" + LEAF.pem,
        LEAF.pem.replace(b"CERTIFICATE", b"PRIVATE KEY"), LEAF.pem[:-30], LEAF.pem.replace(b"M", b"*", 1), b"\xff",
    ],
)  # fmt: skip
def test_nginx_tells_exactly_one_certificate(value: bytes) -> None:
    """Two certificates, other blocks, cut or broken texts and escapes are faults, not half a reading."""
    escaped = quote(value, safe="%")
    assert fault(from_escaped_pem(escaped.encode())) is Fault.HEADER
    assert fault(from_escaped_pem(value + b"%")) is Fault.HEADER


def test_a_16_kb_header_is_refused_with_a_sentence() -> None:
    """Bounds to the byte: a header of 12 kB, a certificate of 8 kB and ten beside it are read, more is said to be."""
    for read in (from_client_cert, from_escaped_pem, from_base64_der):
        answer = read(b"A" * 16 * 1024)
        assert fault(answer) is Fault.TOO_LARGE
        assert isinstance(answer, CertificateFault)
        assert str(answer.public) == f"Your certificate is too large: at most {MOST_HEADER} bytes are read."
    assert fault(from_base64_der(b"A" * MOST_HEADER)) is Fault.TOO_LARGE  # 9 kB of DER
    assert from_tls(b"x" * MOST_BYTES) == Presented(b"x" * MOST_BYTES)
    assert fault(from_tls(b"x" * (MOST_BYTES + 1))) is Fault.TOO_LARGE
    assert isinstance(from_tls(b"x", [b"y"] * MOST_CHAIN), Presented)
    assert fault(from_tls(b"x", [b"y"] * (MOST_CHAIN + 1))) is Fault.HEADER
    assert fault(from_client_cert(sequence(b"x"), [sequence(b"y" * 8000)] * 4)) is Fault.TOO_LARGE
    assert fault(from_file(b"x" * 100_000)) is Fault.TOO_LARGE
    assert fault(from_tls(b"")) is Fault.HEADER


@given(st.binary(max_size=300) | st.text("A:=,%2B-\n BEGINCRTIFCAD", max_size=80).map(str.encode))
def test_any_bytes_are_a_value_or_a_fault(data: bytes) -> None:
    """Fuzz: presented, or a fault with its sentence, never anything else."""
    for answer in (
        from_client_cert(data),
        from_client_cert(sequence(data), [data]),
        from_escaped_pem(data),
        from_base64_der(data),
        from_file(data),
        from_tls(data, [data]),
    ):
        assert isinstance(answer, Presented) or str(answer.public)


@given(st.binary(min_size=1, max_size=200), st.lists(st.binary(min_size=1, max_size=50), max_size=4))
def test_what_is_written_is_read(leaf: bytes, chain: list[bytes]) -> None:
    """Round trip: every byte string in RFC 9440's form comes back."""
    assert from_client_cert(sequence(leaf), [sequence(one) for one in chain]) == Presented(leaf, tuple(chain))
