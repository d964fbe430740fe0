"""A linearizability checker for one grant: is there an order of its operations that the model explains? (Wing and
Gong)
"""

from dataclasses import dataclass
from enum import Enum


class Verb(Enum):
    """What a client can do to a grant."""

    REFRESH = "refresh"
    USE = "use"
    END = "end"


@dataclass(frozen=True)
class Operation:
    """One call. ``shown`` is the generation of the token shown; ``told`` what came back.

    ``told`` is the successor's generation for a refresh, 0 or 1 for a use, None for a refusal; ``lost`` says that no
    answer arrived, so that the operation may have happened, or not, at any time after it was invoked.
    """

    verb: Verb
    shown: int
    told: int | None
    invoked: int
    returned: int
    lost: bool = False


@dataclass(frozen=True)
class Model:
    """The grant as tokens.md 3 has it, while the clock stands still: the retry stays open for one generation."""

    generation: int = 0
    ended: bool = False


def step(model: Model, operation: Operation) -> tuple[Model, int | None]:
    """What the operation does to the model, and what it must be told."""
    if operation.verb is Verb.END:
        return Model(model.generation, True), None
    if operation.verb is Verb.USE:
        return model, int(not model.ended and operation.shown == model.generation)
    if model.ended:
        return model, None
    if operation.shown == model.generation:
        return Model(model.generation + 1), model.generation + 1
    if operation.shown == model.generation - 1:
        return model, model.generation
    return Model(model.generation, True), None


def explained(history: list[Operation]) -> bool:
    """Whether some order that respects real time gives every operation the answer that it got."""
    operations = sorted(history, key=lambda operation: operation.invoked)
    needed = frozenset(i for i, operation in enumerate(operations) if not operation.lost)
    seen: set[tuple[frozenset[int], Model]] = set()
    stack = [(frozenset[int](), Model())]
    while stack:
        done, model = stack.pop()
        if needed <= done:
            return True
        if (done, model) in seen:
            continue
        seen.add((done, model))
        # An operation may come next only if none that returned before it was invoked is still missing.
        horizon = min((operations[i].returned for i in needed - done), default=0)
        for i, operation in enumerate(operations):
            if i in done or operation.invoked > horizon:
                continue
            after, answer = step(model, operation)
            if operation.lost or answer == operation.told:
                stack.append((done | {i}, after))
    return False
