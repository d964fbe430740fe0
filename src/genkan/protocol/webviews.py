"""Embedded web views by their user agents: browsers inside other apps, in which passkeys and certificates do not work.

A browser that an app opens in front of itself (ASWebAuthenticationSession, SFSafariViewController, Custom Tabs) is the
phone's own and says the same as the phone's own.
"""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit


class System(StrEnum):
    """What the way to the phone's own browser depends on."""

    ANDROID = "android"
    APPLE = "apple"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class WebView:
    """A page is shown inside an app; ``app`` is what people call it, empty where it does not say."""

    app: str
    system: System


# What apps write into the user agent of their web views. Each stands in front of a slash, a space or a bracket, which
# no browser has in its own.
_APPS = (
    ("fban/", "Facebook"), ("fbav/", "Facebook"), ("fb_iab", "Facebook"), ("[fb", "Facebook"),
    ("instagram ", "Instagram"), ("line/", "LINE"), (" gsa/", "Google"), ("micromessenger/", "WeChat"),
    ("kakaotalk", "KakaoTalk"), ("naver(inapp", "Naver"), ("yjapp-", "Yahoo! JAPAN"), ("snapchat", "Snapchat"),
    ("bytedancewebview", "TikTok"), ("musical_ly", "TikTok"), ("tiktok", "TikTok"), ("twitter for", "X"),
    ("twitterandroid", "X"), ("linkedinapp", "LinkedIn"), ("pinterest/", "Pinterest"), ("teams/", "Microsoft Teams"),
    ("teamsmobile", "Microsoft Teams"), ("slack_ssb", "Slack"), ("slack/", "Slack"), ("discord/", "Discord"),
    ("gmail", "Gmail"), ("outlook-ios", "Outlook"), ("outlook-android", "Outlook"), ("electron/", ""),
)  # fmt: skip
_APPLE = ("(iphone;", "(ipad;", "(ipod", "(macintosh;")
LONGEST = 500


def embedded(user_agent: str) -> WebView | None:
    """The web view that a user agent tells of, None for a browser and for what is not known."""
    lowered = f" {user_agent[:LONGEST].lower()}"
    app = next((name for word, name in _APPS if word in lowered), None)
    system = _system(lowered)
    if app is not None and lowered.startswith(" mozilla/"):
        return WebView(app, system)
    bare = _is_android_view(lowered) if system is System.ANDROID else _is_apple_view(lowered, system)
    return WebView("", system) if bare else None


def _system(lowered: str) -> System:
    if "android" in lowered:
        return System.ANDROID
    return System.APPLE if any(word in lowered for word in _APPLE) else System.OTHER


def _is_android_view(lowered: str) -> bool:
    """The web view says ``; wv)``; before Android 5 it was a Chrome that called itself version 4.0."""
    return "; wv)" in lowered or ("version/4.0 chrome/" in lowered and "samsungbrowser/" not in lowered)


def _is_apple_view(lowered: str, system: System) -> bool:
    """Every browser there ends with Safari; WKWebView by itself does not."""
    webkit = system is System.APPLE and "applewebkit/" in lowered
    return webkit and "safari/" not in lowered and "chrome/" not in lowered


def intent_of(address: str) -> str:
    """An https or http address as Android opens it in the browser that the person chose, out of the web view."""
    parts = urlsplit(address)
    rest = f"{parts.netloc}{parts.path}" + (f"?{parts.query}" if parts.query else "")
    return f"intent://{rest}#Intent;scheme={parts.scheme};action=android.intent.action.VIEW;end"
