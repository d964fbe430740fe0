"""The settings: one typed object, each field documented beside itself, read from genkan.toml, GENKAN_* variables and
flags.

Unknown names and bad values are a SettingsProblem with one sentence; nothing is guessed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from genkan.outside.reach import Reach, ReachProblem, parse_reach
from genkan.protocol.env import SECOND
from genkan.protocol.policy import Lifetimes
from genkan.settings_certificates import certificate_faults
from genkan.settings_given import BadSetting, Given, fault, read_file, read_flags, read_variables, spelled, variable_of
from genkan.settings_limits import LimitFields
from genkan.settings_passkeys import passkey_faults
from genkan.settings_proxy import proxy_faults
from genkan.settings_tls import tls_faults
from genkan.sign_on_file import SignOn, read_sign_on
from genkan.store.places import POSTGRES, Place, place_of
from genkan.wire import uri, urls, versions
from genkan.wire.security_txt import is_contact

Seconds = Annotated[int, Meta(ge=1, le=10 * 365 * 86400)]


class Settings(LimitFields, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything an operator may set. A field ``base_url`` is GENKAN_BASE_URL and the key ``base_url`` in the file."""

    base_url: Annotated[
        str,
        Meta(
            description="The public address of the site with its context path, as phones reach it; the only source of "
            "every absolute URL. Unset: http://localhost:<port>. It must be https unless it is loopback."
        ),
    ] = ""
    former_base_urls: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses that the site had before it moved, separated by commas. Where the proxy still "
            "passes them on, pages lead to the base URL, and what phones and programs ask goes on being answered."
        ),
    ] = ()
    data_dir: Annotated[
        str, Meta(description="The folder that holds the SQLite database and, unless named elsewhere, the key ring.")
    ] = "genkan-data"
    database_url: Annotated[
        str,
        Meta(
            description="Where the store is. Unset: SQLite in the data folder. sqlite:///PATH names a file, "
            "postgresql://USER:PASSWORD@HOST:PORT/DATABASE a PostgreSQL database, made ready by genkan migrate."
        ),
    ] = ""
    host: Annotated[str, Meta(description="The address to listen on.", min_length=1)] = "127.0.0.1"
    port: Annotated[int, Meta(description="The port to listen on.", ge=1, le=65535)] = 8080
    workers: Annotated[
        int,
        Meta(description="Serving processes of this node, which share its addresses. More than one wants PostgreSQL: "
             "SQLite has exactly one writing process.", ge=1, le=64),
    ] = 1  # fmt: skip
    secret_file: Annotated[
        str,
        Meta(
            description="The key ring's file. Unset: secrets.json in the data folder. Back it up apart from the store. "
            "With PostgreSQL it must be named."
        ),
    ] = ""
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses or networks of reverse proxies whose headers may count, separated by commas. In the "
            'file a list will do too: ["127.0.0.1", "10.0.0.0/8"].'
        ),
    ] = ()
    proxy_secret_file: Annotated[
        str,
        Meta(
            description="A file with the secret that a trusted proxy sends in X-Genkan-Proxy. Headers of a proxy count "
            "only from a trusted address and with this secret: on one box 127.0.0.1 is everybody."
        ),
    ] = ""
    fetch_allow: Annotated[
        tuple[str, ...],
        Meta(
            description="Networks, addresses or host names of your own that Genkan may fetch from, commas between: "
            "revocation lists and OCSP of an internal CA, a sign-on provider inside. Everything public is open anyway; "
            "loopback and private addresses are closed unless named here. A host name opens addresses of your own "
            "network; link-local, reserved and cloud metadata addresses need their network written."
        ),
    ] = ()
    sign_on_file: Annotated[
        str,
        Meta(
            description="A TOML file that describes the organisation's own sign-in: one [[openid]] table for each "
            "OpenID provider, one [[ldap]] table for each LDAP directory (docs/how-to/corporate-sign-on.md)."
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
        Meta(
            description="What the site calls itself on its pages, in serverInfo and in MDM values. Unset: the name "
            "that an administrator chose at set-up or in the console, else Genkan.",
            min_length=1,
            max_length=100,
        ),
    ] = ""
    compat_version: Annotated[
        str, Meta(description="The Jira version that serverInfo reports, which apps compare with their own minimum.")
    ] = "10.1.0"
    metrics_token_file: Annotated[
        str, Meta(description="A file with the bearer token for /metrics. Unset: loopback only.")
    ] = ""
    traces_endpoint: Annotated[
        str,
        Meta(
            description="Where traces for OpenTelemetry go, by OTLP over HTTP: http://127.0.0.1:4318/v1/traces. Needs "
            "genkan[otel]. Unset: there are none, and they cost nothing."
        ),
    ] = ""
    traces_percent: Annotated[
        int,
        Meta(description="How many of a hundred requests are traced; those that a proxy of ours traces are, and those "
             "that it leaves out are not.", ge=0, le=100),
    ] = 100  # fmt: skip
    log_format: Annotated[
        Literal["text", "json"], Meta(description="How log lines on standard error look: text or json.")
    ] = "text"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="From which level on log lines are written: debug, info, warning or error."),
    ] = "info"

    security_contact: Annotated[
        str,
        Meta(
            description="Whom to tell of a hole in this site, for /.well-known/security.txt (RFC 9116): an address "
            "with mailto:, https: or tel:. Unset: there is no such file.",
            max_length=500,
        ),
    ] = ""

    @property
    def base_text(self) -> str:
        """The base URL as written, or what stands for it where it is not."""
        return self.base_url or f"{'https' if self.tls_cert else 'http'}://localhost:{self.port}"

    @property
    def public(self) -> urls.BaseURL:
        """The base URL, parsed; validated when the settings were read."""
        parsed = urls.parse_base_url(self.base_text, allow_http=self.insecure_http)
        if isinstance(parsed, urls.BaseURLProblem):
            raise TypeError(parsed.sentence)
        return parsed

    @property
    def former(self) -> tuple[urls.BaseURL, ...]:
        """The former base URLs, parsed; validated when the settings were read."""
        parsed = (urls.parse_base_url(text, allow_http=True) for text in self.former_base_urls)
        return tuple(base for base in parsed if isinstance(base, urls.BaseURL))

    @property
    def reach(self) -> Reach:
        """Where fetches may go, https alone; validated when the settings were read."""
        parsed = parse_reach(self.fetch_allow)
        if isinstance(parsed, ReachProblem):
            raise TypeError(parsed.wrong)
        return parsed

    def read_sign_on(self) -> SignOn:
        """The sign-on file as it is now; validated when the settings were read."""
        return read_sign_on(self.sign_on_file)

    @property
    def database_path(self) -> Path:
        """The SQLite file. Raises TypeError where the store is none."""
        if not isinstance(self.store_place, Path):
            raise TypeError("the store is no file")
        return self.store_place

    @property
    def store_place(self) -> Place:
        """Where the store is."""
        return place_of(self.database_url, Path(self.data_dir))

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


