"""The certificate desk with real CRL and OCSP servers on loopback: what it asks, how often, and when nobody answers."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from genkan.outside.certificates import CertificateDesk, Strictness
from genkan.outside.reach import Reach
from genkan.outside.revocation import CRL_FRESH, MOST_ENTRIES, OCSP_FRESH, RETRY, Revocations
from genkan.protocol.certificate_records import KnownCertificate
from genkan.protocol.certificates.bundle import Bundle
from genkan.protocol.certificates.faults import CertificateFault, Fault
from genkan.protocol.certificates.naming import Kind
from genkan.protocol.certificates.presented import Presented
from genkan.protocol.certificates.standing import Good, Revoked, Unknown
from genkan.protocol.env import DAY, Env
from genkan.protocol.signin.certificate import Accepted
from tests.outside.answering import Answering, answering, http
from tests.protocol.certificates.making import NOW, TODAY, Made, authority, bundle, crl, ocsp_answer, person, upn

ROOT = authority()
URI = x509.UniformResourceIdentifier
HERE = Reach(networks=(ipaddress.ip_network("127.0.0.1/32"),))


def env(now: int = NOW) -> Env:
    return Env(now, bytes)


@dataclass
class Web:
    """A CA's server: paths to what they answer, and who asked."""

    server: Answering
    pages: dict[str, Callable[[bytes], bytes | None]] = field(default_factory=dict)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server.port}{path}"

    @property
    def asked(self) -> list[str]:
        return [head.split(" ", 2)[1] for head in self.server.heads]

    def person(self, *, by_ocsp: bool = False, by_crl: bool = False, issuer: Made = ROOT, **how: object) -> Made:
        extra: list[tuple[x509.ExtensionType, bool]] = []
        if by_ocsp:
            access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, URI(self.url("/ocsp")))
            extra.append((x509.AuthorityInformationAccess([access]), False))
        if by_crl:
            point = x509.DistributionPoint([URI(self.url("/crl"))], None, None, None)
            extra.append((x509.CRLDistributionPoints([point]), False))
        return person(issuer, upn("alice@corp"), extra=extra, **how)  # type: ignore[arg-type]

    def serve(self, path: str, body: bytes, status: str = "200 OK") -> None:
        self.pages[path] = lambda _: http(body, status=status)


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    pages: dict[str, Callable[[bytes], bytes | None]] = {}

    def answer(head: str, body: bytes) -> bytes | None:
        page = pages.get(head.split(" ", 2)[1])
        return http(b"", status="404 Not Found") if page is None else page(body)

    async with answering(answer) as server:
        yield Web(server, pages)


def desk(
    strictness: Strictness = Strictness.REQUIRE, reach: Reach = HERE, files: list[Path] | None = None
) -> CertificateDesk:
    return CertificateDesk(bundle(ROOT), (), strictness, Revocations(reach, files or ()))


def fault(answer: Accepted | CertificateFault) -> CertificateFault:
    assert isinstance(answer, CertificateFault), answer
    return answer


async def judged(at: CertificateDesk, made: Made, now: int = NOW, *others: Made) -> Accepted | CertificateFault:
    return await at.judge(Presented(made.der, tuple(one.der for one in others)), env(now))


async def test_an_accepted_certificate_brings_its_names_and_its_issuer(web: Web) -> None:
    """What a sign-in needs: the leaf's names, both certificates for looking again, and no doubt."""
    alice = web.person(by_ocsp=True)
    web.serve("/ocsp", ocsp_answer(alice, ROOT))
    answer = await judged(desk(), alice)
    assert isinstance(answer, Accepted)
    assert answer.leaf.the_one(Kind.UPN) == "alice@corp"
    assert (answer.certificate, answer.issuer, answer.doubt) == (alice.der, ROOT.der, "")
    assert "content-type: application/ocsp-request" in web.server.heads[0].lower()
    assert ocsp.load_der_ocsp_request(web.server.bodies[0]).serial_number == alice.certificate.serial_number


async def test_revoked_by_ocsp_and_by_crl_say_since_when(web: Web) -> None:
    """Each source alone, and the CRL where the responder is silent on the matter; the sentence names the day."""
    by_ocsp, by_crl, by_both = web.person(by_ocsp=True), web.person(by_crl=True), web.person(by_ocsp=True, by_crl=True)
    web.serve("/ocsp", ocsp_answer(by_ocsp, ROOT, ocsp.OCSPCertStatus.REVOKED))
    web.serve("/crl", crl(ROOT, by_crl.certificate.serial_number, by_both.certificate.serial_number))
    for made in (by_ocsp, by_crl, by_both):
        answer = fault(await judged(desk(), made))
        assert answer.fault is Fault.REVOKED
        assert str(answer.public) == "Your certificate was revoked on 2026-11-23."


