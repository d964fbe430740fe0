"""Rules for what stands between: filters of addresses, headers of the proxy, cookies, and how long it takes."""

from collections.abc import Iterator, Mapping
from statistics import median

from genkan.doctor.likeness import alike
from genkan.doctor.observed import Answered, Heard, Q, Seen, Silence, Silent
from genkan.doctor.saying import joined, plain, say
from genkan.doctor.table import (
    Rule,
    always,
    brief,
    heard,
    is_silent,
    no_answer,
    ok,
    silence,
    status,
    unknown,
    warning,
    wrong,
)
from genkan.doctor.telling import BY_SILENCE, in_words
from genkan.wire.sentences import Sentence

SLOW_MS = 2000
LONG = 3500
# What is done with a request, where another one is answered; a late answer alone tells nothing.
_LOST = frozenset({Silence.CONNECTION, Silence.GARBAGE})
_AGAIN = say("Check again when it is not busy; if this stays, see server-info and the log of the proxy.")


def _page(seen: Seen) -> Heard | None:
    answer = seen.last(Q.PAGE)
    return answer if isinstance(answer, Heard) else None


def _page_is(seen: Seen, least: int, most: int) -> bool:
    page = _page(seen)
    return page is not None and least <= page.status <= most


def _briefly(seen: Seen) -> Sentence:
    """Status, and what kind of thing came."""
    page = _page(seen)
    return page.briefly if page is not None else in_words(Silent("", Silence.NOT_ASKED))


def _has_no_end(seen: Seen) -> bool:
    hops = seen.hops.get(Q.PAGE, ())
    return bool(hops) and isinstance(hops[-1], Heard) and hops[-1].redirects and _loops(hops)


def _loops(hops: tuple[Answered, ...]) -> bool:
    urls = [hop.url for hop in hops]
    last = hops[-1]
    return isinstance(last, Heard) and (len(set(urls)) < len(urls) or last.target in urls)


def _silent_page(seen: Seen) -> Sentence:
    """Why there is no answer."""
    answer = seen.last(Q.PAGE)
    return BY_SILENCE[answer.silence if isinstance(answer, Silent) else Silence.NOT_ASKED]


PROXY_HEADERS = Rule(
    "proxy-headers",
    say("GET %(address)s/, as a browser"),
    say(
        "The site must learn from its proxy by which scheme and host it is asked, or sign-in ends in a loop "
        "or on an error page."
    ),
    (
        unknown(lambda seen: _page(seen) is None, _silent_page),
        # What machines ask is answered whatever Host says, pages are not: only these two headers tell them apart.
        wrong(
            lambda seen: _page_is(seen, 400, 400) and status(seen, Q.SERVER_INFO) == 200,
            say("400: the site takes the request for another address than its base URL"),
            say(
                "Let the proxy tell both, as in proxy_set_header Host $host; proxy_set_header X-Forwarded-Proto "
                "$scheme; (nginx), and let the site trust it (GENKAN_TRUSTED_PROXIES); genkan proxy nginx prints all "
                "of it."
            ),
        ),
        wrong(
            _has_no_end,
            say("it redirects to itself without end"),
            say("Let the proxy say the scheme (X-Forwarded-Proto): the site redirects to what it was asked by."),
        ),
        unknown(lambda seen: _page_is(seen, 500, 999), say("%(briefly)s: see server-info")),
        ok(always, _briefly),
    ),
    {"address": lambda seen: seen.target.base.text, "briefly": _briefly},
)
_TRIED = (Q.UNKNOWN_BARE, Q.UNKNOWN_APP, Q.UNKNOWN_LOOPBACK)


def is_filtered(seen: Seen) -> bool:
    """Whether the app's redirect alone changes the answer."""
    bare, app = seen.first(Q.UNKNOWN_BARE), seen.first(Q.UNKNOWN_APP)
    return isinstance(bare, Heard) and _is_filtered(bare, app)


def _is_filtered(usual: Heard, answer: Answered) -> bool:
    """Another kind of answer than without it; a provider may well refuse both in words of their own."""
    if isinstance(answer, Silent):
        return answer.silence in _LOST
    if is_busy(usual) or is_busy(answer):
        return False
    return answer.status != usual.status and answer.status >= 400


def is_busy(answer: Answered) -> bool:
    """Whether it says only that nobody has the time (RFC 9110 15.5.9 and 15.6, RFC 6585 4), whatever was asked."""
    return isinstance(answer, Heard) and (answer.status in {408, 429} or answer.status >= 500)


