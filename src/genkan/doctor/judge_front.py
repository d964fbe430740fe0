"""Judgements of what stands between: filters of addresses, headers of the proxy, cookies, and how long it takes."""

from statistics import median

from genkan.doctor.likeness import alike
from genkan.doctor.observed import Answered, Heard, Q, Seen, Silence, Silent
from genkan.doctor.saying import joined, plain, say
from genkan.doctor.telling import Told, in_words
from genkan.doctor.verdicts import Probe
from genkan.wire.sentences import Sentence

SLOW_MS = 2000
LONG = 3500
# What is done with a request, where another one is answered; a late answer alone tells nothing.
_LOST = frozenset({Silence.CONNECTION, Silence.GARBAGE})

_AGAIN = say("Check again when it is not busy; if this stays, see server-info and the log of the proxy.")


def proxy_headers(seen: Seen) -> Probe:
    """Whether the site knows by which address it is asked."""
    told = Told(
        "proxy-headers",
        say("GET %(address)s/, as a browser", address=seen.target.base.text),
        say(
            "The site must learn from its proxy by which scheme and host it is asked, or sign-in ends in a loop "
            "or on an error page."
        ),
    )
    page = seen.last(Q.PAGE)
    if isinstance(page, Silent):
        return told.unasked(page)
    info = seen.heard(Q.SERVER_INFO)
    # What machines ask is answered whatever Host says, pages are not: only these two headers tell them apart.
    if page.status == 400 and info is not None and info.status == 200:
        fix = say(
            "Let the proxy tell both, as in proxy_set_header Host $host; proxy_set_header X-Forwarded-Proto "
            "$scheme; (nginx), and let the site trust it (GENKAN_TRUSTED_PROXIES); genkan proxy nginx prints all "
            "of it."
        )
        return told.wrong(say("400: the site takes the request for another address than its base URL"), fix)
    hops = seen.hops.get(Q.PAGE, ())
    if isinstance(hops[-1], Heard) and hops[-1].redirects and _loops(hops):
        fix = say("Let the proxy say the scheme (X-Forwarded-Proto): the site redirects to what it was asked by.")
        return told.wrong(say("it redirects to itself without end"), fix)
    if page.status >= 500:
        return told.unknown(say("%(briefly)s: see server-info", briefly=page.briefly))
    return told.ok(page.briefly)


def _loops(hops: tuple[Answered, ...]) -> bool:
    urls = [hop.url for hop in hops]
    last = hops[-1]
    return isinstance(last, Heard) and (len(set(urls)) < len(urls) or last.target in urls)


def address_filter(seen: Seen) -> Probe:
    """Whether a firewall takes the app's redirect for an attack."""
    told = Told(
        "address-filter",
        say("authorize with and without the app's redirect in the query"),
        say("Firewalls take jira-server:, or an address of the own machine, in a query for an attack."),
    )
    bare, app, loopback = (seen.first(q) for q in (Q.UNKNOWN_BARE, Q.UNKNOWN_APP, Q.UNKNOWN_LOOPBACK))
    if isinstance(bare, Silent):
        return told.unasked(bare)
    scheme = seen.target.redirect_uri.partition(":")[0]
    if is_filtered(seen):
        fix = say(
            "Exempt redirect_uri on /rest/oauth2/*/authorize from the firewall's rule that stops %(scheme)s: there.",
            scheme=scheme,
        )
        return told.wrong(
            say(
                "%(brief)s without it, %(brief2)s with %(scheme)s: in it",
                brief=_brief(bare),
                brief2=_brief(app),
                scheme=scheme,
            ),
            fix,
        )
    if unsettled := _unsettled(told, (bare, app, loopback)):
        return unsettled
    if _is_filtered(bare, loopback):
        fix = say(
            "Exempt redirect_uri on /rest/oauth2/*/authorize from the rule that stops addresses of this machine "
            "(931100 in the OWASP rule set): programs on a terminal and some desktops use them."
        )
        return told.warning(
            say(
                "%(brief)s without it, %(brief2)s with http://127.0.0.1 in it",
                brief=_brief(bare),
                brief2=_brief(loopback),
            ),
            fix,
        )
    return told.ok(say("the site itself answers in each case"))


def _unsettled(told: Told, answers: tuple[Answered, ...]) -> Probe | None:
    """What is said where one of the answers is missing or says only that nobody has the time."""
    late = next((one for one in answers if isinstance(one, Silent) and one.silence is Silence.SLOW), None)
    if late is not None:
        return told.unknown(in_words(late), _AGAIN)
    busy = next((answer for answer in answers if is_busy(answer)), None)
    if busy is not None:
        return told.unknown(
            say(
                "%(status)s for one of them: the site or its proxy is busy, which tells of no filter",
                status=_brief(busy),
            ),
            _AGAIN,
        )
    return None


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


