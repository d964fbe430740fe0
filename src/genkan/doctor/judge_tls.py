"""Rules for TLS as App Transport Security and an iPhone's own rules for certificates see it."""

from datetime import UTC, datetime

from genkan.doctor.certificates import WEAK_HASHES, Certificate, covers, read_chain
from genkan.doctor.observed import Answered, Handshake, Q, Seen, Silence, Silent
from genkan.doctor.saying import joined, plain, say
from genkan.doctor.table import Rule, Values, always, ok, unknown, warning, wrong
from genkan.wire.sentences import Sentence

SOON_DAYS = 14
# What Apple takes from a public authority since 2020, and from any authority since 2019.
LONGEST_PUBLIC_DAYS = 398
LONGEST_DAYS = 825
# CA/Browser Forum, Baseline Requirements 6.3.2 (ballot SC-081v3): what public authorities may issue from a day on.
_SHORTER = ((datetime(2029, 3, 15, tzinfo=UTC), 47), (datetime(2027, 3, 15, tzinfo=UTC), 100),
            (datetime(2026, 3, 15, tzinfo=UTC), 200))  # fmt: skip
_UNTRUSTED_ROOT = frozenset({18, 19})  # OpenSSL: a self-signed certificate, alone or at the end of the chain
_NO_ISSUER = frozenset({2, 20, 21})  # OpenSSL: the issuer is not at hand
_PLAIN = say("not asked: the address is plain http")


_NOTHING = Handshake()


def _shaken(seen: Seen) -> Handshake:
    return seen.handshake or _NOTHING


def _is_plain(seen: Seen) -> bool:
    return not seen.target.base.secure


def _is_plain_here(seen: Seen) -> bool:
    return _is_plain(seen) and seen.target.base.is_loopback


def _is_unseen(seen: Seen) -> bool:
    return seen.handshake is None or seen.handshake.fault is not None


def _has_forward_secrecy(shaken: Handshake) -> bool:
    # RFC 8446 1.2: all of TLS 1.3 has it; below, App Transport Security takes elliptic curves only.
    return shaken.version == "TLSv1.3" or shaken.cipher.startswith("ECDHE-")


def _spoken(seen: Seen) -> Sentence:
    """Version and cipher."""
    return say("%(version)s with %(cipher)s", version=_shaken(seen).version, cipher=_shaken(seen).cipher)


_TLS: Values = {
    "host": lambda seen: seen.target.base.host,
    "port": lambda seen: seen.target.base.port or 443,
    "answered": _spoken,
    "old_tls": lambda seen: seen.old_tls,
}
TLS = Rule(
    "tls",
    say("a TLS handshake with %(host)s, every version offered"),
    say("App Transport Security wants TLS 1.2 or later with forward secrecy; otherwise iOS ends the connection."),
    (
        ok(_is_plain_here, _PLAIN),
        unknown(_is_plain, _PLAIN),
        unknown(lambda seen: seen.handshake is None, say("not asked, since nobody takes the connection")),
        unknown(
            lambda seen: _is_unseen(seen) and _shaken(seen).wants_certificate,
            say("not seen to its end: see client-certificate"),
        ),
        wrong(
            _is_unseen,
            lambda seen: _shaken(seen).fault or plain(""),
            say("See that port %(port)s of %(host)s speaks TLS 1.2 or 1.3, without a client certificate."),
        ),
        wrong(
            lambda seen: _shaken(seen).version not in {"TLSv1.2", "TLSv1.3"},
            _spoken,
            say("Switch on TLS 1.2 and 1.3 in the server or its proxy."),
        ),
        wrong(
            lambda seen: not _has_forward_secrecy(_shaken(seen)),
            say("%(answered)s, without forward secrecy"),
            say("Allow ECDHE ciphers, as in ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20 (nginx), and prefer TLS 1.3."),
        ),
        warning(
            lambda seen: bool(seen.old_tls),
            say("%(answered)s; %(old_tls)s is taken too"),
            say("Switch off TLS 1.0 and 1.1, as in ssl_protocols TLSv1.2 TLSv1.3 (nginx)."),
        ),
        ok(always, _spoken),
    ),
    _TLS,
)


_Fault = tuple[Sentence, Sentence] | None


def _date_fault(chain: tuple[Certificate, ...], now: int, own: Certificate) -> _Fault:
    moment = datetime.fromtimestamp(now / 1000, UTC)
    for certificate in chain:
        if certificate.not_after < moment:
            return _expired(certificate, is_own=certificate == own), say("Renew it, and reload the server.")
        if certificate.not_before > moment:
            fix = say("Wait until then, or set right the clock of the machine that issued it or of this one.")
            return say(
                "it is not valid before %(not_before)s UTC", not_before=f"{certificate.not_before:%Y-%m-%d %H:%M}"
            ), fix
    return None


