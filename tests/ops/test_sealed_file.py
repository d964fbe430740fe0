"""The sealed file: what goes in comes out, and nothing comes out of one that somebody cut, changed or put together."""

import io
from pathlib import Path

import pytest

from genkan.ops import sealed_file
from genkan.ops.sealed_file import CHUNK, HEAD, SALT_BYTES, TAG_BYTES, NotSealed, SealedReader, SealedWriter, is_sealed
from tests.protocol.builders import an_env

PASS = b"correct horse battery"
START = len(HEAD) + SALT_BYTES
WIDE = CHUNK + TAG_BYTES


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost of guessing is not what these are about."""
    monkeypatch.setattr(sealed_file, "ROUNDS", 1)
    monkeypatch.setattr(sealed_file, "MEMORY_KIB", 64)


def sealed(folder: Path, plain: bytes, step: int = 10_000) -> bytes:
    """The bytes of the file."""
    path = folder / "sealed"
    with path.open("wb") as file:
        writer = SealedWriter(file, PASS, an_env())
        for at in range(0, len(plain), step):
            writer.write(plain[at : at + step])
        writer.finish()
    return path.read_bytes()


def opened(content: bytes, passphrase: bytes = PASS, step: int = 9_999) -> bytes:
    """The plain text, read to its end."""
    reader = SealedReader(io.BytesIO(content), passphrase)
    parts = []
    while part := reader.read(step):
        parts.append(part)
    assert reader.is_whole
    return b"".join(parts)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 17])
def test_what_goes_in_comes_out(tmp_path: Path, size: int) -> None:
    """Around the ends of chunks, too; and of the plain text no line can be seen in the file."""
    plain = (b"no secret lies open in a backup\n" * (size // 32 + 1))[:size]
    content = sealed(tmp_path, plain)
    assert opened(content) == plain
    assert size < 32 or plain[:32] not in content
    assert len(content) == START + size + TAG_BYTES * max(1, -(-size // CHUNK))


@pytest.mark.parametrize(
    "left", [0, 5, START - 1, START, START + 10, START + WIDE, START + 2 * WIDE, -1, -TAG_BYTES - 1]
)
def test_a_cut_file_does_not_open(tmp_path: Path, left: int) -> None:
    """Wherever it was cut, at the end of a chunk as well."""
    content = sealed(tmp_path, bytes(range(256)) * (3 * CHUNK // 256))
    with pytest.raises(NotSealed):
        opened(content[:left])


def test_a_changed_byte_is_found(tmp_path: Path) -> None:
    """In the name, the salt, a chunk, a tag, the last byte; and one byte that was added."""
    content = sealed(tmp_path, bytes(2 * CHUNK))
    for at in (3, len(HEAD), START, START + CHUNK, START + WIDE + 5, len(content) - 1):
        changed = bytearray(content)
        changed[at] ^= 1
        with pytest.raises(NotSealed):
            opened(bytes(changed))
    with pytest.raises(NotSealed):
        opened(content + b"\0")


def test_chunks_keep_their_places(tmp_path: Path) -> None:
    """Two chunks that were exchanged, one that is there twice, one that is missing."""
    content = sealed(tmp_path, bytes(range(256)) * (3 * CHUNK // 256))
    head, one, two, three = content[:START], *(content[START + WIDE * n : START + WIDE * (n + 1)] for n in range(3))
    for others in (two + one + three, one + one + two + three, two + three, one + three):
        with pytest.raises(NotSealed):
            opened(head + others)


def test_another_passphrase_or_another_files_chunks_open_nothing(tmp_path: Path) -> None:
    """The key belongs to passphrase and salt, and the sentence says which two things it may be."""
    content = sealed(tmp_path, b"first")
    with pytest.raises(NotSealed, match="passphrase is another one"):
        opened(content, b"correct horse batterz")
    other = bytearray(content)
    other[len(HEAD) : START] = bytes(SALT_BYTES)
    with pytest.raises(NotSealed):
        opened(bytes(other))


def test_a_file_of_a_later_version_is_known_and_not_opened(tmp_path: Path) -> None:
    """It is ours, so it is not taken for a database; and what is no file at all is nobody's."""
    later = tmp_path / "later"
    later.write_bytes(b"genkan-backup-2\n" + bytes(100))
    assert is_sealed(later)
    assert not is_sealed(tmp_path / "none")
    with pytest.raises(NotSealed, match="this version"):
        opened(later.read_bytes())