def long_address(seen: Seen) -> Probe:
    """Whether long addresses get through."""
    told = Told(
        "long-address",
        say("authorize with %(long)s characters of state", long=LONG),
        say("Sign-in carries the whole request in its address, which proxies may cut off."),
    )
    short, long = seen.first(Q.UNKNOWN_APP), seen.first(Q.UNKNOWN_LONG)
    if isinstance(short, Silent) or (isinstance(long, Silent) and long.silence is Silence.NOT_ASKED):
        return told.unasked(short if isinstance(short, Silent) else Silent("", Silence.NOT_ASKED))
    fix = say(
        "Allow request lines of 8 KB, as in large_client_header_buffers 4 16k (nginx), LimitRequestLine 16384 (Apache)."
    )
    if isinstance(long, Silent) and long.silence not in _LOST:
        return told.unknown(in_words(long), _AGAIN)
    if isinstance(long, Silent):
        return told.wrong(in_words(long), fix)
    if is_busy(long) or is_busy(short):
        return told.unknown(say("%(briefly)s: busy or down", briefly=long.briefly), _AGAIN)
    if alike(short, long) or (short.redirects and long.redirects) or (short.status, 200) == (long.status, short.status):
        return told.ok(say("%(status)s, as for a short one", status=long.status))
    return told.wrong(
        say("%(briefly)s, against %(briefly2)s for a short one", briefly=long.briefly, briefly2=short.briefly), fix
    )


def cookies(seen: Seen) -> Probe:
    """Whether a browser keeps and sends back the cookies that sign-in needs."""
    told = Told(
        "cookies",
        say("the cookies of the start page and the sign-in page"),
        say("The browser comes from the app and back from a sign-on: cookies must survive both."),
    )
    hops = [hop for q in (Q.PAGE, Q.CLIENT) for hop in seen.hops.get(q, ()) if isinstance(hop, Heard)]
    if not hops:
        return told.unknown(say("no page was answered"))
    written = list(dict.fromkeys(cookie for hop in hops for cookie in hop.every("set-cookie")))
    found = [_attributes(cookie) for cookie in written]
    secure = seen.target.base.secure
    for name, attributes in found:
        if attributes.get("samesite") == "none" and "secure" not in attributes:
            return told.wrong(
                say("%(name)s: SameSite=None without Secure", name=name),
                say("Add Secure to %(name)s: browsers drop it so.", name=name),
            )
        if "secure" in attributes and not secure and not seen.target.base.is_loopback:
            return told.wrong(
                say("%(name)s: Secure, on plain http", name=name), say("Serve the site by https: browsers drop it so.")
            )
    for name, attributes in found:
        if attributes.get("samesite") == "strict":
            fix = say(
                "Set %(name)s to SameSite=Lax: a strict one is not sent when a sign-on at another site comes back.",
                name=name,
            )
            return told.warning(say("%(name)s: SameSite=Strict", name=name), fix)
        if secure and "secure" not in attributes:
            return told.warning(
                say("%(name)s: without Secure", name=name),
                say("Add Secure to %(name)s, so that it never travels in the clear.", name=name),
            )
    rules = {name: attributes.get("samesite") or say("lax by default") for name, attributes in found}
    listed = [say("%(name)s (%(rule)s)", name=name, rule=rule) for name, rule in rules.items()]
    return told.ok(joined(listed, ", ") if listed else say("none"))


def _attributes(cookie: str) -> tuple[str, dict[str, str]]:
    """Name and attributes (RFC 6265 5.2); never the value."""
    pair, *rest = cookie.split(";")
    name = "".join(c if c.isprintable() else " " for c in pair.partition("=")[0].strip()[:60])
    attributes = {}
    for piece in rest:
        key, _, value = piece.partition("=")
        attributes[key.strip().lower()] = value.strip().lower()
    return name, attributes


def speed(seen: Seen) -> Probe:
    """How long answers take."""
    told = Told(
        "speed",
        say("the time to the first byte of each answer"),
        say("A sign-in is about ten requests: a second each is felt, and people give up before the phone does."),
    )
    times = [hop.ms for hops in seen.hops.values() for hop in hops if isinstance(hop, Heard)]
    if not times:
        return told.unknown(say("nothing was answered"))
    answered = say("%(round)s ms as a rule, %(max)s ms at most", round=round(median(times)), max=max(times))
    if median(times) > SLOW_MS:
        return told.warning(answered, say("See what makes the site slow before phones wait for it."))
    return told.ok(answered)
