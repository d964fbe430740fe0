"""The sentences of the doctor: they stand where something is judged, under the name that marks them, ``say``."""

from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path

from babel.messages.extract import extract_from_dir

from genkan.wire import versions
from genkan.wire.addresses import kind_of

DOCTOR = Path(str(files("genkan.doctor")))
# One address of each kind that is told apart.
ADDRESSES = ("169.254.169.254", "::", "127.0.0.1", "::ffff:192.0.2.1", "::8.8.8.8", "64:ff9b::1", "2002::1",
             "2001::1", "224.0.0.1", "fe80::1", "100.64.0.1", "10.0.0.1", "192.0.2.1")  # fmt: skip


def doctors_words() -> list[str]:
    """What the doctor says, what it says of versions, and what it calls addresses."""
    found = extract_from_dir(str(DOCTOR), [("**.py", "python")], {}, keywords={"say": None}, comment_tags=())
    sentences = [str(message) for _, _, message, _, _ in sorted(found, key=lambda line: (line[0], line[1]))]
    kinds = sorted({kind_of(ip_address(text))[0] for text in ADDRESSES} - {""})
    return [*sentences, *versions.WORDS.values(), *kinds]
