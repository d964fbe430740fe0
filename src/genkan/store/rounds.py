"""How often callers of a store begin anew, and how they see a stop through: the same for the site and the commands. By
what time they judge what nodes reported, too.
"""

from genkan.protocol.env import MINUTE
from genkan.store.api import NodeReport, Store

# A decision whose facts moved on before it was applied is made once more, on the new facts, this often at most.
TRIES = 8
SETTLE_ROWS = 1000
# Each reports once a minute.
NODE_IS_RUNNING = 2 * MINUTE


async def settle_all(store: Store) -> None:
    """tokens.md 4: the rows follow a raised stop, in steps that let other writers in between."""
    while await store.settle(SETTLE_ROWS):
        pass


async def reported_time(store: Store, now: int) -> int:
    """The time as reports of nodes tell it: the store's own where it has one, else ``now``, which is ours."""
    theirs = await store.clock()
    return now if theirs is None else theirs


def is_running(node: NodeReport, now: int) -> bool:
    """Whether a node has said something of itself lately; ``now`` is the reported time."""
    return abs(now - node.seen_at) < NODE_IS_RUNNING
