"""What to say where something in front of the site turned an anonymous question away."""

from collections.abc import Sequence

from genkan.doctor.exemptions import exemption
from genkan.doctor.gateways import gateway_of, is_firewall, is_own, is_portal
from genkan.doctor.judge_reach import private_note
from genkan.doctor.observed import Heard, place
from genkan.doctor.saying import say
from genkan.wire.jsontext import shown
from genkan.wire.sentences import Sentence


def sent_where(answer: Heard, base: str = "") -> Sentence:
    """Who turned it away, and where it leads; nobody went there. ``base``: of the site, whose own refusal it may be."""
    if base and is_own(answer, base):
        return (
            say("%(briefly)s: the site itself asks to sign in first, on its own page", briefly=answer.briefly)
            if answer.redirects
            else say("%(briefly)s: the site itself refuses callers who are not signed in", briefly=answer.briefly)
        )
    if is_portal(answer):
        return say("%(briefly)s: the sign-in page of the network that this machine is in", briefly=answer.briefly)
    if is_firewall(answer):
        return _refused(answer)
    name = gateway_of(answer).name
    note = private_note(answer.target) if answer.redirects else None
    if note is not None:
        return say(
            "%(status)s by %(name)s: sent to %(place)s (%(note)s), not followed",
            status=answer.status,
            name=name,
            place=place(answer.target),
            note=note,
        )
    if answer.redirects:
        return say(
            "%(status)s by %(name)s: sent to %(place)s, not followed",
            status=answer.status,
            name=name,
            place=place(answer.target),
        )
    return say("%(status)s by %(name)s", status=answer.status, name=name)


def exempt(answer: Heard, paths: Sequence[str], base: str = "") -> Sentence:
    """The exact exception."""
    if base and is_own(answer, base):
        return say(
            "Let the site answer %(listed)s to callers who are not signed in: update the mobile plugin (see "
            "mobile-plugin), and exempt the path in the add-on for single sign-on, or wherever else a sign-in is asked "
            "for, the proxy included.",
            listed=", ".join(paths),
        )
    if is_portal(answer):
        return say("Sign in to this network, or run the check from another one.")
    if is_firewall(answer):
        return _let_through(answer, paths)
    gateway = gateway_of(answer)
    return say(
        "Exempt %(listed)s from the sign-in of %(name)s.\n%(exemption)s",
        listed=", ".join(paths),
        name=gateway.name,
        exemption=exemption(gateway.front, paths),
    )


def _refused(answer: Heard) -> Sentence:
    """Who refused, by what it says of itself."""
    if answer.header("cf-mitigated"):
        return say("%(status)s by Cloudflare's check for robots, which no app can pass", status=answer.status)
    server = shown(answer.header("server"), 60)
    if server:
        return say(
            "%(status)s by a firewall or a check for robots (server: %(server)s)", status=answer.status, server=server
        )
    return say("%(status)s by a firewall or a check for robots", status=answer.status)


def _let_through(answer: Heard, paths: Sequence[str]) -> Sentence:
    listed = ", ".join(paths)
    if answer.header("cf-mitigated"):
        return say(
            "In Cloudflare, under Security, add a custom rule with the action Skip for %(listed)s and everything below "
            "/rest/oauth2/; plain Bot Fight Mode knows no exception and has to be switched off.",
            listed=listed,
        )
    return say(
        "See in the log of the proxy or firewall which rule refuses, and exempt %(listed)s from it: no cookie and no "
        "script of a browser can be asked for there, and the app's User-Agent holds AtlassianMobileApp.",
        listed=listed,
    )
