"""Managed configurations where each platform keeps them: read there, judged as everywhere, and told where unreadable.

iOS, Android and Windows cannot be run here: their readers meet stand-ins that have the calls of the real libraries.
"""

import getpass
import json
import plistlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest

from genkan.app import AppTrouble, ManagedUnreadable, managed_configuration
from genkan.app.delivered import (
    LONGEST,
    from_android,
    from_environment,
    from_file,
    from_ios,
    from_macos,
    from_windows,
    this_platform,
)
from genkan.wire.managed import Managed, OAuthEntry

SITES = [
    {
        "title": "Ours",
        "baseURL": "https://jira.example.com",
        "oauth": {"clientID": "38843a89f2b02a471000bc022e4b9de8", "cacheSessionInMobileBrowser": True},
    }
]
VALUE = json.dumps(SITES)
BUNDLE = "com.example.ours"


def is_ours(found: Managed | None, *, skip_info: bool = False) -> None:
    assert found is not None
    assert [finding.severity for finding in found.findings] == []
    assert [(site.title, site.base_url) for site in found.sites] == [("Ours", "https://jira.example.com")]
    assert found.sites[0].oauth == OAuthEntry("38843a89f2b02a471000bc022e4b9de8", cache_session_in_mobile_browser=True)
    assert found.skip_info is skip_info


def test_environment(tmp_path: Path) -> None:
    """The value itself, else a file that is named, else nothing."""
    (tmp_path / "sites.json").write_text(VALUE)
    is_ours(from_environment({"GENKAN_APP_MANAGED": VALUE}))
    is_ours(from_environment({"GENKAN_APP_SITES": str(tmp_path / "sites.json")}))
    assert from_environment({}) is None
    assert from_environment({"GENKAN_APP_MANAGED": ""}) is None


@pytest.mark.parametrize("form", [plistlib.FMT_XML, plistlib.FMT_BINARY])
def test_files(tmp_path: Path, form: plistlib.PlistFormat) -> None:
    """JSON of the value or of the dictionary, and property lists of both kinds."""
    file = tmp_path / "sites"
    for content in (
        VALUE.encode(),
        json.dumps({"sites": VALUE}).encode(),
        plistlib.dumps({"sites": VALUE}, fmt=form),
    ):
        file.write_bytes(content)
        is_ours(from_file(file))
    file.write_bytes(plistlib.dumps({"sites": VALUE, "skipInfo": True}, fmt=form))
    is_ours(from_file(file), skip_info=True)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """Missing, a folder, too long, damaged: one sentence each, of a class that programs expect."""
    (tmp_path / "long").write_bytes(b" " * (LONGEST + 1))
    (tmp_path / "damaged").write_bytes(b"bplist00" + b"\xff" * 64)
    (tmp_path / "torn").write_bytes(b"<?xml version='1.0'?><plist><dict><key>sites</key>")
    for name, told in {"none": "cannot be read", ".": "cannot be read", "long": "longer than", "damaged": "damaged",
                       "torn": "damaged"}.items():  # fmt: skip
        with pytest.raises(ManagedUnreadable, match=told):
            from_file(tmp_path / name)
    assert issubclass(ManagedUnreadable, AppTrouble)


def test_a_wrong_value_is_findings(tmp_path: Path) -> None:
    """What is wrong with a value is pointed at, as the studio points at it, and nothing is raised."""
    found = from_environment({"GENKAN_APP_MANAGED": '[{"baseUrl": "https://jira.example.com"}]'})
    assert found is not None
    assert found.broken
    assert found.sites == ()


def test_macos(tmp_path: Path) -> None:
    """What a profile forces for this user comes before what it forces for the machine; other keys do not count."""
    assert from_macos(BUNDLE, folder=tmp_path) is None
    machine = tmp_path / f"{BUNDLE}.plist"
    machine.write_bytes(plistlib.dumps({"sites": VALUE}, fmt=plistlib.FMT_BINARY))
    is_ours(from_macos(BUNDLE, folder=tmp_path))
    mine = tmp_path / getpass.getuser() / f"{BUNDLE}.plist"
    mine.parent.mkdir()
    mine.write_bytes(plistlib.dumps({"other": 1}))
    is_ours(from_macos(BUNDLE, folder=tmp_path))
    mine.write_bytes(plistlib.dumps({"sites": VALUE, "skipInfo": True}))
    is_ours(from_macos(BUNDLE, folder=tmp_path), skip_info=True)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a module of a platform in place."""

    def put(name: str, **members: object) -> None:
        module = ModuleType(name)
        module.__dict__.update(members)
        if "." in name:
            monkeypatch.setitem(sys.modules, name.partition(".")[0], ModuleType(name.partition(".")[0]))
        monkeypatch.setitem(sys.modules, name, module)

    return put


class Defaults:
    """``NSUserDefaults``: hands out dictionaries by key, and booleans as numbers."""

    kept: ClassVar[dict[str, object]] = {}

    @property
    def standardUserDefaults(self) -> "Defaults":  # noqa: N802 - the platform's name
        return self

    def dictionaryForKey_(self, key: str) -> object:  # noqa: N802 - the platform's name
        return self.kept.get(key)


def test_ios(stand_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dictionary under Apple's key, turned into Python's own; nothing where MDM gave nothing."""
    stand_in("rubicon.objc", ObjCClass=lambda _name: Defaults(), py_from_ns=dict)
    assert from_ios() is None
    monkeypatch.setitem(Defaults.kept, "com.apple.configuration.managed", {"sites": VALUE, "skipInfo": 1}.items())
    is_ours(from_ios(), skip_info=True)


