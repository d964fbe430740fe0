"""The check of a managed configuration as the console and the API ask for it: what may take long is done aside."""

import msgspec

from genkan.mdm import check as checking
from genkan.mdm.check import Mended, Report
from genkan.mdm.targets import Target
from genkan.outside.aside import TooLong, aside
from genkan.protocol.reasons import Reason
from genkan.site.received import Malformed, Received

# Of so many bytes a usual value or file is checked and mended within two milliseconds. What is longer costs more to
# check than to have a process checked it.
AT_ONCE_BYTES = 1024


_Checked = tuple[Report, Mended]


def check_and_fix(octets: bytes, target: Target | None) -> _Checked:
    """What is wrong with it, for this MDM where one is said, and what it is when it is mended."""
    return checking.check(octets, target=target), checking.fix(octets, target=target)


def encoded(data: bytes) -> bytes:
    """The same, for whoever asked another process for it. The first line names the MDM."""
    name, _, octets = data.partition(b"\n")
    return msgspec.json.encode(check_and_fix(octets, Target(name.decode()) if name else None))


async def checked(octets: bytes, target: Target | None, received: Received) -> _Checked:
    """The same, off the event loop where it may take long. Raises Malformed, LaneFull."""
    if len(octets) <= AT_ONCE_BYTES:
        return check_and_fix(octets, target)
    try:
        done = await aside(f"{__name__}:encoded", (target or "").encode() + b"\n" + octets, received.gone)
    except TooLong:
        raise Malformed(Reason.INVALID_VALUE, "it takes more time or memory than a check may") from None
    found: _Checked = msgspec.json.decode(done, type=_Checked)
    return found
