"""The doctor looking at this very site: from the server's own machine, at the base URL alone, one look at a time."""

from genkan.doctor.examine import Means, examine, target_of
from genkan.doctor.observed import Target
from genkan.doctor.verdicts import Report
from genkan.wire.urls import BaseURL


class Outlook:
    """``means`` None: this process cannot look (a command, a test of something else)."""

    def __init__(self, means: Means | None = None) -> None:
        self.means = means
        self._looking = False

    async def look(self, base: BaseURL) -> Report | None:
        """The report; None while another look goes on, since each is twenty requests to ourselves."""
        target = target_of(base.text)
        if self.means is None or self._looking or not isinstance(target, Target):
            return None
        self._looking = True
        try:
            return await examine(target, self.means)
        finally:
            self._looking = False