async def test_a_revoked_authority_ends_the_way(web: Web) -> None:
    """Every certificate below the anchor is asked about; a revoked issuing CA vouches for nobody."""
    point = x509.DistributionPoint([URI(web.url("/root.crl"))], None, None, None)
    issuing = authority("Issuing", ROOT, extra=[(x509.CRLDistributionPoints([point]), False)])
    alice = web.person(by_crl=True, issuer=issuing)
    web.serve("/crl", crl(issuing))
    web.serve("/root.crl", crl(ROOT))
    assert isinstance(await judged(desk(), alice, NOW, issuing), Accepted)
    web.serve("/root.crl", crl(ROOT, issuing.certificate.serial_number))
    answer = fault(await judged(desk(), alice, NOW, issuing))
    assert (answer.fault, "CN=Issuing was revoked" in answer.detail) == (Fault.CHAIN, True)


@pytest.mark.parametrize("what", ["nothing", "status", "rubbish", "old", "foreign", "closed"])
async def test_where_nobody_knows_the_setting_decides(web: Web, what: str) -> None:
    """The word require refuses with a sentence, prefer lets pass and says why, off asks nobody."""
    alice = web.person(by_ocsp=what != "nothing", by_crl=what != "nothing")
    old = TODAY - timedelta(days=9)
    pages = {
        "status": (b"", b""), "nothing": (b"", b""), "rubbish": (b"rubbish", b"rubbish"),
        "old": (ocsp_answer(alice, ROOT, begins=old, ends=old), crl(ROOT, begins=old, ends=old + timedelta(days=1))),
        "foreign": (ocsp_answer(alice, ROOT, responder=authority("X")), crl(authority("X"))),
        "closed": (ocsp_answer(alice, ROOT), crl(ROOT)),
    }  # fmt: skip
    for path, body in zip(("/ocsp", "/crl"), pages[what], strict=True):
        web.serve(path, body, "500 Oops" if what == "status" else "200 OK")
    reach = Reach() if what == "closed" else HERE
    strict = fault(await judged(desk(Strictness.REQUIRE, reach), alice))
    assert strict.fault is Fault.REVOCATION_UNKNOWN
    assert "cannot be found out" in str(strict.public)
    before = len(web.asked)
    lines: list[dict[str, str]] = []
    noting = replace(
        desk(Strictness.PREFER, reach), log=lambda level, event, **said: lines.append({"event": event, **said})
    )
    preferred = await judged(noting, alice)
    assert isinstance(preferred, Accepted)
    assert [(line["event"], line["why"]) for line in lines] == [("revocation unknown", preferred.doubt)]
    assert preferred.doubt.startswith("CN=alice: ")
    assert (len(web.asked) > before) == (what not in {"nothing", "closed"})
    asked = len(web.asked)
    unasked = await judged(desk(Strictness.OFF, reach), alice)
    assert isinstance(unasked, Accepted)
    assert (unasked.doubt, len(web.asked)) == ("", asked)


async def test_an_unverified_certificate_makes_us_ask_nobody(web: Web) -> None:
    """Row 17: only addresses in certificates of the administrator's CAs are ever fetched."""
    stranger = web.person(by_ocsp=True, by_crl=True, issuer=authority("Stranger"))
    assert fault(await judged(desk(), stranger)).fault is Fault.UNKNOWN_AUTHORITY
    expired = web.person(by_ocsp=True, by_crl=True, ends=TODAY - timedelta(days=1))
    assert fault(await judged(desk(), expired)).fault is Fault.EXPIRED
    assert web.asked == []


async def test_answers_are_kept_and_asked_again_in_time(web: Web) -> None:
    """OCSP for ten minutes, CRLs for half an hour, a failure for one; never longer than the answer itself counts."""
    by_crl, by_ocsp = web.person(by_crl=True), web.person(by_ocsp=True)
    web.serve("/crl", crl(ROOT))
    web.serve("/ocsp", ocsp_answer(by_ocsp, ROOT))
    at = desk()
    for made, fresh in ((by_crl, CRL_FRESH), (by_ocsp, OCSP_FRESH)):
        web.server.heads.clear()
        for now, asked in ((NOW, 1), (NOW + fresh - 1, 1), (NOW + fresh, 2)):
            assert isinstance(await judged(at, made, now), Accepted)
            assert len(web.asked) == asked
    web.server.heads.clear()
    web.pages.clear()
    failing = desk()
    for now, asked in ((NOW, 1), (NOW + RETRY - 1, 1), (NOW + RETRY, 2)):
        assert fault(await judged(failing, by_crl, now)).fault is Fault.REVOCATION_UNKNOWN
        assert len(web.asked) == asked


async def test_the_last_answer_counts_while_it_is_in_date(web: Web) -> None:
    """A responder that is down later changes nothing until the answer's own end, and a newer one replaces it."""
    alice = web.person(by_crl=True)
    web.serve("/crl", crl(ROOT))
    at = desk()
    assert isinstance(await judged(at, alice), Accepted)
    web.pages.clear()
    assert isinstance(await judged(at, alice, NOW + DAY), Accepted)
    assert fault(await judged(at, alice, NOW + 7 * DAY)).fault is Fault.REVOCATION_UNKNOWN
    again = desk()
    web.serve("/crl", crl(ROOT))
    assert isinstance(await judged(again, alice), Accepted)
    web.serve("/crl", crl(ROOT, alice.certificate.serial_number))
    assert fault(await judged(again, alice, NOW + CRL_FRESH)).fault is Fault.REVOKED


