"""Addresses that the site had before: is a request under one of them, and where does it lead now? They are compared
with and nothing else; every address that is made comes from the base URL.
"""

from collections.abc import Sequence
from urllib.parse import quote

from genkan.wire import urls
from genkan.wire.urls import BaseURL


class FormerAddresses:
    """The former base URLs, the longest path first, so that the nearest one counts."""

    def __init__(self, public: BaseURL, former: Sequence[BaseURL]) -> None:
        self._public = public
        self._former = tuple(sorted(former, key=lambda base: -len(base.path)))

    def __bool__(self) -> bool:
        return bool(self._former)

    def knows(self, origin: str) -> bool:
        """Whether the site was at this origin."""
        return any(is_at(base, origin) for base in self._former)

    def below(self, origin: str, path: str) -> str | None:
        """The path below the former base URL under which a request came; None under the present one, or under none."""
        if is_at(self._public, origin) and _is_below(self._public, path):
            return None
        found = next((base for base in self._former if is_at(base, origin) and _is_below(base, path)), None)
        return None if found is None else path[len(found.path) :] or "/"

    def present(self, below: str, query: str) -> str | None:
        """The same place under the base URL; None for a path that no address can have."""
        path = quote(below)
        try:
            return urls.join(self._public.text, f"{path}?{query}" if query else path)
        except ValueError:
            return None


def is_at(base: BaseURL, origin: str) -> bool:
    """Whether an origin as a client named it is that of a base URL; the scheme's own port may be written."""
    return origin in (base.origin, f"{base.origin}:{443 if base.secure else 80}")


def _is_below(base: BaseURL, path: str) -> bool:
    return path == base.path or path.startswith(base.path + "/")
