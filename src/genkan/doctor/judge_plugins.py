"""Rules for the plugins that the compatibility rules name: by an administrator's word, else by behaviour."""

from genkan.doctor.judge_site import is_confluence, is_genkan, judged, version
from genkan.doctor.observed import Heard, Q, Seen
from genkan.doctor.saying import say
from genkan.doctor.table import Condition, Row, Rule, Values, Words, always, ok, status, unknown, wrong
from genkan.wire.jsontext import text
from genkan.wire.sentences import Sentence
from genkan.wire.versions import (
    MOBILE_PLUGIN_9,
    MOBILE_PLUGIN_10,
    OAUTH_PLUGIN_9,
    OAUTH_PLUGIN_10,
    OAUTH_PLUGIN_CONFLUENCE,
    Judgement,
    Version,
    judge_confluence_oauth,
    judge_mobile_plugin,
    judge_oauth_plugin,
    parse_version,
)

# Keys under which the plugin manager knows them; no page of the vendor's promises them, so the list is searched too.
OAUTH_KEY = "com.atlassian.oauth2.oauth2-provider-plugin"
MOBILE_KEY = "com.atlassian.jira.mobile.jira-mobile-rest"
_KEYS = {"oauth": OAUTH_KEY, "mobile": MOBILE_KEY}
_QUESTIONS = {"oauth": Q.OAUTH_PLUGIN, "mobile": Q.MOBILE_PLUGIN}
_WORDS = {"oauth": ("oauth2", "provider"), "mobile": ("mobile",)}


def plugin_version(seen: Seen, which: str) -> Version | None:
    """The version that the plugin manager tells: of the plugin by its key, else out of the list of all."""
    one = seen.heard(_QUESTIONS[which])
    members = one.json if one is not None and one.status == 200 else None
    told = text((members or {}).get("version"))
    return parse_version(told) if told else _listed(seen.heard(Q.PLUGINS), which)


def _is_off(seen: Seen, which: str) -> bool:
    """Whether the plugin manager says that it is there and not switched on."""
    one = seen.heard(_QUESTIONS[which])
    members = one.json if one is not None and one.status == 200 else None
    return members is not None and members.get("enabled") is False and plugin_version(seen, which) is not None


def _listed(answer: Heard | None, which: str) -> Version | None:
    members = answer.json if answer is not None and answer.status == 200 else None
    plugins = (members or {}).get("plugins")
    for plugin in plugins if isinstance(plugins, list) else []:
        key = text(plugin.get("key")) if isinstance(plugin, dict) else None
        if key is not None and (key == _KEYS[which] or _is_meant(key, which)):
            return parse_version(text(plugin.get("version")) or "")
    return None


def _is_meant(key: str, which: str) -> bool:
    return key.startswith("com.atlassian.") and all(word in key for word in _WORDS[which])


def _refused(seen: Seen, which: str) -> Sentence | None:
    answer = seen.heard(_QUESTIONS[which])
    if answer is None:
        return None
    if answer.status in {401, 403}:
        return say("%(status)s: the token is not that of a system administrator, or has expired", status=answer.status)
    return say("%(status)s: the plugin manager does not tell it", status=answer.status)


def _site(seen: Seen) -> Version:
    return version(seen) or Version(())


def _asked(name: str) -> Words:
    def asked(seen: Seen) -> Sentence:
        """The version of the plugin, with the administrator's token where there is one."""
        if seen.target.has_token and not seen.token_kept:
            return say("the version of the %(name)s plugin (with the administrator's token)", name=name)
        return say("the version of the %(name)s plugin", name=name)

    return asked


def _needed(seen: Seen, which: str) -> Version:
    if which == "oauth" and is_confluence(seen):
        return OAUTH_PLUGIN_CONFLUENCE
    on_9, from_10 = _BOUNDS[which]
    found = version(seen)
    return from_10 if found is None or found >= Version((10,)) else on_9


_BOUNDS = {"oauth": (OAUTH_PLUGIN_9, OAUTH_PLUGIN_10), "mobile": (MOBILE_PLUGIN_9, MOBILE_PLUGIN_10)}


def _ruled(seen: Seen, which: str) -> Judgement:
    found = plugin_version(seen, which) or Version(())
    if which == "mobile":
        return judge_mobile_plugin(_site(seen), found)
    judge = judge_confluence_oauth if is_confluence(seen) else judge_oauth_plugin
    return judge(_site(seen), found)


