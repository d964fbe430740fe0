"""The way to the certificate origin and back: bound to one browser's nonce, short, and of one spelling."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.protocol.certificates.faults import CertificateFault, Fault
from genkan.protocol.env import CLOCK_LEEWAY
from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.ring import new_ring
from genkan.protocol.sealing import Purpose, Sealer
from genkan.protocol.signin import hand_over as ho
from tests.protocol.builders import NOW, an_env

SEALER = Sealer(new_ring(an_env()), b"s" * 16)
NONCE = "a nonce"
TICKET = ho.Ticket(ho.digest_of(NONCE), {"next": "/account"}, NOW)
DONE = ho.HandOver(TICKET, NOW, 7, b"f" * 32)


@pytest.mark.parametrize(
    ("after", "good"),
    [(0, True), (ho.TICKET_LIFE, True), (ho.TICKET_LIFE + 1, False), (-CLOCK_LEEWAY, True), (-CLOCK_LEEWAY - 1, False)],
)
def test_a_ticket_has_its_time(after: int, good: bool) -> None:
    """Ten minutes, and a little before it was made for nodes whose clocks differ."""
    ticket = ho.open_ticket(ho.seal_ticket(TICKET, SEALER, an_env()), SEALER)
    assert ticket == TICKET
    assert ho.is_late(ticket, an_env(NOW + after)) is not good


@pytest.mark.parametrize(("after", "good"), [(0, True), (30_000, True), (30_001, False), (-CLOCK_LEEWAY - 1, False)])
def test_a_hand_over_has_its_time(after: int, good: bool) -> None:
    """Thirty seconds."""
    taken = ho.take(ho.seal_hand_over(DONE, SEALER, an_env()), NONCE, SEALER, an_env(NOW + after))
    assert (taken == DONE) is good
    assert good or isinstance(taken, Refused)


def test_what_it_carries_outlives_it() -> None:
    """Any that was sealed here says where its person was going, and nothing else does."""
    sealed = ho.seal_hand_over(DONE, SEALER, an_env())
    assert ho.carried(sealed, SEALER) == TICKET.carried
    for text in ("", sealed[:-1], ho.seal_ticket(TICKET, SEALER, an_env())):
        assert ho.carried(text, SEALER) == {}


@pytest.mark.parametrize("nonce", [None, "", "another", NONCE + " ", "\udcff"])
def test_only_the_browser_with_the_nonce_takes_it(nonce: str | None) -> None:
    """Whatever else a cookie may hold."""
    assert isinstance(ho.take(ho.seal_hand_over(DONE, SEALER, an_env()), nonce, SEALER, an_env()), Refused)


@given(st.text(max_size=80))
def test_any_text_is_refused(text: str) -> None:
    """Nothing that was not sealed here opens."""
    assert isinstance(ho.take(text, NONCE, SEALER, an_env()), Refused)
    assert ho.open_ticket(text, SEALER) is None


def test_each_is_sealed_for_itself_and_for_one_site() -> None:
    """A ticket is no hand-over, neither is what another site or purpose sealed, or another version of this program."""
    ticket, done = ho.seal_ticket(TICKET, SEALER, an_env()), ho.seal_hand_over(DONE, SEALER, an_env())
    other = Sealer(SEALER.ring, b"t" * 16)
    assert ho.open_ticket(done, SEALER) is None
    assert isinstance(ho.take(ticket, NONCE, SEALER, an_env()), Refused)
    assert ho.open_ticket(ticket, other) is None
    assert isinstance(ho.take(done, NONCE, other, an_env()), Refused)
    strange = SEALER.seal(Purpose.CERTIFICATE, msgspec.msgpack.encode([1]), an_env())
    assert isinstance(ho.take(strange, NONCE, SEALER, an_env()), Refused)


def test_it_is_spent_by_its_text() -> None:
    """Two of the same content are two, one is one; and the mark outlives it."""
    first, second = (ho.seal_hand_over(DONE, SEALER, an_env()) for _ in range(2))
    assert ho.spending(first, DONE).digest == ho.spending(first, DONE).digest
    assert (first == second) is (ho.spending(first, DONE).digest == ho.spending(second, DONE).digest)
    assert ho.spending(first, DONE).expires_at >= NOW + ho.HAND_OVER_LIFE


def test_a_fault_comes_back_as_it_was() -> None:
    """With the values of its sentence, and without the detail that is for the operator."""
    sent = ho.HandOver(TICKET, NOW, fault=Fault.EXPIRED, values=(("date", "2026-11-25"),))
    taken = ho.take(ho.seal_hand_over(sent, SEALER, an_env()), NONCE, SEALER, an_env())
    assert isinstance(taken, ho.HandOver)
    assert taken.refused == CertificateFault(Fault.EXPIRED, "", (("date", "2026-11-25"),))
    assert DONE.refused is None
    assert ho.HandOver(TICKET, NOW, fault=ho.MISSING).refused is None
    assert ho.HandOver(TICKET, NOW, fault=ho.LATE).refused == Refused(Reason.CERTIFICATE_LATE)
