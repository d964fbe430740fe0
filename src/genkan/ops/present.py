"""What a site has now, as far as its configuration tells: loaded, changed in thought by steps, and turned into wishes
that say only what shall differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from genkan.protocol.accounts import AccountWish
from genkan.protocol.link_wishes import LinkWish
from genkan.protocol.outcomes import AddAccount, AddLink, Change, PutAccount, PutLink, TurnMobile
from genkan.protocol.records import Account, Link, Site, Standing
from genkan.protocol.signin_steps import PutSignInPolicy
from genkan.store.api import Store

PAGE = 500


@dataclass(frozen=True, slots=True)
class Present:
    """Accounts by their folded names, without tombstones; links by id, tombstones included, oldest first."""

    site: Site
    accounts: Mapping[str, Account]
    links: Mapping[int, Link]

    @property
    def app_link(self) -> Link | None:
        """The link behind the mobile switch, unless it was deleted."""
        link = self.links.get(self.site.mobile_link_id or 0)
        return link if link is not None and link.standing is not Standing.DELETED else None

    @property
    def mobile_on(self) -> bool:
        """Whether the switch is on for a link that is there."""
        return self.site.mobile_enabled and self.app_link is not None


async def load_present(store: Store) -> Present:
    """The site as it is."""
    found: dict[str, Account] = {}
    after = ""
    while page := await store.accounts(after, PAGE):
        found |= {account.folded: account for account in page if account.standing is not Standing.DELETED}
        after = page[-1].folded
    links = sorted(await store.links(), key=lambda link: (link.created_at, link.id))
    return Present(await store.site(), found, {link.id: link for link in links})


def after(present: Present, change: Change) -> Present:
    """The site as it will be once the change is applied."""
    accounts, links, site = dict(present.accounts), dict(present.links), present.site
    for step in change.steps:
        match step:
            case AddAccount() | PutAccount():
                accounts = {name: known for name, known in accounts.items() if known.id != step.account.id}
                if step.account.standing is not Standing.DELETED:
                    accounts[step.account.folded] = step.account
            case AddLink() | PutLink():
                links[step.link.id] = step.link
            case TurnMobile():
                site = replace(site, mobile_enabled=step.enabled, mobile_link_id=step.link_id)
            case PutSignInPolicy():
                site = replace(site, ways=step.ways, max_age=step.max_age)
            case _:
                continue
    return Present(site, accounts, links)


def account_wish(account: Account) -> AccountWish:
    """The account as it is."""
    return AccountWish(account.name, account.display_name, account.email, account.permission, account.groups)


def link_wish(link: Link) -> LinkWish:
    """The link as it is; its kind and client id cannot be wished for any more."""
    return LinkWish(
        name=link.name,
        redirects=link.redirects,
        permission=link.permission,
        consent=link.consent,
        introspect=link.introspect,
        pkce_required=link.pkce_required,
        plain_pkce=link.plain_pkce,
        absolute_lifetime=link.absolute_lifetime,
        ways=link.ways,
        max_age=link.max_age,
    )
