"""A wall clock that a test sets for one process alone, from outside and while it runs: its CLOCK_REALTIME is answered
with an offset that stands in a file. The boot clock and all others stay the system's.
"""

import struct
import subprocess
from pathlib import Path

_SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

static volatile const long long *offset;
static int (*real)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void) {
    real = dlsym(RTLD_NEXT, "clock_gettime");
    const char *path = getenv("TEST_CLOCK_OFFSET");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0) {
        void *map = mmap(0, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
        if (map != MAP_FAILED) offset = map;
    }
}

int clock_gettime(clockid_t which, struct timespec *now) {
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int found = real(which, now);
    if (!found && which == CLOCK_REALTIME && offset) now->tv_sec += *offset;
    return found;
}
"""


class WallClock:
    """``environment`` is what a process gets whose wall clock this one sets."""

    def __init__(self, folder: Path) -> None:
        source, library, self._offset = folder / "clock.c", folder / "clock.so", folder / "clock.offset"
        source.write_text(_SOURCE)
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True, timeout=60)
        self._offset.write_bytes(bytes(8))
        self.environment = {"LD_PRELOAD": str(library), "TEST_CLOCK_OFFSET": str(self._offset)}

    def set_off(self, seconds: int) -> None:
        """From now on it shows so much more than it should."""
        with self._offset.open("r+b") as file:
            file.write(struct.pack("q", seconds))
