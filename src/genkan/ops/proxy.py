"""What `genkan proxy` offers: a configuration for each reverse proxy it knows."""

from genkan.ops.caddy import caddy_config
from genkan.ops.nginx import nginx_config
from genkan.ops.proxied import Layout, proxy_problem

__all__ = ["Layout", "caddy_config", "nginx_config", "proxy_problem"]
