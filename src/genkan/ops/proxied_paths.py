"""Which paths on its host are the site's own, so that no guarded application may be put there."""

from functools import lru_cache

from genkan.settings import Settings
from genkan.site.app import route_table
from genkan.wire.urls import BaseURL

# Whatever the context path: what browsers and programs ask of the host, and the printed configuration's own question.
_OF_THE_HOST = ("/.well-known/", "/_genkan_verify/")


def is_own_path(settings: Settings, path: str) -> bool:
    """Whether an application at this folder (as in /app/) would take something from the site: one that contains, is or
    is below what the site serves. Some proxies compare without regard to case, so this does.
    """
    asked = path.casefold()
    roots = [f"{base.path}/".casefold() for base in (settings.public, *settings.former) if _is_here(settings, base)]
    words = [*_OF_THE_HOST, *(f"{root}{first}/" for root in roots for first in _first_words())]
    # Below the context path itself all is free that is none of the site's words.
    return any(own.startswith(asked) for own in (*roots, *words)) or any(asked.startswith(own) for own in words)


def _is_here(settings: Settings, base: BaseURL) -> bool:
    return base.origin == settings.public.origin


@lru_cache(maxsize=1)
def _first_words() -> frozenset[str]:
    """The first segment of every route: what stands below the same one tomorrow is the site's as well."""
    paths = (rule.path for rule in route_table("https://site.invalid"))
    return frozenset(path.split("/")[1].casefold() for path in paths) - {""}
