"""Settings: what is read from where, what is refused, and in which words."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan import settings
from genkan.settings import Settings, SettingsProblem
from tests.protocol.certificates.making import authority, crl, person
from tools.reference import SETTINGS_EXAMPLE, settings_page


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _problem(environment: dict[str, str], **flags: object) -> str:
    loaded = settings.load(environment, flags)
    assert isinstance(loaded, SettingsProblem), loaded
    return loaded.sentence


def _loaded(environment: dict[str, str], **flags: object) -> Settings:
    loaded = settings.load(environment, flags)
    assert isinstance(loaded, Settings), loaded
    return loaded


def test_nothing_set_is_a_site_on_this_machine() -> None:
    """The defaults of the contract: localhost, 8080, SQLite in the data folder, the vendor's lifetimes."""
    plain = _loaded({})
    assert plain.public.text == "http://localhost:8080"
    assert plain.database_path == Path("genkan-data/genkan.sqlite3")
    assert plain.ring_path == Path("genkan-data/secrets.json")
    assert (plain.access_seconds, plain.refresh_seconds, plain.code_seconds, plain.retry_window_seconds) == (
        3600, 7_776_000, 60, 30,
    )  # fmt: skip


def test_flags_win_over_variables_and_variables_over_the_file(tmp_path: Path) -> None:
    """genkan.toml, then GENKAN_*, then flags; what nobody sets keeps its default."""
    Path("genkan.toml").write_text('port = 1001\nhost = "0.0.0.0"\nsite_title = "From file"\n')
    loaded = _loaded({"GENKAN_PORT": "1002", "GENKAN_HOST": "127.0.0.2"}, port=1003, host=None)
    assert (loaded.port, loaded.host, loaded.site_title) == (1003, "127.0.0.2", "From file")


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"GENKAN_PORTT": "1"}, "GENKAN_PORTT: there is no such setting"),
        ({"GENKAN_PORT": "eighty"}, "GENKAN_PORT: "),
        ({"GENKAN_PORT": "0"}, "GENKAN_PORT: "),
        ({"GENKAN_PORT": "70000"}, "GENKAN_PORT: "),
        ({"GENKAN_CODE_SECONDS": "601"}, "GENKAN_CODE_SECONDS: "),
        ({"GENKAN_CODE_SECONDS": "0"}, "GENKAN_CODE_SECONDS: "),
        ({"GENKAN_INSECURE_HTTP": "maybe"}, "GENKAN_INSECURE_HTTP: "),
        ({"GENKAN_LOG_FORMAT": "xml"}, "GENKAN_LOG_FORMAT: "),
        ({"GENKAN_BASE_URL": "http://jira.example.com"}, "GENKAN_BASE_URL: "),
        ({"GENKAN_BASE_URL": "https://u:p@jira.example.com"}, "GENKAN_BASE_URL: "),
        ({"GENKAN_BASE_URL": "jira.example.com"}, "GENKAN_BASE_URL: "),
        ({"GENKAN_DATABASE_URL": "mysql://x"}, "GENKAN_DATABASE_URL: "),
        ({"GENKAN_WORKERS": "2"}, "GENKAN_WORKERS: SQLite"),
        ({"GENKAN_TRUSTED_PROXIES": "10.0.0.1"}, "GENKAN_PROXY_SECRET_FILE: "),
        ({"GENKAN_TRUSTED_PROXIES": "proxy.example"}, "GENKAN_TRUSTED_PROXIES: "),
        ({"GENKAN_PROXY_SECRET_FILE": "/nowhere/at/all"}, "GENKAN_PROXY_SECRET_FILE: "),
        ({"GENKAN_FETCH_ALLOW": "10.0.0.0/8, http://ca.example"}, "GENKAN_FETCH_ALLOW: 'http://ca.example' is neither"),
        ({"GENKAN_COMPAT_VERSION": "ten"}, "GENKAN_COMPAT_VERSION: "),
        ({"GENKAN_PORT": "tcp://10.0.0.7:8080"}, "Kubernetes service links"),
        ({"GENKAN_SERVICE_HOST": "10.0.0.7"}, "enableServiceLinks: false"),
        ({"GENKAN_PORT_8080_TCP_ADDR": "10.0.0.7"}, "enableServiceLinks: false"),
        (
            {"GENKAN_SETTINGS_FILE": "/nowhere/at/all.toml"},
            "GENKAN_SETTINGS_FILE: there is no file /nowhere/at/all.toml",
        ),
    ],
)
def test_a_bad_setting_is_named_in_one_line(environment: dict[str, str], said: str) -> None:
    """The sentence names the variable, has no line break and no traceback."""
    sentence = _problem(environment)
    assert said in sentence
    assert "\n" not in sentence


