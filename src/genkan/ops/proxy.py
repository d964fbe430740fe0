"""What `genkan proxy` offers: a configuration for each reverse proxy it knows, one row each."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources

from genkan.ops.caddy import caddy_config, caddy_problem
from genkan.ops.nginx import nginx_config
from genkan.ops.proxied import Layout, proxy_problem
from genkan.settings import Settings

__all__ = ["PROXIES", "Layout", "Proxy", "caddy_config", "nginx_config", "proxy_problem"]


@dataclass(frozen=True, slots=True)
class Proxy:
    """``how`` says what the text is and where it goes, ``file`` is its usual name. ``lacks`` is what this proxy cannot
    carry of what is asked for, as one sentence. ``beside`` is a file of the package that the text reads where an
    application is guarded: it is written beside it.
    """

    how: str
    file: str
    config: Callable[[Settings, Layout], str]
    lacks: Callable[[Settings, Layout], str | None] | None = None
    beside: str = ""

    @property
    def beside_text(self) -> str:
        """What ``beside`` holds; it is no secret."""
        return (resources.files(__package__) / "proxies" / self.beside).read_text("utf-8")

    def problem(self, settings: Settings, layout: Layout) -> str | None:
        """Why it cannot be printed, as one sentence."""
        return proxy_problem(settings, layout) or (self.lacks(settings, layout) if self.lacks else None)


PROXIES = {
    "nginx": Proxy("Print a file to include inside nginx's http block.", "genkan.conf", nginx_config),
    "caddy": Proxy("Print a file to import into the Caddyfile.", "genkan.caddy", caddy_config, caddy_problem),
}
