"""What may be used once: the mark that it was, and when the mark may be forgotten."""

from genkan.protocol.env import HOUR
from genkan.protocol.outcomes import NameSite, Spend
from genkan.store.api import Store
from tests.store.builders import NOW, a_change


async def test_what_may_be_used_once_is_used_once(store: Store) -> None:
    """The second use fails and takes the rest of its Change with it; another thing is another thing."""
    once, other = Spend(b"1" * 32, NOW + HOUR), Spend(b"2" * 32, NOW + HOUR)
    assert await store.apply(a_change(once))
    assert not await store.apply(a_change(NameSite("Twice", (await store.site()).version), once))
    assert (await store.site()).title == ""
    assert await store.apply(a_change(other))


async def test_what_is_dead_by_itself_is_forgotten(store: Store) -> None:
    """The mark of a used thing goes once the thing is over, and not before."""
    assert await store.apply(a_change(Spend(b"1" * 32, NOW)))
    await store.prune(NOW, 100)
    assert not await store.apply(a_change(Spend(b"1" * 32, NOW)))
    await store.prune(NOW + HOUR, 100)
    assert await store.apply(a_change(Spend(b"1" * 32, NOW + 2 * HOUR)))
