"""What every handler is given: settings, store, key ring, clock, password lane and pages. Composed once, in main."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from genkan.outside.certificates import CertificateDesk
from genkan.outside.ldap import LdapDirectory
from genkan.protocol.env import CLOCK_LEEWAY, DAY, MINUTE, SECOND, Env
from genkan.protocol.naming import title_of
from genkan.protocol.outcomes import Refused, Sighting
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Site
from genkan.protocol.ring import Ring
from genkan.protocol.sealing import Sealer
from genkan.protocol.signin.lockout import Source
from genkan.protocol.signin.passkey_models import Models, NoModels
from genkan.protocol.signin.password import LaneFull
from genkan.settings import Settings
from genkan.site.answer import Answer
from genkan.site.crowd import Crowd
from genkan.site.fellows import Fellows
from genkan.site.glance import Glance
from genkan.site.judgements import Judgements
from genkan.site.measure import Measures, PasswordFigures
from genkan.site.outlook import Outlook
from genkan.site.pace import Pace
from genkan.site.pages import Pages
from genkan.site.pulse import Pulse
from genkan.site.received import Received
from genkan.site.sign_on import SignOnDesk
from genkan.store.api import QueueFull, Store, StoreDamaged, Tally
from genkan.wire.metadata import Endpoints
from genkan.wire.urls import BaseURL

MINUTE_MS = 60_000
# Passwords in the lane for each of its threads: one is hashed, the next is there when it is done.
HASHES_A_THREAD = 2
SIGN_IN_INTERVAL = 30 * SECOND
# The longest that a code may be set to live (tokens.md 5), and what clocks may differ by.
CODE_LIVES = 10 * MINUTE + CLOCK_LEEWAY
# tokens.md 8: how far a clock may be off before its process does nothing by it.
CLOCK_NOT_READY = 10 * SECOND
# What is shown to a site that was founded in the place of another one.
OF_ANOTHER_SITE = frozenset(
    {Reason.UNKNOWN_CLIENT, Reason.CLIENT_UNAUTHENTICATED, Reason.CODE_BROKEN, Reason.TOKEN_BROKEN}
)


class Passwords(Protocol):
    """The password lane: argon2id in threads of its own, with a bounded queue."""

    decoy: str

    async def verify(self, kept: str, password: str) -> bool:
        """Whether the password fits; exactly one hash is computed. Raises LaneFull when too many wait."""
        ...

    async def hash(self, password: str) -> str:
        """A new hash to keep. Raises LaneFull when too many wait."""
        ...


class RingHolder:
    """The sealer of the ring as loaded, re-read at most once a second when a newer one is talked of (tokens.md 7)."""

    def __init__(self, ring: Ring, site_id: bytes, reload: Callable[[], Ring | None]) -> None:
        self.sealer = Sealer(ring, site_id)
        self._site_id = site_id
        self._reload = reload
        self._read_at = -SECOND

    def renew(self, now: int) -> None:
        """Re-read the file if a second has passed since the last time."""
        if 0 <= now - self._read_at < SECOND:
            return
        self._read_at = now
        ring = self._reload()
        if ring is not None and ring.version > self.sealer.ring.version:
            self.sealer = Sealer(ring, self._site_id)

    def is_behind(self, site: Site, now: int) -> bool:
        """Whether the store names a newer ring than can be had here: nothing may be judged by an older one."""
        if site.ring_version > self.sealer.ring.version:
            self.renew(now)
        return site.ring_version > self.sealer.ring.version


class Doubt(Protocol):
    """What of the process's clock is in doubt (tokens.md 8)."""

    in_doubt: bool
    leap: int

    def believe(self) -> None:
        """Somebody knows that the machine's clock is right."""
        ...


class NoDoubt:
    """Of a clock that is set by whoever holds it."""

    in_doubt = False
    leap = 0

    def believe(self) -> None:
        """There is nothing to be sure of."""


@dataclass(slots=True)
class Health:
    """What readyz tells: how far our clock is behind the store's, or ahead of it, in milliseconds; ``behind`` once the
    store lost writes. ``suspect``: the store could not do something; ``unwritable``: it takes no writes since;
    ``damaged``: a page of it could not be read.
    """

    clock_off: int = 0
    clock_ahead: int = 0
    behind: bool = False
    closing: bool = False
    suspect: bool = False
    unwritable: bool = False
    damaged: bool = False
    clock: Doubt = field(default_factory=NoDoubt)
    # When the site was founded, 0 where that is not kept; and in which minute it was last told that it is young.
    founded_at: int = 0
    told_young: int = 0

    @property
    def clock_is_wrong(self) -> bool:
        """Whether our clock is so far off that nothing may be removed, ended or sealed by it."""
        return self.clock.in_doubt or self.clock_off >= CLOCK_NOT_READY or self.clock_ahead >= CLOCK_NOT_READY


