"""The console's pages about people, with values to show them by."""

from genkan.protocol.reasons import Reason, entry
from genkan.site.admin.person_certificates import PINNED_ALREADY
from genkan.site.flashes import Flash
from genkan.site.login.typed_accounts import CHANGED_MEANWHILE
from genkan.site.sentences import NAME_TAKEN, PASSWORDS_DIFFER
from tests.browser import gallery_passkeys
from tests.browser.gallery_console import framed
from tests.browser.showing_values import Chosen, Shown, carried

NOW = 1_795_455_600_000
DAY = 86_400_000
ZONES = [("UTC", "UTC"), ("America/Argentina/Buenos_Aires", "America/Argentina/Buenos Aires"), ("Asia/Tokyo",) * 2]
HERE = "/admin/people/4611686018427387903"
ACTS = ("edit", "permission", "enable", "disable", "delete", "erase", "sign_out", "recovery", "recovery_withdraw",
        "guesses_lift", "sessions_end_all", "export", "certificates_add", "identities_add")  # fmt: skip
RIGHTS = [{"value": name, "words": name, "disabled": name == "SYSTEM_ADMIN"}
          for name in ("READ", "WRITE", "ADMIN", "SYSTEM_ADMIN")]  # fmt: skip


def pages(chosen: Chosen) -> list[Shown]:
    """Each state that looks different once."""
    return [
        *_list(chosen),
        *_create(chosen),
        *_person(chosen),
        *_edit(chosen),
        *_confirm(chosen),
        *_link(chosen),
        *_certificate(chosen),
    ]


def _list(chosen: Chosen) -> list[Shown]:
    person = {
        "name": chosen("alice"),
        "display_name": chosen("Alice Adams"),
        "email": chosen("alice@site.example"),
        "permission": "SYSTEM_ADMIN",
        "groups": (chosen("developers"), chosen("release managers of the northern region")),
        "state": "active",
        "address": f"/desk{HERE}",
    }
    bare = {**person, "name": chosen("bob"), "display_name": "", "email": "", "groups": (), "permission": "READ"}
    gone = {**bare, "name": chosen("erased-3fffffffffffffff"), "state": "deleted"}
    values: dict[str, object] = {
        **framed(chosen, "/admin/people"),
        "people": [person, {**bare, "state": "disabled"}, gone],
        "asked": {"prefix": chosen("al"), "permission": "", "state": ""},
        "action": "/desk/admin/people",
        "create_url": "/desk/admin/people/create",
        "all_url": "/desk/admin/people",
        "first": "/desk/admin/people?prefix=al",
        "next": "/desk/admin/people?prefix=al&after=bob",
    }
    nobody = {**values, "people": [], "first": "", "next": ""}
    return [
        Shown("people", "people.html", values),
        Shown("people-nobody", "people.html", nobody),
        Shown("people-further", "people.html", {**nobody, "next": "/desk/admin/people?after=bob"}),
    ]


def _create(chosen: Chosen) -> list[Shown]:
    typed = {"name": "", "display_name": "", "email": "", "permission": "WRITE", "groups": "", "first": "link"}
    values: dict[str, object] = {
        **framed(chosen, "/admin/people/create"),
        "action": "/desk/admin/people/create",
        "people_url": "/desk/admin/people",
        "audit_url": "/desk/admin/audit?person=alice",
        "values": typed,
        "faults": {},
        "error": "",
        "permissions": RIGHTS,
        "least": 10,
        "most": {"name": 100, "text": 200},
    }
    failed = {
        **values,
        "values": {**typed, "name": chosen("alice"), "email": chosen("alice"), "groups": chosen("staff"),
                   "first": "password"},
        "faults": {"name": NAME_TAKEN, "email": "E-mail: it has no @ between a name and a host.",
                   "password": PASSWORDS_DIFFER, "permission": entry(Reason.ABOVE_CALLER).public},
    }  # fmt: skip
    busy = {**values, "error": entry(Reason.BUSY).public}
    return [
        Shown("person-create", "person_create.html", values),
        Shown("person-create-failed", "person_create.html", failed, 400),
        Shown("person-create-busy", "person_create.html", busy, 400),
    ]


