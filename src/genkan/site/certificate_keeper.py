"""Looks up again whether the certificates stand that people are signed in with, and ends the sign-ins of one that does
not: some at a time, each as often as the settings say.
"""

import asyncio
from collections.abc import Sequence

from genkan.protocol.certificate_records import KnownCertificate
from genkan.protocol.certificates import revoking
from genkan.protocol.certificates.standing import Revocation, Revoked, Unknown
from genkan.protocol.env import SECOND
from genkan.site.door import Door
from genkan.site.keeping import survived

MOST_A_ROUND = 200
AT_ONCE = 8
LONGEST_PAUSE_SECONDS = 15


class CertificateKeeper:
    """One task for the life of the process. A store that cannot answer is asked again at the next round."""

    def __init__(self, door: Door) -> None:
        self._door = door

    @property
    def is_needed(self) -> bool:
        """Whether anybody's certificate counts here, and whether anybody is asked about it."""
        return self._door.certificates.is_open and self._door.settings.certificate_revocation != "off"

    async def run(self) -> None:
        """Go round until cancelled."""
        while True:
            await survived(self._turn, "certificate check", "the certificate check waits for the store", self._door)
            await asyncio.sleep(min(self._door.settings.certificate_check_seconds, LONGEST_PAUSE_SECONDS))

    async def _turn(self) -> None:
        """Of several processes one looks them up."""
        if await self._door.on_duty():
            await self.round()

    async def round(self) -> None:
        """Look up what is due, a few at once."""
        env, seconds = self._door.env(), self._door.settings.certificate_check_seconds
        due = await self._door.store.certificates_to_check(env.now - seconds * SECOND, MOST_A_ROUND)
        for begin in range(0, len(due), AT_ONCE):
            some = due[begin : begin + AT_ONCE]
            await self._check([known for known, is_used in some if is_used and not revoking.is_over(known, env)])
            await self._door.store.apply(revoking.checked((known for known, _ in some), self._door.env()))

    async def _check(self, some: Sequence[KnownCertificate]) -> None:
        recheck = self._door.certificates.recheck
        answers = await asyncio.gather(*(recheck(known, self._door.env()) for known in some))
        for known, answer in zip(some, answers, strict=True):
            await self._learn(known, answer)

    async def _learn(self, known: KnownCertificate, answer: Revocation) -> None:
        named = {"certificate": known.fingerprint.hex()}
        change = revoking.learned(known, answer, self._door.env())
        if change is not None and await self._door.store.apply(change):
            reason = answer.reason if isinstance(answer, Revoked) else ""
            self._door.log("warning", "a certificate was revoked, its sign-ins ended", **named, reason=reason)
        elif isinstance(answer, Unknown):
            # Whoever is signed in stays so: an attack on the responder, or its fault, must not sign everybody out.
            self._door.log("warning", "whether a certificate still stands is not known", **named, problem=answer.why)
