"""What a user agent tells of an app and its device: names and versions where they stand, nothing where they do not."""

from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 40
# Set in front of what everybody claims to be; and the libraries that carry an app's requests, which are not the app.
_PLUMBING = frozenset({
    "mozilla", "applewebkit", "khtml", "gecko", "version", "mobile", "cfnetwork", "darwin", "okhttp", "dalvik",
    "ktor-client", "alamofire",
})  # fmt: skip
# The more particular first: each claims to be those behind it as well.
_BROWSERS = {
    "edg": "Edge", "edga": "Edge", "edgios": "Edge", "opr": "Opera", "samsungbrowser": "Samsung Internet",
    "fxios": "Firefox", "firefox": "Firefox", "crios": "Chrome", "chrome": "Chrome", "safari": "Safari",
}  # fmt: skip
# What the vendor's app adds to its user agent; with no version it says no more than that.
_MARK = "atlassianmobileapp"
_SYSTEMS = (
    ("android", "Android"), ("ios", "iOS"), ("iphone os", "iOS"), ("cpu iphone os", "iOS"), ("cpu os", "iOS"),
    ("ipados", "iPadOS"),
)  # fmt: skip
# Systems whose versions browsers have frozen: what they say is known to be nothing.
_FROZEN = (("macintosh", "macOS"), ("windows", "Windows"), ("cros", "ChromeOS"), ("x11", "Linux"), ("linux", "Linux"))
# The apps that sign in here, by the product that each names.
_APPS = ("AtlassianMobileApp", "genkan-app")
_DEVICES = (
    ("iphone", "iPhone"), ("ipad", "iPad"), ("android", "Android"), ("cfnetwork", "iPhone or iPad"),
    ("genkan", "Terminal"), ("macintosh", "Mac"), ("windows", "Windows"), ("cros", "Chromebook"), ("linux", "Linux"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Device:
    """Each part is empty where it is not known. ``app`` and ``system`` carry their versions: ``iOS 26.1``."""

    name: str
    app: str
    system: str
    model: str


def app_name(user_agent: str) -> str:
    """The app that a user agent names among its products, with its version where it says one (RFC 9110 10.1.5)."""
    for product in user_agent.split():
        name, _, version = product.partition("/")
        known = next((app for app in _APPS if name.lower() == app.lower()), None)
        if known is not None:
            return f"{known} {version}".strip()
    return ""


def device_name(user_agent: str) -> str:
    """A short guess at the device from a user agent; the text itself when nothing is known of it."""
    lowered = user_agent.lower()
    named = next((name for word, name in _DEVICES if word in lowered), None)
    return named or user_agent.split("/", 1)[0][:40] or "Unknown"


def read_device(user_agent: str) -> Device:
    """What the text says of itself; nobody has proved any of it."""
    words, comments = _split(user_agent)
    products = [(name, version) for name, _, version in (word.partition("/") for word in words)]
    said = [[part.strip() for part in comment.split(";")] for comment in comments]
    parts = [part for comment in said for part in comment]
    model = next((found for comment in said if (found := _model(comment))), "")
    return Device(device_name(user_agent), _app(products), _system(parts, words), model)


def _split(text: str) -> tuple[list[str], list[str]]:
    """RFC 9110 10.1.5: products, and comments in parentheses."""
    outside, comments, depth, began = [], [], 0, 0
    for at, char in enumerate(text):
        if char == "(":
            if depth == 0:
                outside.append(text[began:at])
                began = at + 1
            depth += 1
        elif char == ")" and depth:
            depth -= 1
            if depth == 0:
                comments.append(text[began:at])
                began = at + 1
    (comments if depth else outside).append(text[began:])
    return " ".join(outside).split(), comments


def _app(products: list[tuple[str, str]]) -> str:
    """The one product that is no browser and no library; of those the first that says its version."""
    own = [(name, version) for name, version in products if name.lower() not in _PLUMBING | _BROWSERS.keys()]
    if own:
        name, version = next((product for product in own if product[1]), own[0])
        return "" if name.lower() == _MARK and not version else _named(name, version)
    said = {name.lower(): version for name, version in products}
    browser = next((word for word in _BROWSERS if word in said), None)
    if browser is None:
        return ""
    # Safari says its version as that of another product.
    return _named(_BROWSERS[browser], said.get("version", "") if browser == "safari" else said[browser])


def _system(parts: list[str], words: list[str]) -> str:
    for part in (*parts, *words):
        found = _versioned(part)
        if found:
            return found
    lowered = [part.lower() for part in parts]
    return next((name for word, name in _FROZEN if any(part.startswith(word) for part in lowered)), "")


def _versioned(part: str) -> str:
    """``Android 16``, ``iOS/26.1``, ``CPU iPhone OS 18_1 like Mac OS X``: a system that says its version."""
    plain = part.replace("/", " ")
    for word, name in _SYSTEMS:
        if plain.lower().startswith(word + " "):
            version = plain[len(word) :].split()[0].replace("_", ".")
            return _named(name, version) if version[:1].isdigit() else name
    return ""


def _model(parts: list[str]) -> str:
    """An Apple name as it stands, or what follows the version of Android."""
    apple = next((part for part in parts if part.startswith(("iPhone", "iPad", "iPod"))), "")
    if apple:
        # "iPhone; CPU iPhone OS 18_1 ..." names it once more; a system is no model.
        return "" if " os " in apple.lower() else apple[:LONGEST]
    return next(_after_android(parts), "")


def _after_android(parts: list[str]) -> Iterator[str]:
    android = next((at for at, part in enumerate(parts) if part.lower().startswith("android")), len(parts))
    for part in parts[android + 1 :]:
        model = part.partition(" Build/")[0].strip()
        # Browsers write K where they keep the model to themselves; a locale and "wv" are no models either.
        if len(model) > 2 and not (len(model) == 5 and model[2] in "-_"):
            yield model[:LONGEST]


def _named(name: str, version: str) -> str:
    return f"{name} {version}".strip()[:LONGEST]