def _plain(kind: msgspec.inspect.Type) -> msgspec.inspect.Type:
    return kind.type if isinstance(kind, msgspec.inspect.Metadata) else kind


# Those of its own first: what it inherits is of one subject, and comes after the site's own.
_OWN = set(Settings.__annotations__)
_FIELDS = sorted(msgspec.inspect.type_info(Settings).fields, key=lambda info: info.name not in _OWN)  # type: ignore[attr-defined]
KINDS = {info.name: _plain(info.type) for info in _FIELDS}


def describe() -> list[tuple[str, str, str]]:
    """(variable, default, paragraph) for every setting, in the order of the manual."""
    rows = []
    for info in _FIELDS:
        text = getattr(info.type, "extra_json_schema", None) or {}
        default = "" if info.default in ("", ()) else str(info.default)
        rows.append((variable_of(info.name), default, str(text.get("description", ""))))
    return rows


def load(environment: Mapping[str, str], flags: Mapping[str, object] | None = None) -> Settings | SettingsProblem:
    """Read genkan.toml (or GENKAN_SETTINGS_FILE), then GENKAN_* variables, then flags; later ones win."""
    try:
        given = read_file(environment, KINDS) | read_variables(environment, KINDS) | read_flags(flags or {}, KINDS)
        values = {name: _value(name, one) for name, one in given.items()}
        settings = msgspec.convert(values, Settings, strict=False)
        _cross_check(settings, {name: one.place for name, one in given.items()})
    except BadSetting as problem:
        return SettingsProblem(str(problem))
    return settings


