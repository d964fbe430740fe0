"""The managed configuration that a platform delivers to this app: where it lies on each, and what was read there.

Owns the places; every value is read by ``genkan.wire.managed``, as the site's own check reads it. The parts that need
a platform's libraries are thin and import them when they are called.
"""

import getpass
import plistlib
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from genkan.app.troubles import ManagedUnreadable
from genkan.wire import managed
from genkan.wire.budget import MDM_FILE
from genkan.wire.managed import Managed

VALUE_VARIABLE = "GENKAN_APP_MANAGED"
FILE_VARIABLE = "GENKAN_APP_SITES"
APPLE_KEY = "com.apple.configuration.managed"
MANAGED_PREFERENCES = Path("/Library/Managed Preferences")
POLICIES = "Software\\Policies"
LONGEST = 256 * 1024


def from_environment(environ: Mapping[str, str], *, allow_http: bool = False) -> Managed | None:
    """The value itself in ``GENKAN_APP_MANAGED``, else the file that ``GENKAN_APP_SITES`` names."""
    if value := environ.get(VALUE_VARIABLE):
        return managed.parse(value, allow_http=allow_http)
    named = environ.get(FILE_VARIABLE)
    return from_file(Path(named), allow_http=allow_http) if named else None


def from_file(path: Path, *, allow_http: bool = False) -> Managed:
    """A file with the value of `sites`, or with the whole dictionary, as JSON or as a property list."""
    content = _read(path)
    if content.startswith((b"bplist", b"<?xml", b"<plist")):
        return managed.parse_value(_property_list(path, content), allow_http=allow_http)
    return managed.parse(content, allow_http=allow_http)


def from_ios(*, allow_http: bool = False) -> Managed | None:
    """What MDM gave this app on iOS and iPadOS, by rubicon-objc; None where it gave nothing."""
    objc = import_module("rubicon.objc")
    defaults = objc.ObjCClass("NSUserDefaults").standardUserDefaults
    found = defaults.dictionaryForKey_(APPLE_KEY)
    return None if found is None else _dictionary(objc.py_from_ns(found), allow_http=allow_http)


def from_android(*, allow_http: bool = False) -> Managed | None:
    """The restrictions that MDM set for this app on Android, by Chaquopy; None where it set none."""
    java = import_module("java")
    application = java.jclass("com.chaquo.python.Python").getPlatform().getApplication()
    service = application.getSystemService(java.jclass("android.content.Context").RESTRICTIONS_SERVICE)
    manager = java.cast(java.jclass("android.content.RestrictionsManager"), service)
    found = manager.getApplicationRestrictions()
    if found is None or not found.containsKey("sites"):
        return None
    given: dict[str, object] = {"sites": found.getString("sites")}
    if found.containsKey("skipInfo"):
        given["skipInfo"] = bool(found.getBoolean("skipInfo"))
    return _dictionary(given, allow_http=allow_http)


def from_macos(bundle: str, *, folder: Path = MANAGED_PREFERENCES, allow_http: bool = False) -> Managed | None:
    """The preferences that a profile forces for this app on macOS, those of this user before those of the machine."""
    for place in (folder / getpass.getuser() / f"{bundle}.plist", folder / f"{bundle}.plist"):
        if place.exists():
            found = _property_list(place, _read(place))
            if isinstance(found, dict) and "sites" in found:
                return _dictionary(found, allow_http=allow_http)
    return None


class Registry(Protocol):
    """What is used of ``winreg``."""

    KEY_READ: int
    KEY_WOW64_64KEY: int

    def OpenKey(self, key: object, sub_key: str, reserved: int, access: int) -> AbstractContextManager[object]: ...  # noqa: N802 - its name

    def QueryValueEx(self, key: object, name: str) -> tuple[object, int]: ...  # noqa: N802 - its name


def from_windows(vendor_and_app: str, *, registry: Registry | None = None, allow_http: bool = False) -> Managed | None:
    """The policy of this app on Windows, ``sites`` below ``Software\\Policies``: the machine's before the user's."""
    reg = registry or cast("Registry", import_module("winreg"))
    for hive in ("HKEY_LOCAL_MACHINE", "HKEY_CURRENT_USER"):
        found = _policy(reg, hive, f"{POLICIES}\\{vendor_and_app}")
        if found is not None:
            return _dictionary(found, allow_http=allow_http)
    return None


def _policy(reg: Registry, hive: str, path: str) -> dict[str, object] | None:
    # A 32-bit program would be shown another place than the one that policies are written to.
    access = reg.KEY_READ | reg.KEY_WOW64_64KEY
    try:
        with reg.OpenKey(getattr(reg, hive), path, 0, access) as key:
            found = {name: _value(reg, key, name) for name in ("sites", "skipInfo")}
    except FileNotFoundError:
        return None
    except OSError as trouble:
        raise ManagedUnreadable(f"The policy {hive}\\{path} cannot be read: {trouble.strerror}.") from None
    return {name: value for name, value in found.items() if value is not None} if found["sites"] is not None else None


def _value(reg: Registry, key: object, name: str) -> object:
    try:
        value = reg.QueryValueEx(key, name)[0]
    except FileNotFoundError:
        return None
    # REG_MULTI_SZ: one line of the console's field each
    return "\n".join(value) if isinstance(value, list) else value


def managed_configuration(
    app_id: str, environ: Mapping[str, str], *, platform: str | None = None, allow_http: bool = False
) -> Managed | None:
    """What the platform delivers, else what the environment names; None where nothing was delivered.

    ``app_id`` is what the platform knows the app by: the bundle id on macOS, ``Vendor\\App`` on Windows; phones know.
    Raises ``ManagedUnreadable`` for a place that cannot be read; what is wrong with a value are its findings.
    """
    readers: Mapping[str, Callable[[], Managed | None]] = {
        "ios": lambda: from_ios(allow_http=allow_http),
        "android": lambda: from_android(allow_http=allow_http),
        "darwin": lambda: from_macos(app_id, allow_http=allow_http),
        "win32": lambda: from_windows(app_id, allow_http=allow_http),
    }
    reader = readers.get(platform or this_platform())
    found = reader() if reader else None
    return found if found is not None else from_environment(environ, allow_http=allow_http)


def _dictionary(value: Mapping[str, object], *, allow_http: bool) -> Managed:
    """The dictionary of a platform. Property lists and registries hand booleans out as the numbers 0 and 1."""
    flag = value.get("skipInfo")
    given = {**value, "skipInfo": bool(flag)} if isinstance(flag, int) and flag in {0, 1} else dict(value)
    return managed.parse_value(given, allow_http=allow_http)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST + 1)
    except OSError as trouble:
        raise ManagedUnreadable(f"{path} cannot be read: {trouble.strerror}.") from None
    if len(content) > LONGEST:
        raise ManagedUnreadable(f"{path} is longer than {LONGEST} bytes: it is no configuration of this app.")
    return content


def _property_list(path: Path, content: bytes) -> object:
    try:
        value: object = plistlib.loads(content)
    except Exception:  # noqa: BLE001 - the reader raises whatever its parts raise on a damaged file
        raise ManagedUnreadable(f"{path} is a damaged property list: write it anew.") from None
    if not MDM_FILE.fits(value):
        raise ManagedUnreadable(f"{path} holds more values than any configuration of this app: write it anew.")
    return value


def this_platform() -> str:
    """The platform's name; Android calls itself linux before Python 3.13."""
    return "android" if hasattr(sys, "getandroidapilevel") else sys.platform
