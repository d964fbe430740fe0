"""A key ring remembers its site: what a store without one takes, and what it refuses."""

from dataclasses import replace
from pathlib import Path

import pytest

from genkan.founding import CannotServe, load_ring
from genkan.outside.ring_file import make_ring_file, read_ring
from genkan.protocol.ring import Ring, new_ring, parse, render
from genkan.store.api import Store
from tests.store.builders import an_env


async def test_an_empty_store_beside_a_ring_that_served_is_refused(store: Store, tmp_path: Path) -> None:
    """Also on a fresh PostgreSQL database, and whether the ring names another site or, of an older Genkan, none."""
    path = tmp_path / "1.json"
    for number, site_id in enumerate((b"", b"another site's id")):
        path = tmp_path / f"{number}.json"
        assert make_ring_file(path, new_ring(an_env(), site_id[:16])) is None
        with pytest.raises(CannotServe, match="serve --found-anew"):
            await load_ring(store, path)
        assert (await store.site()).ring_fingerprint == b""
    adopted = await load_ring(store, path, anew=True)
    site = await store.site()
    assert site.ring_fingerprint == adopted.fingerprint
    assert _remembered(path) == site.site_id


async def test_a_ring_without_a_memory_gets_one_at_its_first_good_start(store: Store, tmp_path: Path) -> None:
    """The ring of a site that an older Genkan served; nothing else of its file changes."""
    path = tmp_path / "secrets.json"
    made = await load_ring(store, path)
    site_id = (await store.site()).site_id
    assert _remembered(path) == site_id
    path.write_bytes(render(replace(made, site_id=b"")))
    assert await load_ring(store, path) == made
    assert _remembered(path) == site_id
    assert read_ring(path) == made


async def test_a_ring_that_cannot_be_changed_serves_its_site_nevertheless(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mounted secret: one line says that it remembers nothing."""
    path = tmp_path / "secrets.json"
    made = await load_ring(store, path)
    path.write_bytes(render(replace(made, site_id=b"")))
    monkeypatch.setattr(Path, "replace", _refuse)
    assert await load_ring(store, path) == made
    assert "does not name its site" in capsys.readouterr().err


def _refuse(self: Path, target: Path) -> Path:
    raise OSError(30, "Read-only file system")


def test_a_site_of_another_length_is_a_damaged_ring() -> None:
    """What is read is exactly a site's id or nothing."""
    ring = new_ring(an_env(), bytes(16))
    assert isinstance(parse(render(ring)), Ring)
    assert not isinstance(parse(render(replace(ring, site_id=bytes(15)))), Ring)


def _remembered(path: Path) -> bytes:
    ring = read_ring(path)
    assert isinstance(ring, Ring)
    return ring.site_id