def _in_file(text: str | bytes) -> str:
    Path("genkan.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return _problem({})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('base_ulr = "x"', "base_ulr: there is no such setting; did you mean base_url?"),
        ('GENKAN_BASE_URL = "x"', "GENKAN_BASE_URL: there is no such setting; did you mean base_url?"),
        ("colour = 1", "colour: there is no such setting"),
        ("[server]\nport = 1", "[server]: settings stand in no table; write them at the top, as in port = 8080"),
        ("[[server]]\nport = 1", "[server]: settings stand in no table; write them at the top, as in port = 8080"),
        ("port = 99999", "port: 99999 will not do; write a whole number from 1 to 65535"),
        ("port = 0", "port: 0 will not do; write a whole number from 1 to 65535"),
        ('port = "a"', "port: 'a' will not do; write a whole number from 1 to 65535"),
        ("port = [1]", "port: [1] will not do; write a whole number from 1 to 65535"),
        ("access_seconds = -1", "access_seconds: -1 will not do; write a whole number from 1 to 315360000"),
        ('log_level = "loud"', "log_level: 'loud' will not do; write debug, error, info or warning"),
        ('log_format = "xml"', "log_format: 'xml' will not do; write json or text"),
        ('site_title = ""', "site_title: it is empty; write text of 1 to 100 characters"),
        ("site_title = true", "site_title: true will not do; write text of 1 to 100 characters"),
        ('insecure_http = "maybe"', "insecure_http: 'maybe' will not do; write true or false"),
        ("trusted_proxies = 7", ("trusted_proxies: 7 will not do; write a list, as in 127.0.0.1, 10.0.0.0/8 for a "
         'variable or ["127.0.0.1", "10.0.0.0/8"] in the file')),
        ('trusted_proxies = "a"', "trusted_proxies: 'a' is neither an address nor a network, as in 10.0.0.0/8"),
        ('metrics_token_file = "no/such"', "metrics_token_file: there is no file no/such"),
        ('metrics_token_file = "."', "metrics_token_file: . cannot be read: Is a directory"),
        ('metrics_token_file = "a\\u0000b"', "metrics_token_file: 'a\\x00b' cannot be the name of a file"),
        ("port 8080", 'it is not TOML at line 1, column 6; write lines as in port = 8080 or host = "127.0.0.1"'),
        ('host = "', 'it is not TOML at its end; write lines as in port = 8080 or host = "127.0.0.1"'),
        (b'# one\nhost = "\xff"', "line 2 is not UTF-8; save the file as UTF-8"),
    ],
)  # fmt: skip
def test_a_fault_of_the_file_is_one_sentence_with_the_key_as_it_stands_there(text: str | bytes, said: str) -> None:
    """File and key are named as written, what to write instead is said, and no library's words are repeated."""
    assert _in_file(text) == f"genkan.toml: {said}"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("GENKAN_PROT", "1", "there is no such setting; did you mean GENKAN_PORT?"),
        ("GENKAN_BROWSR", "x", "there is no such setting; did you mean GENKAN_BROWSER?"),
        ("GENKAN_PORT", "", "it is empty; write a whole number from 1 to 65535"),
        ("GENKAN_SITE_TITLE", "x" * 101, f"'{'x' * 79}… will not do; write text of 1 to 100 characters"),
        ("GENKAN_PROXY_SECRET_FILE", "no/such", "there is no file no/such"),
        ("GENKAN_SETTINGS_FILE", ".", ". cannot be read: Is a directory"),
        ("GENKAN_BASE_URL", "http://a.example", ("The address is plain http, and passwords and tokens travel on it. "
         "Write https://. Or set GENKAN_INSECURE_HTTP=1 where everybody on the network may read them.")),
    ],
)  # fmt: skip
def test_a_fault_of_a_variable_names_the_variable(variable: str, value: str, said: str) -> None:
    """The sentence begins with the variable, says what is wrong and what would be right."""
    assert _problem({variable: value}) == f"{variable}: {said}"


