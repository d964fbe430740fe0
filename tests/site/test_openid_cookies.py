"""The cookies of sign-ins that are under way at a provider: how many, and how large all of them together."""

from urllib.parse import parse_qs, urlsplit

from genkan.protocol.openid import flow
from genkan.site import typed
from genkan.site.openid_sign_in import SLOTS
from tests.site.openid_world import Corporate


async def test_all_cookies_together_fit_into_a_header(corp: Corporate) -> None:
    """Of sign-ins in many tabs the oldest are forgotten, before the browser's requests have more than 8 KiB of cookies
    with the longest text that was typed; those that are left go on.
    """
    site, sealer = corp.site, corp.site.door.sealer
    assert corp.landed(await corp.sign_in()) == "/"
    browser = site.client
    browser.cookies.set("__Host-genkan-typed", "x" * typed.LONGEST_COOKIE, domain="site.example")
    begun = []
    for number in range(12):
        site.env.advance(1000)
        begun.append(await corp.begin(next=f"{site.base}/account/apps?x={str(number) * 900}"))
        under_way = [flow.unseal(value, sealer) for name, value in browser.cookies.items() if "sign-on" in name]
        states = {parse_qs(urlsplit(one).query)["state"][0] for one in begun}
        assert all(one is not None and one.state in states for one in under_way)
        assert max(one.started_at for one in under_way if one) == site.env().now
        header = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        assert len("cookie: ") + len(header) <= 8192
    assert corp.landed(await corp.come_back(corp.provider.sign_in(begun[-1]))) == "/account/apps"


async def test_sign_ins_of_a_usual_size_go_on_beside_each_other(corp: Corporate) -> None:
    """Beginning one more in another tab forgets none but the one in whose slot it is."""
    begun = {}
    for _ in range(12):
        address = await corp.begin()
        begun[ord(parse_qs(urlsplit(address).query)["state"][0][0]) % SLOTS] = address
    kept = [name for name in corp.site.client.cookies if "sign-on" in name]
    assert len(kept) == len(begun) > 1
    for address in begun.values():
        assert corp.landed(await corp.come_back(corp.provider.sign_in(address))) == "/"
