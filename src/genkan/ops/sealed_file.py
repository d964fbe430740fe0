"""A file sealed under a passphrase, written and read as a stream: cut, changed or reordered, it does not open.

Layout of version 1: a line that names it, 16 bytes of salt, then chunks of AES-256-GCM, each 64 KiB of plain text and
its tag, the last one shorter. The key is Argon2id's of passphrase and salt, so it belongs to this file alone; a chunk's
nonce is its number and whether it is the last; the head is associated with each.
"""

import os
from pathlib import Path
from typing import IO

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from genkan.protocol.env import Env

HEAD = b"genkan-backup-1\n"
SALT_BYTES = 16
CHUNK = 64 * 1024
TAG_BYTES = 16
# RFC 9106 4: the second recommended choice, for where memory is scarce. Nothing of it is taken from the file, so that
# no file can ask for more.
ROUNDS, MEMORY_KIB, LANES, KEY_BYTES = 3, 64 * 1024, 4, 32


class NotSealed(Exception):
    """The file does not open; the text is the rest of a sentence that begins with its name."""


def is_sealed(path: Path) -> bool:
    """Whether this is a file of ours, of any version."""
    try:
        with path.open("rb") as file:
            return file.read(len(HEAD)).startswith(b"genkan-backup-")
    except OSError:
        return False


class SealedWriter:
    """Takes plain text and writes it sealed; ``finish`` makes it whole, and without that it never opens."""

    def __init__(self, target: IO[bytes], passphrase: bytes, env: Env) -> None:
        self._target = target
        self._head = HEAD + env.draw(SALT_BYTES)
        self._aead = _aead(passphrase, self._head)
        self._number = 0
        self._waiting = bytearray()
        target.write(self._head)

    def write(self, data: bytes, /) -> int:
        self._waiting += data
        # The last chunk is known as such only at the end, so one is always kept back.
        while len(self._waiting) > CHUNK:
            self._put(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]
        return len(data)

    def finish(self) -> None:
        """Write what waits as the last chunk, durable when this returns."""
        self._put(bytes(self._waiting), last=True)
        self._waiting.clear()
        self._target.flush()
        os.fsync(self._target.fileno())

    def _put(self, plain: bytes, *, last: bool) -> None:
        self._target.write(self._aead.encrypt(_nonce(self._number, last=last), plain, self._head))
        self._number += 1


class SealedReader:
    """Gives the plain text, each chunk only once its seal held. Raises NotSealed, at the end of a cut file too."""

    def __init__(self, source: IO[bytes], passphrase: bytes) -> None:
        self._source = source
        self._head = source.read(len(HEAD) + SALT_BYTES)
        if not self._head.startswith(HEAD) or len(self._head) < len(HEAD) + SALT_BYTES:
            raise NotSealed("is no backup that this version of Genkan can open")
        self._aead = _aead(passphrase, self._head)
        self._number = 0
        self._plain = b""
        self._next = source.read(CHUNK + TAG_BYTES)
        self.is_whole = False

    def read(self, size: int, /) -> bytes:
        while not self._plain and not self.is_whole:
            self._open()
        given, self._plain = self._plain[:size], self._plain[size:]
        return given

    def _open(self) -> None:
        sealed, self._next = self._next, self._source.read(CHUNK + TAG_BYTES)
        last = not self._next
        try:
            self._plain = self._aead.decrypt(_nonce(self._number, last=last), sealed, self._head)
        except InvalidTag:
            if self._number == 0:
                raise NotSealed("does not open: the passphrase is another one, or the file was changed") from None
            raise NotSealed("was changed or cut short; nothing of it is taken") from None
        self._number += 1
        self.is_whole = last


def _aead(passphrase: bytes, head: bytes) -> AESGCM:
    return AESGCM(
        hash_secret_raw(
            passphrase, head[len(HEAD) :], time_cost=ROUNDS, memory_cost=MEMORY_KIB, parallelism=LANES,
            hash_len=KEY_BYTES, type=Type.ID,
        )
    )  # fmt: skip


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