def test_a_fault_of_a_flag_names_the_flag() -> None:
    """What was typed is named as it was typed."""
    assert _problem({}, port="abc") == "--port: 'abc' will not do; write a whole number from 1 to 65535"
    assert _problem({}, base_url="ftp://a.example").startswith("--base-url: ")


def test_a_named_file_is_named_by_its_path() -> None:
    """GENKAN_SETTINGS_FILE moves the file, and its faults are told with its path."""
    Path("mine.toml").write_text("prot = 1")
    told = "mine.toml: prot: there is no such setting; did you mean port?"
    assert _problem({"GENKAN_SETTINGS_FILE": "mine.toml"}) == told


@pytest.mark.parametrize("text", ['"127.0.0.1, ::1"', '["127.0.0.1", "::1"]', '"127.0.0.1,::1,"'])
def test_the_file_takes_proxies_as_text_and_as_a_list(text: str) -> None:
    """Commas do in the file what they do in the variable."""
    Path("secret").write_text("long enough for a secret\n")
    Path("genkan.toml").write_text(f'trusted_proxies = {text}\nproxy_secret_file = "secret"\n')
    assert _loaded({}).trusted_proxies == ("127.0.0.1", "::1")


@pytest.mark.parametrize("word", ["1", "true", "YES", "On", " yes ", "TRUE"])
def test_yes_has_many_words(word: str) -> None:
    """Whatever people write for on counts as on, and its opposite as off."""
    opposites = {"1": "0", "true": "FALSE", "yes": "No", "on": "off"}
    assert _loaded({"GENKAN_INSECURE_REDIRECTS": word}).insecure_redirects is True
    assert _loaded({"GENKAN_ENABLE_ACCESS_TOKENS": opposites[word.strip().lower()]}).enable_access_tokens is False


def test_the_example_of_the_manual_loads(tmp_path: Path) -> None:
    """The file in the settings reference is a whole one: with its secrets in place it loads, and sets what it says."""
    text = SETTINGS_EXAMPLE.replace("/etc/genkan", str(tmp_path))
    assert f"```toml\n{SETTINGS_EXAMPLE}```" in settings_page()
    for name in ("proxy.secret", "metrics.token"):
        (tmp_path / name).write_text("long enough for a secret\n")
    Path("genkan.toml").write_text(text)
    loaded = _loaded({})
    assert (loaded.public.text, loaded.trusted_proxies) == ("https://jira.example.com/jira", ("127.0.0.1", "::1"))
    assert set(tomllib.loads(text)) <= set(Settings.__struct_fields__)


def test_the_manual_lists_the_values_that_may_be_chosen() -> None:
    """Where only some words will do, the reference names each of them."""
    paragraphs = {variable: paragraph for variable, _, paragraph in settings.describe()}
    for word in ("debug", "info", "warning", "error"):
        assert word in paragraphs["GENKAN_LOG_LEVEL"]
    assert "text or json" in paragraphs["GENKAN_LOG_FORMAT"]


