"""The console's pages of phones and connected applications: each state of a list, of one sign-in, of the question."""

from genkan.protocol.devices import read_device
from genkan.protocol.ends import END_HINTS, END_SENTENCES, EXPIRED_HINT, EXPIRED_SENTENCE, EndReason
from genkan.protocol.phone_story import What
from genkan.protocol.records import LinkKind
from genkan.site.api.phone_filters import ALL, DAYS, Filters
from genkan.site.flashes import Flash
from genkan.store.api import PhoneOrder
from genkan.wire.scopes import WORDS, Permission
from tests.browser.gallery_console import framed
from tests.browser.showing_values import Chosen, Shown, carried

SIGNED_IN, SEEN = 1_793_607_300_000, 1_795_455_600_000
LISTED = "/admin/phones"
ID = "019a4f2b7c5d7e3f8a1b2c3d4e5f6071"
AGENT = "AtlassianMobileApp/2.0 (iPhone; iOS 26.1)"


def pages(chosen: Chosen) -> list[Shown]:
    """All states."""
    return [*_lists(chosen), *_one(chosen), *_question(chosen)]


def _row(chosen: Chosen, **changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "id": ID,
        "address": f"/desk{LISTED}/{ID}",
        "person": chosen("Alice Adams"),
        "person_address": f"/desk{LISTED}?account=0000000000000001&state=all",
        "link": chosen("Jira Mobile"),
        "link_address": f"/desk{LISTED}?link=0000000000000002&state=all",
        "device": read_device(AGENT),
        "methods": ["pwd"],
        "certificate": chosen("CN=alice"),
        "signed_in_at": SIGNED_IN,
        "from": "203.0.113.77",
        "last_seen": SEEN,
        "state": "signed_in",
        "why": "",
        "possibly_same": False,
        "live": True,
        "disabled": False,
    }
    return {**row, **changes}


def _rows(chosen: Chosen) -> list[dict[str, object]]:
    android = read_device("JiraApp/8.1.0 (Android 16; Pixel 9 Pro XL) okhttp/4.12.0")
    strange = read_device(chosen("Reports/1.0 (a device with a name that nobody has)"))
    return [
        _row(chosen),
        _row(chosen, id=ID[::-1], device=android, person=chosen("Bartholomew Featherstonehaugh-Cholmondeley"),
             methods=["hwk", "user"], possibly_same=True, last_seen=None, disabled=True, **{"from": "2001:db8::7"}),
        _row(chosen, id="0" * 32, device=strange, state="signed_out", live=False, why=END_SENTENCES[EndReason.REPLAYED],
             methods=[]),
        _row(chosen, id="1" * 32, device=read_device(""), state="expired", live=False, why=EXPIRED_SENTENCE),
    ]  # fmt: skip


def _frame(chosen: Chosen, filters: Filters, here: str, flash: Flash | None = None) -> dict[str, object]:
    return {
        **framed(chosen, here, flash=flash),
        "applications": filters.kind is LinkKind.CONFIDENTIAL,
        "asked": filters,
        "narrow": filters.is_narrow,
        "account_id": "",
        "account_name": "",
        "links": [("0000000000000002", chosen("Jira Mobile")), ("0000000000000003", chosen("Confluence"))],
        "link_id": "",
        "link_name": "",
        "reasons": sorted(END_SENTENCES.items(), key=lambda row: row[1]),
        "days": DAYS,
        "all": ALL,
        "action": f"/desk{here}",
        "sign_out_action": f"/desk{LISTED}/sign-out",
        "back": filters.path,
        "first": "",
        "everything": f"/desk{here}?state=all",
        "plain": f"/desk{here}",
    }


def _lists(chosen: Chosen) -> list[Shown]:
    phones, programs = Filters(LinkKind.NATIVE), Filters(LinkKind.CONFIDENTIAL)
    asked = Filters(LinkKind.NATIVE, chosen("al"), link=2, state=ALL, unseen=30, order=PhoneOrder.OLDEST)
    rows, more, first = _rows(chosen), "/desk/admin/phones?after=1", f"/desk{LISTED}"
    plain = {**_frame(chosen, phones, LISTED, Flash.PHONES_SIGNED_OUT), "phones": rows, "next": more}
    narrow = _frame(chosen, asked, LISTED)
    account = {"account_id": "0000000000000001", "account_name": chosen("Alice Adams")}
    filtered = {**narrow, **account, "phones": rows[:1], "next": "", "first": first}
    further = {**narrow, "phones": [], "next": more, "first": first}
    nothing = {**narrow, "phones": [], "next": ""}
    applications = {**_frame(chosen, programs, "/admin/applications"), "phones": rows[:2], "next": ""}
    return [
        Shown("phones", "phones.html", plain),
        Shown("phones-filtered", "phones.html", filtered),
        Shown("phones-further", "phones.html", further),
        Shown("phones-nothing", "phones.html", nothing),
        Shown("phones-none", "phones.html", {**_frame(chosen, phones, LISTED), "phones": [], "next": ""}),
        Shown("applications", "phones.html", applications),
        Shown("applications-none", "phones.html", {**applications, "phones": []}),
    ]


