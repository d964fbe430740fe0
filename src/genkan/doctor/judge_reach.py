"""Rules for the way to the site: the address as typed, its name, connections, and plain http's redirect."""

import ipaddress

from genkan.doctor.observed import Q, Seen, Silence, Silent, Tried, host_of, origin_of, place
from genkan.doctor.saying import joined, plain, say
from genkan.doctor.table import Rule, Values, always, heard, no_answer, ok, unknown, warning, wrong
from genkan.wire import uri
from genkan.wire.addresses import Address, kind_of
from genkan.wire.sentences import Sentence


def _is_bare_address(seen: Seen) -> bool:
    return uri.is_ipv4(seen.target.base.host) or uri.is_ipv6(seen.target.base.host)


def _is_here(seen: Seen) -> bool:
    return seen.target.base.is_loopback


_VALUES: Values = {
    "address": lambda seen: seen.target.base.text,
    "removeprefix": lambda seen: seen.target.base.text.removeprefix("http://"),
    "host": lambda seen: seen.target.base.host,
    "port": lambda seen: seen.target.base.port or (443 if seen.target.base.secure else 80),
    "origin": lambda seen: seen.target.base.origin,
}


def _typed(seen: Seen) -> Sentence:
    """The address as typed."""
    return plain(seen.target.typed)


ADDRESS = Rule(
    "address",
    _typed,
    say("The app joins its paths to this very address and follows no redirect."),
    (
        wrong(
            lambda seen: seen.target.pasted,
            say("the address of a page, not of the site"),
            say("Use %(address)s, which was looked at instead."),
        ),
        wrong(
            lambda seen: not seen.target.base.secure and not _is_here(seen),
            say("plain http: passwords and tokens could be read on the way, and iOS refuses it"),
            say("Serve the site by https, and write https://%(removeprefix)s."),
        ),
        ok(_is_here, say("this very machine: fit for trying the site out, and no phone can reach it")),
        warning(
            _is_bare_address,
            say("an IP address where a name belongs"),
            say("Give the site a name, and use it in the base URL: passkeys need one, and so do most certificates."),
        ),
        ok(lambda seen: seen.target.typed != seen.target.base.text, say("read as %(address)s")),
        ok(always, say("fit for the app")),
    ),
    _VALUES,
)


def _address(text: str) -> Address:
    return ipaddress.ip_address(text.partition("%")[0])


def _kinds(seen: Seen) -> dict[str, tuple[str, bool]]:
    """What kind each address is of, empty where it is public, and whether it is one of a network of its own."""
    return {text: kind_of(_address(text)) for text in (seen.names.addresses if seen.names else ())}


def _odd(seen: Seen) -> list[str]:
    """Addresses at which no phone reaches anybody. RFC 6052 2.1: NAT64 is made for every name where IPv4 is missing."""
    return [text for text, (kind, inside) in _kinds(seen).items() if kind and not inside and "NAT64" not in kind]


def _closed(seen: Seen) -> list[str]:
    return [text for text, (kind, inside) in _kinds(seen).items() if kind and inside]


def _fault(seen: Seen) -> Sentence:
    """What the resolver said."""
    fault = seen.names.fault if seen.names is not None else None
    return fault or say("the name has no address")


def _leads_nowhere(seen: Seen) -> bool:
    return seen.names is not None and not seen.names.addresses


def _addresses(seen: Seen) -> Sentence:
    """The addresses, with their kinds."""
    listed = [
        say("%(address)s (%(kind)s)", address=text, kind=Sentence(kind)) if kind else plain(text)
        for text, (kind, _) in _kinds(seen).items()
    ]
    return joined(listed, ", ")


_SPELLING = say("Check the spelling of %(host)s, and that its name is published where the phones are.")
NAME = Rule(
    "name",
    say("the addresses of %(host)s (A and AAAA)"),
    say("A phone asks its own network's DNS for this name."),
    (
        unknown(lambda seen: seen.names is None, say("not asked")),
        unknown(lambda seen: _leads_nowhere(seen) and bool(seen.names and seen.names.silent), _fault, _SPELLING),
        wrong(_leads_nowhere, _fault, _SPELLING),
        ok(_is_here, _addresses),
        wrong(
            lambda seen: bool(_odd(seen)),
            _addresses,
            say("Remove %(listed)s from the records of %(host)s: no phone reaches it there."),
        ),
        # What a server's own hosts file says of its name: no fault, but not what a phone sees.
        warning(
            lambda seen: any(_address(text).is_loopback for text in _kinds(seen)),
            _addresses,
            say("Run the check from another machine: this one takes %(host)s for itself, which phones do not."),
        ),
        warning(
            lambda seen: 0 < len(_closed(seen)) < len(_kinds(seen)),
            _addresses,
            say(
                "Publish either addresses that are open to all or private ones: which of these a phone takes is chance."
            ),
        ),
        ok(
            lambda seen: bool(_closed(seen)),
            say("%(answered)s: phones reach it within your network or through its VPN or app tunnel"),
        ),
        ok(always, _addresses),
    ),
    {**_VALUES, "listed": lambda seen: ", ".join(_odd(seen)), "answered": _addresses},
)


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