def test_a_short_proxy_secret_is_refused() -> None:
    """Sixteen characters at the least: on one box the address proves nothing, the secret does."""
    Path("secret").write_text("short")
    environment = {"GENKAN_TRUSTED_PROXIES": "127.0.0.1", "GENKAN_PROXY_SECRET_FILE": "secret"}
    assert "at least 16" in _problem(environment)
    Path("secret").write_text("long enough for a secret\n")
    assert _loaded(environment).trusted_proxies == ("127.0.0.1",)


def test_plain_http_needs_the_override_by_its_name() -> None:
    """HTTPS unless loopback or GENKAN_INSECURE_HTTP."""
    plain = {"GENKAN_BASE_URL": "http://jira.example.com/jira/"}
    _problem(plain)
    assert _loaded({**plain, "GENKAN_INSECURE_HTTP": "1"}).public.text == "http://jira.example.com/jira"
    assert _loaded({"GENKAN_BASE_URL": "http://127.0.0.1:9000"}).public.is_loopback


@given(st.dictionaries(st.sampled_from([row[0] for row in settings.describe()]), st.text(max_size=30), max_size=4))
def test_any_text_is_a_setting_or_a_sentence(environment: dict[str, str]) -> None:
    """Whatever the variables hold, loading gives settings or one sentence, never a traceback."""
    loaded = settings.load(environment)
    assert isinstance(loaded, Settings | SettingsProblem)


def test_every_setting_has_its_paragraph() -> None:
    """The manual is made of them."""
    rows = settings.describe()
    assert len(rows) == len(Settings.__struct_fields__)
    assert all(len(paragraph) > 15 for _, _, paragraph in rows)


def test_client_certificates_name_files_that_are_read_at_start(tmp_path: Path) -> None:
    """A bundle of CAs, CRLs and rules that can be used are taken; each that cannot is named in one line."""
    root = authority()
    Path("ca.pem").write_bytes(root.pem)
    Path("people.pem").write_bytes(person(root).pem)
    Path("a.crl").write_bytes(crl(root))
    good = {
        "GENKAN_CLIENT_CA": "ca.pem",
        "GENKAN_CERTIFICATE_RULES": "upn@corp.example=name, email=email",
        "GENKAN_CERTIFICATE_CRLS": "a.crl",
        "GENKAN_CERTIFICATE_REVOCATION": "require",
    }
    loaded = _loaded(good)
    assert loaded.certificate_rules == ("upn@corp.example=name", "email=email")
    assert loaded.certificate_revocation == "require"
    for changed, said in (
        ({"GENKAN_CLIENT_CA": "none.pem"}, "GENKAN_CLIENT_CA: there is no file none.pem"),
        ({"GENKAN_CLIENT_CA": "."}, "GENKAN_CLIENT_CA: . cannot be read"),
        ({"GENKAN_CLIENT_CA": "a.crl"}, "GENKAN_CLIENT_CA: a.crl holds no PEM certificates"),
        ({"GENKAN_CLIENT_CA": "people.pem"}, "GENKAN_CLIENT_CA: people.pem certificate 1 cannot be an authority"),
        ({"GENKAN_CLIENT_CA": ""}, "GENKAN_CERTIFICATE_RULES: no certificate counts without GENKAN_CLIENT_CA"),
        ({"GENKAN_CERTIFICATE_RULES": "upn=phone"}, "GENKAN_CERTIFICATE_RULES: 'upn=phone' is no rule; write one of"),
        ({"GENKAN_CERTIFICATE_CRLS": "ca.pem"}, "GENKAN_CERTIFICATE_CRLS: ca.pem holds no CRL"),
        ({"GENKAN_CERTIFICATE_CRLS": "none.crl"}, "GENKAN_CERTIFICATE_CRLS: there is no file none.crl"),
        (
            {"GENKAN_CERTIFICATE_REVOCATION": "maybe"},
            "GENKAN_CERTIFICATE_REVOCATION: 'maybe' will not do; write off",
        ),
    ):
        sentence = _problem(good | changed)
        assert sentence.startswith(said), sentence
        assert "\n" not in sentence
