"""Owns the compatibility rules: which site, plugins and app can do OAuth 2.0; asks nobody for a version."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from genkan.wire.sentences import Sentence, sentence
from genkan.wire.uri import DIGITS

# By name: what is said of a version.
WORDS: Mapping[str, str] = MappingProxyType(
    {
        "jira": "Jira %(version)s can sign the app in with OAuth 2.0.",
        "jira-old": "Jira %(version)s is too old for OAuth 2.0 in the app: upgrade to %(needed)s or later.",
        "jira-old-9": "Jira %(version)s is too old for OAuth 2.0 in the app: upgrade to %(needed)s or later, or to "
        "%(next)s or later.",
        "confluence": "Confluence %(version)s can sign the app in with OAuth 2.0.",
        "confluence-old": "Confluence %(version)s is too old for OAuth 2.0 in the app: upgrade to %(needed)s or later.",
        "app": "App %(version)s can sign in with OAuth 2.0.",
        "app-old": "App %(version)s knows no OAuth 2.0: update it to %(needed)s or later.",
        "plugin": "The %(name)s plugin %(plugin)s is enough for Jira %(jira)s.",
        "plugin-confluence": "The OAuth plugin %(plugin)s is enough for Confluence %(version)s.",
        "plugin-confluence-old": "The OAuth plugin %(plugin)s is too old for Confluence %(version)s: update it to "
        "%(needed)s or later.",
        "plugin-old": "The %(name)s plugin %(plugin)s is too old for Jira %(jira)s: update it to %(needed)s or later.",
    }
)


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A dotted version, compared number by number; 10.1 and 10.1.0 are equal."""

    parts: tuple[int, ...]

    def __post_init__(self) -> None:
        """Give equal versions equal parts: three at least, and no zero after the third."""
        parts = list(self.parts) + [0] * (3 - len(self.parts))
        while len(parts) > 3 and parts[-1] == 0:
            parts.pop()
        object.__setattr__(self, "parts", tuple(parts))

    def __str__(self) -> str:
        return ".".join(map(str, self.parts))


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a version is enough; `needs` is the version that would be, where there is one."""

    ok: bool
    needs: str | None
    said: Sentence

    @property
    def sentence(self) -> str:
        """What is said of it, in English."""
        return str(self.said)


JIRA_9 = Version((9, 12, 14))
JIRA_10 = Version((10, 1, 0))
OAUTH_PLUGIN_9 = Version((3, 1, 14))
OAUTH_PLUGIN_10 = Version((4, 1, 0))
MOBILE_PLUGIN_9 = Version((4, 2, 0))
MOBILE_PLUGIN_10 = Version((5, 1, 2))
CONFLUENCE_9 = Version((9, 1, 0))
OAUTH_PLUGIN_CONFLUENCE = Version((4, 1, 1))
APP = Version((2, 0, 0))


def parse_version(text: str) -> Version | None:
    """Read `9.12.14`, `10.1`, `10.1.0-m03`, `4.1.0+build`; what follows `-`, `+` or a space is not compared."""
    head = text.strip().replace("+", "-").replace(" ", "-").partition("-")[0]
    numbers = head.split(".") if len(text) <= 64 else []
    if not 0 < len(numbers) <= 8 or not all(0 < len(number) <= 9 and DIGITS.issuperset(number) for number in numbers):
        return None
    return Version(tuple(int(number) for number in numbers))


def judge_jira(version: Version) -> Judgement:
    """Jira 9.12.14 or later on line 9, 10.1.0 or later above; 10.0 is not enough."""
    if version >= JIRA_10 or JIRA_9 <= version < Version((10,)):
        return _enough("jira", version=version)
    if version >= Version((10,)):
        return _too_old("jira-old", JIRA_10, version=version)
    return _too_old("jira-old-9", JIRA_9, version=version, next=JIRA_10)


def _enough(what: str, /, **values: object) -> Judgement:
    return Judgement(True, None, sentence(WORDS[what], values))


def _too_old(what: str, needed: Version, /, **values: object) -> Judgement:
    return Judgement(False, str(needed), sentence(WORDS[what], {**values, "needed": needed}))


def judge_oauth_plugin(jira: Version, plugin: Version) -> Judgement:
    """The OAuth plugin that the app's sign-in needs on this Jira."""
    return _judge_plugin("OAuth", jira, plugin, OAUTH_PLUGIN_9, OAUTH_PLUGIN_10)


def judge_mobile_plugin(jira: Version, plugin: Version) -> Judgement:
    """The mobile plugin that discovery without MDM needs on this Jira."""
    return _judge_plugin("mobile", jira, plugin, MOBILE_PLUGIN_9, MOBILE_PLUGIN_10)


def judge_confluence(version: Version) -> Judgement:
    """Confluence 9.1 or later."""
    if version >= CONFLUENCE_9:
        return _enough("confluence", version=version)
    return _too_old("confluence-old", CONFLUENCE_9, version=version)


def judge_confluence_oauth(version: Version, plugin: Version) -> Judgement:
    """The OAuth plugin that the app's sign-in needs on this Confluence: 4.1.1 or later."""
    site = judge_confluence(version)
    if not site.ok:
        return site
    if plugin >= OAUTH_PLUGIN_CONFLUENCE:
        return _enough("plugin-confluence", plugin=plugin, version=version)
    return _too_old("plugin-confluence-old", OAUTH_PLUGIN_CONFLUENCE, plugin=plugin, version=version)


def judge_app(version: Version) -> Judgement:
    """The app itself."""
    if version >= APP:
        return _enough("app", version=version)
    return _too_old("app-old", APP, version=version)


def _judge_plugin(name: str, jira: Version, plugin: Version, on_9: Version, from_10: Version) -> Judgement:
    site = judge_jira(jira)
    if not site.ok:
        return site
    needed = from_10 if jira >= JIRA_10 else on_9
    if plugin >= needed:
        return _enough("plugin", name=name, plugin=plugin, jira=jira)
    return _too_old("plugin-old", needed, name=name, plugin=plugin, jira=jira)
