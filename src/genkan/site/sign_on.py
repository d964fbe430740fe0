"""The organisation's directories as the site holds them: whom it can ask, and who was not let in lately."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from genkan.outside.openid.client_proof import read_credential
from genkan.outside.openid.provider import Upstream
from genkan.outside.reach import Reach
from genkan.protocol.directory import Person
from genkan.protocol.env import Env
from genkan.protocol.offboarding import Checked
from genkan.protocol.records import Identity
from genkan.sign_on_file import SignOn
from genkan.sources.base import Source

MOST_REFUSED = 100


class Directory(Protocol):
    """Whom the background task asks about people who are linked."""

    @property
    def source(self) -> Source: ...

    async def present(self, identities: Sequence[Identity]) -> Sequence[Checked]:
        """One answer for each, in their order. Never raises for what the directory does."""
        ...

    async def trouble(self) -> str:
        """Why it cannot be asked at this moment, as half a sentence; empty where it can."""
        ...


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody whom a directory knows and who was not let in, for an administrator who wants to link them."""

    at: int
    source: str
    subject: str
    name: str
    why: str


@dataclass(slots=True)
class SignOnDesk:
    """``strangers`` are the newest hundred, lost at a restart: who has no account here is kept nowhere else."""

    sources: tuple[Source, ...] = ()
    upstreams: dict[str, Upstream] = field(default_factory=dict)
    directories: dict[str, Directory] = field(default_factory=dict)
    strangers: deque[Stranger] = field(default_factory=lambda: deque(maxlen=MOST_REFUSED))

    def named(self, name: str) -> Source | None:
        """The directory of this name, where the sign-on file still has it."""
        return next((source for source in self.sources if source.name == name), None)

    def title_of(self, name: str) -> str:
        """What people read of it; the bare name of one that is not in the file any more."""
        source = self.named(name)
        return name if source is None else source.title

    def refused(self, person: Person, why: str, at: int) -> None:
        """Remember somebody who was not let in; of one person the last time counts."""
        for known in [one for one in self.strangers if (one.source, one.subject) == (person.source, person.subject)]:
            self.strangers.remove(known)
        self.strangers.append(Stranger(at, person.source, person.subject, person.name[:100], why))


def open_desk(sign_on: SignOn, reach: Reach, env: Callable[[], Env]) -> SignOnDesk:
    """Everything that the sign-on file describes. Raises BadCredential."""
    upstreams = {one.name: Upstream(one, read_credential(one), reach, env) for one in sign_on.openid}
    return SignOnDesk(sign_on.sources, upstreams)
