"""Browsers by their user agents."""

import pytest

from genkan.protocol.browsers import browser_name

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (CHROME, "Chrome"),
        (f"{CHROME} Edg/143.0.0.0", "Edge"),
        (f"{CHROME} OPR/120.0.0.0", "Opera"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 Version/26.1 Safari/604.1",
            "Safari",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 CriOS/143.0 Safari/604.1",
            "Chrome",
        ),
        ("python-httpx/0.28", ""),
        ("", ""),
    ],
)
def test_a_browser_is_known_by_its_name(user_agent: str, name: str) -> None:
    """Whoever pretends to be another one as well is called by the name that only it has."""
    assert browser_name(user_agent) == name
