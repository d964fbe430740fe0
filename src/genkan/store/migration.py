"""Numbered migrations of an engine, each with its way back, as their folder holds them."""

from dataclasses import dataclass
from importlib.resources.abc import Traversable

from genkan.store.api import CannotOpen


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step with its way back."""

    number: int
    up: str
    down: str


def migrations(folder: Traversable) -> list[Migration]:
    """The migrations of a folder in order, numbered from 1 without a gap."""
    ups = sorted(file.name for file in folder.iterdir() if file.name.endswith(".up.sql"))
    found = []
    for number, name in enumerate(ups, start=1):
        if int(name.partition("_")[0]) != number:
            raise CannotOpen(f"the migration {name} is out of order")
        down = folder / name.replace(".up.sql", ".down.sql")
        up_text, down_text = (folder / name).read_text(encoding="utf-8"), down.read_text(encoding="utf-8")
        found.append(Migration(number, up_text, down_text))
    return found
