"""User agents: what they say of app, system and model is read; what they do not say stays unknown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkan.protocol.devices import LONGEST, read_device

SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0"


@pytest.mark.parametrize(
    ("user_agent", "said"),
    [
        ("AtlassianMobileApp/2.0 (iPhone; iOS 26.1)", ("iPhone", "AtlassianMobileApp 2.0", "iOS 26.1", "iPhone")),
        ("JIRA/500 CFNetwork/1494 Darwin/23.4.0 AtlassianMobileApp", ("iPhone or iPad", "JIRA 500", "", "")),
        ("JiraApp/8.1.0 (iPhone15,2; iOS/18.0.1)", ("iPhone", "JiraApp 8.1.0", "iOS 18.0.1", "iPhone15,2")),
        ("JiraApp/7 (Android 16; Pixel 9 Pro) okhttp/4.12.0", ("Android", "JiraApp 7", "Android 16", "Pixel 9 Pro")),
        ("JiraApp/7 Android/15", ("Android", "JiraApp 7", "Android 15", "")),
        ("Dalvik/2.1.0 (Linux; U; Android 15; Pixel 8 Build/AP3A)", ("Android", "", "Android 15", "Pixel 8")),
        (f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36",
         ("Android", "Chrome 131.0.0.0", "Android 10", "")),
        (f"Mozilla/5.0 (Linux; U; Android 14; en-us; SM-S918B Build/UP1A; wv) {CHROME} AtlassianMobileApp",
         ("Android", "", "Android 14", "SM-S918B")),
        (f"{SAFARI} Version/18.1 Mobile/15E148 Safari/604.1", ("iPhone", "Safari 18.1", "iOS 18.1", "iPhone")),
        (f"{SAFARI} CriOS/131.0 Mobile/15E148 Safari/604.1", ("iPhone", "Chrome 131.0", "iOS 18.1", "iPhone")),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64) {CHROME} Safari/537.36 Edg/131.0",
         ("Windows", "Edge 131.0", "Windows", "")),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:133.0) Gecko/20100101 Firefox/133.0",
         ("Mac", "Firefox 133.0", "macOS", "")),
        ("genkan-app/0.1.0 AtlassianMobileApp", ("Terminal", "genkan-app 0.1.0", "", "")),
        ("okhttp/4.12.0", ("okhttp", "", "", "")),
        ("Android", ("Android", "Android", "", "")),
        ("App/1 (Android ", ("Android", "App 1", "", "")),
        ("", ("Unknown", "", "", "")),
    ],
)  # fmt: skip
def test_a_user_agent_tells_what_stands_in_it(user_agent: str, said: tuple[str, str, str, str]) -> None:
    """Name, app, system, model; empty is unknown, and a version that browsers have frozen is none."""
    device = read_device(user_agent)
    assert (device.name, device.app, device.system, device.model) == said


@given(st.text(alphabet="(); /\\._-AndroidiPhoneOS0123456789 CPUlikeXé", max_size=200))
def test_any_text_is_read(user_agent: str) -> None:
    """Whatever somebody sends, each part is short, printed on one line, and made of what was sent or a name of ours."""
    device = read_device(user_agent)
    assert all(len(part) <= LONGEST for part in (device.app, device.system, device.model))
    assert device.model in user_agent
