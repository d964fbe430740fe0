"""What entries say of people: read from bytes that anybody may have written, disabled people told by each mark."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.protocol.env import DAY
from genkan.sources import ldap_entries as entries
from genkan.sources import ldap_names as names
from genkan.wire.scopes import Permission

NOW = 20_000 * DAY + 5
FILETIME = (NOW + 11_644_473_600_000) * 10_000


@pytest.mark.parametrize(
    ("attribute", "value", "is_out"),
    [
        ("useraccountcontrol", b"512", False),
        ("useraccountcontrol", b"514", True),
        ("useraccountcontrol", b"66050", True),
        ("useraccountcontrol", b"528", False),  # LOCKOUT: anybody can cause it
        ("useraccountcontrol", b"garbage", False),
        ("accountexpires", b"0", False),
        ("accountexpires", b"9223372036854775807", False),
        ("accountexpires", str(FILETIME).encode(), True),
        ("accountexpires", str(FILETIME + 10_000).encode(), False),
        ("shadowexpire", b"-1", False),
        ("shadowexpire", b"20001", False),
        ("shadowexpire", b"20000", True),
        ("shadowexpire", b"1", True),
        ("shadowexpire", b"0", True),
        ("shadowexpire", b"", False),
        ("shadowexpire", "\u0661".encode(), False),
        ("pwdaccountlockedtime", b"000001010000Z", True),
        ("pwdaccountlockedtime", b"20261125120000Z", False),  # by wrong passwords: anybody can cause it
        ("nsaccountlock", b"TRUE", True),
        ("nsaccountlock", b"false", False),
        ("logindisabled", b"TRUE", True),
        ("unrelated", b"TRUE", False),
    ],
)
def test_each_mark_of_a_disabled_person_counts(attribute: str, value: bytes, is_out: bool) -> None:
    """What the organisation's tools write when somebody leaves ends them; what strangers can cause does not."""
    assert bool(entries.why_out({attribute: (value,)}, NOW)) is is_out


@given(
    st.dictionaries(
        st.sampled_from([name.lower() for name in entries.STATE_ATTRIBUTES]),
        st.lists(st.binary(max_size=30)),
        max_size=6,
    )
)
def test_no_value_breaks_the_reading(values: dict[str, list[bytes]]) -> None:
    """Whatever bytes stand in the attributes that say who is out, reading them ends in a sentence or in none."""
    assert isinstance(entries.why_out(values, NOW), str)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([b"Alice"], "Alice"),
        ([b"\xff\xfe"], ""),
        ([b"\xff", b"Bob"], "Bob"),
        ([b"a\nb"], ""),
        ([b"a\x00b"], ""),
        (["a\u202eb".encode()], ""),
        ([b"x" * 201], ""),
        ([b"b", b"a"], "a"),
        ([], ""),
    ],
)
def test_text_is_readable_or_not_there(values: list[bytes], told: str) -> None:
    """Control signs, other encodings and endless values never get into an account; a set has no order."""
    assert entries.text_of({"cn": values}, "CN") == told


def test_ids_have_one_spelling() -> None:
    """RFC 4530 2.4: a UUID in capitals is the same person; one in bytes is kept in digits and asked for in bytes."""
    assert entries.subject_of(b"88DE939E-7D2A-1041-851C-63FCA573915C", binary=False).startswith("88de939e")
    raw = bytes(range(16))
    assert entries.raw_id(entries.subject_of(raw, binary=True), binary=True) == raw
    assert entries.subject_of(raw + b"x", binary=True) == ""
    assert entries.subject_of(b"a\x00b", binary=False) == ""
    assert entries.raw_id("not hex", binary=True) == b""


BY_GROUP = {
    names.parse("cn=admins,ou=groups,dc=x"): Permission.SYSTEM_ADMIN,
    names.parse("cn=guests,ou=groups,dc=x"): Permission.READ,
}


@pytest.mark.parametrize(
    ("groups", "most", "given"),
    [
        ([b"CN=Admins, OU=groups,dc=X"], Permission.SYSTEM_ADMIN, Permission.SYSTEM_ADMIN),
        ([b"cn=admins,ou=groups,dc=x"], Permission.ADMIN, Permission.ADMIN),
        ([b"cn=guests,ou=groups,dc=x"], Permission.ADMIN, Permission.READ),
        ([b"cn=guests,ou=groups,dc=x", b"cn=admins,ou=groups,dc=x"], Permission.WRITE, Permission.WRITE),
        ([b"cn=admins,ou=left,dc=x"], Permission.ADMIN, Permission.WRITE),
        ([b"cn=admins\\,ou=groups,dc=x"], Permission.ADMIN, Permission.WRITE),
        ([b"\xff", b""], Permission.ADMIN, Permission.WRITE),
        ([], Permission.ADMIN, Permission.WRITE),
        ([], Permission.READ, Permission.READ),
    ],
)
def test_groups_give_no_more_than_the_operator_allows(groups: list[bytes], most: Permission, given: Permission) -> None:
    """A person gets what the highest of their groups gives, never above the cap, and the usual right without one."""
    assert entries.permission_of(groups, BY_GROUP, Permission.WRITE, most) is given


def test_without_a_table_groups_have_no_say() -> None:
    """Where the operator wrote no permissions, the right of an account stays what administrators made it."""
    assert entries.permission_of([b"cn=admins,ou=groups,dc=x"], {}, Permission.WRITE, Permission.ADMIN) is None
