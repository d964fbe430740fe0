"""What operators' programs ask of one process: does it answer, should it get requests, what has it measured."""

import hmac

from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.site import answer, bearer, keeper, read
from genkan.site.answer import Answer
from genkan.site.api.request_seen import PASSED_ON
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who
from genkan.store.api import StoreUnavailable

_METRICS = ((b"content-type", b"text/plain; version=1.0.0; charset=utf-8"), (b"cache-control", b"no-store"))


async def healthz(received: Received, door: Door) -> Answer:
    """GET /healthz: the process answers."""
    return answer.json({"status": "ok"})


async def readyz(received: Received, door: Door) -> Answer:
    """GET /readyz: whether requests should be sent here, else every reason why not."""
    reasons = [*keeper.unready(door), *await _store_faults(door)]
    return answer.json({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)


async def _store_faults(door: Door) -> list[str]:
    try:
        site = await door.store.site()
    except StoreUnavailable:
        return ["the store does not answer"]
    behind = door.ring.is_behind(site, door.env().now)
    reasons = ["the key ring's file is older than the store says"] if behind else []
    if site.behind_since and not door.health.behind:
        # Remembered from before this process started; genkan restore decides what becomes of it.
        reasons.append("the store lost writes: a genuine token was ahead of its row")
    return reasons


async def metrics(received: Received, door: Door) -> Answer:
    """GET /metrics: for the holder of the metrics token; where none is set, for this machine itself."""
    fault = _metrics_fault(received, door.secrets.metrics_token)
    if fault is None:
        return Answer(200, _METRICS, await door.fellows.render() if door.fellows else door.measures.render())
    door.note(fault, received, door.env().now)
    return answer.bearer_error(fault, bearer.REALM)


def _metrics_fault(received: Received, token: str) -> Refused | None:
    if not token:
        passed_on = any(name in PASSED_ON for name, _ in received.headers.pairs)
        return None if received.peer.local and not passed_on else Refused(Reason.NOT_ALLOWED)
    shown = read.bearer(received)
    if shown is None:
        return Refused(Reason.BEARER_MISSING)
    right = hmac.compare_digest(shown.encode("latin-1"), token.encode())
    return None if right else Refused(Reason.NOT_AUTHENTICATED)


RULES = (
    Rule("/healthz", ("GET",), healthz, Who.ANYONE, Guard.MACHINE, "The process answers."),
    Rule("/readyz", ("GET",), readyz, Who.ANYONE, Guard.MACHINE, "Whether requests should be sent here."),
    Rule("/metrics", ("GET",), metrics, Who.OPERATOR, Guard.MACHINE, "Measurements in Prometheus' text format."),
)
