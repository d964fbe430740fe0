"""Whoever watches what is asked of others: nobody, unless traces are on, and only for the request that is traced."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from contextvars import ContextVar

# What is done, and harmless facts of it: a host, a port, a verb. Never a path, a query or what somebody typed.
Watch = Callable[[str, dict[str, str]], AbstractContextManager[object]]


def _nobody(name: str, facts: dict[str, str]) -> AbstractContextManager[object]:  # noqa: ARG001 - nobody looks
    return nullcontext()


WATCH: ContextVar[Watch] = ContextVar("watch", default=_nobody)


def watched(name: str, **facts: str) -> AbstractContextManager[object]:
    """While this is held, something is under way."""
    return WATCH.get()(name, facts)


@asynccontextmanager
async def watching(name: str, **facts: str) -> AsyncIterator[None]:
    """The same, among other things that are held while something is waited for."""
    with watched(name, **facts):
        yield