def _moment(what: What, at: int | None, actor: str = "", address: str = "") -> dict[str, object]:
    return {"what": what.value, "at": at, "actor": actor, "address": address}


def _known(chosen: Chosen) -> dict[str, object]:
    return {
        "application": False,
        "list_address": f"/desk{LISTED}",
        "account_name": chosen("alice"),
        "person_id": "0000000000000001",
        "person_page": "/desk/admin/people/0000000000000001",
        "link_page": "/desk/admin/links/0000000000000002",
        "audit_address": "/desk/admin/audit?person=0000000000000001",
        "permission": "WRITE",
        "permission_words": WORDS[Permission.WRITE],
        "user_agent": chosen(AGENT),
        "address_of_sign_in": "203.0.113.77",
        "network": "198.51.100.0/24",
        "refreshes": 214,
        "retries": 3,
        "never_used": False,
        "key": "3fa9",
        "previous_key": "11c0",
        "marked": True,
        "sentence": "",
        "hint": "",
    }


def _one(chosen: Chosen) -> list[Shown]:
    begun = [
        _moment(What.PROVED, SIGNED_IN - 9_000),
        _moment(What.ALLOWED, SIGNED_IN - 4_000),
        _moment(What.SIGNED_IN, SIGNED_IN, address="203.0.113.77"),
    ]
    used = [
        *begun,
        _moment(What.RETRIED_ELSEWHERE, SEEN - 90_000_000, address="198.51.100.9"),
        _moment(What.HEALED, SEEN - 80_000_000),
        _moment(What.REFRESHED, SEEN - 60_000),
        _moment(What.SEEN, SEEN),
    ]
    frame = {**framed(chosen, f"{LISTED}/{ID}"), "sign_out_address": f"/desk{LISTED}/sign-out"}
    live = {**_row(chosen), **_known(chosen), "moments": [*used, _moment(What.EXPIRES, SEEN + 7_776_000_000)]}
    fresh = {
        **live,
        "device": read_device(""),
        **dict.fromkeys(("user_agent", "network", "address_of_sign_in", "previous_key"), ""),
        "last_seen": None,
        "never_used": True,
        "refreshes": 1,
        "retries": 0,
        "marked": False,
        "application": True,
        "moments": [*begun, _moment(What.EXPIRES, SEEN)],
    }
    same = {**live, "possibly_same": True, "marked": False}
    replayed = {**live, "state": "signed_out", "live": False, "sentence": END_SENTENCES[EndReason.REPLAYED],
                "hint": END_HINTS[EndReason.REPLAYED],
                "moments": [*used, _moment(What.ENDED, SEEN + 60_000, chosen("link:jira-mobile"))]}  # fmt: skip
    disabled = EndReason.ACCOUNT_DISABLED
    stopped = {**live, "state": "signed_out", "live": False, "sentence": END_SENTENCES[disabled],
               "hint": END_HINTS[disabled], "moments": [*begun, _moment(What.ENDED, None)]}  # fmt: skip
    expired = {**live, "state": "expired", "live": False, "sentence": EXPIRED_SENTENCE, "hint": EXPIRED_HINT,
               "moments": [*used, _moment(What.EXPIRED, SEEN + 7_776_000_000)]}  # fmt: skip
    gone = {"phones_address": f"/desk{LISTED}", "applications_address": "/desk/admin/applications"}
    states = {"phone": live, "phone-fresh": fresh, "phone-same": same, "phone-replayed": replayed,
              "phone-stopped": stopped, "phone-expired": expired}  # fmt: skip
    return [
        *(Shown(name, "phone.html", {**frame, "phone": phone}) for name, phone in states.items()),
        Shown("phone-gone", "phone_gone.html", {**framed(chosen, f"{LISTED}/0"), **gone}, 404),
    ]


def _question(chosen: Chosen) -> list[Shown]:
    values: dict[str, object] = {
        **framed(chosen, f"{LISTED}/sign-out"),
        "action": f"/desk{LISTED}/sign-out",
        "hidden_fields": {**carried(chosen), "back": chosen(LISTED)},
        "back": f"/desk{LISTED}",
        "phones": _rows(chosen)[:3],
        "count": 3,
        "live": 2,
        "complete": True,
        "person": "",
        "link": "",
        "found": None,
        "is_self": False,
    }
    many = {**values, "phones": [], "count": 0, "live": 12}
    found = {**values, "found": Filters(LinkKind.NATIVE, unseen=90), "count": 500, "live": 500, "complete": False}
    over = {**values, "phones": _rows(chosen)[2:3], "count": 1, "live": 0}
    return [
        Shown("sign-out-chosen", "phones_sign_out.html", values),
        Shown("sign-out-person", "phones_sign_out.html", {**many, "person": chosen("Alice Adams"), "is_self": True}),
        Shown("sign-out-link", "phones_sign_out.html", {**many, "link": chosen("Jira Mobile"), "complete": False}),
        Shown("sign-out-found", "phones_sign_out.html", found),
        Shown("sign-out-over", "phones_sign_out.html", over),
    ]
