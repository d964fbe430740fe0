"""Fetches CRLs and OCSP answers and keeps them for a while: bounded, one question at a time each. What they mean is
``protocol.certificates``'.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from cryptography import x509

from genkan.outside.crl_files import read_crl_file
from genkan.outside.fetcher import Fetched, FetchFault, fetch
from genkan.outside.reach import Reach
from genkan.protocol.certificates.crl import MOST_CRL_BYTES, judge_crl, read_crl
from genkan.protocol.certificates.ocsp import MOST_OCSP_BYTES, judge_ocsp, ocsp_request
from genkan.protocol.certificates.standing import Revocation, Unknown, combine, sources_of
from genkan.protocol.env import MINUTE

MOST_ENTRIES = 512
MOST_KEPT_BYTES = 32 * 1024 * 1024
MOST_AT_ONCE = 8
OCSP_FRESH = 10 * MINUTE  # asked again after that, though the answer itself may count for days
CRL_FRESH = 30 * MINUTE
RETRY = MINUTE  # after a failure, so that a responder that is down is not waited for at every sign-in
OCSP_SECONDS, CRL_SECONDS, ALL_SECONDS = 5.0, 10.0, 20.0

_Value: TypeAlias = bytes | x509.CertificateRevocationList
_Key: TypeAlias = tuple[str, bytes]
_Pair: TypeAlias = tuple[x509.Certificate, x509.Certificate]


@dataclass(frozen=True, slots=True)
class _Entry:
    """The last answer that came, and why no newer one did; ``due`` is when to ask again."""

    value: _Value | None
    fault: str
    size: int
    due: int


class Revocations:
    """Asks about certificates: first the operator's CRL files, then OCSP, then CRLs, until somebody knows."""

    def __init__(self, reach: Reach, files: Sequence[Path] = ()) -> None:
        # What is asked for is signed itself, and CAs publish it by plain http (RFC 5280 8).
        self._reach = replace(reach, plain_http=True)
        self._files = CrlFiles(files)
        self._kept: OrderedDict[_Key, _Entry] = OrderedDict()
        self._running: dict[_Key, asyncio.Task[_Entry]] = {}
        self._room = asyncio.Semaphore(MOST_AT_ONCE)

    async def standing(self, certificate: x509.Certificate, issuer: x509.Certificate, now: int) -> Revocation:
        """Whether this certificate of this issuer stands, within a bounded time."""
        try:
            async with asyncio.timeout(ALL_SECONDS):
                return await self._ask(certificate, issuer, now)
        except TimeoutError:
            return Unknown("asking took too long")

    async def _ask(self, certificate: x509.Certificate, issuer: x509.Certificate, now: int) -> Revocation:
        pair = certificate, issuer
        answer = await asyncio.to_thread(self._files.judge, pair, now)
        answers = [] if answer is None else [answer]
        sources = sources_of(certificate)
        asking = [(self._by_ocsp, url) for url in sources.ocsp] + [(self._by_crl, url) for url in sources.crls]
        for ask, url in asking:
            if answers and not isinstance(answers[-1], Unknown):
                break
            answers.append(await ask(url, pair, now))
        return combine(answers)

    async def _by_ocsp(self, url: str, pair: _Pair, now: int) -> Revocation:
        question = ocsp_request(*pair)

        async def asked() -> _Value | str:
            headers = (("content-type", "application/ocsp-request"), ("accept", "application/ocsp-response"))
            answer = await fetch(
                url, method="POST", body=question, headers=headers, most_bytes=MOST_OCSP_BYTES, seconds=OCSP_SECONDS,
                allow=self._reach,
            )  # fmt: skip
            return _body(answer)

        entry = await self._entry((url, hashlib.sha256(question).digest()), asked, OCSP_FRESH, now)
        if not isinstance(entry.value, bytes):
            return Unknown(entry.fault)
        return judge_ocsp(entry.value, *pair, now)

    async def _by_crl(self, url: str, pair: _Pair, now: int) -> Revocation:
        async def asked() -> _Value | str:
            body = _body(await fetch(url, most_bytes=MOST_CRL_BYTES, seconds=CRL_SECONDS, allow=self._reach))
            if isinstance(body, str):
                return body
            crl = read_crl(body)
            return f"{url[:200]} gives no CRL" if crl is None else crl

        entry = await self._entry((url, b""), asked, CRL_FRESH, now)
        if not isinstance(entry.value, x509.CertificateRevocationList):
            return Unknown(entry.fault)
        return await asyncio.to_thread(judge_crl, entry.value, *pair, now)

    async def _entry(self, key: _Key, ask: Callable[[], Awaitable[_Value | str]], fresh: int, now: int) -> _Entry:
        kept = self._kept.get(key)
        if kept is not None and kept.due > now:
            self._kept.move_to_end(key)
            return kept
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.create_task(self._renew(key, ask, fresh, now))
            task.add_done_callback(lambda _: self._running.pop(key, None))
        # Whoever gives up waiting does not end the question of the others.
        return await asyncio.shield(task)

    async def _renew(self, key: _Key, ask: Callable[[], Awaitable[_Value | str]], fresh: int, now: int) -> _Entry:
        async with self._room:
            answer = await ask()
        before = self._kept.get(key)
        if isinstance(answer, str):
            # The last answer goes on counting while it is in date itself.
            value, size = (before.value, before.size) if before else (None, 0)
            entry = _Entry(value, answer, size, now + RETRY)
        else:
            entry = _Entry(answer, "", _size(answer), now + fresh)
        self._keep(key, entry)
        return entry

    def _keep(self, key: _Key, entry: _Entry) -> None:
        self._kept.pop(key, None)
        self._kept[key] = entry
        size = sum(one.size for one in self._kept.values())
        while len(self._kept) > MOST_ENTRIES or (size > MOST_KEPT_BYTES and len(self._kept) > 1):
            size -= self._kept.popitem(last=False)[1].size


def _body(answer: Fetched | FetchFault) -> bytes | str:
    if isinstance(answer, FetchFault):
        return answer.sentence
    return answer.body if answer.status == 200 else f"the answer has the status {answer.status}"


def _size(value: _Value) -> int:
    return len(value if isinstance(value, bytes) else value.tbs_certlist_bytes)


class CrlFiles:
    """The operator's own CRL files, read again when they were replaced."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = tuple(paths)
        self._read: dict[Path, tuple[tuple[int, int], x509.CertificateRevocationList]] = {}

    def judge(self, pair: _Pair, now: int) -> Revocation | None:
        """What the files say; None where there are none. Blocks for as long as reading takes."""
        answers = [judge_crl(crl, *pair, now) for path in self._paths if (crl := self._current(path)) is not None]
        if not self._paths:
            return None
        return combine(answers) if answers else Unknown("the CRL files cannot be read")

    def _current(self, path: Path) -> x509.CertificateRevocationList | None:
        mark, crl = self._read.get(path, (None, None))
        try:
            found = path.stat()
            if mark != (found.st_mtime_ns, found.st_size):
                newer = read_crl_file(path)
                if newer is not None:
                    crl = newer
                    self._read[path] = (found.st_mtime_ns, found.st_size), newer
        except OSError:
            # A file that is being replaced just now: the one before goes on counting while it is in date.
            return crl
        return crl
