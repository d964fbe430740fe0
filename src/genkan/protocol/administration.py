"""What one who administers may do to others: nobody is raised above the caller, and the last one keeps the key to the
house. The box itself is above these rules: its commands are the way back in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from genkan.protocol import accounts, directory
from genkan.protocol.accounts import AccountWish, NewAccount
from genkan.protocol.certificate_records import KnownCertificate, Pin, PinKind
from genkan.protocol.certificates import pinning, revoking
from genkan.protocol.certificates.naming import Leaf
from genkan.protocol.entrances import NOTHING_LOST, Entrances, Lost
from genkan.protocol.env import Env
from genkan.protocol.outcomes import AddLink, Change, Event, EventKind, NeedAdministrator, PutAccount, PutLink, Refused
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import Account, Identity, Link, Passkey, Site, Standing, Way
from genkan.protocol.signin import lockout, recovery
from genkan.protocol.signin import passkey as passkeys
from genkan.protocol.signin.recovery import NewRecovery
from genkan.wire.scopes import Permission


@dataclass(frozen=True, slots=True)
class Administrator:
    """One who administers, and what they may do to a person; ``actor`` is how the audit names them, ``permission`` how
    far they reach, ``account_id`` who answers for what they make. ``bound_to``: the makers of the API key that is
    shown, whom it must not touch. Whether somebody is left who administers is asked of what comes of it
    (``keeping_administrators``).
    """

    actor: str
    permission: Permission
    account_id: int | None = None
    bound_to: frozenset[int] = frozenset()

    def fault(self, account: Account, *rights: Permission) -> Refused | None:
        """Why the caller may not change what this account is, may do or comes in by: it is above the caller, or is one
        that answers for the API key that the caller shows. ``rights``: what shall be given besides.
        """
        if account.id in self.bound_to:
            return Refused(Reason.KEYS_OWN_MAKER)
        return reach_fault(self.permission, account.permission, *rights)

    def create(self, wish: AccountWish, env: Env) -> NewAccount | Refused:
        """A new account."""
        return reach_fault(self.permission, wish.permission) or accounts.create(wish, self.actor, env)

    def change(self, account: Account, wish: AccountWish, env: Env) -> Change | Refused:
        """Change what is known of a person and what they may."""
        fault = self.fault(account, wish.permission)
        return fault or accounts.change(account, wish, self.actor, env)

    def stand(self, account: Account, standing: Standing, env: Env) -> Change | Refused:
        """Enable, disable or delete."""
        fault = self.fault(account)
        return fault or accounts.set_standing(account, standing, self.actor, env)

    def set_password(self, account: Account, password_hash: str, sign_out: bool, env: Env) -> Change | Refused:
        """A new password."""
        fault = self.fault(account)
        return fault or accounts.set_password(account, password_hash, sign_out, self.actor, env)

    def recover(self, account: Account, password_hash: str, env: Env) -> Change | Refused:
        """Let somebody in again, as system administrator."""
        fault = self.fault(account, Permission.SYSTEM_ADMIN)
        return fault or accounts.recover(account, password_hash, self.actor, env)

    def make_link(self, account: Account, has_password: bool, env: Env) -> NewRecovery | Refused:
        """A one-time link: whoever holds it becomes that person."""
        fault = self.fault(account)
        return fault or recovery.make(account, has_password, self.actor, env, self.account_id)

    def withdraw_link(self, account: Account, env: Env) -> Change | Refused:
        """Take a one-time link back: somebody who was shut out may have nothing else."""
        return self.fault(account) or recovery.withdraw(account, self.actor, env)

    def lift_guesses(self, account: Account, env: Env) -> Change | Refused:
        """Let new browsers try again at once; whoever guesses may go on as well."""
        return self.fault(account) or lockout.lift(account, self.actor, env)

    def pin(
        self, account: Account, leaf: Leaf, kind: PinKind, kept: Sequence[Pin], env: Env
    ) -> pinning.NewPin | Refused:
        """Tie a certificate to a person: whoever holds its key becomes that person."""
        fault = self.fault(account)
        return fault or pinning.add(account, leaf, kind, kept, self.actor, env)

    def unpin(self, account: Account, pin: Pin, here: Entrances, env: Env) -> Change | Refused:
        """Untie it."""
        fault = self.fault(account)
        return fault or keeping_a_way_in(pinning.remove(pin, self.actor, env), account, here, env.now)

    def revoke(
        self, account: Account, known: KnownCertificate, lost: Lost, here: Entrances, env: Env
    ) -> Change | Refused:
        """End what a certificate signed in, and let it sign in nobody again. ``lost``: the pins that fit it."""
        fault = self.fault(account)
        change = revoking.revoke(known, revoking.BY_ADMINISTRATOR, self.actor, env)
        return fault or keeping_a_way_in(change, account, here, env.now, lost)

    def remove_passkey(self, account: Account, passkey: Passkey, here: Entrances, env: Env) -> Change | Refused:
        """Take a passkey from a person, the last one too: a one-time link lets them in again."""
        fault = self.fault(account)
        needs = passkeys.needed_after(account)
        return fault or passkeys.remove(passkey, here, self.actor, env, last_too=True, needs=needs)

    def link_identity(self, account: Account, source: str, subject: str, label: str, env: Env) -> Change | Refused:
        """Say who a person is in a directory: whoever is that there becomes that person."""
        fault = self.fault(account)
        return fault or directory.link_by_hand(account, source, subject, label, self.actor, env)

    def unlink_identity(self, account: Account, identity: Identity, here: Entrances, env: Env) -> Change | Refused:
        """Take the link away, the last way in too: a one-time link lets the person in again."""
        fault = self.fault(account)
        return fault or keeping_a_way_in(directory.unlinked(identity, self.actor, env), account, here, env.now)

    def sign_out(self, account: Account, env: Env) -> Change:
        """End every session and sign-in of a person, also of one who may more: they sign in again."""
        return accounts.sign_out_everywhere(account, EndReason.SIGNED_OUT_BY_ADMIN, self.actor, env)

    def on_link(self, change: Change, site: Site, link: Link | None = None) -> Change | Refused:
        """A change of an application link, or a new one: none that opens more than the caller may, nor in a way that
        the site's policy leaves out. To stop one that does, by disabling it or ending its sign-ins, is everybody's who
        administers.
        """
        after = [step.link for step in change.steps if isinstance(step, (AddLink, PutLink))]
        if link is not None and all(_is_stopped(link, one) for one in after):
            return change
        before = () if link is None else (link.permission,)
        fault = reach_fault(self.permission, *before, *(one.permission for one in after))
        beyond = (ways_fault(self.permission, one.ways, site, link) for one in after)
        return fault or next(filter(None, beyond), None) or change

    def erase(self, account: Account, env: Env) -> Change | Refused:
        """Forget a person for good."""
        return self.fault(account) or accounts.erase(account, self.actor, env)


def reach_fault(caller: Permission, *rights: Permission) -> Refused | None:
    """Why the caller may not touch who has, or give away, these rights: one of them is above the caller's own."""
    return Refused(Reason.ABOVE_CALLER) if any(right > caller for right in rights) else None