def _expired(certificate: Certificate, *, is_own: bool) -> Sentence:
    date = f"{certificate.not_after:%Y-%m-%d}"
    if is_own:
        return say("it has expired on %(date)s", date=date)
    return say("the intermediate %(subject)s has expired on %(date)s", subject=certificate.subject, date=date)


def _name_fault(own: Certificate, host: str) -> _Fault:
    if covers(own.names, host):
        return None
    fix = say("Have a certificate issued that names %(host)s as a subject alternative name.", host=host)
    if not own.names:
        return say("it is for no name at all (the common name alone no longer counts)"), fix
    return say("it is for %(listed)s", listed=", ".join(own.names[:5])), fix


def _usage_fault(own: Certificate) -> _Fault:
    if own.for_servers:
        return None
    fix = say(
        "Have it issued anew for TLS servers, with serverAuth in the extended key usage: iOS refuses it otherwise."
    )
    return say("its extended key usage does not name servers (serverAuth)"), fix


def _trust_fault(chain: tuple[Certificate, ...], shaken: Handshake) -> _Fault:
    if not shaken.refused:
        return None
    last = chain[-1]
    if len(chain) == 1 and last.self_issued:
        fix = say("Install one of a public authority, or of your own authority, whose root MDM puts on the phones.")
        return say("it is signed by itself"), fix
    if shaken.refused_code in _NO_ISSUER and not last.self_issued:
        fix = say(
            "Let the server send the intermediate certificates too (the “full chain” file), up to %(issuer)s.",
            issuer=last.issuer,
        )
        where = [say("It can be had at %(address)s.", address=address) for address in last.issued_at[:1]]
        private = say(
            "If that is your own authority, put its root on the phones by MDM and name it here with --ca-file."
        )
        return say(
            "the chain ends at %(subject)s: the issuer %(issuer)s is not known here",
            subject=last.subject,
            issuer=last.issuer,
        ), joined([fix, *where, private], " ")
    if shaken.refused_code in _UNTRUSTED_ROOT:
        fix = say(
            "Put the root %(issuer)s on the phones by MDM with full trust, and name it here with --ca-file.",
            issuer=last.issuer,
        )
        return say("its root %(issuer)s is not one that phones know by themselves", issuer=last.issuer), fix
    return say("it is refused (%(refused)s)", refused=shaken.refused), say("Have it issued anew by a usual authority.")


def _strength_fault(chain: tuple[Certificate, ...]) -> _Fault:
    for certificate in chain:
        if certificate.key_weak is not None:
            what = certificate.key_weak
            fix = say("Have it issued anew with RSA 2048 or EC P-256.")
        elif certificate.hash_name in WEAK_HASHES and not certificate.self_issued:
            what = say("a signature with %(algorithm)s", algorithm=certificate.hash_name.upper())
            fix = say("Have it issued anew with SHA-256.")
        else:
            continue
        is_own = certificate is chain[0]
        return what if is_own else say("%(what)s in %(subject)s", what=what, subject=certificate.subject), fix
    return None


def _chain(seen: Seen) -> tuple[Certificate, ...]:
    return read_chain(_shaken(seen).chain)


def _path(seen: Seen) -> tuple[Certificate, ...]:
    """Where it is trusted, what the server sends beyond the path that was taken harms nobody."""
    chain, shaken = _chain(seen), _shaken(seen)
    return read_chain(shaken.path) or chain[:1] if shaken.trusted else chain


def _faults(seen: Seen) -> _Fault:
    """What is wrong with the chain, and what mends it: dates, name, purpose, trust, strength; the first counts."""
    chain, path = _chain(seen), _path(seen)
    return (
        _date_fault(path, seen.now, chain[0])
        or _name_fault(chain[0], seen.target.base.host)
        or _usage_fault(chain[0])
        or _trust_fault(chain, _shaken(seen))
        or _strength_fault(path)
    )


def _surplus(seen: Seen) -> _Fault:
    """RFC 8446 4.4.2: certificates beyond the path are passed over; an expired one is a matter of tidiness."""
    path = _path(seen)
    return _date_fault(tuple(one for one in _chain(seen) if one not in path), seen.now, _chain(seen)[0])


def _told(seen: Seen) -> Sentence:
    """Whose it is, by whom, until when, and its key."""
    own = _chain(seen)[0]
    return say(
        "%(subject)s, from %(issuer)s, until %(not_after)s, %(key)s",
        subject=own.subject,
        issuer=own.issuer,
        not_after=f"{own.not_after:%Y-%m-%d}",
        key=own.key,
    )


