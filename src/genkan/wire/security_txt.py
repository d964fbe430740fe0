"""Owns the document of RFC 9116 that says whom to tell of a hole in a site."""

from datetime import datetime

_SCHEMES = ("mailto:", "https:", "tel:")


def is_contact(address: str) -> bool:
    """RFC 9116 2.5.3: a URI; a line of its own, so nothing in it ends the line."""
    return address.startswith(_SCHEMES) and address.isascii() and address.isprintable() and " " not in address


def render(contact: str, until: datetime, canonical: str) -> str:
    """The document; ``until`` in UTC (RFC 9116 2.5.5), ``canonical`` its own address (2.5.2)."""
    return f"Contact: {contact}\nExpires: {until:%Y-%m-%dT%H:%M:%SZ}\nCanonical: {canonical}\n"