@dataclass(frozen=True, slots=True)
class SignInPace:
    """How often codes become sign-ins."""

    of_account: Pace
    of_link: Pace

    @staticmethod
    def set_by(settings: Settings) -> "SignInPace":
        """As the settings want it."""
        account, link = settings.sign_ins_per_account, settings.sign_ins_per_link
        return SignInPace(Pace(account, SIGN_IN_INTERVAL), Pace(link, SIGN_IN_INTERVAL))

    def share(self, processes: int) -> None:
        """So many processes sign in beside each other now."""
        self.of_account.processes = self.of_link.processes = processes

    def refusal(self, account_id: int, link_id: int, now: int) -> Refused | None:
        """One more is counted, or refused."""
        wait = self.of_account.wait(account_id, now)
        if not wait and (wait := self.of_link.wait(link_id, now)):
            self.of_account.give_back(account_id)
        return Refused(Reason.SIGNING_IN_TOO_FAST, retry_after=-(-wait // SECOND)) if wait else None

    def give_back(self, account_id: int, link_id: int) -> None:
        """The one that was counted last became no sign-in."""
        self.of_link.give_back(link_id)
        self.of_account.give_back(account_id)


@dataclass(frozen=True, slots=True)
class Door:
    """Everything a handler may use; nothing in it changes but what its parts change themselves."""

    settings: Settings
    public: BaseURL
    endpoints: Endpoints
    lifetimes: Lifetimes
    store: Store
    ring: RingHolder
    # This moment's time and chance.
    env: Callable[[], Env]
    passwords: Passwords
    pages: Pages
    measures: Measures
    health: Health
    secrets: "Secrets"
    log: Callable[..., None]
    # Who answers beside this process on the same addresses; None where it is alone.
    fellows: Fellows | None = None
    program: str = "genkan"
    sign_on: SignOnDesk = field(default_factory=SignOnDesk)
    # Whose passwords are taken in the form besides our own.
    directories: tuple[LdapDirectory, ...] = ()
    # Which models of authenticators are taken.
    models: Models | NoModels = field(default_factory=NoModels)
    certificates: CertificateDesk = field(default_factory=CertificateDesk)
    judgements: Judgements = field(default_factory=Judgements)
    glance: Glance = field(default_factory=Glance)
    pulse: Pulse = field(default_factory=Pulse)
    outlook: Outlook = field(default_factory=Outlook)
    # What info/login says, and of which facts of the site; at most one.
    announcement: list[tuple[Site, Answer]] = field(default_factory=list)
    sign_ins: "SignInPace" = field(default_factory=lambda: SignInPace(Pace(0, 1), Pace(0, 1)))
    # Which codes were shown to this process while they lived.
    codes_shown: Pace = field(default_factory=lambda: Pace(1, CODE_LIVES))
    # Who waits for the password lane, by address.
    crowd: Crowd = field(default_factory=lambda: crowd_before(1, Settings(), PasswordFigures()))
    # Whose own data is being gathered now.
    exporting: set[int] = field(default_factory=set)
    # Which addresses of directories were told to be left out: the directory, the account, and who has the address.
    addresses_told: set[tuple[str, int, int]] = field(default_factory=set)

    @property
    def sealer(self) -> Sealer:
        """The ring as loaded now."""
        return self.ring.sealer

    def source(self, received: Received) -> Source:
        """Whose wrong passwords a try counts among."""
        return Source(received.peer.source, self.settings.guesses_per_address)

    def store_failed(self, problem: Exception) -> None:
        """The store could not do something. A queue that is full says nothing of it; what is damaged stays so."""
        health = self.health
        health.suspect |= not isinstance(problem, QueueFull | LaneFull)
        if isinstance(problem, StoreDamaged) and not health.damaged:
            health.damaged = True
            self.log("error", "the store is damaged: stop the site and put back a backup with genkan restore",
                     problem=str(problem))  # fmt: skip

    async def on_duty(self) -> bool:
        """Whether this process does what one does for all. One whose clock is wrong lets another have it."""
        if self.health.clock_is_wrong:
            await self.store.leave_duty()
            return False
        return await self.store.on_duty()

    def note_sighting(self, sighting: Sighting | None) -> None:
        """A token was seen in use, where that says something. By a clock that is known to be wrong it would end the
        time in which a lost answer may be asked for again (tokens.md 3, where a sight may be lost).
        """
        if sighting is not None and not self.health.clock_is_wrong:
            self.store.note_sighting(sighting)

    async def title(self) -> str:
        """What the site calls itself now, whichever process named it last."""
        return title_of(self.settings.site_title, await self.store.site())

    def note(self, refused: Refused, received: Received, now: int) -> None:
        """Count a refusal of somebody who proved nothing, and pass on the event of one that must be told of."""
        self.note_from(received.peer.network, refused, now)

    def note_from(self, network: str, refused: Refused, now: int) -> None:
        """The same before there is a request that could be read (tokens.md 4: malformed ones are counted too)."""
        self.measures.refused(refused.reason)
        is_loss = refused.reason is Reason.STORE_BEHIND
        # A row that went long ago looks lost to a process that is behind; what is lost is told of by a right clock.
        is_believed = not (is_loss and self.health.clock_is_wrong)
        if refused.event is not None and is_believed:
            self.store.note_event(refused.event)
        self.health.behind |= is_loss and is_believed
        self.store.note_refusal(Tally(now // MINUTE_MS, refused.reason.value, network, 1))
        if refused.reason in OF_ANOTHER_SITE and 0 <= now - self.health.founded_at < DAY:
            self._tell_young(refused.reason, now)

    def _tell_young(self, reason: Reason, now: int) -> None:
        """Once a minute: what is shown here may be of the site that should be here, and whose data is away."""
        minute, self.health.told_young = self.health.told_young, now // MINUTE
        if minute != now // MINUTE:
            self.log("warning", "this site was founded today: an older client id, code or token is of another one; "
                     "see that the right data is mounted", reason=reason.value)  # fmt: skip


def crowd_before(threads: int, settings: Settings, figures: PasswordFigures) -> Crowd:
    """Those who wait for a lane of so many threads. Of the requests of people that may be under way one address has a
    tenth at most, and all of them half.
    """
    most = settings.most_requests
    return Crowd(threads * HASHES_A_THREAD, max(1, most // 10), max(1, most // 2), figures)


@dataclass(frozen=True, slots=True)
class Secrets:
    """Secrets of the operator's own files; empty where none is set."""

    metrics_token: str = field(repr=False, default="")
