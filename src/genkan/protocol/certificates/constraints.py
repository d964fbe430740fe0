"""Name constraints: which names an authority may vouch for (RFC 5280 4.2.1.10, 6.1.3 b and c, 6.1.4 g).

The anchor's own constraints count too (RFC 5937 3): who wrote them into a CA certificate meant them.
"""

import ipaddress
from collections.abc import Iterator, Sequence

from cryptography import x509
from cryptography.x509.oid import NameOID

from genkan.protocol.certificates.reading import extension, shown
from genkan.wire import uri

_Way = Sequence[x509.Certificate]


class _Unjudged(Exception):
    """A constraint on a name that we cannot compare: the certificate must be refused (RFC 5280 4.2.1.10)."""


def constraint_fault(way: _Way) -> str:
    """What an authority forbids of the names below it; empty where nothing is forbidden."""
    for depth, authority in enumerate(way):
        constraints = extension(authority, x509.NameConstraints)
        if depth == 0 or constraints is None:
            continue
        for below in _judged(way[:depth]):
            wrong = _fault_of(below, constraints)
            if wrong:
                return f"{shown(authority.subject)} {wrong}"
    return ""


def _judged(below: _Way) -> Iterator[x509.Certificate]:
    """RFC 5280 6.1.3 (b): the leaf, and authorities that did not issue themselves a new key."""
    for depth, certificate in enumerate(below):
        if depth == 0 or certificate.subject != certificate.issuer:
            yield certificate


def _fault_of(certificate: x509.Certificate, constraints: x509.NameConstraints) -> str:
    permitted, excluded = constraints.permitted_subtrees or [], constraints.excluded_subtrees or []
    for name in _names(certificate):
        told = f"the name {name.value if isinstance(name.value, str) else shown(certificate.subject)!r:.100}"
        try:
            if any(_covers(base, name) for base in excluded if _same_kind(base, name)):
                return f"excludes {told}"
            own = [base for base in permitted if _same_kind(base, name)]
            if own and not any(_covers(base, name) for base in own):
                return f"does not permit {told}"
        except _Unjudged:
            return f"constrains names of a kind that cannot be compared ({type(name).__name__})"
    return ""


def _names(certificate: x509.Certificate) -> Iterator[x509.GeneralName]:
    if certificate.subject.rdns:
        yield x509.DirectoryName(certificate.subject)
    yield from extension(certificate, x509.SubjectAlternativeName) or ()
    # RFC 5280 4.2.1.10 constrains an e-mail address in the subject only where there is no alternative name at all.
    # The rule subject-email= reads it in any case, so it is judged in any case: an authority could otherwise put a
    # foreign address there, and any alternative name beside it.
    for attribute in certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS):
        yield _mail_of(attribute.value)


def _mail_of(text: str | bytes) -> x509.RFC822Name:
    """What is no address stands as one without a host, which cannot be compared to anything."""
    try:
        return x509.RFC822Name(text if isinstance(text, str) else "unreadable")
    except ValueError:
        return x509.RFC822Name("unreadable")


def _same_kind(base: x509.GeneralName, name: x509.GeneralName) -> bool:
    if isinstance(base, x509.OtherName) and isinstance(name, x509.OtherName):
        return base.type_id == name.type_id
    return type(base) is type(name)


def _covers(base: x509.GeneralName, name: x509.GeneralName) -> bool:
    match base, name:
        case x509.DirectoryName(), x509.DirectoryName():
            first = _folded(base.value)
            return _folded(name.value)[: len(first)] == first
        case x509.DNSName(), x509.DNSName():
            return _within(name.value.lower(), base.value.lower())
        case x509.RFC822Name(), x509.RFC822Name():
            return _mail_covers(base.value, name.value)
        case x509.UniformResourceIdentifier(), x509.UniformResourceIdentifier():
            return _host_covers(base.value.lower(), _host_of(name.value))
        case x509.IPAddress(), x509.IPAddress():
            return _network_covers(base.value, name.value)
        case _:
            raise _Unjudged


def _within(host: str, base: str) -> bool:
    """RFC 5280 4.2.1.10: labels may be added to the left; an empty base covers all."""
    bare = base.removeprefix(".")
    return not bare or (host == bare and base == bare) or host.endswith(f".{bare}")


def _host_covers(base: str, host: str) -> bool:
    """For hosts in addresses: with a leading dot any host below it, without one this host alone."""
    return host.endswith(base) and host != base if base.startswith(".") else host == base


def _mail_covers(base: str, address: str) -> bool:
    local, at, host = address.rpartition("@")
    if not at or not local or not host:
        raise _Unjudged
    if "@" in base:
        base_local, _, base_host = base.rpartition("@")
        return (local, host.lower()) == (base_local, base_host.lower())
    return not base or _host_covers(base.lower(), host.lower())


def _host_of(text: str) -> str:
    parts = uri.split(text)
    authority = uri.split_authority((parts.authority or "").rpartition("@")[2]) if parts else None
    # RFC 5280 4.2.1.10: an address without a host name cannot satisfy a constraint, and is refused.
    if authority is None or uri.is_ipv4(authority.host) or uri.is_ipv6(authority.host):
        raise _Unjudged
    return authority.host.lower()


def _network_covers(base: object, value: object) -> bool:
    match base, value:
        case ipaddress.IPv4Network(), ipaddress.IPv4Address():
            return value in base
        case ipaddress.IPv6Network(), ipaddress.IPv6Address():
            return value in base
        case ((ipaddress.IPv4Network() | ipaddress.IPv6Network()), (ipaddress.IPv4Address() | ipaddress.IPv6Address())):
            return False
        case _:
            raise _Unjudged


def _folded(name: x509.Name) -> list[frozenset[tuple[str, str | bytes]]]:
    """RFC 5280 7.1: attributes are compared without case and with spaces as one."""
    return [
        frozenset(
            (one.oid.dotted_string, " ".join(one.value.casefold().split()) if isinstance(one.value, str) else one.value)
            for one in rdn
        )
        for rdn in name.rdns
    ]
