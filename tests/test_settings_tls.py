"""Settings of TLS: what cannot be is refused in one line that names what to mend."""

from pathlib import Path

import pytest

from genkan import settings
from genkan.settings import Settings, SettingsProblem
from tests.protocol.certificates.making import authority


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _problem(environment: dict[str, str]) -> str:
    loaded = settings.load(environment, {})
    assert isinstance(loaded, SettingsProblem), loaded
    return loaded.sentence


def _loaded(environment: dict[str, str]) -> Settings:
    loaded = settings.load(environment, {})
    assert isinstance(loaded, Settings), loaded
    return loaded


TLS = {"GENKAN_TLS_CERT": "site.pem", "GENKAN_TLS_KEY": "site.key"}
ORIGIN = {**TLS, "GENKAN_BASE_URL": "https://s.example", "GENKAN_CERTIFICATE_URL": "https://s.example:8443"}


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"GENKAN_TLS_CERT": "site.pem"}, "GENKAN_TLS_KEY: a certificate and its key"),
        ({"GENKAN_TLS_KEY": "site.key"}, "GENKAN_TLS_CERT: a certificate and its key"),
        ({**TLS, "GENKAN_BASE_URL": "http://localhost:8080"}, "GENKAN_BASE_URL: http://localhost:8080 is not https"),
        ({**ORIGIN, "GENKAN_CERTIFICATE_TLS_CERT": "c.pem"}, "GENKAN_CERTIFICATE_TLS_KEY: "),
        ({**TLS, "GENKAN_CERTIFICATE_PORT": "8443"}, "GENKAN_CERTIFICATE_PORT: it counts with GENKAN_CERTIFICATE_URL"),
        ({**ORIGIN, "GENKAN_CERTIFICATE_URL": "http://localhost:8443"}, "GENKAN_CERTIFICATE_URL: http://localhost"),
        ({**ORIGIN, "GENKAN_CERTIFICATE_URL": "s.example"}, "GENKAN_CERTIFICATE_URL: The address is not absolute."),
        (
            {**ORIGIN, "GENKAN_CERTIFICATE_URL": "https://c.example/x"},
            "GENKAN_CERTIFICATE_URL: https://c.example/x has",
        ),
        ({**ORIGIN, "GENKAN_CERTIFICATE_URL": "https://S.example:443"}, "GENKAN_CERTIFICATE_URL: it is the base URL's"),
        ({**ORIGIN, "GENKAN_CERTIFICATE_URL": "https://c.example:8080"}, "GENKAN_CERTIFICATE_PORT: 8080 is the site's"),
        ({"GENKAN_CERTIFICATE_URL": "https://c.example"}, "GENKAN_CERTIFICATE_URL: nobody asks for certificates there"),
        ({"GENKAN_CERTIFICATE_ON_EVERY_HOP": "1"}, "GENKAN_CERTIFICATE_ON_EVERY_HOP: nobody asks for certificates"),
        ({**TLS, "GENKAN_CERTIFICATE_ON_EVERY_HOP": "1"}, "GENKAN_CLIENT_CA: client certificates are asked for"),
        (ORIGIN, "GENKAN_CLIENT_CA: client certificates are asked for"),
    ],
)
def test_tls_that_cannot_be_is_refused(environment: dict[str, str], said: str) -> None:
    """One sentence that begins with the setting to mend."""
    assert _problem(environment).startswith(said)


def test_tls_of_its_own_is_spoken_at_an_https_address() -> None:
    """The default base URL follows; the origin for certificates is known by its one spelling."""
    assert _loaded(TLS).public.text == "https://localhost:8080"
    Path("ca.pem").write_bytes(authority().pem)
    origin = _loaded({**ORIGIN, "GENKAN_CLIENT_CA": "ca.pem"}).certificate_origin
    assert origin is not None
    assert origin.origin == "https://s.example:8443"
