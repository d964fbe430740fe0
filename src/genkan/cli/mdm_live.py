"""``genkan mdm check --live``: each site of a value, proved as a phone would meet it. What is asked is the doctor's."""

import asyncio
from pathlib import Path

from genkan.cli.check import means
from genkan.doctor import live
from genkan.doctor.examine import Means
from genkan.doctor.verdicts import Report as Proof
from genkan.mdm.check import Report
from genkan.wire.managed import SiteEntry
from genkan.wire.sentences import Sentence, sentence

MOST_SITES = 20


def proofs(report: Report, ca_file: Path | None) -> tuple[Proof, ...]:
    """What each site answers, in the order of the value; nothing is issued and no secret is sent."""
    return asyncio.run(_proved(report, means(ca_file)))


async def _proved(report: Report, reaching: Means) -> tuple[Proof, ...]:
    asked = report.sites[:MOST_SITES]
    found = await asyncio.gather(*(_proof(site, reaching, android=report.android) for site in asked))
    beyond = len(report.sites) - len(asked)
    notes = (_beyond(beyond),) if beyond else ()
    return (*found[:-1], Proof(found[-1].url, found[-1].probes, notes)) if found and notes else tuple(found)


def _beyond(count: int) -> Sentence:
    return sentence(
        "%(count)s more sites were not asked: at most %(most)s are asked at once.", {"count": count, "most": MOST_SITES}
    )


async def _proof(site: SiteEntry, reaching: Means, *, android: bool) -> Proof:
    return Proof(site.base_url, await live.prove(site, reaching, android=android))
