"""A Chromium that has a client certificate of its own, as a person installs one: in the store that it reads (NSS), with
its key, chosen for an origin without a question. Nothing stands between this browser's TLS and the server's.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import NoEncryption, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from tests.browser.conftest import FLAGS, PATIENCE_MS
from tests.conftest import installed_program

if TYPE_CHECKING:
    from playwright.async_api import Page


class Home:
    """The folder that a person's browser calls home; trusts the authority ``web``, and has the certificate ``shows``
    (its file also holds the key), if any.
    """

    def __init__(self, folder: Path, web: Path, shows: Path | None, origin: str) -> None:
        self.folder = folder
        self.profile = folder / "profile"
        self._store = folder / ".pki" / "nssdb"
        self._store.mkdir(parents=True)
        self._tool("certutil", "-N", "--empty-password")
        self._tool("certutil", "-A", "-t", "C,,", "-n", "web", "-i", str(web))
        if shows is not None:
            packed = folder / "mine.p12"
            packed.write_bytes(_packed(shows.read_bytes()))
            self._tool("pk12util", "-i", str(packed), "-W", "", "-K", "")
        self._choose(origin)

    def _tool(self, name: str, *words: str) -> None:
        command = [installed_program(name), "-d", f"sql:{self._store}", *words]
        subprocess.run(command, check=True, capture_output=True, timeout=60)

    def _choose(self, origin: str) -> None:
        """What the policy AutoSelectCertificateForUrls would write: any certificate is shown to this origin unasked."""
        chosen: dict[str, Any] = {"auto_select_certificate": {f"{origin},*": {"setting": {"filters": [{}]}}}}
        preferences = self.profile / "Default" / "Preferences"
        preferences.parent.mkdir(parents=True)
        preferences.write_text(json.dumps({"profile": {"content_settings": {"exceptions": chosen}}}))

    @asynccontextmanager
    async def page(self) -> AsyncIterator[Page]:
        """A page of a browser that runs here."""
        from playwright.async_api import async_playwright

        async with async_playwright() as driver:
            context = await driver.chromium.launch_persistent_context(
                str(self.profile),
                executable_path=installed_program("chromium"),
                args=list(FLAGS),
                env={**os.environ, "HOME": str(self.folder)},
            )
            context.set_default_timeout(PATIENCE_MS)
            yield await context.new_page()
            await context.close()


def _packed(pem: bytes) -> bytes:
    leaf, *others = x509.load_pem_x509_certificates(pem)
    key = load_pem_private_key(pem, None)
    return serialize_key_and_certificates(b"mine", key, leaf, others, NoEncryption())  # type: ignore[arg-type]
