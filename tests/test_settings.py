"""Settings: what is read from where, what is refused, and in which words."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan import settings
from genkan.settings import Settings, SettingsProblem


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
        ({"GENKAN_COMPAT_VERSION": "ten"}, "GENKAN_COMPAT_VERSION: "),
        ({"GENKAN_PORT": "tcp://10.0.0.7:8080"}, "Kubernetes service links"),
        ({"GENKAN_SERVICE_HOST": "10.0.0.7"}, "enableServiceLinks: false"),
        ({"GENKAN_PORT_8080_TCP_ADDR": "10.0.0.7"}, "enableServiceLinks: false"),
        ({"GENKAN_SETTINGS_FILE": "/nowhere/at/all.toml"}, "/nowhere/at/all.toml: "),
    ],
)
def test_a_bad_setting_is_named_in_one_line(environment: dict[str, str], said: str) -> None:
    """The sentence names the variable, has no line break and no traceback."""
    sentence = _problem(environment)
    assert said in sentence
    assert "\n" not in sentence


def test_an_unknown_key_of_the_file_is_named() -> None:
    """A typing error in genkan.toml is not passed over."""
    Path("genkan.toml").write_text('base_ulr = "https://jira.example.com"\n')
    assert "GENKAN_BASE_ULR" in _problem({})


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
