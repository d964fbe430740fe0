"""Makes, for each sort of registered redirect URI, the texts that others have taken for it: some 1,800 in all."""

from collections.abc import Iterator
from dataclasses import dataclass

WEB = "https://app.example.com/callback"
WEB_WITH_PORT = "https://app.example.com:8443/jira/callback?tenant=1"
VENDOR = "https://localhost:8091/jira"
LOOPBACK = "http://127.0.0.1/oauth-callback"
LOOPBACK_6 = "http://[::1]/oauth-callback"
LOOPBACK_NAME = "http://localhost:8080/callback"
APP = "jira-server://oauth-callback"
APP_REVERSE = "com.example.app:/oauth-callback"

REGISTERED = (WEB, WEB_WITH_PORT, VENDOR, LOOPBACK, LOOPBACK_6, LOOPBACK_NAME, APP, APP_REVERSE)

EVIL = "evil.example"


@dataclass(frozen=True, slots=True)
class Confusion:
    """A registered redirect URI and a text that is not it; `refused` is the code that bars it from registration too."""

    registered: str
    asked: str
    family: str
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """A redirect URI cut by hand, so that the corpus owes nothing to the reader it tests."""

    scheme: str
    slashes: str
    authority: str
    rest: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.slashes}{self.authority}{self.rest}"


def parts_of(text: str) -> Parts:
    """Scheme, slashes, authority and what follows."""
    scheme, _, tail = text.partition(":")
    if not tail.startswith("//"):
        return Parts(scheme, "", "", tail)
    end = min((at for at in (tail.find(mark, 2) for mark in "/?") if at != -1), default=len(tail))
    return Parts(scheme, "//", tail[2:end], tail[end:])


def corpus() -> list[Confusion]:
    """Every confusion once, with nothing in it that equals what is registered."""
    made = {
        (confusion.registered, confusion.asked): confusion
        for registered in REGISTERED
        for family in (userinfo, hosts, ports, schemes, paths, queries, characters, whole)
        for confusion in family(registered, parts_of(registered))
        if confusion.asked != registered
    }
    return list(made.values())


def userinfo(registered: str, parts: Parts) -> Iterator[Confusion]:
    """The registered host in front of an `@`, behind it, or escaped (one reader's host is another's user name)."""
    if not parts.authority:
        return
    scheme, host, rest = parts.scheme, parts.authority, parts.rest
    for text in (
        f"{scheme}://{host}@{EVIL}{rest}",
        f"{scheme}://{EVIL}@{host}{rest}",
        f"{scheme}://{host}:x@{EVIL}{rest}",
        f"{scheme}://{host}:80@{EVIL}{rest}",
        f"{scheme}://@{host}{rest}",
        f"{scheme}://:@{host}{rest}",
        f"{scheme}://{EVIL}@{EVIL}@{host}{rest}",
        f"{scheme}://{host}%2f@{EVIL}{rest}",
        f"{scheme}://{host}%40@{EVIL}{rest}",
        f"{scheme}://{EVIL}%2f@{host}{rest}",
        f"{scheme}://{host}&@{EVIL}{rest}",
    ):
        yield Confusion(registered, text, "userinfo", "userinfo")
    for text in (
        f"{scheme}://{EVIL}\\@{host}{rest}",
        f"{scheme}://{host}\\@{EVIL}{rest}",
        f"{scheme}://{host} @{EVIL}{rest}",
    ):
        yield Confusion(registered, text, "userinfo", "characters")
    yield Confusion(registered, f"{scheme}://{EVIL}#@{host}{rest}", "userinfo", "fragment")
    yield Confusion(registered, f"{scheme}://{EVIL}?@{host}{rest}", "userinfo")
    yield Confusion(registered, f"{scheme}://{EVIL}/@{host}{rest}", "userinfo")
    yield Confusion(registered, f"{scheme}://{host}%40{EVIL}{rest}", "userinfo", "host")


def hosts(registered: str, parts: Parts) -> Iterator[Confusion]:
    """Other hosts that contain, resemble or normalise to the registered one."""
    if not parts.authority:
        return
    bracket = parts.authority.startswith("[")
    name, _, port = (
        parts.authority.rpartition(":") if not bracket and ":" in parts.authority else (parts.authority, "", "")
    )
    tail = (f":{port}" if port else "") + parts.rest
    for odd, code in (
        (f"{name}.{EVIL}", "host" if bracket else None),
        (f"{EVIL}.{name}", "host" if bracket or name == "127.0.0.1" else None),
        (f"{name}{EVIL}", "host" if bracket else None),
        (f"x{name}", "host" if bracket or name == "127.0.0.1" else None),
        (f"{name}.", "host"),
        (f"{name}..", "host"),
        (f".{name}", "host"),
        (f"{name}%2e", "host"),
        (f"{name}%00.{EVIL}", "host"),
        (f"{name}%0a", "host"),
        (f"{name},{EVIL}", "host"),
        (f"{name};{EVIL}", "host"),
        (f"*.{name}", "wildcard"),
        (f"{name}*", "wildcard"),
        ("*", "wildcard"),
        ("", "host" if parts.scheme in {"http", "https"} else None),
        (name.replace(".", "\u3002", 1) + ("\u3002" if "." not in name else ""), "characters"),
        (name.replace("a", "\u0430").replace("1", "\u0661").replace("o", "\u03bf"), "characters"),
        ("\uff4c" + name, "characters"),
        (name + "\u00ad", "characters"),
        (name + "\u200b", "characters"),
        (f"{name}\\.{EVIL}", "characters"),
        (f"{EVIL}\\{name}", "characters"),
        (EVIL, None),
    ):
        yield Confusion(registered, f"{parts.scheme}://{odd}{tail}", "host", code)
    if name.upper() != name:
        yield Confusion(registered, f"{parts.scheme}://{name.upper()}{tail}", "host")
    yield from _numbers(registered, parts, tail)


