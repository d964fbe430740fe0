"""The key ring's file: exclusive, whole, owner-only and durable, or one sentence about what is wrong."""

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from genkan.outside.ring_file import make_ring_file, read_ring, read_ring_of, replace_ring_file
from genkan.protocol.records import Site
from genkan.protocol.ring import Ring, RingProblem, add, new_ring, render
from tests.protocol.builders import SITE_ID, an_env

RING = new_ring(an_env())
NEWER = add(RING, an_env(seed="newer"))


def mode(path: Path) -> int:
    """The permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def problem(answer: Ring | RingProblem | None) -> str:
    """The sentence of a problem."""
    assert isinstance(answer, RingProblem)
    assert "\n" not in answer.sentence
    return answer.sentence


def test_a_ring_is_made_and_read_back(tmp_path: Path) -> None:
    """The file is the owner's alone, whatever the umask, and so is a folder made for it."""
    path = tmp_path / "fresh" / "secrets.json"
    before = os.umask(0)
    try:
        assert make_ring_file(path, RING) is None
    finally:
        os.umask(before)
    assert read_ring(path) == RING
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert [entry.name for entry in path.parent.iterdir()] == ["secrets.json"]


def test_a_ring_is_never_made_over_another(tmp_path: Path) -> None:
    """What lies there stays byte for byte, be it a ring, rubbish or a dangling name."""
    for content in (render(RING), b"rubbish"):
        path = tmp_path / f"{len(content)}.json"
        path.write_bytes(content)
        assert "already" in problem(make_ring_file(path, NEWER))
        assert path.read_bytes() == content
    dangling = tmp_path / "dangling.json"
    dangling.symlink_to(tmp_path / "nowhere")
    assert "already" in problem(make_ring_file(dangling, NEWER))
    assert not (tmp_path / "nowhere").exists()


