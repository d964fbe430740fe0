"""genkan clock: what an operator says of the machine's clock where it leapt under a serving site."""

from datetime import UTC, datetime

import cyclopts

from genkan import clock
from genkan.cli.output import say
from genkan.cli.workbench import DataDir, Workbench, at_site, told
from genkan.protocol.moment_steps import Mark, Moment
from genkan.protocol.outcomes import Change

app = cyclopts.App(name="clock")


@app.command
@told
def accept(*, data_dir: DataDir = None) -> None:
    """Say that this machine's clock is right now: a serving site that doubts it believes it, within a second.

    Example: genkan clock accept
    """
    now = clock.wall_ms()

    async def mark(site: Workbench) -> None:
        await site.store.apply(Change((Mark(Moment.CLOCK_ACCEPTED, now),)))

    at_site(data_dir, mark)
    say(f"The clock is taken to be right: it is {datetime.fromtimestamp(now / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC.")
