"""The ways to sign in: what a link asks beside its site, and which way a method is."""

import pytest

from genkan.protocol.records import ALL_WAYS, Method, Way
from genkan.protocol.signin.ways import allowed_ways, entrances_of, way_of
from genkan.wire.urls import BaseURL, parse_base_url
from tests.protocol.builders import a_link, a_site


def test_a_link_that_says_nothing_takes_what_its_site_takes() -> None:
    """A link without ways of its own, and a sign-in without a link, are judged by the site's."""
    site = a_site(ways=Way.PASSKEY | Way.PASSWORD)
    assert allowed_ways(site, a_link()) == allowed_ways(site, None) == Way.PASSKEY | Way.PASSWORD


def test_a_link_may_ask_for_less_or_for_other_ways() -> None:
    """What a link says counts for it instead of the site's."""
    assert allowed_ways(a_site(ways=Way.PASSWORD), a_link(ways=Way.CERTIFICATE)) is Way.CERTIFICATE


@pytest.mark.parametrize(
    ("method", "way"),
    [
        (Method.PWD, Way.PASSWORD),
        (Method.HWK | Method.USER | Method.MFA, Way.PASSKEY),
        (Method.SWK | Method.USER | Method.MFA, Way.PASSKEY),
        (Method.POP, Way.CERTIFICATE),
        (Method.FED, Way.CORPORATE),
        (Method.FED | Method.PWD | Method.MFA, Way.CORPORATE),
        (Method.RECOVERY, Way.NONE),
        (Method.NONE, Way.NONE),
    ],
)
def test_every_method_is_one_way(method: Method, way: Way) -> None:
    """What another provider says of its own methods does not make a sign-in one of ours."""
    assert way_of(method) is way


def test_every_way_is_among_all_of_them() -> None:
    """A site that allows everything leaves none out."""
    assert all(way in ALL_WAYS for way in Way)


@pytest.mark.parametrize(
    ("address", "passkeys"),
    [("https://site.example", True), ("https://10.0.0.7", False), ("https://[fd00::7]", False)],
)
def test_what_the_settings_make_possible(address: str, passkeys: bool) -> None:
    """A password always; a certificate and the corporate way with what they ask; a passkey at a host name."""
    public = parse_base_url(address)
    assert isinstance(public, BaseURL)
    least = Way.PASSWORD | (Way.PASSKEY if passkeys else Way.NONE)
    for certificates, providers, more in (
        (False, [], Way.NONE), (True, [], Way.CERTIFICATE), (False, ["corp"], Way.CORPORATE),
    ):  # fmt: skip
        here = entrances_of(public, [], certificates=certificates, providers=providers, judges=["ldap"])
        assert here.ways == least | more
        assert here.hosts == ((public.host,) if passkeys else ())
        assert (here.providers, here.judges) == (tuple(providers), ("ldap",))


def test_passkeys_are_asked_for_at_hosts_that_the_settings_name() -> None:
    """The present host and the former ones, for which related origins are told; no other."""
    public, former = parse_base_url("https://site.example"), parse_base_url("https://old.example/x")
    assert isinstance(public, BaseURL)
    assert isinstance(former, BaseURL)
    here = entrances_of(public, [former], certificates=False, providers=[], judges=[])
    assert here.hosts == ("site.example", "old.example")
