"""What a browser sees beside what the setting of the base URL says: which part differs, and which line would mend it.

Nothing here makes an address that is used: what a client sent is only shown back to it.
"""

from dataclasses import dataclass

from genkan.wire.urls import BaseURL, parse_base_url

VARIABLE = "GENKAN_BASE_URL"


@dataclass(frozen=True, slots=True)
class Difference:
    """``part``: ``scheme`` where host and port are the right ones, else ``host``. ``line`` is the setting under which
    the address that was seen would be right; empty where it cannot be a site's address.
    """

    part: str
    line: str


def difference(seen_origin: str, public: BaseURL) -> Difference:
    """How an origin that was asked for differs from the site's own."""
    seen_scheme, _, seen_host = seen_origin.partition("://")
    same_host = seen_host == public.origin.partition("://")[2]
    found = parse_base_url(seen_origin + public.path)
    line = setting_line(found.text) if isinstance(found, BaseURL) else ""
    return Difference("scheme" if same_host and seen_scheme != public.scheme else "host", line)


def setting_line(base_url: str) -> str:
    """What to write where the site's environment is set."""
    return f"{VARIABLE}={base_url}"
