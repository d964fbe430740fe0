"""What operators' programs ask of one process: does it answer, should it get requests, what has it measured."""

import hmac

from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.site import answer, bearer, read
from genkan.site.answer import Answer
from genkan.site.api.request_seen import PASSED_ON
from genkan.site.door import Door
from genkan.site.metrics import exposition, families
from genkan.site.readiness import readiness, remarks
from genkan.site.received import Received
from genkan.site.routes import Guard, Rule, Who

_METRICS = ((b"content-type", b"text/plain; version=1.0.0; charset=utf-8"), (b"cache-control", b"no-store"))


async def healthz(received: Received, door: Door) -> Answer:
    """GET /healthz: the process answers."""
    return answer.json({"status": "ok"})


async def readyz(received: Received, door: Door) -> Answer:
    """GET /readyz: whether requests should be sent here, else every reason why not."""
    causes = (await readiness(door, proven=True)).causes
    told: dict[str, object] = {"ready": not causes, "reasons": list(causes.values())}
    if beside := remarks(door):
        told["remarks"] = beside
    return answer.json(told, 503 if causes else 200)


async def metrics(received: Received, door: Door) -> Answer:
    """GET /metrics: for the holder of the metrics token; where none is set, for this machine itself."""
    fault = _metrics_fault(received, door.secrets.metrics_token)
    if fault is None:
        shown = await door.fellows.render() if door.fellows else exposition(await families(door))
        return Answer(200, _METRICS, shown)
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
