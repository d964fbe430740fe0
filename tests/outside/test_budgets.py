"""Every reader of foreign data has a budget of values and of depth besides its bytes: what is more is refused in words,
before anybody walks through it.
"""

import base64
import io
import json
import plistlib
import tarfile
from pathlib import Path

import pytest

from genkan.mdm.check import check, fix
from genkan.mdm.opened import Kind
from genkan.mdm.xmltree import XMLFault, parse
from genkan.ops import sealed_file
from genkan.ops.archive import BadArchive, open_archive
from genkan.ops.sealed_file import SealedWriter
from genkan.outside import ldap_ber as ber
from genkan.outside.ldap_messages import decode
from genkan.protocol.certificates.bundle import BundleProblem, parse_bundle
from genkan.protocol.certificates.faults import CertificateFault
from genkan.protocol.certificates.reading import read_certificate
from genkan.protocol.openid.discovery import read_provider
from genkan.protocol.openid.faults import Fault
from genkan.protocol.openid.keys import read_keys
from genkan.protocol.signin import cbor
from genkan.wire import jsontext
from genkan.wire.budget import DIRECTORY_ENTRY, MDM_FILE, Budget
from tests.openid_provider import RSA, signed
from tests.protocol.builders import an_env
from tests.protocol.openid.test_tokens import read as read_token

DEEP = b'{"keys": ' + b"[" * 30_000 + b"]" * 30_000 + b"}"


def doubled(levels: int) -> bytes:
    """A binary property list whose every array names the one below twice: 2^levels values for who walks."""
    value: object = ["end"]
    for _ in range(levels):
        value = [value, value]
    return plistlib.dumps({"sites": value}, fmt=plistlib.FMT_BINARY)


def test_a_property_list_with_shared_references_is_not_walked_through() -> None:
    """Checked and mended, as an administrator's page does: 2^40 values in less than three kilobytes."""
    octets = doubled(40)
    assert len(octets) < 3_000
    assert [finding.name for finding in check(octets).findings] == ["binary-broken"]
    assert fix(octets).octets is None


def test_one_long_text_under_many_names_is_not_written_out() -> None:
    """The bytes are few, and so are the values; what they would be as text is not."""
    octets = plistlib.dumps({"sites": ["x" * 400_000] * 1_000}, fmt=plistlib.FMT_BINARY)
    assert len(octets) < 1_000_000
    assert [finding.name for finding in check(octets).findings] == ["binary-broken"]


def test_a_property_list_that_holds_itself_is_refused() -> None:
    """Deeper than any depth."""
    value: list[object] = []
    value.append(value)
    assert not MDM_FILE.fits(value)


def test_an_honest_binary_list_is_still_read() -> None:
    """The budget is far above what consoles write."""
    text = json.dumps([{"baseURL": "https://jira.example.com"}])
    found = check(plistlib.dumps({"sites": text}, fmt=plistlib.FMT_BINARY))
    assert (found.kind, len(found.sites)) == (Kind.BINARY_PLIST, 1)


def test_xml_ends_at_its_elements_and_its_levels() -> None:
    """Of either one too many."""
    for text in ("<a>" * (MDM_FILE.depth + 1), "<a>" + "<b/>" * MDM_FILE.nodes + "</a>"):
        assert parse(text) == XMLFault("xml-deep")


def test_text_between_many_elements_is_joined_once() -> None:
    """What stands around the elements comes out whole."""
    root = parse("<a>" + "x<b/>" * 10_000 + "</a>")
    assert not isinstance(root, XMLFault)
    assert root.text == "x" * 10_000


def test_deep_json_of_a_provider_is_no_bug() -> None:
    """Key set, discovery document and claims: a fault each, where RecursionError came out."""
    assert read_keys(DEEP) == "the key set is not JSON"
    assert isinstance(read_provider(DEEP, "https://id.example.com"), Fault)
    deep: object = []
    for _ in range(100):
        deep = [deep]
    assert isinstance(read_token(signed({"iss": deep}, RSA)), Fault)
    header = unsigned(b'{"alg":"RS256","kid":' + b"[" * 20_000 + b"]" * 20_000 + b"}")
    assert isinstance(read_token(header), Fault)


def unsigned(header: bytes) -> str:
    """A compact JWS with this header and nothing signed."""
    return base64.urlsafe_b64encode(header).decode().rstrip("=") + ".e30.AAAA"


def test_json_has_a_budget_of_values() -> None:
    """Many values in few levels are too much as well."""
    wide = b"[" + b",".join([b"0"] * 101) + b"]"
    assert isinstance(jsontext.decode(wide, Budget(100, 3)), jsontext.NotJSON)
    assert jsontext.decode(wide, Budget(101, 1)) == [0] * 101
    assert isinstance(jsontext.decode(b"[[]]", Budget(9, 0)), jsontext.NotJSON)


def test_cbor_has_a_budget_of_values() -> None:
    """An array of a thousand numbers is more than any authenticator writes."""
    with pytest.raises(cbor.Unreadable):
        cbor.read(b"\x99\x03\xe9" + b"\x00" * 1001)
    assert cbor.read(b"\x98\x64" + b"\x00" * 100) == [0] * 100


def test_a_directory_cannot_send_values_without_end() -> None:
    """One message of half a million empty values."""
    values = ber.write(ber.SET, *[ber.octets(b"")] * DIRECTORY_ENTRY.nodes)
    listed = ber.write(ber.SEQUENCE, ber.write(ber.SEQUENCE, ber.text("cn"), values))
    with pytest.raises(ber.Garbled, match="more values"):
        decode(ber.write(ber.SEQUENCE, ber.integer(1), ber.write(0x64, ber.octets(b"cn=a"), listed)))


def test_certificates_have_a_budget_of_parts() -> None:
    """Eight kilobytes of empty sequences, side by side and one within the other."""
    wide = ber.write(0x30, *[b"\x30\x00"] * 3_000)
    deep = b""
    for _ in range(40):
        deep = ber.write(0x30, deep)
    for der in (wide, deep):
        found = read_certificate(der)
        assert isinstance(found, CertificateFault)
        assert "parts" in str(found)


def test_a_bundle_is_counted_before_it_is_read() -> None:
    """Blocks that hold nothing are blocks."""
    found = parse_bundle(b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n" * 501)
    assert found == BundleProblem("holds 501 certificates; at most 500 are read")


def test_a_backup_of_very_many_members_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has the passphrase could write one; it is left after a few."""
    monkeypatch.setattr(sealed_file, "ROUNDS", 1)
    monkeypatch.setattr(sealed_file, "MEMORY_KIB", 64)
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for number in range(100):
            tar.addfile(tarfile.TarInfo(f"{number}"))
    path = tmp_path / "backup"
    with path.open("wb") as file:
        writer = SealedWriter(file, b"word", an_env())
        writer.write(plain.getvalue())
        writer.finish()
    with pytest.raises(BadArchive, match="holds no backup"):
        open_archive(path, b"word", tmp_path)