def _told_surplus(seen: Seen) -> Sentence:
    """The same, and what is amiss with a certificate that nobody needs."""
    fault = _surplus(seen)
    return say(
        "%(answered)s: one more is sent, and %(fault)s", answered=_told(seen), fault=fault[0] if fault else plain("")
    )


def _mend(seen: Seen) -> Sentence:
    """What mends it."""
    return (_faults(seen) or (plain(""), plain("")))[1]


def _left(seen: Seen) -> int:
    return (_chain(seen)[0].not_after - datetime.fromtimestamp(seen.now / 1000, UTC)).days


def _longest(own: Certificate, seen: Seen) -> int:
    if own.transparent:
        return next((days for since, days in _SHORTER if own.not_before >= since), LONGEST_PUBLIC_DAYS)
    # With a file of authorities nobody can tell a private one from a public one, so the shorter bound is not applied.
    return LONGEST_DAYS if seen.target.has_authorities else LONGEST_PUBLIC_DAYS


CERTIFICATE = Rule(
    "certificate",
    say("the certificate of %(host)s and its chain"),
    say("The app takes no exception for a certificate, and shows only that the site cannot be reached."),
    (
        ok(_is_plain_here, _PLAIN),
        unknown(_is_plain, _PLAIN),
        unknown(_is_unseen, say("not seen: there was no handshake")),
        wrong(
            lambda seen: not _chain(seen),
            say("a certificate that cannot be read"),
            say("Have it issued anew by a usual authority."),
        ),
        wrong(lambda seen: _faults(seen) is not None, say("%(answered)s: %(fault)s"), _mend),
        warning(
            lambda seen: _chain(seen)[0].days > _longest(_chain(seen)[0], seen),
            say("%(answered)s: valid for %(days)s days in all"),
            say(
                "Have it issued for %(bound)s days at most: iOS refuses more than 825 days, more than 398 from public "
                "authorities, and those may issue for 200 days only since March 2026."
            ),
        ),
        warning(
            lambda seen: _left(seen) < SOON_DAYS,
            say("%(answered)s: it expires in %(left)s days"),
            say("Renew it now, and see why it is not renewed."),
        ),
        warning(
            lambda seen: _surplus(seen) is not None,
            _told_surplus,
            say("Leave it out of the file that the server sends: the chain is trusted without it."),
        ),
        ok(always, _told),
    ),
    {
        **_TLS,
        "answered": _told,
        "fault": lambda seen: (_faults(seen) or ("",))[0],
        "days": lambda seen: _chain(seen)[0].days,
        "bound": lambda seen: _longest(_chain(seen)[0], seen),
        "left": _left,
    },
)


def wants_certificate(answer: Answered) -> bool:
    """Whether the answer is that a client certificate is missing."""
    if isinstance(answer, Silent):
        return answer.silence is Silence.CLIENT_CERTIFICATE
    # nginx says by a page what others say by an alert; 495 and 496 are its own numbers for it.
    return answer.status in {495, 496} or (answer.status == 400 and "SSL certificate" in answer.text)


_FIRST = (Q.SERVER_INFO, Q.INFO_LOGIN)
CLIENT_CERTIFICATE = Rule(
    "client-certificate",
    say("whether the server wants a client certificate before it answers"),
    say("On iOS only the browser can present one: the app's own requests fail where it is asked for on every path."),
    (
        wrong(
            lambda seen: _shaken(seen).wants_certificate or any(wants_certificate(seen.first(q)) for q in _FIRST),
            say("it answers nothing without one"),
            say(
                "Ask for it on a second origin only, to which the sign-in page leads (GENKAN_CERTIFICATE_URL), and "
                "set ssl_verify_client off on this one."
            ),
        ),
        ok(lambda seen: any(seen.heard(q) is not None for q in _FIRST), say("it answers without one")),
        unknown(always, say("no answer that would tell")),
    ),
)
HTTP_VERSION = Rule(
    "http-version",
    say("the protocol that the server picks (ALPN)"),
    say("HTTP/2 needs one connection where 1.1 needs several, which phones feel on slow networks."),
    (
        ok(_is_plain, _PLAIN),
        unknown(_is_unseen, say("not seen: there was no handshake")),
        ok(lambda seen: _shaken(seen).alpn == "h2", plain("HTTP/2")),
        ok(always, say("HTTP/1.1, which does; HTTP/2 would save phones a few connections")),
    ),
)
