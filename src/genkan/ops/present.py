"""What accounts and links are now, as wishes: the starting point of every change that says only what shall differ."""

from genkan.protocol.accounts import AccountWish
from genkan.protocol.links import LinkWish
from genkan.protocol.records import Account, Link


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
    )
