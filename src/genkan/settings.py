"""The settings: one typed object, each field documented beside itself, read from genkan.toml, GENKAN_* variables and
flags.

Unknown names and bad values are a SettingsProblem with one sentence; nothing is guessed.
"""

import ipaddress
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from genkan.protocol.env import SECOND
from genkan.protocol.policy import Lifetimes
from genkan.wire import urls, versions

PREFIX = "GENKAN_"
FILE_NAME = "genkan.toml"
# Read by the app's side (genkan app), not by the site.
APP_NAMES = frozenset(
    {"GENKAN_APP_DIR", "GENKAN_APP_VAULT", "GENKAN_APP_SITES", "GENKAN_BROWSER", "GENKAN_SETTINGS_FILE"}
)

Seconds = Annotated[int, Meta(ge=1, le=10 * 365 * 86400)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything an operator may set. A field ``base_url`` is GENKAN_BASE_URL and the key ``base_url`` in the file."""

    base_url: Annotated[
        str,
        Meta(
            description="The public address of the site with its context path, as phones reach it; the only source of "
            "every absolute URL. Unset: http://localhost:<port>. It must be https unless it is loopback."
        ),
    ] = ""
    data_dir: Annotated[
        str, Meta(description="The folder that holds the SQLite database and, unless named elsewhere, the key ring.")
    ] = "genkan-data"
    database_url: Annotated[
        str, Meta(description="Where the store is. Unset: SQLite in the data folder. sqlite:///PATH names a file.")
    ] = ""
    host: Annotated[str, Meta(description="The address to listen on.", min_length=1)] = "127.0.0.1"
    port: Annotated[int, Meta(description="The port to listen on.", ge=1, le=65535)] = 8080
    workers: Annotated[
        int, Meta(description="Serving processes. SQLite has exactly one writing process, so only 1.", ge=1, le=64)
    ] = 1
    secret_file: Annotated[
        str,
        Meta(
            description="The key ring's file. Unset: secrets.json in the data folder. Back it up apart from the store."
        ),
    ] = ""
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(description="Addresses or networks of reverse proxies whose headers may count, separated by commas."),
    ] = ()
    proxy_secret_file: Annotated[
        str,
        Meta(
            description="A file with the secret that a trusted proxy sends in X-Genkan-Proxy. Headers of a proxy count "
            "only from a trusted address and with this secret: on one box 127.0.0.1 is everybody."
        ),
    ] = ""
    insecure_http: Annotated[
        bool,
        Meta(
            description="Allow a base URL with plain http on a host that is not loopback: whoever is on the path can "
            "read passwords and tokens (skip.base.url.https.requirement)."
        ),
    ] = False
    insecure_redirects: Annotated[
        bool,
        Meta(
            description="Allow plain http redirect URLs on hosts that are not loopback: whoever is on the path can "
            "read codes (skip.redirect.url.https.requirement)."
        ),
    ] = False
    enable_access_tokens: Annotated[
        bool,
        Meta(description="Off: the provider answers 503 and no access token opens anything (enable.access.tokens)."),
    ] = True
    access_seconds: Annotated[
        Seconds, Meta(description="How long an access token lives (access.token.expiration.seconds).")
    ] = 3600
    refresh_seconds: Annotated[
        Seconds,
        Meta(description="How long a phone may be silent and stay signed in; restarts at each refresh "
             "(refresh.token.expiration.seconds)."),
    ] = 90 * 86400  # fmt: skip
    code_seconds: Annotated[
        int, Meta(description="How long an authorization code lives (max.client.delay.seconds).", ge=1, le=600)
    ] = 60
    retry_window_seconds: Annotated[
        int,
        Meta(description="How long after its successor was first used a refresh token may still be shown again and get "
             "that successor. 0: no retry at all, a lost answer signs the phone out.", ge=0, le=3600),
    ] = 30  # fmt: skip
    interaction_seconds: Annotated[
        Seconds, Meta(description="How long a person may take between the app's request and the answer.")
    ] = 3600
    session_idle_seconds: Annotated[
        Seconds, Meta(description="How long a browser session lives without being used.")
    ] = 8 * 3600
    session_seconds: Annotated[Seconds, Meta(description="How long a browser session lives at most.")] = 7 * 86400
    rotations_per_second: Annotated[
        int,
        Meta(description="Refreshes a second that one sign-in may do after a burst of ten; more is answered 429. "
             "0: no limit (for measuring).", ge=0, le=1000),
    ] = 1  # fmt: skip
    audit_days: Annotated[
        int,
        Meta(description="How many days the audit keeps its lines. Whole sealed segments are dropped after that, and "
             "their heads stay. 0: for ever.", ge=0, le=36500),
    ] = 365  # fmt: skip
    prune_seconds: Annotated[Seconds, Meta(description="How often what has expired is removed, in small steps.")] = 60
    password_threads: Annotated[
        int,
        Meta(description="Threads that hash passwords, so that a flood of sign-ins cannot starve refreshes. "
             "0: one fewer than the processors, at least one.", ge=0, le=64),
    ] = 0  # fmt: skip
    site_title: Annotated[
        str,
        Meta(description="What the site calls itself on its pages and in serverInfo.", min_length=1, max_length=100),
    ] = "Genkan"
    compat_version: Annotated[
        str, Meta(description="The Jira version that serverInfo reports, which apps compare with their own minimum.")
    ] = "10.1.0"
    metrics_token_file: Annotated[
        str, Meta(description="A file with the bearer token for /metrics. Unset: loopback only.")
    ] = ""
    log_format: Annotated[Literal["text", "json"], Meta(description="How log lines on standard error look.")] = "text"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Which log lines are written.")
    ] = "info"

    @property
    def public(self) -> urls.BaseURL:
        """The base URL, parsed; validated when the settings were read."""
        parsed = urls.parse_base_url(self.base_url or f"http://localhost:{self.port}", allow_http=self.insecure_http)
        if isinstance(parsed, urls.BaseURLProblem):
            raise TypeError(parsed.sentence)
        return parsed

    @property
    def database_path(self) -> Path:
        """The SQLite file."""
        if self.database_url:
            return Path(self.database_url.removeprefix("sqlite:///"))
        return Path(self.data_dir) / "genkan.sqlite3"

    @property
    def ring_path(self) -> Path:
        """The key ring's file."""
        return Path(self.secret_file) if self.secret_file else Path(self.data_dir) / "secrets.json"

    @property
    def lifetimes(self) -> Lifetimes:
        """The lifetimes as the rules want them."""
        per_second = self.rotations_per_second
        return Lifetimes(
            code=self.code_seconds * SECOND,
            access=self.access_seconds * SECOND,
            refresh=self.refresh_seconds * SECOND,
            retry_window=self.retry_window_seconds * SECOND,
            interaction=self.interaction_seconds * SECOND,
            session_idle=self.session_idle_seconds * SECOND,
            session_absolute=self.session_seconds * SECOND,
            rotation_interval=SECOND // per_second if per_second else 0,
        )


@dataclass(frozen=True, slots=True)
class SettingsProblem:
    """Why the settings cannot be used: one sentence that begins with the name to mend."""

    sentence: str


def describe() -> list[tuple[str, str, str]]:
    """(variable, default, paragraph) for every setting, in the order of the manual."""
    rows = []
    for info in msgspec.inspect.type_info(Settings).fields:  # type: ignore[attr-defined]
        text = getattr(info.type, "extra_json_schema", None) or {}
        default = "" if info.default in ("", ()) else str(info.default)
        rows.append((PREFIX + info.name.upper(), default, str(text.get("description", ""))))
    return rows


def load(environment: Mapping[str, str], flags: Mapping[str, object] | None = None) -> Settings | SettingsProblem:
    """Read genkan.toml (or GENKAN_SETTINGS_FILE), then GENKAN_* variables, then flags; later ones win."""
    from_file = _read_file(environment)
    if isinstance(from_file, SettingsProblem):
        return from_file
    from_variables = _read_variables(environment)
    if isinstance(from_variables, SettingsProblem):
        return from_variables
    values = from_file | from_variables | {k: v for k, v in (flags or {}).items() if v is not None}
    for name, value in values.items():
        problem = _field_problem(name, value)
        if problem is not None:
            return problem
    settings = msgspec.convert(values, Settings, strict=False)
    return _cross_check(settings) or settings


def _read_file(environment: Mapping[str, str]) -> dict[str, object] | SettingsProblem:
    named = environment.get("GENKAN_SETTINGS_FILE")
    path = Path(named or FILE_NAME)
    if not named and not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        return SettingsProblem(f"{path}: cannot be read as TOML: {problem}")


def _read_variables(environment: Mapping[str, str]) -> dict[str, object] | SettingsProblem:
    values: dict[str, object] = {}
    for name, text in environment.items():
        if not name.startswith(PREFIX) or name in APP_NAMES:
            continue
        field = name.removeprefix(PREFIX).lower()
        if text.startswith("tcp://") or (field not in Settings.__struct_fields__ and _is_service_link(field)):
            return SettingsProblem(
                f"{name}: Kubernetes service links injected it; set enableServiceLinks: false in the pod, "
                "or give the service another name than genkan"
            )
        values[field] = (
            tuple(part.strip() for part in text.split(",") if part.strip()) if field == "trusted_proxies" else text
        )
    return values


def _is_service_link(field: str) -> bool:
    return field.startswith(("port_", "service_")) or field.endswith(("_service_host", "_service_port"))


def _field_problem(name: str, value: object) -> SettingsProblem | None:
    shown = PREFIX + name.upper()
    if name not in Settings.__struct_fields__:
        return SettingsProblem(f"{shown}: there is no such setting")
    try:
        msgspec.convert({name: value}, Settings, strict=False)
    except msgspec.ValidationError as problem:
        return SettingsProblem(f"{shown}: {value!r} will not do; {_wanted(str(problem))}")
    return None


def _wanted(problem: str) -> str:
    """What to write instead, out of what the decoder says of a value."""
    plain = problem.split(" - at ", maxsplit=1)[0]
    if plain.startswith("Expected `int`, got"):
        return "write a whole number"
    if plain.startswith("Expected `bool`, got"):
        return "write true or false"
    return plain[:1].lower() + plain[1:].replace("`", "")


def _cross_check(settings: Settings) -> SettingsProblem | None:
    base = settings.base_url or f"http://localhost:{settings.port}"
    parsed = urls.parse_base_url(base, allow_http=settings.insecure_http)
    if isinstance(parsed, urls.BaseURLProblem):
        return SettingsProblem(f"GENKAN_BASE_URL: {parsed.sentence}")
    if settings.database_url and not settings.database_url.startswith("sqlite:///"):
        return SettingsProblem(
            "GENKAN_DATABASE_URL: only sqlite:///PATH is known to this version; leave it out for the data folder"
        )
    if settings.workers > 1:
        return SettingsProblem("GENKAN_WORKERS: SQLite has exactly one writing process, so it must be 1")
    if versions.parse_version(settings.compat_version) is None:
        return SettingsProblem("GENKAN_COMPAT_VERSION: write a version such as 10.1.0")
    return _proxy_problem(settings)


def _proxy_problem(settings: Settings) -> SettingsProblem | None:
    for text in settings.trusted_proxies:
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            return SettingsProblem(f"GENKAN_TRUSTED_PROXIES: {text!r} is neither an address nor a network")
    if settings.trusted_proxies and not settings.proxy_secret_file:
        return SettingsProblem("GENKAN_PROXY_SECRET_FILE: trusted proxies need it; an address alone proves nothing")
    for name, text in (
        ("PROXY_SECRET_FILE", settings.proxy_secret_file),
        ("METRICS_TOKEN_FILE", settings.metrics_token_file),
    ):
        problem = _secret_file_problem(name, text) if text else None
        if problem is not None:
            return problem
    return None


def _secret_file_problem(name: str, text: str) -> SettingsProblem | None:
    try:
        secret = Path(text).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        return SettingsProblem(f"{PREFIX}{name}: cannot be read: {problem}")
    return (
        None if len(secret) >= 16 else SettingsProblem(f"{PREFIX}{name}: the secret in it needs at least 16 characters")
    )
