"""What to say where something in front of the site turned an anonymous question away."""

from collections.abc import Sequence

from genkan.doctor.exemptions import exemption
from genkan.doctor.gateways import gateway_of, is_portal
from genkan.doctor.judge_reach import private_note
from genkan.doctor.observed import Heard, place


def sent_where(answer: Heard) -> str:
    """Who turned it away, and where it leads; nobody went there."""
    if is_portal(answer):
        return f"{answer.briefly}: the sign-in page of the network that this machine is in"
    name = gateway_of(answer).name
    if answer.redirects:
        return f"{answer.status} by {name}: sent to {place(answer.target)}{private_note(answer.target)}, not followed"
    return f"{answer.status} by {name}"


def exempt(answer: Heard, paths: Sequence[str]) -> str:
    """The exact exception."""
    if is_portal(answer):
        return "Sign in to this network, or run the check from another one."
    gateway = gateway_of(answer)
    return f"Exempt {', '.join(paths)} from the sign-in of {gateway.name}.\n{exemption(gateway.front, paths)}"
