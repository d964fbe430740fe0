"""Links to directories as pages show them."""

from genkan.protocol.records import Account
from genkan.site.door import Door


async def identity_rows(account: Account, path: str, ending: str, door: Door) -> list[dict[str, object]]:
    """One for each directory; ``path`` is below the base URL's path, ``ending`` what takes the link away."""
    return [
        {
            "title": door.sign_on.title_of(one.source),
            "label": one.label,
            "subject": one.subject,
            "linked_at": one.linked_at,
            "seen_at": one.seen_at,
            "missed_since": one.missed_since,
            "held": one.held is not None and one.held == account.version,
            "known": door.sign_on.named(one.source) is not None,
            "remove_url": f"{door.public.path}{path}/{one.source}/{ending}",
        }
        for one in await door.store.identities_of(account.id)
    ]