def ways_fault(caller: Permission, ways: Way, site: Site, link: Link | None) -> Refused | None:
    """Why the caller may not give a link these ways: whoever may not change the site's policy gives no link what the
    policy leaves out. What the link has already was given by somebody who may.
    """
    kept = Way.NONE if link is None else link.ways
    beyond = ways & ~site.ways & ~kept
    return reach_fault(caller, Permission.SYSTEM_ADMIN) if beyond else None


def keeping_administrators(
    change: Change, account: Account, here: Entrances, at: int, *, others: bool
) -> Change | Refused:
    """The change, unless it takes from the last who holds it a right to administer. ``others``: somebody else who can
    sign in has at least the same right. Two who go at once are told apart by the step that is added.
    """
    if not _loses_right(change, account):
        return change
    if not others:
        return Refused(Reason.LAST_ADMINISTRATOR)
    return replace(change, steps=(*change.steps, NeedAdministrator(account.permission, at, here)))


def telling_of_the_last(
    change: Change, account: Account, actor: str, at: int, *, others: bool, shut_out: bool = False
) -> Change:
    """The change as a directory wants it, with a line in the audit where it takes the last system administrator away:
    its word is a stop, and those are not refused. ``others`` as above. ``shut_out``: the account stays as it is, and
    what the change takes is its last way in.
    """
    goes = _loses_right(change, account) or (shut_out and account.standing is Standing.ACTIVE)
    if others or account.permission < Permission.SYSTEM_ADMIN or not goes:
        return change
    event = Event(EventKind.ADMINISTRATORS_GONE, at, actor, account.id)
    return replace(change, events=(*change.events, event))


def keeping_a_way_in(change: Change, account: Account, here: Entrances, at: int, lost: Lost = NOTHING_LOST) -> Change:
    """The change that takes a way in from an account, which fails where nobody could administer any more. What is
    ``lost`` lets nobody in either once it is done.
    """
    needs = passkeys.needed_after(account)
    if needs is None:
        return change
    return replace(change, steps=(*change.steps, NeedAdministrator(needs, at, here, lost)))


def _is_stopped(before: Link, after: Link) -> bool:
    """Whether the link was disabled and nothing else."""
    return after == replace(before, standing=Standing.DISABLED, version=after.version)


def administers(account: Account) -> bool:
    """Whether this account counts as an administrator of the site."""
    return account.standing is Standing.ACTIVE and account.permission >= Permission.ADMIN


def _loses_right(change: Change, account: Account) -> bool:
    if not administers(account):
        return False
    after = [step.account for step in change.steps if isinstance(step, PutAccount)]
    return any(a.standing is not Standing.ACTIVE or a.permission < account.permission for a in after)
