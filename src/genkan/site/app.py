"""The site as an ASGI application: the whole route table, one line a conductor."""

from collections.abc import Callable

from genkan.site import account, authorization, mobile, signin, static_files, tokens
from genkan.site.dispatch import Dispatcher
from genkan.site.door import Door
from genkan.site.peer import Peers
from genkan.site.routes import Rule


def route_table(base_url: str) -> tuple[Rule, ...]:
    """Every route: path, methods, handler, who may call it, how it is protected."""
    return (
        *tokens.RULES,
        *mobile.rules(base_url),
        *authorization.RULES,
        *signin.RULES,
        *account.RULES,
        *static_files.RULES,
    )


def build(door: Door, peers: Peers, ticks: Callable[[], float]) -> Dispatcher:
    """The ASGI application. Raises Undeclared when a route does not say who may call it."""
    return Dispatcher(door, route_table(door.public.text), peers, ticks)
