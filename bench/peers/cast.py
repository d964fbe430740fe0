"""The people and clients that the peers are set up with: the same for all of them."""

from bench.flow import Client, Person

# One password for all: hashing it is no part of any scenario that the peers take part in.
PEOPLE = tuple(Person(f"person{index}", "correct-horse-at-noon") for index in range(32))
NATIVE = Client("phone-app", "com.example.app:/oauth-callback", "WRITE")
CONFIDENTIAL = Client("web-app", "https://client.example/cb", "WRITE", "c" * 64)
INTROSPECTOR = ("resource-server", "i" * 64)


def as_document() -> dict[str, object]:
    """For peers whose glue is a program of its own."""
    return {
        "people": {person.name: person.password for person in PEOPLE},
        "native": {"id": NATIVE.id, "redirect": NATIVE.redirect},
        "confidential": {"id": CONFIDENTIAL.id, "redirect": CONFIDENTIAL.redirect, "secret": CONFIDENTIAL.secret},
        "introspector": {"id": INTROSPECTOR[0], "secret": INTROSPECTOR[1]},
    }
