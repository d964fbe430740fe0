"""How the C library keeps memory that was used for a moment: it gives large pieces back (decision 0214)."""

import sys
from importlib import import_module

# glibc, mallopt(3). Setting it also ends that glibc raises it by itself, up to the largest piece that was ever freed.
_MMAP_THRESHOLD = -3
LARGE = 1 << 20


def give_large_pieces_back() -> bool:
    """From now on a piece of at least ``LARGE`` bytes is the system's again as soon as it is free. Whether that could
    be set: it can with glibc, and other libraries do as they do.
    """
    if sys.platform != "linux":
        return False
    # Loaded where it is wanted: what never serves does not need it.
    mallopt = getattr(import_module("ctypes").CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(_MMAP_THRESHOLD, LARGE))
