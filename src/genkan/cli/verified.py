"""What a tried backup came to, as genkan restore --verify tells it: in words and as JSON."""

from collections.abc import Iterator
from dataclasses import asdict

from genkan.cli.output import say
from genkan.ops.verify import RingVerified, Verified
from genkan.site.api.documents import moment
from genkan.store.sqlite_losses import Losses

_CAMEL = {
    "sign_ins": "signIns", "gone_on": "goneOn", "signed_out": "signedOut", "links": "links", "accounts": "accounts",
    "changed": "changed", "stops": "stops", "events": "events",
}  # fmt: skip


def verified_document(found: Verified | RingVerified) -> dict[str, object]:
    """As JSON. ``lost`` is null where nobody can know."""
    if isinstance(found, RingVerified):
        return {"good": found.good, "ringVersion": found.ring_version, "served": False}
    counts, lost = found.counts, found.losses
    return {
        "good": True,
        "served": True,
        "asOf": moment(found.restored.as_of),
        "lastEvent": found.restored.last_event,
        "ringVersion": found.restored.ring_version - 1,
        "counts": {"accounts": counts.accounts, "links": counts.links, "signIns": counts.sign_ins},
        "lost": None if lost is None else {_CAMEL[name]: number for name, number in asdict(lost).items()},
    }


def tell_verified(what: str, found: Verified | RingVerified) -> None:
    """In words. ``what`` names the backup, and the dump where there is one."""
    if isinstance(found, RingVerified):
        say(f"{what} holds key ring {found.ring_version}. Its database is backed up by PostgreSQL's own programs, "
            "and was not tried: name what pg_dump made of it with --dump.")  # fmt: skip
        fits = "It is the ring of the database that is there, or a newer one."
        say(fits if found.good else "It does not belong to the database that is there, or is older than that.")
        return
    counts = found.counts
    say(f"{what} is good, as of {moment(found.restored.as_of)}: {counts.accounts} accounts, {counts.links} links, "
        f"{counts.sign_ins} sign-ins.")  # fmt: skip
    say("A copy of it was restored and served, and a session made for this trial went on there.")
    if found.losses is None:
        say("The site that lies here is another one or cannot be read, so nobody can say what came after the backup: "
            "sign-ins, links and accounts that are new, and everything that was stopped.")  # fmt: skip
        return
    say("Restored now, this is what it would not know:")
    for line in _lost(found.losses):
        say(f"  {line}")
    say("It cannot tell in which order things were done, nor what a proxy, a directory or an MDM did meanwhile.")


def _lost(lost: Losses) -> Iterator[str]:
    yield f"new sign-ins: {lost.sign_ins} (with --heal their apps are told to wait; those people sign in again)"
    yield f"phones that refreshed since: {lost.gone_on} (with --heal they go on)"
    yield f"sign-ins that ended since: {lost.signed_out} (with --heal they would live again)"
    yield f"new accounts: {lost.accounts}, new links: {lost.links}"
    yield f"changed accounts and links, revoked API keys: {lost.changed} (they would be as before)"
    yield f"stops of whole accounts, links or keys: {lost.stops}"
    yield f"lines of the audit: {lost.events}"
