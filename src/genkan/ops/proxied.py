"""What a reverse proxy in front of this site must know, whichever proxy it is: addresses, headers, the secret."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from genkan.ops.proxied_certificates import TELLING, Asking, asking, asking_problem
from genkan.ops.proxied_paths import is_own_path
from genkan.ops.proxy_addresses import address_problem, listening_port, own_address
from genkan.settings import Settings
from genkan.wire.identity_headers import DEFAULTS, ENCODINGS, SCOPE, names_fault
from genkan.wire.metadata import well_known_paths
from genkan.wire.urls import BaseURL

# Every cookie of the site is named so; the application, which shares the host, may plant more by such names.
COOKIE_NAME = "(?:__Host-|__Secure-)?genkan-"
# Asked of the host itself, whatever the context path (WebAuthn 5.11.1).
RELATED_ORIGINS = "/.well-known/webauthn"
# One that was not taken out: wherever any program may begin to read a cookie's name.
COOKIE_LEFT = rf"(?:^|[;,\s]){COOKIE_NAME}[^=;,\s]*="
_PATH_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/")
_QUOTABLE = frozenset(map(chr, range(0x21, 0x7F))) - set("\"'\\${}`")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things lie on the proxy's machine. Empty: what the settings or the proxy itself suggest.

    ``upstream`` and ``app_upstream`` are host:port; without the second no application is guarded. ``sessions`` lets
    browsers that are signed in to the site pass to the application too. ``redirect``: plain http is sent to https.
    The four headers and ``encoding`` are what the application reads. ``folder``: where the proxy finds what is printed.
    ``client_ca`` are the authorities of client certificates, ``origin_certificate`` is that of their own origin.
    """

    upstream: str = ""
    app_upstream: str = ""
    app_path: str = "/app/"
    bind: str = ""
    certificate: str = ""
    certificate_key: str = ""
    log_file: str = ""
    sessions: bool = False
    redirect: bool = True
    client_ca: str = ""
    origin_certificate: str = ""
    origin_certificate_key: str = ""
    user_header: str = ""
    groups_header: str = ""
    name_header: str = ""
    email_header: str = ""
    encoding: str = ""
    folder: str = ""

    @property
    def chosen(self) -> dict[str, str]:
        """The names of headers that are not the usual ones."""
        named = {key: str(getattr(self, key)) for key in DEFAULTS}
        return {key: name for key, name in named.items() if name}


@dataclass(frozen=True, slots=True)
class Proxied:
    """The site as a proxy sees it. ``upstream`` is host:port."""

    public: BaseURL
    upstream: str
    layout: Layout
    secret: str = field(repr=False)
    former: tuple[BaseURL, ...] = ()
    asking: Asking = field(default_factory=Asking)

    def verify(self, sign_in: int) -> str:
        """What to ask whether a request may pass. ``sign_in``: the status by which this proxy can be told to send a
        browser to sign-in. There is always a query, since a proxy may send the client's own where there is none.
        """
        session = {302: "1", 401: "401"}[sign_in] if self.layout.sessions else "0"
        encoding = {"encoding": self.layout.encoding} if self.layout.encoding else {}
        more = "".join(f"&{key}={value}" for key, value in {**self.layout.chosen, **encoding}.items())
        return f"{self.public.path}/auth/verify?session={session}{more}"

    @property
    def identity(self) -> tuple[str, ...]:
        """The headers in which the application hears who asks, in the order of ``proxied_headers.IDENTITY``."""
        return (*{**DEFAULTS, **self.layout.chosen}.values(), SCOPE)

    @property
    def port(self) -> int:
        """Where the proxy listens."""
        return listening_port(self.public)

    @property
    def bind(self) -> str:
        """The one address that the proxy listens on, as a port may follow it; empty for every one."""
        return f"[{self.layout.bind}]" if ":" in self.layout.bind else self.layout.bind

    @property
    def authority(self) -> str:
        """Host and port as browsers write them."""
        return self.public.origin.partition("://")[2]

    @property
    def elsewhere(self) -> "tuple[Proxied, ...]":
        """The site under each former address that is another server of the proxy's, where no application is guarded.

        Plain http is none where the same host has https: it is sent there.
        """
        layout = replace(self.layout, app_upstream="", app_path=Layout().app_path, sessions=False)
        secure = {base.host for base in (self.public, *self.former) if base.secure and base.port is None}
        origins = {base.origin: base for base in self.former if base.secure or base.port or base.host not in secure}
        origins.pop(self.public.origin, None)
        return tuple(replace(self, public=base, layout=layout, asking=Asking()) for base in origins.values())

    @property
    def at_origin(self) -> "Proxied | None":
        """The origin that asks for client certificates, as if it were a site that asks everywhere."""
        if self.asking.origin is None:
            return None
        own = self.asking.certificate, self.asking.certificate_key
        same_host = self.asking.origin.host == self.public.host
        certificate, key = own if own[0] or not same_host else (self.layout.certificate, self.layout.certificate_key)
        layout = replace(self.layout, app_upstream="", sessions=False, certificate=certificate, certificate_key=key)
        asking = replace(self.asking, everywhere=True, origin=None)
        return replace(self, public=self.asking.origin, layout=layout, former=(), asking=asking)

    @property
    def proof(self) -> str:
        """What the proxy proves itself by: the secret, and that it tells certificates where it does."""
        return self.secret + (TELLING if self.asking.everywhere else "")

    @property
    def paths_before(self) -> tuple[str, ...]:
        """The other context paths that the site had at this origin."""
        here = (base.path for base in self.former if base.origin == self.public.origin)
        return tuple(path for path in here if path != self.public.path)

    @property
    def metadata_path(self) -> str | None:
        """The metadata document's address at the host's root, where that is not below the base URL (RFC 8414 3.1)."""
        return well_known_paths(self.public.text)[0] if self.public.path else None


