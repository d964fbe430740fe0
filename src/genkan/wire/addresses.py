"""Owns what kind of IP address one is: open to everybody, somebody's own, or special. Decides nothing about it."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Addresses within addresses: the router or the kernel would go to the IPv4 address that is written inside.
_WRAPPED: tuple[tuple[str, Network], ...] = tuple(
    (name, ipaddress.ip_network(text))
    for name, text in (
        ("an IPv4 address mapped into IPv6", "::ffff:0:0/96"),  # RFC 4291 2.5.5.2
        ("an IPv4-compatible address", "::/96"),  # RFC 4291 2.5.5.1
        ("a translated address (NAT64)", "64:ff9b::/96"),  # RFC 6052 2.1
        ("a translated address (NAT64)", "64:ff9b:1::/48"),  # RFC 8215 3
        ("a 6to4 address", "2002::/16"),  # RFC 3056 2
        ("a Teredo address", "2001::/32"),  # RFC 4380 2.6
    )
)
# Clouds answer with credentials at these; some are public or private addresses like any other.
_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16")
)
_LOOPBACK = tuple(ipaddress.ip_network(text) for text in ("127.0.0.0/8", "::1/128"))  # RFC 1122 3.2.1.3, RFC 4291 2.5.3
_CARRIER = ipaddress.ip_network("100.64.0.0/10")  # RFC 6598 7


def kind_of(address: Address) -> tuple[str, bool]:
    """What makes an address closed, empty where it is open; and whether an organisation gives it its own servers."""
    if address in _METADATA:
        return "an address where clouds hand out credentials", False
    if address.is_unspecified:
        return "the unspecified address", False
    # Not is_loopback: from Python 3.13 on an IPv4 address within an IPv6 one counts there, too.
    if any(address in network for network in _LOOPBACK):
        return "a loopback address", True
    for name, network in _WRAPPED:
        if address in network:
            return name, False
    if address.is_multicast:
        return "a multicast address", False
    if address.is_link_local:
        return "a link-local address", False
    if address in _CARRIER:
        return "a carrier's private address", True
    if address.is_private and not _is_special(address):
        return "a private address", True
    is_open = address.is_global and _is_unicast(address)
    return ("", False) if is_open else ("a reserved address", False)


# Special by their registries, which the standard library follows at another pace in each version of Python:
# RFC 6890 2.2.2, RFC 7526 4, RFC 9637 3.
_RESERVED = tuple(ipaddress.ip_network(text) for text in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20"))
_UNICAST = ipaddress.ip_network("2000::/3")  # RFC 4291 2.4: the only global unicast addresses given out


def _is_unicast(address: Address) -> bool:
    if any(address in network for network in _RESERVED):
        return False
    return address.version == 4 or address in _UNICAST


_OWN = tuple(
    ipaddress.ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)  # RFC 1918 3, RFC 4193 3.1


def _is_special(address: Address) -> bool:
    """Private in the registry's wide sense (documentation, benchmarks, this host), and yet nobody's own network."""
    return not any(address in network for network in _OWN)