async def test_many_who_ask_at_once_ask_once(web: Web) -> None:
    """One question however many wait for its answer, and who gives up does not end it for the others."""
    alice = web.person(by_crl=True)
    web.serve("/crl", crl(ROOT))
    at = desk()
    waiting = [asyncio.create_task(judged(at, alice)) for _ in range(20)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    answers = await asyncio.gather(*waiting[1:])
    assert all(isinstance(answer, Accepted) for answer in answers)
    assert web.asked == ["/crl"]


async def test_what_is_kept_is_bounded(web: Web) -> None:
    """However many addresses are asked, the last ones are kept and no more."""
    revocations = Revocations(HERE)

    async def answer() -> bytes:
        return b"x" * 100_000

    for number in range(MOST_ENTRIES + 20):
        await revocations._renew((str(number), b""), answer, 1, NOW)
    kept = revocations._kept
    assert len(kept) <= MOST_ENTRIES
    assert sum(entry.size for entry in kept.values()) <= 32 * 1024 * 1024
    assert (str(MOST_ENTRIES + 19), b"") in kept


async def test_the_operators_files_come_first_and_may_be_replaced(web: Web, tmp_path: Path) -> None:
    """A CRL in a file is enough; a new one counts at once, a broken one leaves the one before."""
    alice = web.person(by_crl=True)
    path = tmp_path / "root.crl"
    path.write_bytes(crl(ROOT))
    at = desk(files=[path])
    assert isinstance(await judged(at, alice), Accepted)
    assert web.asked == []
    path.write_bytes(b"half")
    assert isinstance(await judged(at, alice), Accepted)
    pem = x509.load_der_x509_crl(crl(ROOT, alice.certificate.serial_number)).public_bytes(Encoding.PEM)
    path.write_bytes(pem)
    assert fault(await judged(at, alice)).fault is Fault.REVOKED
    path.unlink()
    assert fault(await judged(at, alice)).fault is Fault.REVOKED
    other = desk(files=[tmp_path / "none.crl"])
    web.serve("/crl", crl(ROOT))
    assert isinstance(await judged(other, alice), Accepted)


async def test_certificates_of_signed_in_people_are_looked_at_again(web: Web) -> None:
    """From what is kept of them alone: good, revoked, or unknown where the site does not ask."""
    alice = web.person(by_crl=True)
    known = KnownCertificate(1, b"f" * 32, 1, "CN=alice", alice.der, ROOT.der, NOW, NOW, NOW)
    web.serve("/crl", crl(ROOT))
    assert isinstance(await desk().recheck(known, env()), Good)
    web.serve("/crl", crl(ROOT, alice.certificate.serial_number))
    assert isinstance(await desk().recheck(known, env()), Revoked)
    assert isinstance(await desk(Strictness.OFF).recheck(known, env()), Unknown)
    broken = KnownCertificate(1, b"f" * 32, 1, "", b"", ROOT.der, NOW, NOW, NOW)
    assert isinstance(await desk().recheck(broken, env()), Unknown)


async def test_a_revoked_authority_ends_the_sign_ins_below_it(web: Web) -> None:
    """Between the certificate and the CA file every one is looked at again, by what is kept: whom the leaf's own issuer
    still vouches for is out when that issuer is.
    """
    point = x509.DistributionPoint([URI(web.url("/root.crl"))], None, None, None)
    middle = authority("Middle", ROOT, extra=[(x509.CRLDistributionPoints([point]), False)])
    alice = web.person(by_crl=True, issuer=middle)
    known = KnownCertificate(1, b"f" * 32, 1, "CN=alice", alice.der, middle.der, NOW, NOW, NOW)
    web.serve("/crl", crl(middle))
    web.serve("/root.crl", crl(ROOT))
    assert isinstance(await desk().recheck(known, env()), Good)
    web.serve("/root.crl", crl(ROOT, middle.certificate.serial_number))
    assert isinstance(await desk().recheck(known, env()), Revoked)
    elsewhere = replace(desk(), bundle=Bundle())
    assert isinstance(await elsewhere.recheck(known, env()), Good), "without a way there is the leaf alone to ask about"


async def test_without_authorities_nobody_is_let_in() -> None:
    """A site that names no CA accepts no certificate, and what cannot be read is a fault."""
    closed = CertificateDesk()
    assert not closed.is_open
    assert fault(await judged(closed, person(ROOT))).fault is Fault.UNKNOWN_AUTHORITY
    assert fault(await desk().judge(Presented(b"rubbish"), env())).fault is Fault.UNREADABLE
    assert isinstance(await desk(Strictness.OFF).judge(Presented(person(ROOT).der, (b"rubbish",)), env()), Accepted)
