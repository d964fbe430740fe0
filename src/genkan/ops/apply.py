"""Applying a configuration to a site: what differs is loaded, planned and shown; the rules decide each part of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from genkan.ops.configuration import Configuration
from genkan.ops.draft import Plan, Unplannable, Wanted
from genkan.ops.plan import nobody_left, plan
from genkan.ops.plan_sign_in import SIGN_IN
from genkan.ops.present import Present, load_present
from genkan.ops.secrets_named import NamedSecrets
from genkan.outside.passwords import hash_now, verify_now
from genkan.protocol import accounts
from genkan.protocol.administration import administers
from genkan.protocol.entrances import Entrances
from genkan.protocol.env import Env
from genkan.protocol.outcomes import AddAccount, Change, NeedAdministrator, PutAccount, SetPassword
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Account, Way
from genkan.protocol.signin_steps import PutSignInPolicy
from genkan.store.api import Store
from genkan.wire.scopes import Permission

_NOBODY_COULD_SIGN_IN = f"{SIGN_IN}: {entry(Reason.NOBODY_COULD_SIGN_IN).public}"


async def _shuts_everybody_out(change: Change, store: Store, here: Entrances, at: int) -> bool:
    """Whether nobody who administers would have a way in by the policy that is asked for. A password that the file sets
    may be theirs: then the store says so when it is applied.
    """
    asked = [step.ways for step in change.steps if isinstance(step, PutSignInPolicy)]
    checked = any(isinstance(step, NeedAdministrator) for step in change.steps)
    if not asked or not checked:
        return False
    sets_password = any(isinstance(step, SetPassword) and step.hash for step in change.steps)
    if sets_password and Way.PASSWORD in asked[-1]:
        return False
    return not await store.has_administrator_by(here.by(asked[-1]), Permission.SYSTEM_ADMIN, at)


async def _leaves_nobody_beside(account: Account, change: Change, store: Store, here: Entrances, at: int) -> bool:
    """Whether nobody who has a way in now may as much as one who loses a right. Somebody whom the file lets in may be
    the other: then the store says so when it is applied.
    """
    lets_in = any(isinstance(step, AddAccount | SetPassword) for step in change.steps)
    raised = [step.account for step in change.steps if isinstance(step, PutAccount) and administers(step.account)]
    if lets_in or any(one.permission >= account.permission for one in raised):
        return False
    return not await store.has_other_administrator(account, here, at)


@dataclass(slots=True)
class Applying:
    """One file on its way into one site. Hashes are computed once, however often the plan is made anew."""

    configuration: Configuration
    secrets: NamedSecrets
    allow_http: bool
    here: Entrances
    _hashes: dict[int, str] = field(default_factory=dict, repr=False)
    _seen: Present | None = field(default=None, repr=False)

    async def plan(self, store: Store, actor: str, env: Env) -> Plan:
        """What there is to do now. Raises Unplannable."""
        wanted = Wanted(self.configuration, await self._hashes_to_set(store), self.secrets.link_secrets)
        self._seen = await load_present(store)
        planned = plan(wanted, self._seen, actor, env, self.here, allow_http=self.allow_http)
        if await _shuts_everybody_out(planned.change, store, self.here, env.now):
            raise Unplannable(_NOBODY_COULD_SIGN_IN)
        for account in planned.lowered:
            if await _leaves_nobody_beside(account, planned.change, store, self.here, env.now):
                raise Unplannable(nobody_left(account))
        return planned

    async def why_refused(self, planned: Plan, store: Store) -> str | None:
        """Why the store did not take the plan that was made last: what is no longer as it was then, None, or else what
        only the store can see, whether who is left to administer has a way in.
        """
        if await load_present(store) != self._seen:
            return None
        if planned.lowered:
            return nobody_left(planned.lowered[0])
        needed = any(isinstance(step, NeedAdministrator) for step in planned.change.steps)
        return _NOBODY_COULD_SIGN_IN if needed else None

    async def _hashes_to_set(self, store: Store) -> Mapping[int, str]:
        """A hash for every password that is not the account's already: saying it twice is no news."""
        needed: dict[int, str] = {}
        for number, password in self.secrets.passwords.items():
            row = await store.password_row(accounts.fold(self.configuration.user[number].name) or "", ())
            if row.hash is None or not verify_now(row.hash, password):
                if number not in self._hashes:
                    self._hashes[number] = hash_now(password)
                needed[number] = self._hashes[number]
        return needed