def proxied(settings: Settings, layout: Layout) -> Proxied:
    """Everything that a configuration is made of. Raises ValueError with the sentence of ``proxy_problem``."""
    problem = proxy_problem(settings, layout)
    if problem is not None:
        raise ValueError(problem)
    upstream = layout.upstream or own_address(settings)
    asked = asking(settings, layout.client_ca, layout.origin_certificate, layout.origin_certificate_key)
    return Proxied(settings.public, upstream, layout, _secret(settings), settings.former, asked)


def proxy_problem(settings: Settings, layout: Layout | None = None) -> str | None:
    """Why no working configuration can be printed, as one sentence that says what to set."""
    if not settings.trusted_proxies or not settings.proxy_secret_file:
        return (
            "a proxy needs GENKAN_TRUSTED_PROXIES (its address) and GENKAN_PROXY_SECRET_FILE (a file with a secret): "
            "set both and print again"
        )
    if not _QUOTABLE.issuperset(_secret(settings)):
        return "GENKAN_PROXY_SECRET_FILE: make the secret of letters and digits, so that a configuration can hold it"
    if not _PATH_CHARACTERS.issuperset(settings.public.path):
        return "GENKAN_BASE_URL: its path has characters that a printed configuration cannot hold"
    if not all(_PATH_CHARACTERS.issuperset(base.path) for base in settings.former):
        return "GENKAN_FORMER_BASE_URLS: a path has characters that a printed configuration cannot hold"
    chosen = layout or Layout()
    origin = chosen.client_ca, chosen.origin_certificate, chosen.origin_certificate_key
    return (
        _app_problem(settings, chosen)
        or _certificate_problem(settings, chosen)
        or asking_problem(settings, *origin)
        or address_problem(settings, chosen)
    )


def _app_problem(settings: Settings, layout: Layout) -> str | None:
    path = layout.app_path
    if not _is_folder(path) or is_own_path(settings, path):
        return f"{path!r} cannot be the application's path: write one as in /app/, apart from the site's own"
    needs_one = layout.sessions or path != Layout().app_path or layout.chosen or layout.encoding
    if not layout.app_upstream and needs_one:
        return "without --app-upstream no application is guarded: name where it listens, as in 127.0.0.1:3000"
    fault = names_fault(layout.chosen)
    if fault is not None:
        return f"--{fault.replace('_', '-')}: write a header of its own, of letters, digits and dashes"
    if layout.encoding and layout.encoding not in ENCODINGS:
        return f"--encoding: {', '.join(ENCODINGS)}"
    return None


def _certificate_problem(settings: Settings, layout: Layout) -> str | None:
    if bool(layout.certificate) != bool(layout.certificate_key):
        return "a certificate and its key belong together: name both --certificate and --certificate-key, or neither"
    if layout.certificate and not settings.public.secure:
        return f"GENKAN_BASE_URL: {settings.public.text} is not https, so that no certificate is used: write https"
    return None


def _is_folder(path: str) -> bool:
    plain = _PATH_CHARACTERS.issuperset(path) and path.startswith("/") and path.endswith("/")
    return plain and "//" not in path and not {".", ".."} & set(path.split("/"))


def _secret(settings: Settings) -> str:
    return Path(settings.proxy_secret_file).read_text("utf-8").strip()


def head(site: Proxied, product: str, how: str) -> list[str]:
    """The first lines of a file for ``product``: whose site, ``how`` it is taken in, and who may read it."""
    return [
        f"# {product} in front of {site.public.text}. {how}",
        "# It holds the secret by which the site knows its proxy: let nobody but the proxy read it (chmod 600).",
    ]


def block(head: str, *parts: list[str]) -> list[str]:
    """Lines in braces, indented, parts set apart by an empty line."""
    inside: list[str] = []
    for part in parts:
        if part:
            inside += ["", *part] if inside else part
    return [f"{head} {{", *(f"    {line}" if line else "" for line in inside), "}"]
