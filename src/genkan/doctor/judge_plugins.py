"""Judgements of the plugins that the compatibility rules name: by an administrator's word, else by behaviour."""

from collections.abc import Callable

from genkan.doctor.judge_site import is_confluence, is_genkan, judged, version
from genkan.doctor.observed import Heard, Q, Seen
from genkan.doctor.saying import say
from genkan.doctor.telling import Told
from genkan.doctor.verdicts import Probe
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


def oauth_plugin(seen: Seen) -> Probe:
    """The rule for the OAuth plugin; behaviour proves that it is there, never its version."""
    told = Told(
        "oauth-plugin",
        _asked(seen, "OAuth"),
        say(
            "The app's link without a secret needs OAuth plugin %(needed)s on Confluence.",
            needed=OAUTH_PLUGIN_CONFLUENCE,
        )
        if is_confluence(seen)
        else say(
            "The app's link without a secret needs OAuth plugin %(oauth_plugin_9)s on Jira 9, "
            "%(oauth_plugin_10)s above.",
            oauth_plugin_9=OAUTH_PLUGIN_9,
            oauth_plugin_10=OAUTH_PLUGIN_10,
        ),
    )
    if is_confluence(seen):
        return _plugin(told, seen, "oauth", judge_confluence_oauth, OAUTH_PLUGIN_CONFLUENCE, None)
    return _plugin(told, seen, "oauth", judge_oauth_plugin, _needed(seen, OAUTH_PLUGIN_9, OAUTH_PLUGIN_10), None)


def mobile_plugin(seen: Seen) -> Probe:
    """The rule for the mobile plugin; a client id in info/login proves that it is new enough."""
    told = Told(
        "mobile-plugin",
        _asked(seen, "mobile"),
        say(
            "Without MDM the app learns its client id from the mobile plugin: %(mobile_plugin_9)s on Jira 9, "
            "%(mobile_plugin_10)s above.",
            mobile_plugin_9=MOBILE_PLUGIN_9,
            mobile_plugin_10=MOBILE_PLUGIN_10,
        ),
    )
    needed = _needed(seen, MOBILE_PLUGIN_9, MOBILE_PLUGIN_10)
    info = seen.info
    is_proved = bool(info and info.enabled and info.client_id)
    proof = say("at least %(needed)s: info/login gives the client id", needed=needed) if is_proved else None
    if is_confluence(seen):
        return _of_confluence(told, seen, is_proved=is_proved)
    if version(seen) is not None and not is_genkan(seen):
        if seen.target.client_id is not None and not is_proved:
            return told.ok(say("not needed: the client id comes by MDM"))
        if missing := _missing(told, seen, needed):
            return missing
    return _plugin(told, seen, "mobile", judge_mobile_plugin, needed, proof)


def _of_confluence(told: Told, seen: Seen, *, is_proved: bool) -> Probe:
    """Which version of it a Confluence needs is published nowhere: what it does is what counts."""
    if is_proved:
        return told.ok(say("there: info/login gives the client id"))
    if seen.target.client_id is not None:
        return told.ok(say("not needed: the client id comes by MDM"))
    return told.unknown(say("not told: which version Confluence needs is published nowhere"))


def _missing(told: Told, seen: Seen, needed: Version) -> Probe | None:
    """What the absence of info/login 1.1 proves; an older Jira explains it already."""
    old, new, site = seen.heard(Q.INFO_LOGIN_OLD), seen.heard(Q.INFO_LOGIN), version(seen)
    if new is None or new.status != 404 or old is None or site is None or not judged(seen, site).ok:
        return None
    if old.status == 200 and old.json is not None:
        fix = say(
            "Update the mobile plugin to %(needed)s or later (Manage apps), or use the MDM set-up.", needed=needed
        )
        return told.wrong(say("there, and too old: it knows only info/login 1.0"), fix)
    fix = say(
        "Install or switch on the mobile plugin, %(needed)s or later (Manage apps), and see that the proxy "
        "passes /rest/nativemobile on; or use the MDM set-up.",
        needed=needed,
    )
    return told.wrong(say("not there, or kept from callers: 404 for info/login in both versions"), fix)


def _asked(seen: Seen, name: str) -> Sentence:
    if seen.target.has_token and not seen.token_kept:
        return say("the version of the %(name)s plugin (with the administrator's token)", name=name)
    return say("the version of the %(name)s plugin", name=name)


def _needed(seen: Seen, on_9: Version, from_10: Version) -> Version:
    found = version(seen)
    return from_10 if found is None or found >= Version((10,)) else on_9


def _plugin(
    told: Told,
    seen: Seen,
    which: str,
    judge: Callable[[Version, Version], Judgement],
    needed: Version,
    proof: Sentence | None,
) -> Probe:
    site = version(seen)
    if site is None:
        return told.unknown(say("not told: the site's serverInfo could not be read"))
    if is_genkan(seen):
        return told.ok(say("not needed: Genkan is no Jira, and does this itself"))
    if not judged(seen, site).ok:
        needs = judged(seen, site).needs
        return told.unknown(say("it does not matter before the site itself is new enough (%(needs)s)", needs=needs))
    found = plugin_version(seen, which)
    if _is_off(seen, which):
        return told.wrong(
            say("version %(found)s, switched off", found=found),
            say("Switch the %(which)s plugin on under Manage apps.", which=which),
        )
    if found is not None:
        ruled = judge(site, found)
        return told.ok(ruled.said) if ruled.ok else told.wrong(say("version %(found)s", found=found), ruled.said)
    if proof is not None:
        return told.ok(proof)
    refused = _refused(seen, which)
    where = say(
        "Look under Manage apps (filter “All apps”) whether it is %(needed)s or later, or name a file with a "
        "system administrator's token with --admin-token-file.",
        needed=needed,
    )
    return told.unknown(refused or seen.token_kept or say("only an administrator is told"), where)


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