def facts(chosen: Chosen, rest: str = "", **changes: object) -> dict[str, object]:
    """The person whom a page is about, and where everything is done."""
    person = {
        "name": chosen("alice"),
        "display_name": chosen("Alice Adams"),
        "email": chosen("alice@site.example"),
        "permission": "WRITE",
        "groups": (chosen("developers"), chosen("staff")),
        "locale": chosen("fr"),
        "time_zone": chosen("Asia/Tokyo"),
        "state": "active",
        "created_at": NOW,
        "is_self": False,
        "in_reach": True,
        **changes,
    }
    to = {act: f"/desk{HERE}/{act.replace('_', '-')}" for act in ACTS}
    return {**framed(chosen, HERE + rest), "person": person, "to": to, "here": f"/desk{HERE}",
            "people_url": "/desk/admin/people", "audit_url": "/desk/admin/audit?person=alice"}  # fmt: skip


def state(chosen: Chosen) -> dict[str, object]:
    """How everything of a person stands."""
    phone = {
        "device": chosen("iPhone"),
        "application": chosen("Jira Mobile"),
        "signed_in_at": NOW - DAY,
        "last_seen": NOW,
        "address": "/desk/admin/phones/00",
    }
    return {
        "sessions": sessions(chosen),
        "session_count": 25,
        "phones": [phone, {**phone, "last_seen": None}],
        "phone_count": 12,
        "phones_counted": True,
        "password_set_at": NOW,
        "passkeys": gallery_passkeys.passkeys(chosen),
        "pins": [
            {
                "kind": kind,
                "name": chosen(f"CN=alice,OU={'Sales of the northern region ' * 3},O=Example by CN=Issuing"),
                "made_at": NOW,
                "remove_url": f"/desk{HERE}/certificates/{kind}/remove",
            }
            for kind in ("spki", "serial", "subject")
        ],
        "certificates": [
            {
                "subject": chosen(f"CN=alice,OU={'Sales of the northern region ' * 3}") if ended is None else "",
                "fingerprint": "3fd5e0a1b2c4d697" * 4,
                "last_at": NOW,
                "not_after": NOW + DAY,
                "revoked_at": ended,
                "revoke_url": f"/desk{HERE}/certificates/{'3fd5e0a1b2c4d697' * 4}/revoke",
            }
            for ended in (None, NOW)
        ],
        "certificates_open": True,
        "identities": [_identity(chosen), _identity(chosen, held=True, missed_since=NOW, known=False)],
        "sign_on_open": True,
        "certificate_rules": chosen("upn@corp.example=name, email=email"),
        "link_until": NOW + DAY,
        "budget": {"spent": 3, "most": 100, "slowed": False, "empty_at": NOW},
        "kept": {"session": 7, "audit": 365},
        "phones_url": f"/desk/admin/phones?account={HERE[14:]}",
        "applications_url": f"/desk/admin/applications?account={HERE[14:]}",
    }


def _identity(chosen: Chosen, **changes: object) -> dict[str, object]:
    return {
        "title": chosen("Example Corp"),
        "label": chosen("alice@example.com"),
        "subject": chosen("00u1" * 20),
        "seen_at": NOW,
        "missed_since": None,
        "held": False,
        "known": True,
        "remove_url": f"/desk{HERE}/identities/corp/remove",
        **changes,
    }


NOTHING = {
    "identities": [], "sign_on_open": True,
    "pins": [], "certificates": [], "certificates_open": False, "certificate_rules": "",
    "sessions": [], "session_count": 0, "phones": [], "phone_count": 0, "phones_counted": True, "password_set_at": None,
    "link_until": None, "budget": {"spent": 0, "most": 100, "slowed": False, "empty_at": NOW},
}  # fmt: skip


def _certificate(chosen: Chosen) -> list[Shown]:
    fresh: dict[str, object] = {
        **facts(chosen, "/certificates/add"),
        "values": {"certificate": "", "by": "spki"},
        "faults": {},
        "error": "",
    }
    typed = {"certificate": chosen("-----BEGIN CERTIFICATE-----"), "by": "subject"}
    failed = {**fresh, "values": typed, "faults": {"certificate": PINNED_ALREADY}}
    above = {**fresh, "values": typed, "error": entry(Reason.ABOVE_CALLER).public}
    return [
        Shown("person-certificate", "person_certificate.html", fresh),
        Shown("person-certificate-failed", "person_certificate.html", failed, 409),
        Shown("person-certificate-above", "person_certificate.html", above, 403),
    ]


