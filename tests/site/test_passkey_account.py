"""A person's own passkeys on the account pages: made, named, removed, and asked for once more."""

import json
from dataclasses import replace
from html import unescape

import pytest

from genkan.protocol.env import MINUTE
from genkan.protocol.outcomes import Change, EventKind, SetPassword
from genkan.protocol.reasons import Reason, entry
from genkan.protocol.records import Account
from genkan.protocol.signin.passkey import public_id
from genkan.site.flashes import SENTENCES, Flash
from tests.site.passkey_house import (
    CREATE,
    OPTIONS,
    SIGN_IN,
    events,
    make,
    only,
    press_remove,
    use,
)
from tests.site.world import SiteUnderTest, forms_of
from tests.software_key import SoftwareKey, base64url


async def test_adding_and_removing_need_a_recent_sign_in(site: SiteUnderTest, alice: Account) -> None:
    """A browser that was left open is asked first; a passkey answers that question as well."""
    key = SoftwareKey()
    await make(site, key)
    passkey = await only(site, alice)
    site.env.advance(16 * MINUTE)
    for path in (CREATE, OPTIONS, f"/account/passkeys/{public_id(passkey)}/remove"):
        asked = await site.client.get(site.base + path)
        assert (asked.status_code, asked.headers["location"].startswith(f"{site.base}/confirm")) == (302, True)
    page = await site.client.get(f"{site.base}/confirm", params={"next": site.base + CREATE})
    carried = json.loads(unescape(page.text.partition("data-carried='")[2].partition("'")[0]))
    options = (await site.client.get(f"{site.base}/login/passkey", params={"for": "confirm"})).json()
    [allowed] = options["publicKey"]["allowCredentials"]
    assert allowed["id"] == base64url(key.id)
    sent = {**carried, "ticket": options["ticket"], "credential": key.get(options)}
    done = await site.client.post(f"{site.base}/confirm/passkey", data=sent)
    assert (done.status_code, done.headers["location"]) == (303, site.base + CREATE)
    assert (await site.client.get(site.base + CREATE)).status_code == 200


async def test_only_one_s_own_passkey_confirms(site: SiteUnderTest, alice: Account) -> None:
    """Somebody else's, however good, does not; neither does nobody's session."""
    mine, theirs = SoftwareKey(), SoftwareKey(id=b"credential-of-bob", handle=b"")
    await make(site, mine)
    await site.make_account("bob")
    bob = site.browser()
    await site.sign_in("bob", browser=bob)
    await make(site, theirs, bob)
    page = await site.client.get(f"{site.base}/confirm")
    carried = json.loads(unescape(page.text.partition("data-carried='")[2].partition("'")[0]))
    options = (await site.client.get(f"{site.base}/login/passkey", params={"for": "confirm"})).json()
    sent = {**carried, "ticket": options["ticket"], "credential": theirs.get(options)}
    assert (await site.client.post(f"{site.base}/confirm/passkey", data=sent)).status_code == 401
    nobody = await site.browser().get(f"{site.base}/login/passkey", params={"for": "confirm"})
    assert nobody.status_code == 401
    assert (await site.browser().post(f"{site.base}/confirm/passkey", data=sent)).status_code == 303


async def test_the_last_way_in_goes_only_where_that_was_ticked(site: SiteUnderTest, alice: Account) -> None:
    """With a password left nothing is asked; without one the page warns and the first press does nothing."""
    key, second = SoftwareKey(), SoftwareKey(id=b"credential-two-two")
    await make(site, key)
    await make(site, second)
    assert await site.store.apply(Change((SetPassword(alice.id, None),)))
    first, last = await site.store.passkeys(alice.id)
    await press_remove(site, first)
    page = await site.client.get(f"{site.base}/account/passkeys/{public_id(last)}/remove")
    assert "your last way in" in page.text
    assert (await press_remove(site, last)).status_code == 400
    assert await site.store.passkeys(alice.id) == [last]
    gone = await press_remove(site, last, last_too="yes")
    assert gone.headers["location"].endswith("done=passkey-removed")
    assert await site.store.passkeys(alice.id) == []
    assert (await use(site, second)).status_code == 401
    assert await events(site, EventKind.PASSKEY_REMOVED) == 2
    again = await site.client.get(f"{site.base}/account/passkeys/{public_id(last)}/remove", follow_redirects=True)
    assert SENTENCES[Flash.GONE] in again.text


