"""What people name on the command line: accounts, links and permissions by any of their names, or a Stop that says
where to look.
"""

from typing import Annotated

from cyclopts import Parameter

from genkan.cli.workbench import SET_UP, Stop, Workbench
from genkan.protocol import accounts
from genkan.protocol.records import Account, Link, Standing, Way
from genkan.protocol.signin.ways import WORDS, ways_named
from genkan.site.api.documents import public_id
from genkan.wire.scopes import Permission

AccountName = Annotated[str, Parameter(help="The account's name; case and spaces do not matter.")]
LinkId = Annotated[str, Parameter(help="The link's id or client id.")]
PermissionName = Annotated[str | None, Parameter(name="--permission", help="READ, WRITE, ADMIN or SYSTEM_ADMIN.")]

WaysNamed = Annotated[
    str | None, Parameter(name="--ways", help="With commas: password, passkey, certificate, corporate.")
]


async def account_named(site: Workbench, name: str) -> Account:
    """The account of this name in any spelling."""
    folded = accounts.fold(name)
    account = await site.store.account_by_name(folded) if folded else None
    if account is None:
        raise Stop(f"there is no account {name}; genkan user list shows them")
    return account


async def link_named(site: Workbench, text: str) -> Link:
    """The link with this id or client id."""
    for link in await site.store.links():
        if link.standing is not Standing.DELETED and text in (link.client_id, public_id(link.id)):
            return link
    raise Stop(f"there is no link {text}; genkan link list shows them")


def permission_named(text: str | None, otherwise: Permission | None = None) -> Permission:
    """The permission of this name; ``otherwise`` where none is named."""
    if text is None and otherwise is not None:
        return otherwise
    if text is None or text not in Permission.__members__:
        raise Stop(f"permission {text}: write one of {', '.join(Permission.__members__)}", SET_UP)
    return Permission[text]


def ways_of(text: str) -> Way:
    """The ways to sign in that a text names, with commas between them."""
    ways = ways_named(word.strip() for word in text.split(","))
    if ways is None:
        raise Stop(f"ways {text}: write some of {', '.join(WORDS.values())}, with commas", SET_UP)
    return ways