def _by_version(which: str) -> tuple[Row, ...]:
    """The rows for what the plugin manager tells."""

    def said(seen: Seen) -> Sentence:
        """What the compatibility rule says of the version."""
        return _ruled(seen, which).said

    return (
        unknown(lambda seen: version(seen) is None, say("not told: the site's serverInfo could not be read")),
        ok(is_genkan, say("not needed: Genkan is no Jira, and does this itself")),
        unknown(
            lambda seen: not judged(seen, _site(seen)).ok,
            say("it does not matter before the site itself is new enough (%(needs)s)"),
        ),
        wrong(
            lambda seen: _is_off(seen, which),
            say("version %(found)s, switched off"),
            say("Switch the %(which)s plugin on under Manage apps."),
        ),
        ok(lambda seen: plugin_version(seen, which) is not None and _ruled(seen, which).ok, said),
        wrong(lambda seen: plugin_version(seen, which) is not None, say("version %(found)s"), said),
    )


def _untold(which: str) -> Row:
    """The row for where nobody tells a version."""

    def untold(seen: Seen) -> Sentence:
        """Only an administrator is told, or why the token did not help."""
        return _refused(seen, which) or seen.token_kept or say("only an administrator is told")

    where = say(
        "Look under Manage apps (filter “All apps”) whether it is %(needed)s or later, or name a file with a "
        "system administrator's token with --admin-token-file."
    )
    return unknown(always, untold, where)


def _values(which: str) -> Values:
    return {
        "needed": lambda seen: _needed(seen, which),
        "needs": lambda seen: judged(seen, _site(seen)).needs,
        "found": lambda seen: plugin_version(seen, which),
        "which": lambda _: which,
        "mobile_plugin_9": lambda _: MOBILE_PLUGIN_9,
        "mobile_plugin_10": lambda _: MOBILE_PLUGIN_10,
    }


def _why_oauth(seen: Seen) -> Sentence:
    """The app's link without a secret needs an OAuth plugin that is new enough for the site."""
    if is_confluence(seen):
        return say(
            "The app's link without a secret needs OAuth plugin %(needed)s on Confluence.",
            needed=OAUTH_PLUGIN_CONFLUENCE,
        )
    return say(
        "The app's link without a secret needs OAuth plugin %(oauth_plugin_9)s on Jira 9, %(oauth_plugin_10)s above.",
        oauth_plugin_9=OAUTH_PLUGIN_9,
        oauth_plugin_10=OAUTH_PLUGIN_10,
    )


# Behaviour proves that it is there, never its version.
OAUTH_PLUGIN = Rule(
    "oauth-plugin", _asked("OAuth"), _why_oauth, (*_by_version("oauth"), _untold("oauth")), _values("oauth")
)


def _is_proved(seen: Seen) -> bool:
    """A client id in info/login comes from new versions only."""
    return bool(seen.info and seen.info.enabled and seen.info.client_id)


def _by_mdm(seen: Seen) -> bool:
    return seen.target.client_id is not None


def _is_jira(seen: Seen) -> bool:
    return version(seen) is not None and not is_genkan(seen) and not is_confluence(seen)


def _lacks_new(seen: Seen) -> bool:
    """There is no info/login 1.1; an older Jira explains that already."""
    asked_old = seen.heard(Q.INFO_LOGIN_OLD) is not None
    return _is_jira(seen) and status(seen, Q.INFO_LOGIN) == 404 and asked_old and judged(seen, _site(seen)).ok


def _has_old(seen: Seen) -> bool:
    old = seen.heard(Q.INFO_LOGIN_OLD)
    return old is not None and old.status == 200 and old.json is not None


def _on_confluence(condition: Condition) -> Condition:
    """Which version of it a Confluence needs is published nowhere: what it does is what counts."""
    return lambda seen: is_confluence(seen) and condition(seen)


MOBILE_PLUGIN = Rule(
    "mobile-plugin",
    _asked("mobile"),
    say(
        "Without MDM the app learns its client id from the mobile plugin: %(mobile_plugin_9)s on Jira 9, "
        "%(mobile_plugin_10)s above."
    ),
    (
        ok(_on_confluence(_is_proved), say("there: info/login gives the client id")),
        ok(_on_confluence(_by_mdm), say("not needed: the client id comes by MDM")),
        unknown(is_confluence, say("not told: which version Confluence needs is published nowhere")),
        ok(
            lambda seen: _is_jira(seen) and _by_mdm(seen) and not _is_proved(seen),
            say("not needed: the client id comes by MDM"),
        ),
        wrong(
            lambda seen: _lacks_new(seen) and _has_old(seen),
            say("there, and too old: it knows only info/login 1.0"),
            say("Update the mobile plugin to %(needed)s or later (Manage apps), or use the MDM set-up."),
        ),
        wrong(
            _lacks_new,
            say("not there, or kept from callers: 404 for info/login in both versions"),
            say(
                "Install or switch on the mobile plugin, %(needed)s or later (Manage apps), and see that the proxy "
                "passes /rest/nativemobile on; or use the MDM set-up."
            ),
        ),
        *_by_version("mobile"),
        ok(_is_proved, say("at least %(needed)s: info/login gives the client id")),
        _untold("mobile"),
    ),
    _values("mobile"),
)
