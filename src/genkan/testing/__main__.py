"""The browser of a person as a program: ``python -m genkan.testing ADDRESS``, as ``GENKAN_BROWSER`` wants it.

What the person does is in the environment: ``PERSON_NAME``, ``PERSON_PASSWORDS`` (one a line), ``PERSON_DECISION``.
"""

import os
import sys
from urllib.parse import urljoin

from genkan.testing.person import Person, RealBrowser
from genkan.testing.setup import PASSWORD


def main() -> None:
    """Walk to where the answer leaves the site, and take it to a loopback address as a browser does."""
    browser = RealBrowser()
    passwords = os.environ.get("PERSON_PASSWORDS", PASSWORD).splitlines()
    decision = os.environ.get("PERSON_DECISION", "allow")
    end = Person(browser, os.environ.get("PERSON_NAME", "alice"), passwords, decision)(sys.argv[1])
    while end is not None and end.startswith("http://127.0.0.1:"):
        answer = browser.get(end)
        end = urljoin(end, answer.headers["location"]) if answer.is_redirect else None
    browser.close()


if __name__ == "__main__":
    main()
