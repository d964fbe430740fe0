"""The bytes of LDAP: written as RFC 4511 says, and read into values or refused, whatever a server sends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.outside import ldap_ber as ber
from genkan.outside import ldap_messages as messages
from genkan.outside.ldap_ber import Garbled
from genkan.outside.ldap_messages import Elsewhere, Entry, Message, Result, Scope, Search
from genkan.sources import ldap_filter


def result(tag: int, code: int, text: str = "", number: int = 1, controls: bytes = b"") -> bytes:
    body = ber.write(tag, ber.integer(code, ber.ENUMERATED), ber.text(""), ber.text(text))
    return ber.write(ber.SEQUENCE, ber.integer(number), body, controls)


def entry(dn: bytes, *attributes: tuple[str, list[bytes]], number: int = 1) -> bytes:
    listed = [
        ber.write(ber.SEQUENCE, ber.text(name), ber.write(ber.SET, *map(ber.octets, values)))
        for name, values in attributes
    ]
    return ber.write(
        ber.SEQUENCE, ber.integer(number), ber.write(0x64, ber.octets(dn), ber.write(ber.SEQUENCE, *listed))
    )


def test_a_bind_has_the_bytes_of_the_standard() -> None:
    """RFC 4511 4.2: version 3, the name, and the password under the tag of simple authentication."""
    assert messages.bind(1, "cn=a", "pw") == bytes.fromhex("3012020101600d0201030404636e3d6180027077")


def test_other_requests_have_the_bytes_of_the_standard() -> None:
    """RFC 4511 4.3 and 4.14: unbind, and StartTLS by its number."""
    assert messages.unbind(2) == bytes.fromhex("30050201024200")
    assert messages.start_tls(1) == bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("(uid=a)", "a3080403756964040161"),
        ("(uid=*)", "8703756964"),
        ("(!(a=b))", "a208a306040161040162"),
        ("(&(a=b)(c=d))", "a010a306040161040162a306040163040164"),
        ("(a=x*y*z)", "a40e04016130098001788101798201 7a".replace(" ", "")),
        ("(a:1.2:=x)", "a90b8103312e32820161830178"),
        ("(a:dn:=x)", "a9098201618301788401ff"),
    ],
)
def test_a_filter_has_the_bytes_of_the_standard(text: str, written: str) -> None:
    """RFC 4511 4.5.1.7: each kind of filter under its tag."""
    assert messages.encode_filter(ldap_filter.parse(text)).hex() == written


@given(st.binary(max_size=400))
def test_a_value_keeps_its_own_length(name: bytes) -> None:
    """Whatever bytes a name has, the request's filter holds them as one string of that length and goes on after it."""
    template = ldap_filter.parse("(&(uid={name})(objectClass=person))", frozenset({"name"}))
    asked = Search("dc=x", Scope.TREE, ldap_filter.fill(template, {"name": name}), ("cn",), 2, 5)
    outer = ber.Reader.of(messages.search(7, asked)).element(ber.SEQUENCE)
    assert outer.integer() == 7
    body = outer.element(0x63)
    assert body.text() == "dc=x"
    for tag in (ber.ENUMERATED, ber.ENUMERATED, ber.INTEGER, ber.INTEGER, ber.BOOLEAN):
        body.element(tag)
    both = body.element(0xA0)
    typed = both.element(0xA3)
    assert (typed.text(), typed.octets(), typed.is_done) == ("uid", name, True)
    assert both.element(0xA3).text() == "objectClass"
    assert both.is_done


def test_answers_are_read_as_values() -> None:
    """Results, entries with options on their attributes, and hints at other servers."""
    assert messages.decode(result(0x61, 49, "no\nway")) == Message(1, Result(0x61, 49, "no way"))
    told = messages.decode(entry(b"cn=a", ("CN", [b"a"]), ("cn;lang-ja", [b"b"]), ("jpegPhoto", [b"\xff\x00"])))
    assert told == Message(1, Entry("cn=a", {"cn": (b"a", b"b"), "jpegphoto": (b"\xff\x00",)}))
    reference = ber.write(ber.SEQUENCE, ber.integer(4), ber.write(0x73, ber.text("ldap://evil.example/")))
    assert messages.decode(reference) == Message(4, Elsewhere())


def test_the_cookie_of_a_page_is_found_among_controls() -> None:
    """RFC 2696 3: where the control is, critical or not, and whatever else stands beside it."""
    value = ber.octets(ber.write(ber.SEQUENCE, ber.integer(0), ber.octets(b"more")))
    other = ber.write(ber.SEQUENCE, ber.octets(b"1.2.3"))
    paged = ber.write(ber.SEQUENCE, ber.octets(messages.PAGED), ber.boolean(True), value)
    assert messages.decode(result(0x65, 0, controls=ber.write(0xA0, other, paged))).cookie == b"more"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_garbled(data: bytes) -> None:
    """What a broken or hostile server sends is a value or Garbled: never anything else."""
    try:
        messages.decode(data)
    except Garbled:
        return


@given(st.integers(min_value=0), st.binary(min_size=1, max_size=3))
def test_a_message_with_some_bytes_changed_is_a_message_or_garbled(at: int, instead: bytes) -> None:
    """The same of answers that are nearly right."""
    whole = entry(b"cn=a,dc=x", ("uid", [b"a"]), ("memberOf", [b"cn=g,dc=x", b"cn=h,dc=x"]))
    place = at % len(whole)
    try:
        messages.decode(whole[:place] + instead + whole[place + len(instead) :])
    except Garbled:
        return


@given(st.binary(min_size=1, max_size=8))
def test_the_length_of_a_message_is_known_or_garbled(head: bytes) -> None:
    """A beginning says how much follows, or that it is too short to say, or that it is none."""
    try:
        rest = ber.frame_rest(head)
    except Garbled:
        return
    assert rest is None or rest < 2**32


@pytest.mark.parametrize("head", ["3080", "3085", "30ff", "6003", "00"])
def test_lengths_that_ldap_does_not_have_are_refused(head: str) -> None:
    """RFC 4511 5.1 (1): no indefinite lengths, and none that nobody could hold."""
    with pytest.raises(Garbled):
        ber.frame_rest(bytes.fromhex(head))
