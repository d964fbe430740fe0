"""What to say where something in front of the site turned an anonymous question away."""

from collections.abc import Sequence

from genkan.doctor.exemptions import exemption
from genkan.doctor.gateways import gateway_of, is_portal
from genkan.doctor.judge_reach import private_note
from genkan.doctor.observed import Heard, place
from genkan.doctor.saying import say
from genkan.wire.sentences import Sentence


def sent_where(answer: Heard) -> Sentence:
    """Who turned it away, and where it leads; nobody went there."""
    if is_portal(answer):
        return say("%(briefly)s: the sign-in page of the network that this machine is in", briefly=answer.briefly)
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


def exempt(answer: Heard, paths: Sequence[str]) -> Sentence:
    """The exact exception."""
    if is_portal(answer):
        return say("Sign in to this network, or run the check from another one.")
    gateway = gateway_of(answer)
    return say(
        "Exempt %(listed)s from the sign-in of %(name)s.\n%(exemption)s",
        listed=", ".join(paths),
        name=gateway.name,
        exemption=exemption(gateway.front, paths),
    )
