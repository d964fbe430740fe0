"""A disk that hangs, fails or is full, for the files below one folder of one process: by a library that is preloaded.

Tests that use it say ``pytest.mark.needs("gcc")``.
"""

import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("disk_shim.c")


class Disk:
    """The faults of the files below ``folder``; everything is well until one is named."""

    def __init__(self, work: Path, folder: Path) -> None:
        self._library = work / "disk_shim.so"
        self._word = work / "disk-fault"
        self._folder = folder
        subprocess.run(
            ["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", self._library, SOURCE, "-ldl"],
            check=True, timeout=60,
        )  # fmt: skip

    @property
    def environment(self) -> dict[str, str]:
        """What the process that is to have this disk is started with."""
        return {
            "LD_PRELOAD": str(self._library),
            "TEST_DISK_FOLDER": str(self._folder),
            "TEST_DISK_FAULT": str(self._word),
        }

    def is_now(self, fault: str) -> None:
        """``hang``, ``eio`` or ``enospc``, from the next call on."""
        beside = self._word.with_suffix(".new")
        beside.write_text(fault)
        beside.replace(self._word)

    def is_well(self) -> None:
        """From the next call on, and for whoever hangs."""
        self._word.unlink(missing_ok=True)
