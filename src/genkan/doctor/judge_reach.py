"""Judgements of the way to the site: the address as typed, its name, connections, and plain http's redirect."""

import ipaddress

from genkan.doctor.observed import Q, Seen, Silence, Silent, Tried, host_of, origin_of, place
from genkan.doctor.saying import joined, plain, say
from genkan.doctor.telling import Told
from genkan.doctor.verdicts import Probe
from genkan.wire import uri
from genkan.wire.addresses import Address, kind_of
from genkan.wire.sentences import Sentence


def address(seen: Seen) -> Probe:
    """The address as typed: the one that goes into the app and into the MDM value."""
    told = Told(
        "address",
        plain(seen.target.typed),
        say("The app joins its paths to this very address and follows no redirect."),
    )
    base = seen.target.base
    if seen.target.pasted:
        return told.wrong(
            say("the address of a page, not of the site"),
            say("Use %(address)s, which was looked at instead.", address=base.text),
        )
    if not base.secure and not base.is_loopback:
        fix = say(
            "Serve the site by https, and write https://%(removeprefix)s.",
            removeprefix=base.text.removeprefix("http://"),
        )
        return told.wrong(say("plain http: passwords and tokens could be read on the way, and iOS refuses it"), fix)
    if base.is_loopback:
        return told.ok(say("this very machine: fit for trying the site out, and no phone can reach it"))
    if uri.is_ipv4(base.host) or uri.is_ipv6(base.host):
        fix = say("Give the site a name, and use it in the base URL: passkeys need one, and so do most certificates.")
        return told.warning(say("an IP address where a name belongs"), fix)
    if seen.target.typed != base.text:
        return told.ok(say("read as %(address)s", address=base.text))
    return told.ok(say("fit for the app"))


def name(seen: Seen) -> Probe:
    """What the name leads to."""
    host = seen.target.base.host
    told = Told(
        "name",
        say("the addresses of %(host)s (A and AAAA)", host=host),
        say("A phone asks its own network's DNS for this name."),
    )
    if seen.names is None:
        return told.unknown(say("not asked"))
    if not seen.names.addresses:
        fix = say("Check the spelling of %(host)s, and that its name is published where the phones are.", host=host)
        judged = told.unknown if seen.names.silent else told.wrong
        return judged(seen.names.fault or say("the name has no address"), fix)
    kinds = {text: kind_of(_address(text)) for text in seen.names.addresses}
    listed = [
        say("%(address)s (%(kind)s)", address=text, kind=Sentence(kind)) if kind else plain(text)
        for text, (kind, _) in kinds.items()
    ]
    answered = joined(listed, ", ")
    if seen.target.base.is_loopback:
        return told.ok(answered)
    # RFC 6052 2.1: on a network without IPv4 its own resolver makes these for every name.
    odd = [text for text, (kind, inside) in kinds.items() if kind and not inside and "NAT64" not in kind]
    if odd:
        return told.wrong(
            answered,
            say(
                "Remove %(listed)s from the records of %(host)s: no phone reaches it there.",
                listed=", ".join(odd),
                host=host,
            ),
        )
    if any(_address(text).is_loopback for text in kinds):
        # What a server's own hosts file says of its name: no fault, but not what a phone sees.
        fix = say(
            "Run the check from another machine: this one takes %(host)s for itself, which phones do not.", host=host
        )
        return told.warning(answered, fix)
    closed = [text for text, (kind, inside) in kinds.items() if kind and inside]
    if closed and len(closed) < len(kinds):
        fix = say(
            "Publish either addresses that are open to all or private ones: which of these a phone takes is chance."
        )
        return told.warning(answered, fix)
    if closed:
        return told.ok(
            say("%(answered)s: phones reach it within your network or through its VPN or app tunnel", answered=answered)
        )
    return told.ok(answered)


def _address(text: str) -> Address:
    return ipaddress.ip_address(text.partition("%")[0])


