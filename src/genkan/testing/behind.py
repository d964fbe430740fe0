"""Applications of a test behind the site, guarded as by a proxy that asks ``/auth/verify`` about each request."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from msgspec import structs

from genkan.site.answer import Answer
from genkan.site.arrival import Arrival
from genkan.testing.asked import Asked, Deciders, Reply, Respond, seen, sent
from genkan.wire.methods import SAFE

VERIFY = "/auth/verify"
PERSON = "remote-"


class Applications:
    """Each has a path and everything below it. The site judges the token; the application sees who it was."""

    def __init__(self, base_path: str, deciders: Deciders) -> None:
        self._base_path = base_path
        self._deciders = deciders
        self._served: dict[str, Callable[[Asked], Reply]] = {}

    def serve(self, path: str, answer: Callable[[Asked], Reply]) -> None:
        """From now on; what was there before is no more."""
        self._served[self._base_path + path.rstrip("/")] = answer

    def around(self, respond: Respond) -> Callable[[Arrival], Awaitable[Answer]]:
        """The site with these applications behind it."""

        async def answer(arrival: Arrival) -> Answer:
            application = self._find(arrival.path)
            if application is None:
                return await respond(arrival)
            verdict = await respond(self._question(arrival))
            if verdict.status != 200:
                return verdict
            reply = await self._deciders.ask(application, self._passed_on(arrival, verdict))
            return sent(reply)

        return answer

    def _find(self, path: str) -> Callable[[Asked], Reply] | None:
        found = [served for served in self._served if path == served or path.startswith(served + "/")]
        return self._served[max(found, key=len)] if found else None

    def _question(self, arrival: Arrival) -> Arrival:
        # As in how-to/protect-an-application.md, whose proxy would tell the method; here the query says what it needs.
        scope = b"READ" if arrival.method.encode() in SAFE else b"WRITE"
        path = self._base_path + VERIFY
        return structs.replace(arrival, method="GET", path=path, query=b"session=0&scope=" + scope, body=b"")

    def _passed_on(self, arrival: Arrival, verdict: Answer) -> Asked:
        """What the application must not get is taken out, and who it was is put in."""
        asked = seen(arrival, self._base_path)
        headers = {
            name: value
            for name, value in asked.headers.items()
            if name != "authorization" and not name.startswith(PERSON)
        }
        verdicts = {name.decode(): value.decode() for name, value in verdict.headers}
        person = {name: value for name, value in verdicts.items() if name.startswith(PERSON)}
        return replace(asked, headers=headers | person)