def _to_judge(seen: Seen) -> list[Tried]:
    unseen = _unseen(seen.tried)
    return [one for one in seen.tried if one not in unseen]


def _dead(seen: Seen) -> list[Tried]:
    return [one for one in _to_judge(seen) if one.fault]


def _is_dead(seen: Seen) -> bool:
    return len(_dead(seen)) == len(_to_judge(seen))


def _each(seen: Seen) -> Sentence:
    """What each address did."""
    each = [
        say("%(address)s %(fault)s", address=one.address, fault=one.fault)
        if one.fault
        else say("%(address)s answers", address=one.address)
        for one in _to_judge(seen)
    ]
    return joined([*each, *_not_seen(_unseen(seen.tried))], ", ")


_RUNS = say("See that the site or its proxy runs and that firewalls let port %(port)s through from where phones are.")
CONNECTION = Rule(
    "connection",
    say("a connection to each address, port %(port)s"),
    say("A phone picks an address by itself."),
    (
        unknown(lambda seen: not seen.tried, say("not asked, for want of an address")),
        unknown(lambda seen: _is_dead(seen) and all(one.silent for one in _dead(seen)), _each, _RUNS),
        wrong(_is_dead, _each, _RUNS),
        # localhost has two addresses on most machines, and sites for trying out listen on one.
        warning(
            lambda seen: bool(_dead(seen)) and not _is_here(seen),
            _each,
            say("Make %(listed)s answer on port %(port)s, or remove it from the name's records."),
        ),
        ok(always, _each),
    ),
    {**_VALUES, "listed": lambda seen: ", ".join(one.address for one in _dead(seen))},
)


def _plain_is(seen: Seen, *kinds: Silence) -> bool:
    answer = seen.first(Q.PLAIN)
    return isinstance(answer, Silent) and answer.silence in kinds


def _leads_home(seen: Seen) -> bool:
    target = heard(seen, Q.PLAIN).target
    return target.startswith("https://") and host_of(target) == seen.target.base.host


def _sent_where(seen: Seen) -> Sentence:
    """Where it leads; nobody went there."""
    target = heard(seen, Q.PLAIN).target
    note = private_note(target)
    if note is None:
        return say("sent to %(place)s, which was not followed", place=place(target))
    return say("sent to %(place)s (%(note)s), which was not followed", place=place(target), note=note)


HTTP_REDIRECT = Rule(
    "http-redirect",
    lambda seen: plain(f"http://{seen.target.base.host}{seen.target.base.path}/"),
    say("Somebody who types the address without https:// shall arrive, and nothing shall be served unencrypted."),
    (
        ok(lambda seen: not seen.target.base.secure, say("not asked: the address is plain http itself")),
        ok(
            lambda seen: _plain_is(seen, Silence.CONNECTION, Silence.SLOW),
            say("nobody answers by plain http, which is safe too"),
        ),
        ok(
            lambda seen: _plain_is(seen, Silence.NOT_ASKED) and seen.target.base.port is not None,
            say("not asked: the address has a port of its own"),
        ),
        *no_answer(Q.PLAIN),
        ok(
            lambda seen: not heard(seen, Q.PLAIN).redirects and heard(seen, Q.PLAIN).status >= 400,
            say("%(briefly)s: nothing is served by plain http"),
        ),
        warning(
            lambda seen: not heard(seen, Q.PLAIN).redirects,
            say("%(briefly)s: the site answers by plain http"),
            say("Let port 80 do nothing but redirect to %(origin)s."),
        ),
        ok(_leads_home, lambda seen: heard(seen, Q.PLAIN).briefly),
        warning(always, _sent_where, say("Let port 80 redirect to %(origin)s, and not to %(where)s.")),
    ),
    {
        **_VALUES,
        "briefly": lambda seen: heard(seen, Q.PLAIN).briefly,
        "where": lambda seen: origin_of(heard(seen, Q.PLAIN).target) or say("an address that cannot be read"),
    },
)


def private_note(url: str) -> Sentence | None:
    """What to say of a redirect to an address that only some networks reach."""
    host = host_of(url)
    if not (uri.is_ipv4(host) or uri.is_ipv6(host)):
        return None
    kind, _ = kind_of(ipaddress.ip_address(host))
    return Sentence(kind) if kind else None
