"""What a configuration's users ask for. Pure."""

from shlex import quote

from msgspec import UNSET, UnsetType

from genkan.ops.configuration import UserEntry, place
from genkan.ops.draft import Draft, Unplannable, Wanted, differences, good
from genkan.ops.present import account_wish
from genkan.protocol import accounts
from genkan.protocol.accounts import AccountWish
from genkan.protocol.outcomes import PutAccount
from genkan.protocol.records import Account, Standing
from genkan.wire.scopes import Permission

STANDING_LINES = {
    Standing.ACTIVE: "enable the account {}",
    Standing.DISABLED: "disable the account {}, which ends all it is signed in with",
    Standing.DELETED: "delete the account {}, which ends all it is signed in with",
}


def plan_users(wanted: Wanted, draft: Draft) -> None:
    """Add what is missing, change what differs, in the order of the file."""
    seen: set[str] = set()
    for number, entry in enumerate(wanted.configuration.user):
        where = place("user", number, entry.name)
        folded = accounts.fold(entry.name)
        if folded is None:
            raise Unplannable(f"{where}: the name must have 1 to {accounts.NAME_CHARACTERS} visible characters")
        if folded in seen:
            raise Unplannable(f"{where}: the account stands in the file twice")
        seen.add(folded)
        _plan_user(where, entry, folded, wanted.password_hashes.get(number), draft)


def _plan_user(where: str, entry: UserEntry, folded: str, password_hash: str | None, draft: Draft) -> None:
    account = draft.present.accounts.get(folded)
    if entry.state is Standing.DELETED:
        if account is not None:
            _set_standing(where, account, Standing.DELETED, draft)
        return
    if account is None:
        account = _add(where, entry, password_hash, draft)
    else:
        _change(where, entry, account, draft)
        account = draft.present.accounts[folded]
        if password_hash is not None:
            change = accounts.set_password(account, password_hash, False, draft.actor, draft.env)
            draft.do(f"set the password of {account.name}", change)
    if entry.state not in (UNSET, account.standing):
        _set_standing(where, account, Standing(entry.state), draft)


def _add(where: str, entry: UserEntry, password_hash: str | None, draft: Draft) -> Account:
    wish = _wish(entry, AccountWish(entry.name, password_hash=password_hash))
    made = good(where, accounts.create(wish, draft.actor, draft.env))
    line = f"add the account {made.account.name} with the permission {made.account.permission.name}"
    draft.do(line if password_hash else line + _without_password(made.account), made.change)
    return made.account


def _without_password(account: Account) -> str:
    return f", without a password: nobody can sign in as it before genkan user set-password {quote(account.name)}"


def _change(where: str, entry: UserEntry, account: Account, draft: Draft) -> None:
    wish = _wish(entry, account_wish(account))
    if wish == account_wish(account):
        return
    change = good(where, accounts.change(account, wish, draft.actor, draft.env))
    changed = next(step.account for step in change.steps if isinstance(step, PutAccount))
    said = differences(_told(account), _told(changed))
    if said:
        draft.do(f"change the account {account.name}: {said}", change)


def _told(account: Account) -> dict[str, object]:
    return {
        "name": account.name,
        "display name": account.display_name,
        "e-mail": account.email,
        "permission": account.permission.name,
        "groups": account.groups,
    }


def _wish(entry: UserEntry, now: AccountWish) -> AccountWish:
    """The account as it is or would be by default, but for what the entry says."""
    return AccountWish(
        name=entry.name,
        display_name=now.display_name if isinstance(entry.display_name, UnsetType) else entry.display_name,
        email=now.email if isinstance(entry.email, UnsetType) else entry.email,
        permission=now.permission if isinstance(entry.permission, UnsetType) else Permission[entry.permission],
        groups=now.groups if isinstance(entry.groups, UnsetType) else entry.groups,
        password_hash=now.password_hash,
    )


def _set_standing(where: str, account: Account, standing: Standing, draft: Draft) -> None:
    change = good(where, accounts.set_standing(account, standing, draft.actor, draft.env))
    draft.do(STANDING_LINES[standing].format(account.name), change)
