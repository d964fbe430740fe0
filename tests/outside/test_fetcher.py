"""Row 17 of security.md (CVE-2025-67494, CVE-2026-55671, CVE-2026-5469): a fetch goes where it may, or nowhere."""

import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest
import trustme

from genkan.outside.fetcher import Fetched, FetchFault, Resolver, Trouble, fetch
from genkan.outside.reach import Reach, ReachProblem, parse_reach
from tests.outside.answering import answering, http

HERE = "127.0.0.1"


def reach(*texts: str, plain_http: bool = True, authorities: str = "") -> Reach:
    made = parse_reach(texts, plain_http=plain_http, authorities=authorities)
    assert isinstance(made, Reach)
    return made


async def ask(
    url: str, allow: Reach, resolver: Resolver | None = None, most: int = 1000, seconds: float = 30
) -> Fetched | FetchFault:
    if resolver is None:
        return await fetch(url, most_bytes=most, seconds=seconds, allow=allow)
    return await fetch(url, most_bytes=most, seconds=seconds, allow=allow, resolver=resolver)


def trouble(answer: Fetched | FetchFault) -> Trouble | None:
    return answer.trouble if isinstance(answer, FetchFault) else None


class Names:
    """A resolver that gives its answers in turn, the last one for ever, and counts."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def test_an_allowed_address_answers_whole() -> None:
    """Status, headers and body of an answer arrive; the server sees the host's name and the method's body."""
    async with answering(lambda head, body: http(b"got " + body, "Text/Plain; charset=utf-8")) as server:
        answer = await fetch(
            f"http://crl.example.com:{server.port}/a?b=c",
            method="POST",
            body=b"question",
            headers=(("Content-Type", "application/ocsp-request"), ("Host", "evil.example")),
            most_bytes=100,
            seconds=30,
            allow=reach("127.0.0.0/8"),
            resolver=Names([HERE]),
        )
    assert isinstance(answer, Fetched)
    assert (answer.status, answer.body, answer.media_type) == (200, b"got question", "text/plain")
    head = server.heads[0].lower()
    assert head.startswith("post /a?b=c http/1.1")
    assert f"host: crl.example.com:{server.port}\r\n" in head
    assert "evil" not in head
    assert "content-type: application/ocsp-request" in head


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "::1", "0.0.0.0", "::", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "169.254.1.1", "fe80::1", "fd12:3456::1", "fd00:ec2::254", "100.64.0.1", "100.100.100.200", "168.63.129.16",
        "192.0.0.192", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::7f00:1", "2002:7f00:1::", "2002:808:808::1",
        "64:ff9b::7f00:1", "64:ff9b:1::1", "2001:0:7f00:1::", "224.0.0.1", "ff02::1", "255.255.255.255", "240.0.0.1",
        "192.0.2.1", "198.18.0.1", "2001:db8::1", "fec0::1",
        "192.0.0.9", "192.88.99.1", "3fff::1", "4000::1", "2001:20::1",
    ],
)  # fmt: skip
async def test_closed_addresses_are_refused_under_any_name(address: str) -> None:
    """Loopback, private, link-local, metadata, mapped, translated, multicast and reserved: closed, as name or text."""
    bare = f"[{address}]" if ":" in address else address
    assert trouble(await ask(f"http://{bare}:9/", reach())) is Trouble.CLOSED
    named = await ask("http://cdp.example.com:9/", reach(), Names([address]))
    assert trouble(named) is Trouble.CLOSED


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "193.0.0.9"])
def test_public_addresses_are_open(address: str) -> None:
    """What everybody reaches needs no opening."""
    import ipaddress

    assert reach().fault_of("a.example", ipaddress.ip_address(address)) == ""


async def test_a_name_is_resolved_once_and_rebinding_changes_nothing() -> None:
    """DNS rebinding: the second answer of a hostile name server, where a server listens, is never asked for."""
    async with answering(lambda head, body: http(b"secret")) as server:
        names = Names(["127.0.0.2"], [HERE])
        allow = reach("127.0.0.2/32")
        answer = await ask(f"http://rebind.example.com:{server.port}/", allow, names)
        assert (trouble(answer), server.heads, names.asked) == (Trouble.CONNECTION, [], ["rebind.example.com"])
        closed = await ask(f"http://rebind.example.com:{server.port}/", allow, Names([HERE], ["127.0.0.2"]))
        assert (trouble(closed), server.heads) == (Trouble.CLOSED, [])


async def test_of_several_addresses_only_open_ones_are_called() -> None:
    """A name with a closed address among its addresses never leads there."""
    async with answering(lambda head, body: http(b"secret")) as server:
        allow = reach("127.0.0.2/32")
        answer = await ask(f"http://both.example.com:{server.port}/", allow, Names([HERE, "127.0.0.2"]))
        assert (trouble(answer), server.heads) == (Trouble.CONNECTION, [])


async def test_a_named_host_opens_its_own_network_alone() -> None:
    """The operator's host name opens loopback and private addresses, never metadata, link-local or wrapped ones."""
    async with answering(lambda head, body: http(b"crl")) as server:
        allow = reach("CRL.corp.example")
        assert trouble(await ask(f"http://crl.corp.example:{server.port}/", allow, Names([HERE]))) is None
        assert trouble(await ask(f"http://other.example:{server.port}/", allow, Names([HERE]))) is Trouble.CLOSED
    for address in ("169.254.169.254", "fe80::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "224.0.0.1", "0.0.0.0"):
        assert trouble(await ask("http://crl.corp.example:9/", allow, Names([address]))) is Trouble.CLOSED


async def test_redirects_are_not_followed() -> None:
    """A redirect is an answer like any other: its target is not asked."""
    moved = http(b"", status="302 Found", extra="Location: http://127.0.0.1:1/latest/meta-data\r\n")
    async with answering(lambda head, body: moved) as server:
        answer = await ask(f"http://{HERE}:{server.port}/", reach("127.0.0.0/8"))
    assert isinstance(answer, Fetched)
    assert (answer.status, len(server.heads)) == (302, 1)


async def test_size_is_bounded_to_the_byte() -> None:
    """As many bytes as allowed arrive; one more is refused, also when no length was announced."""
    for said in (http(b"x" * 1001), b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 1001):
        async with answering(lambda head, body, said=said: said) as server:  # type: ignore[misc]
            url = f"http://{HERE}:{server.port}/"
            assert trouble(await ask(url, reach(HERE))) is Trouble.LARGE
            assert isinstance(await ask(url, reach(HERE), most=1001), Fetched)


async def test_packed_answers_are_not_unpacked() -> None:
    """An encoding that was not asked for is a fault: nothing small becomes large."""
    async with answering(lambda head, body: http(b"\x1f\x8b", extra="Content-Encoding: gzip\r\n")) as server:
        assert trouble(await ask(f"http://{HERE}:{server.port}/", reach(HERE))) is Trouble.ANSWER


async def test_silence_and_slow_name_servers_end_with_the_time() -> None:
    """Whoever never answers, server or resolver, costs the given time and no more."""

    async def never(host: str, port: int) -> Sequence[str]:
        import asyncio

        await asyncio.Event().wait()
        return []

    async with answering(lambda head, body: None) as server:
        url = f"http://{HERE}:{server.port}/"
        assert trouble(await ask(url, reach(HERE), seconds=0.2)) is Trouble.SLOW
    assert trouble(await ask("http://a.example/", reach(), never, seconds=0.2)) is Trouble.SLOW


async def test_what_is_not_http_or_not_there_is_a_fault() -> None:
    """Garbage, a closed port and unknown names are faults with a sentence, never exceptions."""

    async def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError(-2, "Name or service not known")

    async with answering(lambda head, body: b"\x00\x01 what\r\n\r\n") as server:
        assert trouble(await ask(f"http://{HERE}:{server.port}/", reach(HERE))) is Trouble.ANSWER
        port = server.port
    assert trouble(await ask(f"http://{HERE}:{port}/", reach(HERE))) is Trouble.CONNECTION
    assert trouble(await ask("http://nobody.example/", reach(), unknown)) is Trouble.NAME
    assert trouble(await ask("http://empty.example/", reach(), Names([]))) is Trouble.NAME


@pytest.mark.parametrize(
    "url",
    [
        "", "crl", "//a.example/", "file:///etc/passwd", "ftp://a.example/", "ldap://a.example/cn=x", "gopher://a/",
        "http://user@a.example/", "http://a.example:0/", "http://a.example:99999/", "http://2130706433/",
        "http://0x7f.1/", "http://127.1/", "http://[::1%25eth0]/", "http://a.example\\@b.example/", "http:///x",
        "http://a.example/\r\nX: y", "http://ä.example/", "http://a.example/%zz", "http://a.example/#f",
        "http://a.example/" + "x" * 2000,
    ],
)  # fmt: skip
async def test_addresses_that_programs_read_differently_are_refused(url: str) -> None:
    """Only an absolute http(s) address in its one spelling is fetched; no name is resolved for another."""
    names = Names([HERE])
    assert trouble(await ask(url, reach(HERE), names)) is Trouble.URL
    assert names.asked == []


async def test_plain_http_needs_an_answer_that_is_signed_itself() -> None:
    """Where plain http is not said to be good, it is refused before anything is resolved."""
    names = Names(["8.8.8.8"])
    assert trouble(await ask("http://a.example/", reach(plain_http=False), names)) is Trouble.URL
    assert names.asked == []


async def test_https_is_verified_for_the_name_while_the_address_is_pinned(tmp_path: Path) -> None:
    """The certificate must be good for the host in the URL by the named bundle: not another name, not another CA."""
    ca, other = trustme.CA(), trustme.CA()
    bundle, wrong = tmp_path / "ca.pem", tmp_path / "other.pem"
    ca.cert_pem.write_to_path(str(bundle))
    other.cert_pem.write_to_path(str(wrong))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("idp.corp.example").configure_cert(tls)
    async with answering(lambda head, body: http(b"keys"), tls) as server:
        good = reach(HERE, plain_http=False, authorities=str(bundle))
        answer = await ask(f"https://idp.corp.example:{server.port}/jwks", good, Names([HERE]))
        assert isinstance(answer, Fetched)
        assert answer.body == b"keys"
        named = await ask(f"https://mallory.example:{server.port}/jwks", good, Names([HERE]))
        assert trouble(named) is Trouble.CONNECTION
        strange = reach(HERE, plain_http=False, authorities=str(wrong))
        assert trouble(await ask(f"https://idp.corp.example:{server.port}/", strange, Names([HERE]))) is (
            Trouble.CONNECTION
        )
        by_system = reach(HERE, plain_http=False)
        assert trouble(await ask(f"https://idp.corp.example:{server.port}/", by_system, Names([HERE]))) is (
            Trouble.CONNECTION
        )


@pytest.mark.parametrize(
    "text", ["", "10.0.0.0/99", "http://a.example", "a b", "*.example.com", "127.1", "a.example:80"]
)
def test_a_list_with_something_else_in_it_is_a_problem(text: str) -> None:
    """Openings are networks, addresses and host names; anything else is named."""
    assert isinstance(parse_reach([text]), ReachProblem)