def _value(name: str, given: Given) -> object:
    value = spelled(given.value, KINDS[name])
    try:
        msgspec.convert({name: value}, Settings, strict=False)
    except msgspec.ValidationError:
        raise BadSetting(fault(given, KINDS[name])) from None
    return value


def _cross_check(settings: Settings, places: Mapping[str, str]) -> None:
    """What no field can say alone. A setting that nobody wrote is named by its variable."""
    faults = (_site_faults, _proxy_faults, _fetch_faults, _sign_on_faults, certificate_faults, tls_faults)
    for name, wrong in chain.from_iterable(find(settings) for find in (*faults, passkey_faults)):
        raise BadSetting(f"{places.get(name, variable_of(name))}: {wrong}")


def _site_faults(settings: Settings) -> Iterator[tuple[str, str]]:
    base = settings.base_text
    parsed = urls.parse_base_url(base, allow_http=settings.insecure_http)
    if isinstance(parsed, urls.BaseURLProblem):
        yield "base_url", _base_url_words(base, parsed)
    if settings.security_contact and not is_contact(settings.security_contact):
        yield "security_contact", "write an address as in mailto:security@example.com or https://example.com/security"
    for text in settings.former_base_urls:
        wrong = _former_fault(text, parsed)
        if wrong:
            yield "former_base_urls", wrong
    yield from _store_faults(settings)
    if settings.traces_endpoint and not _is_web_address(settings.traces_endpoint):
        yield "traces_endpoint", "write an address such as http://127.0.0.1:4318/v1/traces"
    if versions.parse_version(settings.compat_version) is None:
        yield "compat_version", "write a version such as 10.1.0"


def _is_web_address(text: str) -> bool:
    parts = uri.split(text)
    authority = uri.split_authority(parts.authority or "") if parts else None
    return parts is not None and parts.scheme in ("http", "https") and authority is not None and bool(authority.host)


def _store_faults(settings: Settings) -> Iterator[tuple[str, str]]:
    url = settings.database_url
    if url and not url.startswith(("sqlite:///", *POSTGRES)):
        yield "database_url", "write sqlite:///PATH or postgresql://…, or leave it out for the data folder"
    if url.startswith(POSTGRES) and not settings.secret_file:
        # tokens.md 7: every node must have the same ring, and none may make one of its own by the way.
        yield "secret_file", "with PostgreSQL the key ring's file must be named; all nodes have the same one"
    if settings.workers > 1 and not url.startswith(POSTGRES):
        yield "workers", "SQLite has exactly one writing process, so it must be 1; more want PostgreSQL"


def _fetch_faults(settings: Settings) -> Iterator[tuple[str, str]]:
    parsed = parse_reach(settings.fetch_allow)
    if isinstance(parsed, ReachProblem):
        yield "fetch_allow", parsed.wrong


def _sign_on_faults(settings: Settings) -> Iterator[tuple[str, str]]:
    try:
        read_sign_on(settings.sign_on_file)
    except BadSetting as problem:
        yield "sign_on_file", str(problem)


def _proxy_faults(settings: Settings) -> Iterator[tuple[str, str]]:
    return proxy_faults(settings.trusted_proxies, settings.proxy_secret_file, settings.metrics_token_file)


def _base_url_words(base: str, problem: urls.BaseURLProblem) -> str:
    if isinstance(urls.parse_base_url(base, allow_http=True), urls.BaseURLProblem):
        return problem.sentence
    return f"{problem.sentence} Or set GENKAN_INSECURE_HTTP=1 where everybody on the network may read them."


def _former_fault(text: str, present: urls.BaseURL | urls.BaseURLProblem) -> str:
    former = urls.parse_base_url(text, allow_http=True)
    if isinstance(former, urls.BaseURLProblem):
        return f"{text[:80]!r}: {former.sentence}"
    same = isinstance(present, urls.BaseURL) and former.text == present.text
    return f"{former.text} is the base URL itself; write the address that the site had before" if same else ""
