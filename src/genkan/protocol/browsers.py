"""Which browser a user agent tells of, in a word for people: they know theirs by it, and nothing else relies on it."""

# The first that is found: Edge and Opera say that they are Chrome as well, and Chrome that it is Safari.
_BROWSERS = (
    ("edg/", "Edge"), ("edgios/", "Edge"), ("edga/", "Edge"), ("opr/", "Opera"), ("vivaldi/", "Vivaldi"),
    ("samsungbrowser/", "Samsung Internet"), ("fxios/", "Firefox"), ("firefox/", "Firefox"), ("crios/", "Chrome"),
    ("chromium/", "Chromium"), ("chrome/", "Chrome"), ("safari/", "Safari"),
)  # fmt: skip


def browser_name(user_agent: str) -> str:
    """The browser's own name; empty where none is known."""
    lowered = user_agent.lower()
    return next((name for word, name in _BROWSERS if word in lowered), "")
