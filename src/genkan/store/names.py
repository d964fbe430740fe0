"""Statements about tables that the schema names and this program does not: a move copies whatever is there.

The one door by which a name gets into a statement. Names are those of a schema of ours, never anybody's value.
"""

from collections.abc import Iterable


def named(template: str, **names: str | Iterable[str]) -> str:
    """The statement with names in place of ``{word}``; several are written with commas between. Raises ValueError for
    what no schema of ours has.
    """
    for word, given in names.items():
        each = (given,) if isinstance(given, str) else tuple(given)
        template = template.replace(f"{{{word}}}", ", ".join(map(_checked, each)))
    return template


def _checked(name: str) -> str:
    prefix, dot, plain = name.rpartition(".")
    if prefix not in ("", "NEW", "OLD") or not plain.isascii() or not plain.replace("_", "a").isalnum():
        raise ValueError("no name of a table or a column")
    return f'{prefix}{dot}"{plain}"'
