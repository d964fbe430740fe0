"""Measurements of several processes of one node, whichever is asked."""

import asyncio
from collections.abc import Iterator
from contextlib import closing

import pytest
from prometheus_client.core import Metric

from genkan.httpd.seat import Letterbox, a_letterbox
from genkan.protocol.reasons import Reason
from genkan.site import fellows
from genkan.site.fellows import Fellows
from genkan.site.measure import Measures
from genkan.site.metrics import counted


@pytest.fixture
def boxes() -> Iterator[list[Letterbox]]:
    """Three letterboxes, closed at the end."""
    made = [a_letterbox() for _ in range(3)]
    yield made
    for box in made:
        box.close()


def a_fellow(number: int, boxes: list[Letterbox]) -> tuple[Fellows, Measures]:
    """One process's side, which listens."""
    measures = Measures()
    fellow = Fellows(number, [(box.inlet, box.outlet) for box in boxes])

    async def measured() -> list[Metric]:
        return list(counted(measures))

    fellow.listen(measured)
    return fellow, measures


def lines(text: bytes, name: str) -> set[str]:
    """The samples of this name."""
    return {line for line in text.decode().splitlines() if line.startswith(name)}


async def test_whoever_is_asked_shows_all(boxes: list[Letterbox]) -> None:
    """Each process's counts stand under its number, and none is added to another's."""
    made = [a_fellow(number, boxes) for number in range(3)]
    for number, (_, measures) in enumerate(made):
        for _ in range(number + 1):
            measures.answered("/healthz", 200, 0.001)
        measures.refused(Reason.NOT_ALLOWED)
    shown = [await fellow.render() for fellow, _ in made]
    assert shown[0] == shown[1] == shown[2]
    assert lines(shown[0], "genkan_http_answers_total") == {
        f'genkan_http_answers_total{{route="/healthz",status="200",worker="{number}"}} {number + 1}.0'
        for number in range(3)
    }
    assert lines(shown[0], "genkan_up") == {f'genkan_up{{worker="{number}"}} 1.0' for number in range(3)}
    assert shown[0].count(b"# TYPE genkan_refusals ") + shown[0].count(b"# TYPE genkan_refusals_total ") == 1


async def test_who_does_not_answer_is_shown_so(boxes: list[Letterbox], monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that hangs, or is just being started anew, keeps nobody from the others' numbers."""
    monkeypatch.setattr(fellows, "ANSWER_SECONDS", 0.2)
    (first, _), _ = a_fellow(0, boxes), a_fellow(2, boxes)
    shown = await first.render()
    assert lines(shown, "genkan_up") == {
        'genkan_up{worker="0"} 1.0', 'genkan_up{worker="1"} 0.0', 'genkan_up{worker="2"} 1.0',
    }  # fmt: skip


async def test_what_waits_for_a_process_is_no_harm_to_the_next(
    boxes: list[Letterbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Questions of long ago are answered to nobody, and a full queue is tried again."""
    monkeypatch.setattr(fellows, "ANSWER_SECONDS", 0.05)
    first, _ = a_fellow(0, boxes)
    for _ in range(15):
        await first.render()
    monkeypatch.setattr(fellows, "ANSWER_SECONDS", 5.0)
    asked = asyncio.create_task(first.render())
    await asyncio.sleep(0)
    a_fellow(1, boxes)
    a_fellow(2, boxes)
    assert b'genkan_up{worker="1"} 1.0' in await asked


async def test_many_measurements_fit_one_message(boxes: list[Letterbox]) -> None:
    """Far more routes and reasons than there are."""
    (first, _), (_, measures), _ = (a_fellow(number, boxes) for number in range(3))
    for number in range(600):
        measures.answered(f"/some/rather/long/route/of/number/{number}/{{id}}", 200, 0.001)
    shown = await first.render()
    assert len(lines(shown, "genkan_http_answers_total")) == 600


def test_letterboxes_never_make_their_writers_wait() -> None:
    """A process that reads nothing fills its own letterbox alone."""

    def fill(box: Letterbox) -> None:
        for _ in range(10_000):
            box.inlet.send(bytes(100))

    with closing(a_letterbox()) as box, pytest.raises(BlockingIOError):
        fill(box)
