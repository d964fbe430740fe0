"""The page's certificate for a try: its own lines make the CA, the certificate and the .p12, and Genkan takes them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from tests.cli.shell import Shell
from tests.docs.host import BLOCK
from tests.workshop.tree import ROOT

PAGE = ROOT / "docs/how-to/certificate-sign-in.md"
GENKAN = Path(sys.executable).with_name("genkan")
SECRET = "the-secret-of-the-proxy-in-this-test"
SETTINGS, MAKING, INSTALLED = 'client_ca = "/etc/genkan/people-ca', "openssl req -x509", "install -m 644 people-ca.pem"
TIED, PRINTED = "certificate explain alice.pem", "genkan proxy nginx"

HEADING = "## Try it with a certificate of your own making"

pytestmark = pytest.mark.needs("openssl")


def tried(holding: str, *, upto: bool = False) -> str:
    """The block of the page's try that holds this; with ``upto`` all shell from the first openssl line to there."""
    part = PAGE.read_text(encoding="utf-8").partition(f"{HEADING}\n")[2].partition("\n## ")[0]
    blocks = BLOCK.findall(part)
    [place] = [number for number, text in enumerate(blocks) if holding in text]
    begun = next(number for number, text in enumerate(blocks) if MAKING in text)
    shell = [text for text in blocks[begun:place] if SETTINGS not in text] if upto else []
    return "".join([*shell, blocks[place]])


class Place:
    """A folder in which the page is typed, for a site of its own whose settings are the page's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.etc = folder / "etc"
        self.etc.mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GENKAN_")}
        (self.etc / "proxy-secret").write_text(SECRET)
        (self.etc / "proxy-secret").chmod(0o600)
        (self.etc / "genkan.toml").write_text(
            f'base_url = "https://site.example.com"\ndata_dir = "{folder}/data"\ntrusted_proxies = ["127.0.0.1"]\n'
            f'proxy_secret_file = "{self.etc}/proxy-secret"\n' + self.here(tried(SETTINGS))
        )
        self.environment = kept | {
            "GENKAN_SETTINGS_FILE": str(self.etc / "genkan.toml"),
            "PATH": f"{GENKAN.parent}:{kept['PATH']}",
        }

    def here(self, text: str) -> str:
        """What a block means in this folder; there is no service to restart."""
        return text.replace("/etc/genkan", str(self.etc)).replace("systemctl restart genkan\n", "")

    def typed(self, text: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Typed into a shell; the first line that fails ends it."""
        return subprocess.run(
            ["sh", "-eu", "-c", self.here(text)], check=False, cwd=self.folder, env=self.environment,
            input=given, capture_output=True, text=True,
        )  # fmt: skip

    def good(self, text: str, given: str = "") -> str:
        """What must not fail."""
        ended = self.typed(text, given)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Everything typed up to the settings, on a site with alice."""
    Shell(tmp_path, monkeypatch).found_site()
    made = Place(tmp_path)
    made.good(tried(INSTALLED, upto=True))
    made.good("genkan user add alice --password-stdin", "correct horse battery")
    return made


def test_the_certificate_signs_alice_in_and_nobody_before_it_is_tied(place: Place) -> None:
    """The CA counts, the certificate is fit to sign in, and the tie says whose it is."""
    before = place.typed("genkan user certificate explain alice.pem --json")
    assert before.returncode == 1, before.stdout + before.stderr
    told = place.good(tried(TIED))
    assert "tied to alice" in told
    assert "signs in alice" in told


def test_a_certificate_of_another_ca_does_not_count(place: Place) -> None:
    """The same lines typed once more make another CA, which the site does not know."""
    place.good(tried(MAKING) + tried("openssl pkcs12"))
    place.good("genkan user certificate add alice alice.pem")
    assert place.typed("genkan user certificate explain alice.pem").returncode == 1


def test_the_file_for_phones_holds_key_and_certificates(place: Place) -> None:
    """Under the password that the page names."""
    assert "Its password is `try it`:" in PAGE.read_text(encoding="utf-8")
    packed = load_pkcs12((place.folder / "alice.p12").read_bytes(), b"try it")
    alice = x509.load_pem_x509_certificate((place.folder / "alice.pem").read_bytes())
    assert packed.cert is not None
    assert packed.key is not None
    assert packed.cert.certificate == alice
    assert packed.key.public_key() == alice.public_key()
    assert len(packed.additional_certs) == 1


def test_the_printed_nginx_asks_for_it_at_the_second_address(place: Place) -> None:
    """With the CA file and the port of the page's settings."""
    printed = place.good("genkan proxy nginx")
    assert "genkan proxy nginx" in tried(PRINTED)
    assert f"{place.etc}/people-ca.pem" in printed
    assert "listen 8443" in printed
