"""Owns the four permissions, their order and their words; who may have which is not decided here."""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType


class Permission(IntEnum):
    """READ ⊂ WRITE ⊂ ADMIN ⊂ SYSTEM_ADMIN: the greater holds the smaller, so `min` is the effective one."""

    READ = 1
    WRITE = 2
    ADMIN = 3
    SYSTEM_ADMIN = 4


WORDS: Mapping[Permission, str] = MappingProxyType(
    {
        Permission.READ: "See what you can see on this site",
        Permission.WRITE: "See, create, change and delete what you can on this site",
        Permission.ADMIN: "Administer this site, as far as you can yourself",
        Permission.SYSTEM_ADMIN: "Administer this site and the system it runs on, as far as you can yourself",
    }
)

_BY_NAME = {permission.name: permission for permission in Permission}


def scope_to_tell(asked: Permission | None, given: Permission) -> str | None:
    """The scope of a token answer (RFC 6749 5.1): None where what was asked, or the default, is covered, since clients
    compare words and WRITE is not READ WRITE to them; else all that is given.
    """
    if asked is None or given >= asked:
        return None
    return " ".join(permission.name for permission in Permission if permission <= given)


def parse_scope(text: str) -> Permission | None:
    """Read a scope value; the widest word counts, an unknown word or no word at all gives None."""
    if text in _BY_NAME:
        return _BY_NAME[text]
    # RFC 6749 3.3: words are case-sensitive and separated by spaces, order means nothing
    named = [_BY_NAME.get(word) for word in text.split(" ") if word]
    known = [permission for permission in named if permission is not None]
    return max(known) if known and len(known) == len(named) else None
