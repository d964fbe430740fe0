"""Numbered migrations of an engine, each with its way back, as their folder holds them; what each says of itself; and
what a walk from one schema to another does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from genkan.store.api import CannotOpen

# First lines of a script. Up: whoever knows the schema before goes on beside it, reading and writing. Down: what is
# lost.
_ADDITIVE = "-- additive\n"
_LOSES = "-- loses: "
_NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step with its way back."""

    number: int
    name: str
    up: str
    down: str

    @property
    def additive(self) -> bool:
        """Whether a Genkan that knows only the schema before serves on this one, too. What says nothing is not."""
        return self.up.startswith(_ADDITIVE)

    @property
    def loses(self) -> str:
        """What is lost on the way back, in a few words; empty where nothing is."""
        first = self.down.partition("\n")[0]
        words = first.removeprefix(_LOSES) if first.startswith(_LOSES) else "what it was made for"
        return "" if words == _NOTHING else words


@dataclass(frozen=True, slots=True)
class Schema:
    """Which schema a store has, which is the newest that this version knows, and the oldest that a Genkan may know to
    serve on it: later ones only added to that.
    """

    present: int
    newest: int
    oldest: int

    @property
    def serves(self) -> bool:
        """Whether this version serves on it."""
        return self.oldest <= self.newest <= self.present


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One migration as it would be done. ``loses``: now on the way down, and on the way back of one that goes up."""

    schema: int
    name: str
    up: bool
    additive: bool
    loses: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a walk from one schema to another does."""

    before: int
    after: int
    steps: tuple[PlannedStep, ...]

    @property
    def beside(self) -> bool:
        """Whether programs that know the schema before may serve meanwhile and afterwards."""
        return all(step.up and step.additive for step in self.steps)

    @property
    def undo(self) -> int | None:
        """The schema to go back to; None where there is no going back: from the first, or from a way down."""
        is_up = bool(self.steps) and self.steps[0].up
        return self.before if is_up and self.before else None


def migrations(folder: Traversable) -> list[Migration]:
    """The migrations of a folder in order, numbered from 1 without a gap."""
    ups = sorted(file.name for file in folder.iterdir() if file.name.endswith(".up.sql"))
    found = []
    for number, name in enumerate(ups, start=1):
        if int(name.partition("_")[0]) != number:
            raise CannotOpen(f"the migration {name} is out of order")
        down = folder / name.replace(".up.sql", ".down.sql")
        up_text, down_text = (folder / name).read_text(encoding="utf-8"), down.read_text(encoding="utf-8")
        called = name.partition("_")[2].removesuffix(".up.sql")
        found.append(Migration(number, called, up_text, down_text))
    return found


def additive_before(known: Sequence[Migration], version: int) -> int:
    """How many migrations in a row, up to this version, only added to what was there: kept beside the version, for
    those that do not know them.
    """
    count = 0
    while count < version and known[version - 1 - count].additive:
        count += 1
    return count


def schema(kept: Sequence[int] | None, known: Sequence[Migration]) -> Schema:
    """From what a store keeps of its schema: the version and, since it is kept, how many before it were additive."""
    present, *additive = kept or (0,)
    return Schema(present, len(known), present - (additive[0] or 0 if additive else 0))


def planned(known: Sequence[Migration], before: int, after: int) -> Plan:
    """The steps from one schema to another."""
    up = known[before:after]
    down = known[after:before][::-1]
    steps = [PlannedStep(one.number, one.name, True, one.additive, one.loses) for one in up]
    steps += [PlannedStep(one.number - 1, one.name, False, False, one.loses) for one in down]
    return Plan(before, after, tuple(steps))