def _numbers(registered: str, parts: Parts, tail: str) -> Iterator[Confusion]:
    """The loopback address in the spellings that a resolver takes and a comparison does not."""
    spellings = (
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.0.0.01",
        "127.0.0.1.",
        "0",
    )
    other_6 = (
        "[0:0:0:0:0:0:0:1]",
        "[::01]",
        "[::1%25lo]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[::]",
        "[::1",
        "::1",
        "[]",
    )
    if parts.scheme == "http":
        for spelling in (*spellings, *other_6, "127.0.0.2", "0.0.0.0", "localhost.localdomain", "localhost4", "lo"):
            yield Confusion(registered, f"http://{spelling}{tail}", "number", _number_code(spelling))
        for host in ("127.0.0.1", "[::1]", "localhost"):
            if not parts.authority.startswith(host):
                yield Confusion(registered, f"http://{host}{tail}", "number")


def _number_code(spelling: str) -> str:
    readable = {"[0:0:0:0:0:0:0:1]", "[::01]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[::]"}
    readable |= {"127.0.0.2", "0.0.0.0", "localhost.localdomain", "localhost4", "lo"}
    return "http" if spelling in readable else "host"


def ports(registered: str, parts: Parts) -> Iterator[Confusion]:
    """Ports in odd spellings; on loopback another *number* is not a confusion, so none stands here for it."""
    if not parts.authority:
        return
    name = parts.authority if parts.authority.endswith("]") else parts.authority.partition(":")[0]
    for port in ("", "0", "00", "080", "65536", "99999", "-1", "+80", "8x", "0x50", "80:80", "%38%30", "[80]"):
        yield Confusion(registered, f"{parts.scheme}://{name}:{port}{parts.rest}", "port", "host")
    for port in ("\u0668\u0660", " 80", "80 ", "80\t", "8\\0"):
        yield Confusion(registered, f"{parts.scheme}://{name}:{port}{parts.rest}", "port", "characters")
    yield Confusion(registered, f"{parts.scheme}://{name}:80@{EVIL}{parts.rest}", "port", "userinfo")
    yield Confusion(registered, f"{parts.scheme}://{name}:80*{parts.rest}", "port", "wildcard")
    if parts.scheme != "http":
        for port in ("80", "443", "8080", "8444", "1"):
            yield Confusion(registered, f"{parts.scheme}://{name}:{port}{parts.rest}", "port")


def schemes(registered: str, parts: Parts) -> Iterator[Confusion]:
    """Another scheme, another spelling of it, or the address inside an address that runs."""
    behind = f"{parts.slashes}{parts.authority}{parts.rest}"
    yield Confusion(registered, f"{parts.scheme.upper()}:{behind}", "scheme")
    yield Confusion(registered, f"{parts.scheme.title()}:{behind}", "scheme")
    for scheme in (
        "javascript",
        "data",
        "file",
        "blob",
        "about",
        "vbscript",
        "filesystem",
        "view-source",
        "intent",
        "ftp",
        "ws",
    ):
        yield Confusion(registered, f"{scheme}:{behind}", "scheme", "scheme")
        yield Confusion(registered, f"{scheme.upper()}:{behind}", "scheme", "scheme")
    for text in (
        f"javascript://{parts.authority}{parts.rest}%0aalert(1)",
        f"javascript:alert(1)//{registered}",
        f"data:text/html,{registered}",
        f"blob:{registered}",
        f"urn:ietf:wg:oauth:2.0:oob:{registered}",
    ):
        yield Confusion(registered, text, "scheme", "scheme")
    for text in (f"java\tscript:{registered}", f"\x01javascript:{registered}", f" {parts.scheme}:{behind}"):
        yield Confusion(registered, text, "scheme", "characters")
    for scheme in (f"x{parts.scheme}", f"{parts.scheme}x", f"{parts.scheme}+x", f"{parts.scheme}.x"):
        yield Confusion(registered, f"{scheme}:{behind}", "scheme")
    for text in (behind, f":{behind}", f"1{parts.scheme}:{behind}", f"{parts.scheme}{behind}"):
        yield Confusion(registered, text, "scheme", "relative" if ":" not in text or text[0] in ":1/" else None)


