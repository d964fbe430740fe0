"""Which ways to sign in this site can take as it is set up, and which of a person's own count where some are taken."""

from genkan.protocol.records import Account, Way
from genkan.protocol.signin.ways import possible_ways
from genkan.site.door import Door


def possible_here(door: Door) -> Way:
    """The ways that this site can take as it is set up."""
    return possible_ways(
        door.public, certificates=bool(door.settings.client_ca), corporate=bool(door.sign_on.upstreams)
    )


async def takes_password(account: Account, ways: Way, door: Door) -> bool:
    """Whether the account has a password of its own, where these ways count."""
    return Way.PASSWORD in ways and await door.store.password_set_at(account.id) is not None


def takes_identity(source: str, ways: Way, door: Door) -> bool:
    """Whether who is linked to this directory can sign in by it, where these ways count: by its own page, or in the
    form where it knows passwords (LDAP).
    """
    if source in door.sign_on.upstreams:
        return Way.CORPORATE in ways
    return door.sign_on.named(source) is not None and Way.PASSWORD in ways
