"""HTML pages from the templates, with the headers that keep markup of others from running (CSP without
unsafe-inline).
"""

import gettext
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from importlib.resources import files
from types import CodeType
from typing import Any

from jinja2 import BytecodeCache, DictLoader, Environment, StrictUndefined, pass_context, select_autoescape
from jinja2.bccache import Bucket
from jinja2.runtime import Context

from genkan.protocol.outcomes import Refused
from genkan.protocol.reasons import Reason, entry
from genkan.site.answer import Answer
from genkan.site.reader import LANGUAGES, Reader
from genkan.wire.sentences import Sentence
from genkan.wire.urls import BaseURL

# What to do besides, where a person who was sent here by an application can do nothing else.
ADVICE = "Go back to the app and start again. If it happens again, tell whoever runs this site or made the app."
_SENT_HERE = (
    Reason.MISSING_PARAMETER, Reason.REPEATED_PARAMETER, Reason.UNKNOWN_CLIENT, Reason.LINK_DISABLED,
    Reason.REDIRECT_MISSING, Reason.REDIRECT_NOT_REGISTERED,
)  # fmt: skip
_ADVICE = dict.fromkeys(_SENT_HERE, ADVICE)
_TYPES = {".css": b"text/css; charset=utf-8", ".js": b"text/javascript; charset=utf-8", ".svg": b"image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A static file, whole, with the digest that its address carries so that browsers may keep it for ever."""

    body: bytes
    content_type: bytes
    digest: str


class _Compiled(BytecodeCache):
    """What templates compile to in one language, by their text: the same whichever site is shown, and whoever tests
    with many sites in one process waits for it once.
    """

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Jinja asks before it compiles."""
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Jinja has compiled."""
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


# By language, since Jinja works out filters of constants as it compiles.
_COMPILED = {language: _Compiled() for language in LANGUAGES}


class Pages:
    """Renders templates. Every page knows the site's title and its own base path; values are escaped, always.

    ``site_title`` is set anew before each page, since administrators may change it, in another process too.
    """

    def __init__(self, public: BaseURL, site_title: str) -> None:
        self._public = public
        self.site_title = site_title
        self.assets = {a.name: _asset(a.name, a.read_bytes()) for a in files("genkan.site").joinpath("static").iterdir()
                       if a.name.endswith(tuple(_TYPES))}  # fmt: skip
        self._environments = {language: self._environment(language) for language in LANGUAGES}

    def _environment(self, language: str) -> Environment:
        public = self._public
        environment = Environment(
            loader=DictLoader(_templates()),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            bytecode_cache=_COMPILED[language],
            extensions=["jinja2.ext.i18n"],
        )
        environment.policies["ext.i18n.trimmed"] = True
        words_of = catalogue(language)
        extended: Any = environment
        extended.install_gettext_translations(words_of, newstyle=True)
        # For sentences that come from a table; what the templates say themselves they say with _().
        environment.filters.update(moment=moment, iso=iso, number=number, said=partial(said, words_of))
        environment.globals.update(base=public.path, asset=self._asset_address, public=public, language=language)
        return environment

    def page(
        self,
        template: str,
        values: Mapping[str, object],
        reader: Reader,
        *,
        status: int = 200,
        forms_to: tuple[str, ...] = (),
    ) -> Answer:
        """A page. ``forms_to``: CSP sources beside our own that a form's answer may redirect to (the app's scheme)."""
        found = self._environments[reader.language].get_template(template)
        body = found.render(values, reader=reader, site_title=self.site_title).encode()
        return Answer(status, _page_headers(forms_to), body)

    def refusal(self, refused: Refused, request_id: str, reader: Reader, *, detail: str = "") -> Answer:
        """An error page: the public sentence, never the operator's hint, and the request id to ask about."""
        row = entry(refused.reason)
        values = {"sentence": row.public, "detail": detail, "request_id": request_id, "status": row.status,
                  "advice": _ADVICE.get(refused.reason, "")}  # fmt: skip
        return self.page("error.html", values, reader, status=row.status)

    def _asset_address(self, name: str) -> str:
        return f"{self._public.path}/static/{self.assets[name].digest}/{name}"


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The words of a language; English is what the templates say."""
    if language == "en":
        return gettext.NullTranslations()
    with files("genkan.site").joinpath("locales", language, "LC_MESSAGES", "genkan.mo").open("rb") as file:
        return gettext.GNUTranslations(file)


def said(words_of: gettext.NullTranslations, text: str | Sentence) -> str:
    """A sentence of a table in the reader's language, its values in their places."""
    return text.in_words_of(words_of.gettext) if isinstance(text, Sentence) else words_of.gettext(text)


@pass_context
def moment(context: Context, at: int) -> str:
    """A time in milliseconds since the Unix epoch, in the reader's words and zone."""
    # Here and not above: what it loads takes a tenth of a second, which only the first page with a time waits for.
    from babel.dates import format_datetime, get_timezone  # noqa: PLC0415

    reader: Reader = context["reader"]
    time = datetime.fromtimestamp(at / 1000, UTC)
    return format_datetime(time, "medium", tzinfo=get_timezone(reader.time_zone), locale=reader.language)


@pass_context
def number(context: Context, value: int) -> str:
    """A number as the reader's language groups its digits."""
    from babel.numbers import format_decimal  # noqa: PLC0415 as above

    reader: Reader = context["reader"]
    return format_decimal(value, locale=reader.language)


def iso(at: int) -> str:
    """The same time for programs (RFC 3339 5.6)."""
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@cache
def _templates() -> dict[str, str]:
    """All of them, read at start: a page that is asked for the first time needs no file."""
    folder = files("genkan.site").joinpath("templates")
    return {one.name: one.read_text("utf-8") for one in folder.iterdir() if one.name.endswith(".html")}


def _asset(name: str, body: bytes) -> Asset:
    return Asset(body, _TYPES[name[name.rindex(".") :]], hashlib.sha256(body).hexdigest()[:16])


def _page_headers(forms_to: tuple[str, ...]) -> tuple[tuple[bytes, bytes], ...]:
    # CSP3 6.4.1: form-action also rules the redirects that follow a form, so the way back to the app must be named.
    targets = " ".join(("'self'", *forms_to))
    policy = (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        f"form-action {targets}; frame-ancestors 'none'; base-uri 'none'"
    )
    return (
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-security-policy", policy.encode("ascii")),
        (b"cache-control", b"no-store"),
        (b"referrer-policy", b"same-origin"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    )
