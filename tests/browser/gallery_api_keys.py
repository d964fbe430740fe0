"""The console's pages of API keys in every state that looks different."""

from genkan.site.admin.api_key_pages import DAYS, END_FAULT, NAME_TAKEN
from genkan.site.flashes import Flash
from tests.browser.gallery_console import framed
from tests.browser.showing_values import Chosen, Shown

AT = 1_795_455_600_000


def pages(chosen: Chosen) -> list[Shown]:
    """The list, a new key, the key itself, and the question before revoking."""
    return [*_list(chosen), *_create(chosen), *_one(chosen)]


def shown_key(chosen: Chosen, **changes: object) -> dict[str, object]:
    """A row of the list; good for 90 days unless told otherwise."""
    key: dict[str, object] = {
        "name": chosen("Device management of the Facilities Department"),
        "permission": "ADMIN",
        "state": "active",
        "created_at": AT,
        "expires_at": AT + 90 * 86_400_000,
        "revoked_at": None,
        "last_used": AT,
        "revoke_url": "/desk/admin/api-keys/0123456789abcdef/revoke",
        "adopt_url": "/desk/admin/api-keys/0123456789abcdef/adopt",
        "url": "/desk/admin/api-keys/0123456789abcdef",
        "owner": "0123456789abcdee",
        "owner_name": chosen("alice"),
        "is_adopted": False,
        "is_left": False,
    }
    return {**key, **changes}


def _list(chosen: Chosen) -> list[Shown]:
    values: dict[str, object] = {**framed(chosen, "/admin/api-keys"), "create_url": "/desk/admin/api-keys/create"}
    rows = [
        shown_key(chosen),
        shown_key(chosen, name=chosen("wiki"), permission="SYSTEM_ADMIN", expires_at=None, last_used=None),
        shown_key(chosen, name=chosen("old"), state="expired", permission="READ", last_used=None),
        shown_key(chosen, name=chosen("left"), state="suspended", is_left=True),
        shown_key(chosen, name=chosen("machine"), owner="machine", owner_name=""),
        shown_key(chosen, name=chosen("before"), owner="", owner_name="", is_left=True),
        shown_key(chosen, name=chosen("deleted"), owner="0123456789abcdee", owner_name="", state="suspended"),
        shown_key(chosen, name=chosen("gone"), state="revoked", revoked_at=AT, revoke_url=""),
    ]
    return [
        Shown("api-keys", "api_keys.html", {**values, "rows": rows}),
        Shown("api-keys-none", "api_keys.html", {**values, "rows": []}),
    ]


def _create(chosen: Chosen) -> list[Shown]:
    values: dict[str, object] = {
        **framed(chosen, "/admin/api-keys/create"),
        "action": "/desk/admin/api-keys/create",
        "list_url": "/desk/admin/api-keys",
        "typed": {"name": "", "permission": "READ", "days": "90"},
        "faults": {},
        "above": ["SYSTEM_ADMIN"],
        "days": DAYS,
        "most": 100,
    }
    typed = {"name": chosen("wiki"), "permission": "ADMIN", "days": "365"}
    faulty = {**values, "typed": typed, "faults": {"name": NAME_TAKEN, "days": END_FAULT}}
    return [
        Shown("api-key-create", "api_key_create.html", values),
        Shown("api-key-create-faults", "api_key_create.html", faulty, 400),
    ]


def _one(chosen: Chosen) -> list[Shown]:
    path = "/admin/api-keys/0123456789abcdef"
    values: dict[str, object] = {
        **framed(chosen, path, flash=Flash.KEY_MADE),
        "key": shown_key(chosen),
        "may_adopt": True,
        "text": "gnk_ak_" + "Zm9vYmFy" * 5,
        "list_url": "/desk/admin/api-keys",
        "example": 'curl -H "Authorization: Bearer $KEY" "https://site.example/desk/rest/genkan/1.0/installation"',
        "openapi_url": "/desk/rest/openapi.json",
    }
    asked: dict[str, object] = {
        **framed(chosen, path + "/revoke"),
        "key": shown_key(chosen),
        "is_above": False,
        "action": f"/desk{path}/revoke",
        "list_url": "/desk/admin/api-keys",
    }
    adopting: dict[str, object] = {
        **framed(chosen, path + "/adopt"),
        "key": shown_key(chosen, state="suspended", is_left=True),
        "may_adopt": True,
        "is_own": False,
        "action": f"/desk{path}/adopt",
        "list_url": "/desk/admin/api-keys",
    }
    gone = shown_key(chosen, state="revoked", revoked_at=AT, revoke_url="")
    return [
        Shown("api-key-told", "api_key.html", values),
        Shown("api-key", "api_key.html", {**values, "flash": "", "text": ""}),
        Shown("api-key-suspended", "api_key.html", {**values, "flash": "", "text": "", "key": adopting["key"]}),
        Shown("api-key-adopt", "api_key_adopt.html", adopting),
        Shown("api-key-adopt-less", "api_key_adopt.html", {**adopting, "may_adopt": False}),
        Shown("api-key-adopt-own", "api_key_adopt.html", {**adopting, "may_adopt": False, "is_own": True}),
        Shown("api-key-adopt-over", "api_key_adopt.html", {**adopting, "key": shown_key(chosen, adopt_url="")}),
        Shown("api-key-revoke", "api_key_revoke.html", asked),
        Shown("api-key-revoke-above", "api_key_revoke.html", {**asked, "is_above": True}),
        Shown("api-key-revoke-gone", "api_key_revoke.html", {**asked, "key": gone}),
    ]
