"""A browser command that opens nothing: it leaves the address for the test's browser, whole or not at all."""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    place, address = Path(sys.argv[1]), sys.argv[2]
    half = place.with_suffix(".half")
    half.write_text(address, encoding="utf-8")
    os.replace(half, place)  # noqa: PTH105 - the one step that another process cannot see half of