class Bundle:
    """``android.os.Bundle``, as Chaquopy hands it out."""

    def __init__(self, **values: object) -> None:
        self._values = values

    def containsKey(self, key: str) -> bool:  # noqa: N802 - the platform's name
        return key in self._values

    def getString(self, key: str) -> object:  # noqa: N802 - the platform's name
        return self._values[key]

    getBoolean = getString  # noqa: N815 - the platform's name


class AndroidClass:
    """Everything that is asked on the way from Chaquopy's platform to the restrictions."""

    RESTRICTIONS_SERVICE = "restrictions"
    bundle: ClassVar[Bundle | None] = None

    def getPlatform(self) -> "AndroidClass":  # noqa: N802 - the platform's name
        return self

    def getApplication(self) -> "AndroidClass":  # noqa: N802 - the platform's name
        return self

    def getSystemService(self, name: str) -> object:  # noqa: N802 - the platform's name
        assert name == self.RESTRICTIONS_SERVICE
        return self

    def getApplicationRestrictions(self) -> Bundle | None:  # noqa: N802 - the platform's name
        return self.bundle


def test_android(stand_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The restrictions of the running application; none, or none for us, is nothing."""
    stand_in("java", jclass=lambda _name: AndroidClass(), cast=lambda _kind, value: value)
    assert from_android() is None
    monkeypatch.setattr(AndroidClass, "bundle", Bundle(other="x"))
    assert from_android() is None
    monkeypatch.setattr(AndroidClass, "bundle", Bundle(sites=VALUE))
    is_ours(from_android())
    monkeypatch.setattr(AndroidClass, "bundle", Bundle(sites=VALUE, skipInfo=True))
    is_ours(from_android(), skip_info=True)


class FakeRegistry:
    """``winreg``: values by hive, key and name."""

    HKEY_LOCAL_MACHINE = "machine"
    HKEY_CURRENT_USER = "user"
    KEY_READ = 0x20019
    KEY_WOW64_64KEY = 0x100

    def __init__(self) -> None:
        self.kept: dict[tuple[object, str], dict[str, object]] = {}
        self.refused = False

    @contextmanager
    def OpenKey(self, key: object, sub_key: str, reserved: int, access: int) -> Iterator[object]:  # noqa: N802
        if self.refused:
            raise PermissionError(5, "Access is denied")
        if (key, sub_key) not in self.kept:
            raise FileNotFoundError(2, "not found")
        assert access & self.KEY_WOW64_64KEY
        yield self.kept[key, sub_key]

    def QueryValueEx(self, key: object, name: str) -> tuple[object, int]:  # noqa: N802
        assert isinstance(key, dict)
        if name not in key:
            raise FileNotFoundError(2, "not found")
        return key[name], 1


def test_windows() -> None:
    """The machine's policy comes before the user's, in one string or several lines; a closed key is told."""
    registry = FakeRegistry()
    path = "Software\\Policies\\Example\\Ours"
    assert from_windows("Example\\Ours", registry=registry) is None
    registry.kept["user", path] = {"sites": VALUE, "skipInfo": 1}
    is_ours(from_windows("Example\\Ours", registry=registry), skip_info=True)
    registry.kept["machine", path] = {"other": "x"}
    is_ours(from_windows("Example\\Ours", registry=registry), skip_info=True)
    registry.kept["machine", path] = {"sites": json.dumps(SITES, indent=1).splitlines()}
    is_ours(from_windows("Example\\Ours", registry=registry))
    registry.refused = True
    with pytest.raises(ManagedUnreadable, match="Access is denied"):
        from_windows("Example\\Ours", registry=registry)


def test_the_platform_comes_first_then_the_environment(stand_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an MDM delivers cannot be replaced by a variable; where it delivers nothing a variable will do."""
    environ = {"GENKAN_APP_MANAGED": "[]"}
    stand_in("rubicon.objc", ObjCClass=lambda _name: Defaults(), py_from_ns=dict)
    found = managed_configuration(BUNDLE, environ, platform="ios")
    assert found is not None
    assert found.sites == ()
    monkeypatch.setitem(Defaults.kept, "com.apple.configuration.managed", {"sites": VALUE}.items())
    is_ours(managed_configuration(BUNDLE, environ, platform="ios"))
    is_ours(managed_configuration(BUNDLE, {"GENKAN_APP_MANAGED": VALUE}, platform="linux"))
    assert managed_configuration(BUNDLE, {}, platform="linux") is None


def test_android_is_known_from_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    """By what only its Python has."""
    assert this_platform() == sys.platform
    monkeypatch.setattr(sys, "getandroidapilevel", lambda: 34, raising=False)
    assert this_platform() == "android"
