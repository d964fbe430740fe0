"""Grading the configuration by RFC 9700, as far as settings decide: what is built in, and what an operator has chosen.

What single application links choose is for link_grading.py.
"""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from genkan.protocol.env import DAY, HOUR, MINUTE, SECOND
from genkan.protocol.finding_words import ABSENT, BUILT_IN
from genkan.protocol.findings import Finding, Grade
from genkan.protocol.policy import Lifetimes

LONG_ACCESS = HOUR
TOO_LONG_ACCESS = DAY
LONG_CODE = MINUTE
LONG_RETRY = MINUTE
LONG_REFRESH = 180 * DAY
# A proxy is one machine or a few; a network of more is everybody in the house.
WIDE_IPV4, WIDE_IPV6 = 24, 64
_HTTPS_LINE = "GENKAN_BASE_URL=https://login.example.com"
_RETRY_LINE = "GENKAN_RETRY_WINDOW_SECONDS=30"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the operator's settings say. ``encrypted``: the base URL is https; ``loopback``: it is this machine's."""

    lifetimes: Lifetimes
    encrypted: bool
    loopback: bool
    http_redirects: bool
    proxies: tuple[str, ...]


def grade_settings(chosen: Chosen) -> list[Finding]:
    """What settings decide, then what is built in and what is not offered."""
    return [
        _encryption(chosen),
        *_http_redirects(chosen),
        _access(chosen),
        *_code(chosen),
        *_refresh(chosen),
        _proxy(chosen),
        *(Finding(id, Grade.GOOD) for id in BUILT_IN),  # noqa: A001 the member's name
        *(Finding(id, Grade.ABSENT) for id in ABSENT),  # noqa: A001
    ]


def _encryption(chosen: Chosen) -> Finding:
    # RFC 9700 2.6: end to end TLS between a phone and this site
    if chosen.encrypted:
        return Finding("https", Grade.GOOD)
    if chosen.loopback:
        return Finding("loopback", Grade.WEAK, line=_HTTPS_LINE)
    return Finding("plain_http", Grade.BAD, line=_HTTPS_LINE)


def _http_redirects(chosen: Chosen) -> Iterator[Finding]:
    # RFC 9700 2.6: no redirect address over plain http but on a loopback address
    if chosen.http_redirects:
        yield Finding("http_redirects", Grade.BAD, line="GENKAN_INSECURE_REDIRECTS=0")


def _access(chosen: Chosen) -> Finding:
    lives = chosen.lifetimes.access
    values = {"minutes": max(1, lives // MINUTE)}
    if lives <= LONG_ACCESS:
        return Finding("access_short", Grade.GOOD, values)
    grade = Grade.BAD if lives > TOO_LONG_ACCESS else Grade.WEAK
    return Finding("access_long", grade, values, f"GENKAN_ACCESS_SECONDS={LONG_ACCESS // SECOND}")


def _code(chosen: Chosen) -> Iterator[Finding]:
    lives = chosen.lifetimes.code
    if lives > LONG_CODE:
        line = f"GENKAN_CODE_SECONDS={LONG_CODE // SECOND}"
        yield Finding("code_long", Grade.WEAK, {"seconds": lives // SECOND}, line)


def _refresh(chosen: Chosen) -> Iterator[Finding]:
    window, silent = chosen.lifetimes.retry_window, chosen.lifetimes.refresh
    if window == 0:
        yield Finding("no_retry", Grade.WEAK, line=_RETRY_LINE)
    if window > LONG_RETRY:
        # RFC 9700 4.14.2: as long as an old token is taken for a retry, it is good for a thief
        yield Finding("long_retry", Grade.WEAK, {"seconds": window // SECOND}, _RETRY_LINE)
    if silent > LONG_REFRESH:
        # RFC 9700 4.14.2: refresh tokens of phones that are used no more should end
        yield Finding("refresh_long", Grade.WEAK, {"days": silent // DAY}, "GENKAN_REFRESH_SECONDS=7776000")


def _proxy(chosen: Chosen) -> Finding:
    # RFC 9700 4.13: what a proxy says of the client must not be what the client says
    wide = next((text for text in chosen.proxies if _is_wide(text)), None)
    if wide is not None:
        return Finding("wide_proxy", Grade.WEAK, {"network": wide}, "GENKAN_TRUSTED_PROXIES=10.0.0.5")
    return Finding("proxy_known" if chosen.proxies else "no_proxy", Grade.GOOD)


def _is_wide(text: str) -> bool:
    network = ipaddress.ip_network(text, strict=False)
    return network.prefixlen < (WIDE_IPV4 if network.version == 4 else WIDE_IPV6)