def _brief(answer: Answered) -> Sentence:
    return plain(str(answer.status)) if isinstance(answer, Heard) else in_words(answer)


def _late(seen: Seen) -> Silent | None:
    answers = (seen.first(question) for question in _TRIED[1:])
    return next((one for one in answers if isinstance(one, Silent) and one.silence is Silence.SLOW), None)


def _said_late(seen: Seen) -> Sentence:
    """Why there is no answer."""
    return in_words(_late(seen) or Silent("", Silence.SLOW))


def _busy(seen: Seen) -> Answered | None:
    return next((answer for answer in map(seen.first, _TRIED) if is_busy(answer)), None)


ADDRESS_FILTER = Rule(
    "address-filter",
    say("authorize with and without the app's redirect in the query"),
    say("Firewalls take jira-server:, or an address of the own machine, in a query for an attack."),
    (
        *no_answer(Q.UNKNOWN_BARE),
        wrong(
            is_filtered,
            say("%(brief)s without it, %(brief2)s with %(scheme)s: in it"),
            say(
                "Exempt redirect_uri on /rest/oauth2/*/authorize from the firewall's rule that stops %(scheme)s: there."
            ),
        ),
        unknown(lambda seen: _late(seen) is not None, _said_late, _AGAIN),
        unknown(
            lambda seen: _busy(seen) is not None,
            say("%(status)s for one of them: the site or its proxy is busy, which tells of no filter"),
            _AGAIN,
        ),
        warning(
            lambda seen: _is_filtered(heard(seen, Q.UNKNOWN_BARE), seen.first(Q.UNKNOWN_LOOPBACK)),
            say("%(brief)s without it, %(loopback)s with http://127.0.0.1 in it"),
            say(
                "Exempt redirect_uri on /rest/oauth2/*/authorize from the rule that stops addresses of this machine "
                "(931100 in the OWASP rule set): programs on a terminal and some desktops use them."
            ),
        ),
        ok(always, say("the site itself answers in each case")),
    ),
    {
        "brief": lambda seen: _brief(seen.first(Q.UNKNOWN_BARE)),
        "brief2": lambda seen: _brief(seen.first(Q.UNKNOWN_APP)),
        "loopback": lambda seen: _brief(seen.first(Q.UNKNOWN_LOOPBACK)),
        "scheme": lambda seen: seen.target.redirect_uri.partition(":")[0],
        "status": lambda seen: _brief(_busy(seen) or seen.first(Q.UNKNOWN_BARE)),
    },
)


def _long_is(seen: Seen, *kinds: Silence) -> bool:
    answer = seen.first(Q.UNKNOWN_LONG)
    return isinstance(answer, Silent) and answer.silence in kinds


def _is_as_short(seen: Seen) -> bool:
    short, long = heard(seen, Q.UNKNOWN_APP), heard(seen, Q.UNKNOWN_LONG)
    both = short.redirects and long.redirects
    return alike(short, long) or both or (short.status, 200) == (long.status, short.status)


_LINES = say(
    "Allow request lines of 8 KB, as in large_client_header_buffers 4 16k (nginx), LimitRequestLine 16384 (Apache)."
)
LONG_ADDRESS = Rule(
    "long-address",
    say("authorize with %(long)s characters of state"),
    say("Sign-in carries the whole request in its address, which proxies may cut off."),
    (
        *no_answer(Q.UNKNOWN_APP),
        *no_answer(Q.UNKNOWN_LONG, where=lambda seen: _long_is(seen, Silence.NOT_ASKED)),
        wrong(lambda seen: _long_is(seen, *_LOST), silence(Q.UNKNOWN_LONG), _LINES),
        unknown(is_silent(Q.UNKNOWN_LONG), silence(Q.UNKNOWN_LONG), _AGAIN),
        unknown(
            lambda seen: is_busy(heard(seen, Q.UNKNOWN_LONG)) or is_busy(heard(seen, Q.UNKNOWN_APP)),
            say("%(briefly)s: busy or down"),
            _AGAIN,
        ),
        ok(_is_as_short, say("%(status)s, as for a short one")),
        wrong(always, say("%(briefly)s, against %(briefly2)s for a short one"), _LINES),
    ),
    {
        "long": lambda _: LONG,
        "briefly": brief(Q.UNKNOWN_LONG),
        "briefly2": brief(Q.UNKNOWN_APP),
        "status": lambda seen: status(seen, Q.UNKNOWN_LONG),
    },
)
_Cookie = tuple[str, Mapping[str, str]]


