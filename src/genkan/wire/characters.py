"""Owns the naming of one character in a sentence: its code point and its name in Unicode, so that it can be found."""

import unicodedata


def named(character: str) -> str:
    """``U+201C LEFT DOUBLE QUOTATION MARK``; a control character has no name of its own in Unicode."""
    name = unicodedata.name(character, "") or _of_none(character)
    return f"U+{ord(character):04X}{' ' if name else ''}{name}"


def _of_none(character: str) -> str:
    return {"Cc": "CONTROL CHARACTER", "Cs": "HALF A CHARACTER"}.get(unicodedata.category(character), "")


def shown_named(character: str) -> str:
    """The same with the character before it, where that can be seen: ``“é” (U+00E9 …)``."""
    if character.isprintable() and not character.isspace() and not unicodedata.category(character).startswith("C"):
        return f"“{character}” ({named(character)})"
    return named(character)


def place(text: str, at: int) -> str:
    """Line and column of a character, counted from 1."""
    line = text.count("\n", 0, at) + 1
    return f"line {line}, column {at - (text.rfind(chr(10), 0, at) + 1) + 1}"
