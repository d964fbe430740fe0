"""Proving one entry of an MDM value against the live site; whole documents are read and judged elsewhere."""

from dataclasses import replace

from genkan.doctor.examine import Means, examine, target_of
from genkan.doctor.saying import plain, say
from genkan.doctor.telling import Told
from genkan.doctor.verdicts import Probe
from genkan.wire.managed_records import SiteEntry
from genkan.wire.urls import BaseURLProblem


async def prove(entry: SiteEntry, means: Means, *, android: bool = False) -> tuple[Probe, ...]:
    """What a phone with this entry would meet at its site. Nothing is issued there and no secret is sent.

    ``android``: the value is for Android, which ignores ``oauth``.
    """
    ignored = (oauth_on_android(entry),) if android else ()
    client_id = entry.oauth.client_id if entry.oauth is not None and not android else None
    target = target_of(entry.base_url, client_id=client_id, skip_info=entry.skip_info)
    if isinstance(target, BaseURLProblem):
        return (Told("address", plain(entry.base_url), _WHY_ADDRESS).wrong(target.what, target.instead), *ignored)
    report = await examine(replace(target, has_authorities=bool(means.authorities)), means)
    return (*report.probes, *ignored)


_WHY_ADDRESS = say("The app joins its paths to this very address and follows no redirect.")


def oauth_on_android(entry: SiteEntry) -> Probe:
    """Whether the entry relies on what Android passes over."""
    told = Told(
        "android",
        say("whether the entry has oauth"),
        say(
            "OAuth 2.0 in the app is for iOS; Android signs in in its own web view, and supports client "
            "certificates there."
        ),
    )
    if entry.oauth is None:
        return told.ok(say("it has none, so nothing is ignored"))
    return told.warning(
        say("oauth is ignored on Android"), say("Leave oauth to the iOS value; on Android the site is only listed.")
    )
