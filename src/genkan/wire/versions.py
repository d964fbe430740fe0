"""Owns the compatibility rules: which site, plugins and app can do OAuth 2.0; asks nobody for a version."""

from dataclasses import dataclass

from genkan.wire.uri import DIGITS


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
    sentence: str


JIRA_9 = Version((9, 12, 14))
JIRA_10 = Version((10, 1, 0))
OAUTH_PLUGIN_9 = Version((3, 1, 14))
OAUTH_PLUGIN_10 = Version((4, 1, 0))
MOBILE_PLUGIN_9 = Version((4, 2, 0))
MOBILE_PLUGIN_10 = Version((5, 1, 2))
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
        return Judgement(True, None, f"Jira {version} can sign the app in with OAuth 2.0.")
    needed = JIRA_10 if version >= Version((10,)) else JIRA_9
    rest = "" if needed is JIRA_10 else f", or to {JIRA_10} or later"
    return Judgement(
        False, str(needed), f"Jira {version} is too old for OAuth 2.0 in the app: upgrade to {needed} or later{rest}."
    )


def judge_oauth_plugin(jira: Version, plugin: Version) -> Judgement:
    """The OAuth plugin that the app's sign-in needs on this Jira."""
    return _judge_plugin("OAuth", jira, plugin, OAUTH_PLUGIN_9, OAUTH_PLUGIN_10)


def judge_mobile_plugin(jira: Version, plugin: Version) -> Judgement:
    """The mobile plugin that discovery without MDM needs on this Jira."""
    return _judge_plugin("mobile", jira, plugin, MOBILE_PLUGIN_9, MOBILE_PLUGIN_10)


def judge_app(version: Version) -> Judgement:
    """The app itself."""
    if version >= APP:
        return Judgement(True, None, f"App {version} can sign in with OAuth 2.0.")
    return Judgement(False, str(APP), f"App {version} knows no OAuth 2.0: update it to {APP} or later.")


def _judge_plugin(name: str, jira: Version, plugin: Version, on_9: Version, from_10: Version) -> Judgement:
    site = judge_jira(jira)
    if not site.ok:
        return site
    needed = from_10 if jira >= JIRA_10 else on_9
    if plugin >= needed:
        return Judgement(True, None, f"The {name} plugin {plugin} is enough for Jira {jira}.")
    return Judgement(
        False, str(needed), f"The {name} plugin {plugin} is too old for Jira {jira}: update it to {needed} or later."
    )
