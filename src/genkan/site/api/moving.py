"""What moving the site to another base URL takes: the lines to write, what else says the old address, what stays."""

from collections.abc import Sequence
from dataclasses import dataclass

from genkan.protocol.records import Link
from genkan.settings import Settings
from genkan.site.phone_guide import mdm_value
from genkan.site.seen_address import setting_line
from genkan.wire.urls import BaseURL, BaseURLProblem, is_loopback_host, parse_base_url

FORMER_VARIABLE = "GENKAN_FORMER_BASE_URLS"


@dataclass(frozen=True, slots=True)
class Plan:
    """``lines`` are for the environment, ``toml`` for genkan.toml. ``same_host``: cookies stay, and so do browsers.

    ``behind_proxy``: the settings name one, so its configuration has to be printed anew. ``neighbours`` are the links
    whose answers go to the host that the site leaves, by name.
    """

    to: str
    lines: str
    toml: str
    mdm_value: str
    same_host: bool
    behind_proxy: bool
    neighbours: tuple[str, ...]


def plan(
    text: str, settings: Settings, title: str, app: Link | None, links: Sequence[Link]
) -> Plan | BaseURLProblem | None:
    """What to do for a move to this address; None where the site is there already."""
    to = parse_base_url(text.strip(), allow_http=settings.insecure_http)
    if isinstance(to, BaseURLProblem):
        return to
    here = settings.public
    if to.text == here.text:
        return None
    former = [base.text for base in (*settings.former, here) if base.text != to.text and not base.is_loopback]
    quoted = ", ".join(f'"{address}"' for address in former)
    return Plan(
        to=to.text,
        lines="\n".join([setting_line(to.text), *([f"{FORMER_VARIABLE}={','.join(former)}"] if former else [])]),
        toml="\n".join([f'base_url = "{to.text}"', *([f"former_base_urls = [{quoted}]"] if former else [])]),
        mdm_value=mdm_value(title, to.text, app),
        same_host=(to.host, to.secure) == (here.host, here.secure),
        behind_proxy=bool(settings.trusted_proxies),
        neighbours=tuple(link.name for link in links if _answers_at(link, here)),
    )


def _answers_at(link: Link, base: BaseURL) -> bool:
    """Whether one of a link's redirect URLs is on the site's own host; loopback is everybody's."""
    at = (f"{base.origin}/", f"{base.origin}?")
    return not is_loopback_host(base.host) and any(f"{uri}/".startswith(at) for uri in link.redirects)
