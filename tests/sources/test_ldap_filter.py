"""Filters are read once and filled as values: what somebody types can never change whom a filter means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.sources import ldap_filter as filters
from genkan.sources.ldap_filter import All, Any, BadFilter, Compare, Not, Pieces, Present, Rule

NAME = frozenset({"name"})
USUAL = filters.parse("(&(objectClass=person)(|(uid={name})(mail={name})))", NAME)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("(uid=alice)", Compare("=", "uid", (b"alice",))),
        ("uid=alice", Compare("=", "uid", (b"alice",))),
        ("(uid={name})", Compare("=", "uid", ("name",))),
        ("(uid=x-{name}@y)", Compare("=", "uid", (b"x-", "name", b"@y"))),
        ("(uid=*)", Present("uid")),
        ("(uid=)", Compare("=", "uid", ())),
        ("(cn=a*b*c)", Pieces("cn", (b"a",), ((b"b",),), (b"c",))),
        ("(cn=*{name}*)", Pieces("cn", (), (("name",),), ())),
        (r"(cn=\2a\28\29\5c\00\7b)", Compare("=", "cn", (b"*()\\\x00{",))),
        ("(cn=gen-\u7384\u95a2)", Compare("=", "cn", ("gen-\u7384\u95a2".encode(),))),
        ("(age>=18)", Compare(">=", "age", (b"18",))),
        ("(age<=18)", Compare("<=", "age", (b"18",))),
        ("(cn~=alis)", Compare("~=", "cn", (b"alis",))),
        ("(!(uid=root))", Not(Compare("=", "uid", (b"root",)))),
        ("(&(a=1)(b=2))", All((Compare("=", "a", (b"1",)), Compare("=", "b", (b"2",))))),
        ("(|(a=1)(b=2))", Any((Compare("=", "a", (b"1",)), Compare("=", "b", (b"2",))))),
        (
            "(userAccountControl:1.2.840.113556.1.4.803:=2)",
            Rule("userAccountControl", "1.2.840.113556.1.4.803", False, (b"2",)),
        ),
        ("(ou:dn:=people)", Rule("ou", "", True, (b"people",))),
        ("(:dn:2.4.6:=x)", Rule("", "2.4.6", True, (b"x",))),
    ],
)
def test_a_filter_means_what_rfc_4515_says(text: str, meaning: filters.Filter) -> None:
    """Each form of the grammar is read as it is meant, and shown so that reading it again gives the same."""
    assert filters.parse(text, NAME) == meaning
    assert filters.parse(filters.shown(meaning), NAME) == meaning


@pytest.mark.parametrize(
    "text",
    [
        "", "()", "(uid)", "(uid=a", "uid=a)", "(uid=a)(uid=b)", "(&)", "(!)", "(!(a=1)(b=2))", "(=a)", "(u id=a)",
        "(uid=\\2)", "(uid=\\zz)", "(uid=a\0)", "(uid={uid})", "(uid={name)", "(uid>=a*)", "(uid~=*)", "(a:b:c:=d)",
        "(::=d)", "(uid=a))", "(&(a=1)", "(" * 5000, "(!" * 12 + "(a=1)" + ")" * 12, "(uid=" + "a" * 3000 + ")",
    ],
)  # fmt: skip
def test_what_is_no_filter_is_refused_with_a_sentence(text: str) -> None:
    """A text that is not wholly a filter never becomes one, at whatever length or depth."""
    with pytest.raises(BadFilter) as problem:
        filters.parse(text, NAME)
    assert len(str(problem.value)) > 10


@given(st.binary(max_size=300))
def test_nothing_that_is_typed_changes_the_form(name: bytes) -> None:
    """Row 14 of security.md: whatever the name is, the filled filter compares it, as a whole, where its place was."""
    filled = filters.fill(USUAL, {"name": name})
    value = (name,) if name else ()
    either = Any((Compare("=", "uid", value), Compare("=", "mail", value)))
    assert filled == All((Compare("=", "objectClass", (b"person",)), either))
    assert filters.places_of(filled) == frozenset()


@given(st.binary(max_size=300))
def test_an_escaped_value_is_one_value(name: bytes) -> None:
    """RFC 4515 3: the text that is shown, read again, is the very same filter: no value escapes into its neighbours."""
    filled = filters.fill(USUAL, {"name": name})
    shown = filters.shown(filled)
    assert filters.parse(shown) == filled
    assert shown.isascii()
    assert shown.count("(") == shown.count(")") == 5


@given(st.text(alphabet="()&|!=*\\{}name:<>~-. 0aé", max_size=60))
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    """Reading ends in a filter that can be shown and read again, or in BadFilter: never in anything else."""
    try:
        found = filters.parse(text, NAME)
    except BadFilter:
        return
    assert filters.parse(filters.shown(found), NAME) == found