CLIMBS = ("/..", "/.", "/../", "/./", "/../evil", "/%2e%2e/evil", "/%2E%2e", "/..%2fevil", "/x/..", "/..%5cevil")
APPENDED = (
    *("/", "//", "/x", ";x", ";/", "%2f", "%2fevil", "%20", "%00", "%0d%0a", "%23x", "%3fx"),
    *("x", "&x", "=", "'", "~", "!"),
)
NEVER = (
    *("\\", "\\..", " ", "\n", "\r\nX:y", "\t", "\0", '"', "<script>", "`", "{x}", "|", "^"),
    *("\u00e9", "\u2028", "\uff0f", "\ufeff"),
)


def paths(registered: str, parts: Parts) -> Iterator[Confusion]:
    """Paths that some program normalises to the registered one, or away from it."""
    path, mark, query = parts.rest.partition("?")
    before, after = f"{parts.scheme}:{parts.slashes}{parts.authority}", mark + query
    for odds, code in (
        (CLIMBS, "dot-segments"),
        (APPENDED, None),
        (NEVER, "characters"),
        (("*",), "wildcard"),
        (("%", "%2", "%zz", "%%"), "escapes"),
    ):
        for odd in odds:
            yield Confusion(registered, f"{before}{path}{odd}{after}", "path", code)
    if path:
        yield Confusion(registered, f"{before}{path.upper()}{after}", "path")
        yield Confusion(registered, f"{before}{path[:-1]}{after}", "path")
        yield Confusion(registered, f"{before}{path[:-1]}%{ord(path[-1]):02x}{after}", "path")
        yield Confusion(registered, f"{before}/{path.lstrip('/')}/{path.lstrip('/')}{after}", "path")


def queries(registered: str, parts: Parts) -> Iterator[Confusion]:
    """A query more, less or in another spelling; and every fragment."""
    glue = "&" if "?" in registered else "?"
    for extra in ("", "x=1", "next=https://evil.example/", "tenant=1", "tenant=2", "%63ode=1", "a&b", "?"):
        yield Confusion(registered, f"{registered}{glue}{extra}", "query")
    for name in ("code", "state", "iss", "error"):
        yield Confusion(registered, f"{registered}{glue}{name}=x", "query", "answer-parameter")
    for fragment in ("#", "#x", "#/../x", f"#@{EVIL}", f"#{EVIL}"):
        yield Confusion(registered, registered + fragment, "query", "fragment")
    if "?" in registered:
        place, _, query = registered.partition("?")
        for text in (
            place,
            f"{place}?",
            f"{place}?{query.upper()}",
            f"{place}??{query}",
            f"{place}%3f{query}",
            f"{place};{query}",
        ):
            yield Confusion(registered, text, "query")


def characters(registered: str, _: Parts) -> Iterator[Confusion]:
    """One character that no URI holds, in front, in the middle and behind."""
    middle = len(registered) // 2
    for odd in (
        " ",
        "\t",
        "\n",
        "\r",
        "\0",
        "\x0b",
        "\x7f",
        "\x85",
        "\u00a0",
        "\u200b",
        "\u202e",
        "\ufeff",
        "\\",
        "\udc80",
    ):
        for text in (odd + registered, registered[:middle] + odd + registered[middle:], registered + odd):
            yield Confusion(registered, text, "characters", "characters")


def whole(registered: str, parts: Parts) -> Iterator[Confusion]:
    """The registered text as a part of another, repeated, cut short, or in the wrong number of slashes."""
    yield Confusion(registered, "", "whole", "empty")
    yield Confusion(registered, registered + "/" * 2000, "whole", "too-long")
    yield Confusion(registered, registered[1:], "whole")
    yield Confusion(registered, registered[:-1], "whole")
    yield Confusion(registered, f"https://{EVIL}/{registered}", "whole")
    yield Confusion(registered, f"https://{EVIL}/?u={registered.replace('?', '&')}", "whole")
    yield Confusion(registered, f"{registered},{registered}", "whole")
    yield Confusion(registered, f"{registered} {registered}", "whole", "characters")
    yield Confusion(registered, f"{registered}&redirect_uri=https://{EVIL}", "whole")
    yield Confusion(registered, f"//{parts.authority}{parts.rest}", "whole", "relative")
    yield Confusion(registered, f"\\\\{parts.authority}{parts.rest}", "whole", "characters")
    for slashes in ("", "/", "//", "///", "////"):
        yield Confusion(registered, f"{parts.scheme}:{slashes}{parts.authority}{parts.rest.lstrip('/')}", "slashes")
    yield Confusion(registered, f"{parts.scheme}:\\\\{parts.authority}{parts.rest}", "slashes", "characters")
    yield Confusion(registered, f"{parts.scheme}:/\\{parts.authority}{parts.rest}", "slashes", "characters")