def _attributes(cookie: str) -> tuple[str, dict[str, str]]:
    """Name and attributes (RFC 6265 5.2); never the value."""
    pair, *rest = cookie.split(";")
    name = "".join(c if c.isprintable() else " " for c in pair.partition("=")[0].strip()[:60])
    attributes = {}
    for piece in rest:
        key, _, value = piece.partition("=")
        attributes[key.strip().lower()] = value.strip().lower()
    return name, attributes


def _pages(seen: Seen) -> list[Heard]:
    return [hop for q in (Q.PAGE, Q.CLIENT) for hop in seen.hops.get(q, ()) if isinstance(hop, Heard)]


def _cookies(seen: Seen) -> Iterator[_Cookie]:
    return map(_attributes, dict.fromkeys(cookie for hop in _pages(seen) for cookie in hop.every("set-cookie")))


def _is_dropped(_: Seen, cookie: _Cookie) -> bool:
    return cookie[1].get("samesite") == "none" and "secure" not in cookie[1]


def _is_secure_in_the_clear(seen: Seen, cookie: _Cookie) -> bool:
    base = seen.target.base
    return "secure" in cookie[1] and not base.secure and not base.is_loopback


def _is_strict(_: Seen, cookie: _Cookie) -> bool:
    return cookie[1].get("samesite") == "strict"


def _is_bare(seen: Seen, cookie: _Cookie) -> bool:
    return seen.target.base.secure and "secure" not in cookie[1]


_FAULTS = (_is_dropped, _is_secure_in_the_clear, _is_strict, _is_bare)


def _faulty(seen: Seen) -> str:
    """The name of the first cookie with the first of these faults."""
    return next((one[0] for is_bad in _FAULTS for one in _cookies(seen) if is_bad(seen, one)), "")


def _kept(seen: Seen) -> Sentence:
    """Each cookie, with its rule for other sites."""
    rules = {name: attributes.get("samesite") or say("lax by default") for name, attributes in _cookies(seen)}
    listed = [say("%(name)s (%(rule)s)", name=name, rule=rule) for name, rule in rules.items()]
    return joined(listed, ", ") if listed else say("none")


COOKIES = Rule(
    "cookies",
    say("the cookies of the start page and the sign-in page"),
    say("The browser comes from the app and back from a sign-on: cookies must survive both."),
    (
        unknown(lambda seen: not _pages(seen), say("no page was answered")),
        wrong(
            lambda seen: any(_is_dropped(seen, one) for one in _cookies(seen)),
            say("%(name)s: SameSite=None without Secure"),
            say("Add Secure to %(name)s: browsers drop it so."),
        ),
        wrong(
            lambda seen: any(_is_secure_in_the_clear(seen, one) for one in _cookies(seen)),
            say("%(name)s: Secure, on plain http"),
            say("Serve the site by https: browsers drop it so."),
        ),
        warning(
            lambda seen: any(_is_strict(seen, one) for one in _cookies(seen)),
            say("%(name)s: SameSite=Strict"),
            say("Set %(name)s to SameSite=Lax: a strict one is not sent when a sign-on at another site comes back."),
        ),
        warning(
            lambda seen: any(_is_bare(seen, one) for one in _cookies(seen)),
            say("%(name)s: without Secure"),
            say("Add Secure to %(name)s, so that it never travels in the clear."),
        ),
        ok(always, _kept),
    ),
    {"name": _faulty},
)


def _times(seen: Seen) -> list[int]:
    return [hop.ms for hops in seen.hops.values() for hop in hops if isinstance(hop, Heard)]


_MEASURED = say("%(round)s ms as a rule, %(max)s ms at most")
SPEED = Rule(
    "speed",
    say("the time to the first byte of each answer"),
    say("A sign-in is about ten requests: a second each is felt, and people give up before the phone does."),
    (
        unknown(lambda seen: not _times(seen), say("nothing was answered")),
        warning(
            lambda seen: median(_times(seen)) > SLOW_MS,
            _MEASURED,
            say("See what makes the site slow before phones wait for it."),
        ),
        ok(always, _MEASURED),
    ),
    {"round": lambda seen: round(median(_times(seen))), "max": lambda seen: max(_times(seen))},
)
