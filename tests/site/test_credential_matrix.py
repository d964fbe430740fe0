"""Every kind of credential in every state of who answers for it, at every family of routes: it falls with the right."""

from collections.abc import Mapping
from dataclasses import replace

import httpx2
import pytest

from genkan.protocol.accounts import set_standing
from genkan.protocol.outcomes import Change, PutAccount
from genkan.protocol.records import Account, Standing
from genkan.wire.scopes import Permission
from tests.site.api_world import INSTALLATION, KEYS, Caller, at_hand, one
from tests.site.world import SiteUnderTest

MYSELF = "/rest/api/2/myself"
# What a credential of an administrator opens, by the state of its owner: an administrator's route, the person's own,
# and being asked or asking about (introspection; refreshing). None: the kind has nothing to do there.
STATES = ("active", "demoted", "disabled", "deleted")
Opens = tuple[bool | None, bool | None, bool | None]
OPEN: Mapping[str, Mapping[str, Opens]] = {
    "api key": {
        "active": (True, False, True), "demoted": (False, False, True), "disabled": (False, False, False),
        "deleted": (False, False, False),
    },
    "access token": {
        "active": (True, True, True), "demoted": (False, True, True), "disabled": (False, False, False),
        "deleted": (False, False, False),
    },
    "refresh token": {
        "active": (None, None, True), "demoted": (None, None, True), "disabled": (None, None, False),
        "deleted": (None, None, False),
    },
    "browser session": {
        "active": (True, None, None), "demoted": (False, None, None), "disabled": (False, None, None),
        "deleted": (False, None, None),
    },
    "one-time link": {
        "active": (None, True, None), "demoted": (None, False, None), "disabled": (None, False, None),
        "deleted": (None, False, None),
    },
}  # fmt: skip


async def becomes(site: SiteUnderTest, state: str, name: str) -> None:
    """Somebody's state or right is changed, past every rule of who may change it."""
    account = await site.store.account_by_name(name)
    assert account is not None
    if state == "demoted":
        put = PutAccount(replace(account, permission=Permission.READ, version=account.version + 1))
        assert await site.store.apply(Change((put,)))
    elif state != "active":
        change = set_standing(account, Standing(state), "test", site.env())
        assert isinstance(change, Change)
        assert await site.store.apply(change)


async def made(site: SiteUnderTest, kind: str, ann: Caller, other: Account) -> str:
    """A credential of Ann's."""
    if kind == "api key":
        return str((await ann.post(KEYS, name="job", permission="ADMIN"))["apiKey"])
    if kind == "one-time link":
        return str((await ann.post(one(other, "/recovery-link")))["url"])
    link = (await site.make_link(permission=Permission.ADMIN)).link
    tokens = await site.issue_tokens(link, "ann", scope="ADMIN")
    refreshing = f"{tokens['refresh_token']} {link.client_id}"
    return {"access token": str(tokens["access_token"]), "refresh token": refreshing}.get(kind, "")


async def opens(site: SiteUnderTest, kind: str, text: str, asking: str) -> Opens:
    """Where it opens something."""
    if kind == "one-time link":
        return None, (await site.browser().get(text)).status_code == 200, None
    if kind == "browser session":
        return (await site.client.get(site.base + INSTALLATION)).status_code == 200, None, None
    if kind == "refresh token":
        shown, client = text.split(" ")
        form = {"grant_type": "refresh_token", "refresh_token": shown, "client_id": client}
        answer = await site.browser().post(f"{site.base}/rest/oauth2/latest/token", data=form)
        return None, None, answer.status_code == 200
    caller = Caller(site, text)
    answers: list[httpx2.Response] = [await caller("GET", INSTALLATION), await caller("GET", MYSELF)]
    headers = {"authorization": f"Bearer {text if kind == 'api key' else asking}"}
    address = f"{site.base}/rest/oauth2/latest/introspect"
    asked = await site.browser().post(address, data={"token": "x" if kind == "api key" else text}, headers=headers)
    answered = asked.status_code == 200 and (kind == "api key" or asked.json()["active"])
    return answers[0].status_code == 200, answers[1].status_code == 200, answered


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", OPEN)
async def test_a_credential_falls_with_the_right_of_who_answers_for_it(
    site: SiteUnderTest, kind: str, state: str
) -> None:
    """On the next request: capped where its owner may less, dead where they are out, and never more than that."""
    other = await site.make_account("other", Permission.WRITE)
    await at_hand(site, Permission.SYSTEM_ADMIN, "root")
    asking = (await Caller(site, None).post(KEYS, name="asking"))["apiKey"]
    ann = await at_hand(site, Permission.ADMIN, "ann")
    text = await made(site, kind, ann, other)
    assert await opens(site, kind, text, asking) == OPEN[kind]["active"]
    await becomes(site, state, "ann")
    assert await opens(site, kind, text, asking) == OPEN[kind][state]
