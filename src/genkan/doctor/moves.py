"""What a redirect of the very document that was asked for means: the site has moved, the proxy hides by what it was
asked, or the document is sent to itself. Nobody follows it.
"""

import ipaddress

from genkan.doctor.gateways import recognise
from genkan.doctor.observed import Heard, Q, Seen, origin_of, path_of, place
from genkan.doctor.saying import plain, say
from genkan.doctor.table import Condition, Words
from genkan.wire import uri
from genkan.wire.addresses import kind_of
from genkan.wire.sentences import Sentence
from genkan.wire.urls import BaseURL, parse_base_url

# RFC 6761 6.3, RFC 6762 3: names that never leave a machine or its own network.
_INNER_NAMES = (".localhost", ".local", ".internal")


def move_of(answer: Heard, base: BaseURL, path: str) -> tuple[Sentence, Sentence] | None:
    """What to say and what to change where ``path`` is sent to itself or to its like elsewhere; else None."""
    if not answer.redirects:
        return None
    # Some gateways send to the same path with a cookie first: they are known by their marks.
    if is_to_itself(answer) and recognise(answer) is None:
        fix = say(
            "Let the site or its proxy answer this path by itself, without adding or taking away a slash or a query: "
            "the app follows no redirect."
        )
        return say("%(status)s: it redirects to itself, at %(place)s", **_shown(answer)), fix
    target = answer.target.partition("?")[0]
    if not target.endswith(path):
        return None
    found = parse_base_url(target.removesuffix(path), allow_http=True)
    if not isinstance(found, BaseURL):
        return None
    if is_closed(found.host) and not is_closed(base.host):
        return _hidden_host(answer)
    if base.secure and not found.secure:
        return _hidden_scheme(answer)
    answered = say(
        "%(status)s, to the same path at %(address)s, not followed", status=answer.status, address=found.text
    )
    return answered, say("Use %(address)s in the app, and in the MDM value.", address=found.text)


def move_at(question: Q, path: str) -> tuple[Condition, Words, Words]:
    """The same for the rows of a table: whether it holds, what to say, what to change."""

    def move(seen: Seen) -> tuple[Sentence, Sentence] | None:
        answer = seen.heard(question)
        return move_of(answer, seen.target.base, path) if answer is not None else None

    def where(seen: Seen) -> Sentence:
        """Where it has moved, or that it is sent to itself."""
        return (move(seen) or (plain(""), plain("")))[0]

    def after(seen: Seen) -> Sentence:
        """The address to use, or what the proxy must tell the site."""
        return (move(seen) or (plain(""), plain("")))[1]

    return lambda seen: move(seen) is not None, where, after


def is_to_itself(answer: Heard) -> bool:
    """Whether it leads to the path that was asked, or to something below it."""
    asked = path_of(answer.url)
    return (
        origin_of(answer.target) == origin_of(answer.url)
        and len(asked) > 1
        and path_of(answer.target).startswith(asked)
    )


def _hidden_scheme(answer: Heard) -> tuple[Sentence, Sentence]:
    fix = say(
        "Let the proxy tell the site the scheme, as in proxy_set_header X-Forwarded-Proto $scheme; (nginx), or write "
        "redirects of the site anew, as in proxy_redirect http:// https://; (nginx). Keep the https address in the app."
    )
    answered = say("%(status)s, to plain http at %(place)s: the proxy hides from the site that it is asked by https",
                   **_shown(answer))  # fmt: skip
    return answered, fix


def _hidden_host(answer: Heard) -> tuple[Sentence, Sentence]:
    fix = say(
        "Let the proxy tell the site host and scheme, as in proxy_set_header Host $host; proxy_set_header "
        "X-Forwarded-Proto $scheme; (nginx), or write redirects of the site anew, as in proxy_redirect default; "
        "(nginx). Keep the public address in the app."
    )
    answered = say(
        "%(status)s, to %(place)s, which phones do not reach: the proxy hides from the site by which host it is asked",
        **_shown(answer),
    )
    return answered, fix


def _shown(answer: Heard) -> dict[str, object]:
    return {"status": answer.status, "place": place(answer.target)}


def is_closed(host: str) -> bool:
    """Whether a host is one of a network of its own by how it is written: a private address, or a bare name."""
    if uri.is_ipv4(host) or uri.is_ipv6(host):
        return bool(kind_of(ipaddress.ip_address(host.strip("[]")))[0])
    return "." not in host or host.endswith(_INNER_NAMES)
