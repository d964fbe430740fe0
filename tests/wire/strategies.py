"""What hypothesis draws from: hostile text, JSON of any shape, addresses that are in good order."""

from hypothesis import strategies as st

from genkan.wire.urls import BaseURL, parse_base_url

# Every code point, half surrogate pairs included: a decoder with `surrogateescape` or a JSON escape can make them.
any_text = st.text(st.characters(exclude_categories=[]), max_size=60)

# The characters that address parsers disagree about, so that a short draw is likely to be a confusing one.
confusing_text = st.lists(
    st.sampled_from([*"/\\@:?#[]%.&=;*-_~ab1\t\n\r \0", "%2f", "%40", "%2e", "\u00e9", "\u3002", "\uff0f"]), max_size=40
).map("".join)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=12,
)

labels = st.text(st.sampled_from("abcxyz0189-"), min_size=1, max_size=12).filter(
    lambda label: label[0] not in "-01289" and label[-1] != "-"
)
hosts = st.lists(labels, min_size=1, max_size=4).map(".".join)
ports = st.none() | st.integers(1, 65535)
paths = st.lists(st.text(st.sampled_from("abz09-_~"), min_size=1, max_size=8), max_size=3).map(
    lambda segments: "".join(f"/{segment}" for segment in segments)
)


@st.composite
def base_urls(draw: st.DrawFn) -> str:
    """A base URL in good order: https, with or without port and context path."""
    port = draw(ports)
    return f"https://{draw(hosts)}{'' if port is None else f':{port}'}{draw(paths)}"


def site_addresses() -> st.SearchStrategy[str]:
    """Those at which a phone can find a site of the app's: a whole name or another machine's number, no Cloud."""
    return base_urls().filter(_is_reached)


def _is_reached(address: str) -> bool:
    base = parse_base_url(address)
    assert isinstance(base, BaseURL)
    return base.port != 443 and not base.is_loopback and ("." in base.host or ":" in base.host)


verifiers = st.text(st.sampled_from("abcdefXYZ0123456789-._~"), min_size=43, max_size=128)
