"""The console's phone preview: each phone, each kind of screen, values that are wrong."""

from dataclasses import replace

from genkan.mdm import check as checking
from genkan.mdm.preview import PHONES, REDIRECT, Asked, Here, Phone, Refusal, walk
from genkan.protocol.reasons import Reason, entry
from genkan.site.admin.managed_said import said
from genkan.site.admin.preview_pages import MOST_FAULTS_ON_A_PHONE, MOST_ON_A_PHONE, drawn
from genkan.wire import managed
from genkan.wire.login_screen import Choice
from genkan.wire.managed import Managed, OAuthEntry, SiteEntry
from tests.browser.gallery_console import framed
from tests.browser.gallery_mdm import BROKEN, CLIENT
from tests.browser.showing_values import Chosen, Shown

BASE = "https://site.example/desk"
OTHER = SiteEntry("Wiki", "https://wiki.example")
GOOD = Here(BASE, CLIENT, {CLIENT: None})
REFUSED = {reason: Refusal(entry(reason).public, in_app=reason is Reason.SCOPE_TOO_WIDE) for reason in Reason}


def pages(chosen: Chosen) -> list[Shown]:
    """All states of the page."""
    desk = SiteEntry(chosen("Front Desk")[:100], BASE, OAuthEntry(CLIENT))
    own, two = Managed((desk,)), Managed((replace(desk, oauth=OAuthEntry(CLIENT, True)), OTHER))
    many = Managed(tuple(SiteEntry(f"Site {number}", f"https://s{number}.example") for number in range(25)))
    unknown = Here(BASE, None, {CLIENT: REFUSED[Reason.UNKNOWN_CLIENT]})
    narrow = Here(BASE, None, {CLIENT: REFUSED[Reason.SCOPE_TOO_WIDE]})
    broken = checking.check(BROKEN.encode()).managed
    half = managed.parse(managed.render([desk])[:-1] + ', {"title": "Old"}]')
    unmanaged = Asked(Phone.UNMANAGED, address=BASE)
    return [
        _shown("preview", chosen, own, Asked()),
        _shown("preview-android", chosen, own, Asked(Phone.ANDROID)),
        _shown("preview-several", chosen, two, Asked(chosen=0)),
        _shown("preview-elsewhere", chosen, two, Asked(chosen=1)),
        _shown("preview-many", chosen, many, Asked()),
        _shown("preview-typed", chosen, Managed(()), unmanaged),
        _shown("preview-typed-off", chosen, Managed(()), unmanaged, replace(GOOD, announced=None)),
        _shown(
            "preview-typed-wrong", chosen, Managed(()), replace(unmanaged, address=chosen("https://a@site.example"))
        ),
        _shown("preview-nothing", chosen, Managed(()), Asked()),
        _shown("preview-refused", chosen, own, Asked(), unknown),
        _shown("preview-refused-app", chosen, own, Asked(), narrow),
        _shown("preview-half", chosen, half, Asked()),
        _shown("preview-broken", chosen, broken, Asked(), pasted=BROKEN),
        Shown("preview-again", "admin_preview.html", {**_frame(chosen), "pasted": chosen(BROKEN)}),
    ]


def _shown(name: str, chosen: Chosen, value: Managed, asked: Asked, known: Here = GOOD, *, pasted: str = "") -> Shown:
    written = chosen(pasted or (managed.render(value.sites) if value.sites else ""))
    screens = [
        replace(screen, choices=tuple(Choice(chosen(one.title), one.base_url, one.entry) for one in screen.choices))
        for screen in walk(value, asked, known)
    ]
    return Shown(
        name,
        "admin_preview.html",
        {
            **_frame(chosen),
            "phone": asked.phone.value,
            "pasted": written,
            "address": asked.address,
            "screens": drawn(tuple(screens), known, "/desk"),
            "findings": said(value.findings),
        },
    )


def _frame(chosen: Chosen) -> dict[str, object]:
    return {
        **framed(chosen, "/admin/mobile/preview"),
        "phones": [{"value": phone.value, "words": words} for phone, words in PHONES.items()],
        "phone": Phone.IOS.value,
        "pasted": "",
        "address": BASE,
        "screens": [],
        "redirect": REDIRECT,
        "most": MOST_ON_A_PHONE,
        "most_faults": MOST_FAULTS_ON_A_PHONE,
        "findings": [],
        "more": 0,
    }