async def test_a_passkey_is_renamed_by_its_person(site: SiteUnderTest, alice: Account) -> None:
    """An empty name changes nothing, and nobody else's passkey can be named."""
    await make(site, SoftwareKey(), passkey_name="One")
    passkey = await only(site, alice)
    for typed, kept in (("Two", "Two"), ("  ", "Two")):
        page = await site.client.get(site.base + SIGN_IN)
        action, fields = next(form for form in forms_of(page.text) if form[0].endswith("/rename"))
        await site.client.post(site.absolute(action), data={**fields, "passkey_name": typed})
        assert (await only(site, alice)).name == kept
    await site.make_account("bob")
    bob = site.browser()
    await site.sign_in("bob", browser=bob)
    token = forms_of((await bob.get(site.base + SIGN_IN)).text)[0][1]
    for act in ("rename", "remove"):
        path = f"{site.base}/account/passkeys/{public_id(passkey)}/{act}"
        sent = await bob.post(path, data={**token, "passkey_name": "Bob's"})
        assert sent.headers["location"].endswith("done=gone")
    assert (await only(site, alice)).name == "Two"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"credential": "{}"}, Reason.PASSKEY_UNFIT),
        ({"ticket": "x"}, Reason.PASSKEY_LATE),
        ({"credential": ""}, Reason.PASSKEY_UNFIT),
    ],
)
async def test_what_is_no_passkey_is_not_kept(
    site: SiteUnderTest, alice: Account, wrong: dict[str, str], reason: Reason
) -> None:
    """The page again, with what is wrong and the name that was typed."""
    answer = await make(site, SoftwareKey(), None, None, **{"passkey_name": "My phone", **wrong})
    row = entry(reason)
    assert (answer.status_code, row.public in unescape(answer.text)) == (row.status, True)
    assert "My phone" in answer.text
    assert await site.store.passkeys(alice.id) == []


async def test_a_passkey_is_one_person_s_and_there_are_not_too_many(site: SiteUnderTest, alice: Account) -> None:
    """A second account cannot have it, and after twenty the page says so."""
    key = SoftwareKey()
    await make(site, key)
    await site.make_account("bob")
    bob = site.browser()
    await site.sign_in("bob", browser=bob)
    known = await make(site, replace(key), bob)
    assert (known.status_code, entry(Reason.PASSKEY_KNOWN).public in known.text) == (409, True)
    for number in range(19):
        assert (await make(site, SoftwareKey(id=b"credential-number-%02d" % number))).status_code == 303
    full = await make(site, SoftwareKey(id=b"one-more-credential"))
    assert (full.status_code, entry(Reason.PASSKEY_LIMIT).public in full.text) == (409, True)
    assert CREATE not in (await site.client.get(site.base + SIGN_IN)).text


async def test_the_options_ask_for_what_our_pages_need(site: SiteUnderTest, alice: Account) -> None:
    """Discoverable and verified, no attestation, what is there already excluded; a challenge differs every time."""
    key = SoftwareKey()
    await make(site, key)
    making = (await site.client.get(site.base + OPTIONS)).json()["publicKey"]
    assert making["authenticatorSelection"] == {
        "residentKey": "required", "requireResidentKey": True, "userVerification": "required",
    }  # fmt: skip
    assert (making["attestation"], making["rp"]) == ("none", {"id": "site.example", "name": "Genkan"})
    [excluded] = making["excludeCredentials"]
    assert excluded == {"type": "public-key", "id": base64url(key.id), "transports": ["hybrid", "internal"]}
    assert [one["alg"] for one in making["pubKeyCredParams"]] == [-8, -7, -257]
    answers = [await site.client.get(f"{site.base}/login/passkey") for _ in range(2)]
    one, two = (answer.json()["publicKey"] for answer in answers)
    assert (one["userVerification"], one["allowCredentials"], one["rpId"]) == ("required", [], "site.example")
    assert one["challenge"] != two["challenge"]
    assert "no-store" in answers[0].headers["cache-control"]
    assert (await site.client.get(f"{site.base}/login/passkey", params={"host": "evil.example"})).status_code == 404


@pytest.mark.parametrize("path", [CREATE, OPTIONS, "/account/passkeys/00/remove"])
async def test_nobody_comes_to_these_pages_without_signing_in(site: SiteUnderTest, path: str) -> None:
    """The way leads to sign-in."""
    answer = await site.client.get(site.base + path)
    assert (answer.status_code, answer.headers["location"].startswith(f"{site.base}/login")) == (302, True)