def test_a_crash_while_making_leaves_no_half_a_ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dying at the write leaves nothing in the ring's place, and the next start makes it."""
    path = tmp_path / "secrets.json"

    def dies(handle: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", dies)
        with pytest.raises(KeyboardInterrupt):
            make_ring_file(path, RING)
    assert not path.exists()
    assert make_ring_file(path, RING) is None
    assert read_ring(path) == RING


def test_replacing_shows_the_old_or_the_new_ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash before the move leaves the old ring; afterwards the new one is there, still owner-only."""
    path = tmp_path / "secrets.json"
    make_ring_file(path, RING)

    def dies(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", dies)
        with pytest.raises(KeyboardInterrupt):
            replace_ring_file(path, NEWER)
    assert read_ring(path) == RING
    assert replace_ring_file(path, NEWER) is None
    assert read_ring(path) == NEWER
    assert mode(path) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["secrets.json"]


def test_file_and_folder_are_synced_before_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new file is on the disk before it takes the name, and the folder after."""
    path, steps = tmp_path / "secrets.json", []
    make_ring_file(path, RING)
    sync, move = os.fsync, Path.replace

    def synced(handle: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        sync(handle)

    def moved(self: Path, target: Path) -> Path:
        steps.append("move")
        return move(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", moved)
    replace_ring_file(path, NEWER)
    assert steps == ["file", "move", "folder"]


def test_a_linked_ring_is_replaced_where_it_lies(tmp_path: Path) -> None:
    """A symbolic link stays one; the file that it names gets the new ring."""
    real, link = tmp_path / "real.json", tmp_path / "secrets.json"
    make_ring_file(real, RING)
    link.symlink_to(real)
    assert replace_ring_file(link, NEWER) is None
    assert link.is_symlink()
    assert read_ring(real) == NEWER


def test_root_leaves_the_ring_to_its_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When root makes or replaces a ring it is given to the user who had it, or who has the folder."""
    path, given = tmp_path / "secrets.json", []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "fchown", lambda handle, uid, gid: given.append((uid, gid)))
    make_ring_file(path, RING)
    replace_ring_file(path, NEWER)
    folder, file = tmp_path.stat(), path.stat()
    assert given == [(folder.st_uid, folder.st_gid), (file.st_uid, file.st_gid)]


def test_an_ordinary_user_gives_nothing_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without root nothing is chowned."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "fchown", lambda *_: pytest.fail("chown without root"))
    assert make_ring_file(tmp_path / "secrets.json", RING) is None


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o660, 0o644])
def test_a_ring_that_others_can_read_is_refused(tmp_path: Path, bits: int) -> None:
    """The sentence says how to mend it."""
    path = tmp_path / "secrets.json"
    make_ring_file(path, RING)
    path.chmod(bits)
    assert f"chmod 600 {path}" in problem(read_ring(path))


@pytest.mark.parametrize(
    ("owner", "we", "bits", "taken"),
    [
        (0, 10001, 0o440, True),
        (0, 10001, 0o640, True),
        (0, 10001, 0o400, True),
        (0, 10001, 0o460, False),
        (0, 10001, 0o444, False),
        (0, 10001, 0o441, False),
        (10001, 10001, 0o440, False),
        (0, 0, 0o440, False),
        (4711, 10001, 0o440, False),
    ],
)
def test_a_ring_that_root_lends_to_a_group_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: int, we: int, bits: int, taken: bool
) -> None:
    """As secrets are mounted for a program that is not root; nobody else may read it, and the group not write it."""
    path = tmp_path / "secrets.json"
    make_ring_file(path, RING)
    path.chmod(bits)
    found = path.stat()
    shown = os.stat_result((found.st_mode, *found[1:4], owner, *found[5:]))
    monkeypatch.setattr(os, "fstat", lambda _: shown)
    monkeypatch.setattr(os, "geteuid", lambda: we)
    assert (read_ring(path) == RING) is taken


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"\xff\xfe", b"[1]", render(RING)[:-20], render(RING).replace(b'"active"', b'"asleep"')]
)
def test_what_is_no_ring_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    """Rubbish, half a ring, an unknown state: the path is named, nothing is guessed."""
    path = tmp_path / "secrets.json"
    path.write_bytes(content)
    path.chmod(0o600)
    assert str(path) in problem(read_ring(path))


def test_absent_and_unreadable_places(tmp_path: Path) -> None:
    """A missing file names the setting; a folder, and a place where nothing can be made, say what the system says."""
    assert "GENKAN_SECRET_FILE" in problem(read_ring(tmp_path / "none.json"))
    assert "cannot be read" in problem(read_ring(tmp_path))
    (tmp_path / "file").write_text("")
    assert "cannot be made" in problem(make_ring_file(tmp_path / "file" / "secrets.json", RING))
    assert "cannot be replaced" in problem(replace_ring_file(tmp_path / "nowhere" / "secrets.json", RING))


def a_site(ring: Ring, **changes: object) -> Site:
    """A site that names this ring."""
    named = Site(SITE_ID, 1, ring.version, ring.fingerprint, False, None, 0, None, False)
    return replace(named, **changes)  # type: ignore[arg-type]


def test_a_ring_belongs_to_its_site_and_is_its_newest(tmp_path: Path) -> None:
    """A foreign ring and an older one than the store names are refused; a newer one, and one for a site that knows
    none yet, are taken.
    """
    path = tmp_path / "secrets.json"
    make_ring_file(path, RING)
    assert read_ring_of(path, a_site(RING)) == RING
    assert read_ring_of(path, a_site(RING, ring_version=0)) == RING
    assert read_ring_of(path, a_site(RING, ring_version=0, ring_fingerprint=b"")) == RING
    assert "another site" in problem(read_ring_of(path, a_site(RING, ring_fingerprint=b"x" * 16)))
    assert "older than the store says (2)" in problem(read_ring_of(path, a_site(NEWER)))
    path.unlink()
    assert "is not there" in problem(read_ring_of(path, a_site(RING)))


def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the write fails, nothing lies in the ring's place and the reason is said."""
    path = tmp_path / "secrets.json"

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left" in problem(make_ring_file(path, RING))
    assert not path.exists()


def test_no_secret_is_in_a_sentence_or_repr(tmp_path: Path) -> None:
    """Neither the ring's representation nor a problem with its file tells a key."""
    path = tmp_path / "secrets.json"
    make_ring_file(path, replace(RING, version=0))
    said = problem(read_ring(path)) + repr(RING)
    assert RING.active.secret.hex() not in said
    assert repr(RING.active.secret) not in said
