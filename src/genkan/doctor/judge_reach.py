"""Judgements of the way to the site: the address as typed, its name, connections, and plain http's redirect."""

import ipaddress

from genkan.doctor.observed import Q, Seen, Silence, Silent, host_of, origin_of, place
from genkan.doctor.telling import Told
from genkan.doctor.verdicts import Probe
from genkan.wire import uri
from genkan.wire.addresses import Address, kind_of


def address(seen: Seen) -> Probe:
    """The address as typed: the one that goes into the app and into the MDM value."""
    told = Told("address", seen.target.typed, "The app joins its paths to this very address and follows no redirect.")
    base = seen.target.base
    if seen.target.pasted:
        return told.wrong("the address of a page, not of the site", f"Use {base.text}, which was looked at instead.")
    if not base.secure and not base.is_loopback:
        fix = f"Serve the site by https, and write https://{base.text.removeprefix('http://')}."
        return told.wrong("plain http: passwords and tokens could be read on the way, and iOS refuses it", fix)
    if base.is_loopback:
        return told.ok("this very machine: fit for trying the site out, and no phone can reach it")
    if uri.is_ipv4(base.host) or uri.is_ipv6(base.host):
        fix = "Give the site a name, and use it in the base URL: passkeys need one, and so do most certificates."
        return told.warning("an IP address where a name belongs", fix)
    if seen.target.typed != base.text:
        return told.ok(f"read as {base.text}")
    return told.ok("fit for the app")


def name(seen: Seen) -> Probe:
    """What the name leads to."""
    host = seen.target.base.host
    told = Told("name", f"the addresses of {host} (A and AAAA)", "A phone asks its own network's DNS for this name.")
    if seen.names is None:
        return told.unknown("not asked")
    if not seen.names.addresses:
        fix = f"Check the spelling of {host}, and that its name is published where the phones are."
        return told.wrong(seen.names.fault or "the name has no address", fix)
    kinds = {text: kind_of(_address(text)) for text in seen.names.addresses}
    answered = ", ".join(f"{text} ({kind})" if kind else text for text, (kind, _) in kinds.items())
    if seen.target.base.is_loopback:
        return told.ok(answered)
    # RFC 6052 2.1: on a network without IPv4 its own resolver makes these for every name.
    odd = [text for text, (kind, inside) in kinds.items() if kind and not inside and "NAT64" not in kind]
    if odd:
        return told.wrong(answered, f"Remove {', '.join(odd)} from the records of {host}: no phone reaches it there.")
    if any(_address(text).is_loopback for text in kinds):
        # What a server's own hosts file says of its name: no fault, but not what a phone sees.
        fix = f"Run the check from another machine: this one takes {host} for itself, which phones do not."
        return told.warning(answered, fix)
    closed = [text for text, (kind, inside) in kinds.items() if kind and inside]
    if closed and len(closed) < len(kinds):
        fix = "Publish either addresses that are open to all or private ones: which of these a phone takes is chance."
        return told.warning(answered, fix)
    if closed:
        return told.ok(f"{answered}: phones reach it within your network or through its VPN or app tunnel")
    return told.ok(answered)


def _address(text: str) -> Address:
    return ipaddress.ip_address(text.partition("%")[0])


def connection(seen: Seen) -> Probe:
    """Whether each address takes connections."""
    base = seen.target.base
    port = base.port or (443 if base.secure else 80)
    told = Told("connection", f"a connection to each address, port {port}", "A phone picks an address by itself.")
    if not seen.tried:
        return told.unknown("not asked, for want of an address")
    dead = [one for one in seen.tried if one.fault]
    answered = ", ".join(f"{one.address} {one.fault or 'answers'}" for one in seen.tried)
    if len(dead) == len(seen.tried):
        fix = f"See that the site or its proxy runs and that firewalls let port {port} through from where phones are."
        return told.wrong(answered, fix)
    if dead and not base.is_loopback:
        # localhost has two addresses on most machines, and sites for trying out listen on one.
        listed = ", ".join(one.address for one in dead)
        return told.warning(answered, f"Make {listed} answer on port {port}, or remove it from the name's records.")
    return told.ok(answered)


def http_redirect(seen: Seen) -> Probe:
    """Whether plain http leads to https, on the same host."""
    base = seen.target.base
    told = Told(
        "http-redirect",
        f"http://{base.host}{base.path}/",
        "Somebody who types the address without https:// shall arrive, and nothing shall be served unencrypted.",
    )
    if not base.secure:
        return told.ok("not asked: the address is plain http itself")
    answer = seen.first(Q.PLAIN)
    if isinstance(answer, Silent):
        if answer.silence in {Silence.CONNECTION, Silence.SLOW}:
            return told.ok("nobody answers by plain http, which is safe too")
        if base.port is not None and answer.silence is Silence.NOT_ASKED:
            return told.ok("not asked: the address has a port of its own")
        return told.unasked(answer)
    if not answer.redirects:
        if answer.status >= 400:
            return told.ok(f"{answer.briefly}: nothing is served by plain http")
        fix = f"Let port 80 do nothing but redirect to {base.origin}."
        return told.warning(f"{answer.briefly}: the site answers by plain http", fix)
    if answer.target.startswith("https://") and host_of(answer.target) == base.host:
        return told.ok(answer.briefly)
    where = origin_of(answer.target) or "an address that cannot be read"
    fix = f"Let port 80 redirect to {base.origin}, and not to {where}."
    return told.warning(f"sent to {place(answer.target)}{private_note(answer.target)}, which was not followed", fix)


def private_note(url: str) -> str:
    """What to say of a redirect to an address that only some networks reach."""
    host = host_of(url)
    if not (uri.is_ipv4(host) or uri.is_ipv6(host)):
        return ""
    kind, _ = kind_of(ipaddress.ip_address(host))
    return f" ({kind})" if kind else ""
