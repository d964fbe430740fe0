"""The pages about people and of one's own account, with values to show them by."""

from tests.browser.showing_values import Chosen, Shown, carried

NOW = 1_795_455_600_000
DAY = 86_400_000


def pages(chosen: Chosen) -> list[Shown]:
    """Each state that looks different once."""
    return [*_recover(chosen)]


def _recover(chosen: Chosen) -> list[Shown]:
    values: dict[str, object] = {
        "action": "/desk/recover/0123456789abcdef",
        "hidden": carried(chosen),
        "error": "",
        "person_name": chosen("alice"),
        "person_display": chosen("Alice Adams"),
        "is_first": False,
        "sign_out": True,
        "expires_at": NOW + DAY,
        "least": 10,
    }
    failed = {**values, "error": "The two passwords differ."}
    return [
        Shown("recover", "recover.html", values),
        Shown("recover-failed", "recover.html", failed, 400),
        Shown("recover-first", "recover.html", {**values, "is_first": True}),
    ]