def _person(chosen: Chosen) -> list[Shown]:
    full = {**facts(chosen), **state(chosen), "flash": "Saved."}
    fresh = {**facts(chosen, email="", groups=(), locale="", is_self=True), **state(chosen), **NOTHING}
    slowed = {"spent": 100, "most": 100, "slowed": True, "empty_at": NOW + DAY}
    disabled = {**facts(chosen, state="disabled", locale="ja"), **state(chosen), "budget": slowed}
    above = {**facts(chosen, permission="SYSTEM_ADMIN", in_reach=False, locale="en"), **state(chosen)}
    deleted = {**facts(chosen, state="deleted", display_name="", email="", groups=()), **state(chosen), **NOTHING}
    return [
        Shown("person", "person.html", full),
        Shown("person-fresh", "person.html", fresh),
        Shown("person-disabled", "person.html", disabled),
        Shown("person-above", "person.html", above),
        Shown("person-deleted", "person.html", deleted),
    ]


def _edit(chosen: Chosen) -> list[Shown]:
    typed = {"display_name": chosen("Alice Adams"), "email": chosen("alice@site.example"),
             "groups": f"{chosen('developers')}\n{chosen('staff')}", "locale": "ja", "time_zone": "UTC"}  # fmt: skip
    values: dict[str, object] = {
        **facts(chosen, "/edit"),
        "form_hidden": carried(chosen),
        "values": typed,
        "faults": {},
        "error": "",
        "zones": ZONES,
        "most": 200,
    }
    failed = {**values, "faults": {"groups": "Group: at most 100, each printable and without a comma."},
              "error": CHANGED_MEANWHILE}  # fmt: skip
    right = {**facts(chosen, "/permission"), "permissions": RIGHTS, "chosen": "WRITE", "error": ""}
    last = {**right, "error": entry(Reason.LAST_ADMINISTRATOR).public}
    return [
        Shown("person-edit", "person_edit.html", values),
        Shown("person-edit-failed", "person_edit.html", failed, 409),
        Shown("person-permission", "person_permission.html", right),
        Shown("person-permission-last", "person_permission.html", last, 409),
    ]


def _confirm(chosen: Chosen) -> list[Shown]:
    def asked(act: str, **changes: object) -> Shown:
        values = {**facts(chosen, f"/{act}"), **state(chosen), "act": act, "error": "", **changes}
        return Shown(f"person-{act}", "person_confirm.html", values)

    gone = facts(chosen, "/erase", state="deleted")
    own = {**facts(chosen, "/delete", is_self=True), **state(chosen), "act": "delete", "phones_counted": False,
           "error": entry(Reason.LAST_ADMINISTRATOR).public}  # fmt: skip
    buried = {**gone, **state(chosen), **NOTHING, "act": "erase", "error": "", "kept": {"session": 7, "audit": 0}}
    return [
        asked("disable"),
        asked("delete"),
        asked("sign-out"),
        asked("erase"),
        Shown("person-delete-last", "person_confirm.html", own, 409),
        Shown("person-erase-deleted", "person_confirm.html", buried),
    ]


def _link(chosen: Chosen) -> list[Shown]:
    ask = {**facts(chosen, "/recovery"), **state(chosen), "error": ""}
    first = {**ask, **NOTHING, "flash": Flash.ADDED, "error": entry(Reason.ABOVE_CALLER).public}
    disabled = {**ask, **facts(chosen, "/recovery", state="disabled")}
    url = "https://site.example/desk/recover/0123456789abcdef0123456789abcdef0123456789abcdef"
    made = {**facts(chosen, "/recovery"), "url": url, "until": NOW + DAY}
    return [
        Shown("person-recovery", "person_recovery.html", ask),
        Shown("person-recovery-first", "person_recovery.html", first, 403),
        Shown("person-recovery-disabled", "person_recovery.html", disabled),
        Shown("person-link", "person_link.html", made),
    ]


def sessions(chosen: Chosen) -> list[dict[str, object]]:
    """Browsers: this one, one of which little is known, and one of which nothing is."""
    here: dict[str, object] = {
        "browser": "Firefox",
        "device": chosen("Linux"),
        "signed_in_at": NOW - DAY,
        "last_seen": NOW,
        "address": chosen("2001:db8::7"),
        "method": ["pwd"],
        "here": True,
        "action": "/desk/account/sessions/00/end",
    }
    other = {**here, "browser": "", "here": False}
    return [here, other, {**other, "device": "", "address": "", "method": []}]