def connection(seen: Seen) -> Probe:
    """Whether each address takes connections."""
    base = seen.target.base
    port = base.port or (443 if base.secure else 80)
    told = Told(
        "connection",
        say("a connection to each address, port %(port)s", port=port),
        say("A phone picks an address by itself."),
    )
    if not seen.tried:
        return told.unknown(say("not asked, for want of an address"))
    unseen = _unseen(seen.tried)
    tried = [one for one in seen.tried if one not in unseen]
    dead = [one for one in tried if one.fault]
    each = [
        say("%(address)s %(fault)s", address=one.address, fault=one.fault)
        if one.fault
        else say("%(address)s answers", address=one.address)
        for one in tried
    ]
    answered = joined([*each, *_not_seen(unseen)], ", ")
    if len(dead) == len(tried):
        fix = say(
            "See that the site or its proxy runs and that firewalls let port %(port)s through from where phones are.",
            port=port,
        )
        return told.unknown(answered, fix) if all(one.silent for one in dead) else told.wrong(answered, fix)
    if dead and not base.is_loopback:
        # localhost has two addresses on most machines, and sites for trying out listen on one.
        listed = ", ".join(one.address for one in dead)
        return told.warning(
            answered,
            say(
                "Make %(listed)s answer on port %(port)s, or remove it from the name's records.",
                listed=listed,
                port=port,
            ),
        )
    return told.ok(answered)


def _unseen(tried: tuple[Tried, ...]) -> list[Tried]:
    """The addresses of a family that this machine has no way to: a phone may well have one."""
    routed = {_address(one.address).version for one in tried if not one.unrouted}
    return [one for one in tried if routed and _address(one.address).version not in routed]


def _not_seen(unseen: list[Tried]) -> list[Sentence]:
    if not unseen:
        return []
    listed = ", ".join(one.address for one in unseen)
    if _address(unseen[0].address).version == 4:
        return [say("this machine has no IPv4: %(listed)s not seen", listed=listed)]
    return [say("this machine has no IPv6: %(listed)s not seen", listed=listed)]


def http_redirect(seen: Seen) -> Probe:
    """Whether plain http leads to https, on the same host."""
    base = seen.target.base
    told = Told(
        "http-redirect",
        plain(f"http://{base.host}{base.path}/"),
        say("Somebody who types the address without https:// shall arrive, and nothing shall be served unencrypted."),
    )
    if not base.secure:
        return told.ok(say("not asked: the address is plain http itself"))
    answer = seen.first(Q.PLAIN)
    if isinstance(answer, Silent):
        if answer.silence in {Silence.CONNECTION, Silence.SLOW}:
            return told.ok(say("nobody answers by plain http, which is safe too"))
        if base.port is not None and answer.silence is Silence.NOT_ASKED:
            return told.ok(say("not asked: the address has a port of its own"))
        return told.unasked(answer)
    if not answer.redirects:
        if answer.status >= 400:
            return told.ok(say("%(briefly)s: nothing is served by plain http", briefly=answer.briefly))
        fix = say("Let port 80 do nothing but redirect to %(origin)s.", origin=base.origin)
        return told.warning(say("%(briefly)s: the site answers by plain http", briefly=answer.briefly), fix)
    if answer.target.startswith("https://") and host_of(answer.target) == base.host:
        return told.ok(answer.briefly)
    where = origin_of(answer.target) or say("an address that cannot be read")
    fix = say("Let port 80 redirect to %(origin)s, and not to %(where)s.", origin=base.origin, where=where)
    note = private_note(answer.target)
    if note is None:
        answered = say("sent to %(place)s, which was not followed", place=place(answer.target))
    else:
        answered = say("sent to %(place)s (%(note)s), which was not followed", place=place(answer.target), note=note)
    return told.warning(answered, fix)


def private_note(url: str) -> Sentence | None:
    """What to say of a redirect to an address that only some networks reach."""
    host = host_of(url)
    if not (uri.is_ipv4(host) or uri.is_ipv6(host)):
        return None
    kind, _ = kind_of(ipaddress.ip_address(host))
    return Sentence(kind) if kind else None
