"""Embedded web views: a corpus of user agents, and the way out on Android."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.protocol.webviews import LONGEST, System, WebView, embedded, intent_of

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
ANDROID = "Mozilla/5.0 (Linux; Android 15; Pixel 9 Build/AP4A.250205.002"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko)"
# (user agent, app, system)
INSIDE = [
    (f"{IPHONE} Mobile/15E148", "", System.APPLE),
    ("Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148", "",
     System.APPLE),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)", "", System.APPLE),
    (f"{IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/541.0.0.33.73;FBDV/iPhone15,2;FBSV/18.7]", "Facebook", System.APPLE),
    (f"{IPHONE} Mobile/15E148 Instagram 410.0.0.29.70 (iPhone15,2; iOS 18_7; en_US)", "Instagram", System.APPLE),
    (f"{IPHONE} Mobile/15E148 Safari Line/15.18.0", "LINE", System.APPLE),
    (f"{IPHONE} GSA/390.0.815 Mobile/15E148 Safari/604.1", "Google", System.APPLE),
    (f"{IPHONE} Mobile/15E148 MicroMessenger/8.0.60(0x18003c2a) NetType/WIFI Language/en", "WeChat", System.APPLE),
    (f"{IPHONE} Mobile/15E148 TeamsMobile-iOS", "Microsoft Teams", System.APPLE),
    (f"{IPHONE} Mobile/15E148 YJApp-IOS jp.co.yahoo.ipn.appli/4.120.0", "Yahoo! JAPAN", System.APPLE),
    (f"{IPHONE} Mobile/15E148 BytedanceWebview/d8a21c6", "TikTok", System.APPLE),
    (f"{IPHONE} Version/18.7 Mobile/15E148 Safari/604.1 [LinkedInApp]/9.31", "LinkedIn", System.APPLE),
    (f"{ANDROID}; wv) {CHROME} Version/4.0 Chrome/142.0.7444.0 Mobile Safari/537.36", "", System.ANDROID),
    ((f"{ANDROID}; wv) {CHROME} Version/4.0 Chrome/142.0.7444.0 Mobile Safari/537.36 "
     "[FB_IAB/FB4A;FBAV/541.0.0.33.73;]"), "Facebook", System.ANDROID),
    (f"{ANDROID}; wv) {CHROME} Version/4.0 Chrome/142.0.7444.0 Mobile Safari/537.36 Line/15.18.0/IAB", "LINE",
     System.ANDROID),
    (f"{ANDROID}; wv) {CHROME} Version/4.0 Chrome/142.0.7444.0 Mobile Safari/537.36 Instagram 410.0.0.29.70 Android",
     "Instagram", System.ANDROID),
    (f"{ANDROID}; wv) {CHROME} Version/4.0 Chrome/142.0.7444.0 Mobile Safari/537.36 TeamsMobile-Android",
     "Microsoft Teams", System.ANDROID),
    (("Mozilla/5.0 (Linux; Android 4.4.4; SM-G900F Build/KTU84P) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
     "Chrome/33.0.0.0 Mobile Safari/537.36"), "", System.ANDROID),
    (("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Slack/4.46.101 "
     "Chrome/142.0.0.0 Electron/39.0.0 Safari/537.36"), "Slack", System.OTHER),
    (("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Electron/39.0.0 "
     "Safari/537.36"), "", System.OTHER),
]  # fmt: skip
# Browsers, and what apps open in front of themselves: it says what the browser says.
BROWSERS = [
    f"{IPHONE} Version/18.7 Mobile/15E148 Safari/604.1",  # Safari, ASWebAuthenticationSession, SFSafariViewController
    f"{IPHONE} CriOS/142.0.7444.77 Mobile/15E148 Safari/604.1",
    f"{IPHONE} FxiOS/145.0 Mobile/15E148 Safari/605.1.15",
    f"{IPHONE} Version/18.0 EdgiOS/142.0.3595.53 Mobile/15E148 Safari/605.1.15",
    f"{IPHONE} OPT/6.4.0 Mobile/15E148 Safari/604.1",
    f"{IPHONE} Version/18.7 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15",
    f"{IPHONE} Version/18.7 Mobile/15E148 YaBrowser/25.10 Safari/604.1",
    (
        "Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 "
        "Mobile/15E148 Safari/604.1"
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 "
        "Safari/605.1.15"
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
        "Safari/537.36"
    ),
    f"{ANDROID}) {CHROME} Chrome/142.0.7444.0 Mobile Safari/537.36",  # Chrome and Custom Tabs
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
    (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
        "SamsungBrowser/29.0 Chrome/136.0.0.0 "
        "Mobile Safari/537.36"
    ),
    (
        "Mozilla/5.0 (Linux; Android 5.1; SM-J500) AppleWebKit/537.36 (KHTML, like Gecko) "
        "SamsungBrowser/3.3 Version/4.0 "
        "Chrome/38.0.2125.102 Mobile Safari/537.36"
    ),
    "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0",
    (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/142.0.0.0 Mobile Safari/537.36 "
        "EdgA/142.0.0.0"
    ),
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15",
    "python-httpx2/2.1.0",
    "curl/8.14.1",
    "AtlassianMobileApp/112.0",
    "",
]


@pytest.mark.parametrize(("user_agent", "app", "system"), INSIDE)
def test_a_page_inside_an_app_is_noticed(user_agent: str, app: str, system: System) -> None:
    """By what WebKit and Chromium leave out or add, or by the app's own mark."""
    assert embedded(user_agent) == WebView(app, system)


@pytest.mark.parametrize("user_agent", BROWSERS)
def test_a_browser_is_a_browser(user_agent: str) -> None:
    """Also the phone's own in front of an app: ASWebAuthenticationSession, SFSafariViewController, Custom Tabs."""
    assert embedded(user_agent) is None


@given(st.text(max_size=2 * LONGEST))
def test_any_user_agent_is_judged(text: str) -> None:
    """Whatever a client says, it is a web view or it is not."""
    found = embedded(text)
    assert found is None or found.system in System


@pytest.mark.parametrize(
    ("address", "intent"),
    [
        (
            "https://site.example/login",
            "intent://site.example/login#Intent;scheme=https;action=android.intent.action.VIEW;end",
        ),
        (
            "http://localhost:8080/desk/login?next=%2Fdesk%2Faccount",
            (
                "intent://localhost:8080/desk/login?next=%2Fdesk%2Faccount"
                "#Intent;scheme=http;action=android.intent.action.VIEW;end"
            ),
        ),
    ],
)
def test_an_intent_names_the_same_address(address: str, intent: str) -> None:
    """Host, port, path and query stay as they are; the scheme goes behind."""
    assert intent_of(address) == intent
