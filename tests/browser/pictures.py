"""The pictures of the manual: which page of the gallery each shows, in which size and language.

A page of the manual shows a picture by `![what it shows](../screenshots/<file>)`; `make screenshots` takes them all.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Picture:
    """``shown`` is the page's name in the gallery, ``size`` one of test_looks.SIZES; the light scheme, always."""

    file: str
    shown: str
    size: str = "desktop"
    language: str = "en"


PICTURES = (
    Picture("application-links.png", "links"),
    Picture("create-link.png", "link-form"),
    Picture("create-link-phone.png", "link-form-failed", "phone"),
    Picture("create-link-ja.png", "link-form", "phone", "ja"),
    Picture("link-credentials.png", "link-credentials"),
    Picture("link-trial.png", "link-trial"),
    Picture("set-up-done.png", "setup-done-on"),
    Picture("mobile-app.png", "mobile"),
    Picture("mobile-app-off.png", "mobile-ask"),
    Picture("mobile-app-ja.png", "mobile", "phone", "ja"),
    Picture("phone-preview.png", "preview"),
    Picture("phones.png", "phones"),
    Picture("phones-phone.png", "phones", "phone"),
    Picture("why-signed-out.png", "phone-replayed"),
    Picture("audit-log.png", "audit"),
    Picture("audit-log-ja.png", "audit", "phone", "ja"),
    Picture("audit-seals.png", "audit-chain-good"),
    Picture("health.png", "health-weak", "phone"),
    Picture("health-ja.png", "health-ill", "phone", "ja"),
    Picture("seen-from-outside.png", "doctor-wrong"),
    Picture("seen-from-outside-ja.png", "doctor-doubtful", "phone", "ja"),
    Picture("seen-from-a-phone.png", "phone-checks-told"),
    Picture("check-this-phone.png", "phone-checked-first", "phone"),
    Picture("check-this-phone-ja.png", "phone-checked-broken", "phone", "ja"),
    Picture("api-keys.png", "api-keys"),
    Picture("api-key-told.png", "api-key-told"),
    Picture("people.png", "people"),
    Picture("add-a-person.png", "person-create", "phone"),
    Picture("one-time-link.png", "person-link", "phone"),
    Picture("erase-a-person.png", "person-erase"),
    Picture("own-browsers-ja.png", "sessions", "phone", "ja"),
    Picture("change-the-password.png", "sign-in-methods", "phone"),
)
