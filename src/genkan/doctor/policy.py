"""Reading Content Security Policy as far as it rules where a form may end (CSP3 6.4.1). Makes none."""

from urllib.parse import urlsplit

from genkan.doctor.observed import Heard

_MOST = 2000


def policies(page: Heard) -> tuple[str, ...]:
    """Each policy of a page: a header may hold several, all of which count. Made fit to be shown."""
    written = [policy.strip() for value in page.every("content-security-policy") for policy in value.split(",")]
    return tuple("".join(c if c.isprintable() else " " for c in policy[:_MOST]) for policy in written if policy)


def allows_form_to(policy: str, url: str) -> bool:
    """Whether a form's answer may redirect to this address; form-action does not fall back to default-src."""
    sources = _form_action(policy)
    return sources is None or any(_matches(source, url) for source in sources)


def _form_action(policy: str) -> list[str] | None:
    for directive in policy.split(";"):
        words = directive.lower().split()
        if words and words[0] == "form-action":
            return words[1:]
    return None


def _matches(source: str, url: str) -> bool:
    parts = urlsplit(url)
    if source == "*":
        # CSP3 6.7.2.8: a star stands for web addresses, never for an app's scheme.
        return parts.scheme in {"http", "https"}
    scheme, colon, rest = source.partition(":")
    if colon and not rest:
        return scheme == parts.scheme
    return url.lower().startswith(source)
