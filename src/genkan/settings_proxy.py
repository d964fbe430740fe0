"""What is wrong with the settings of proxies, and with the files that hold secrets shared with them."""

import ipaddress
from collections.abc import Iterator, Sequence
from pathlib import Path


def proxy_faults(trusted: Sequence[str], secret_file: str, token_file: str) -> Iterator[tuple[str, str]]:
    """What no field can say alone: the name of the setting to mend, and why."""
    for text in trusted:
        if not _is_network(text):
            yield "trusted_proxies", f"{text!r} is neither an address nor a network, as in 10.0.0.0/8"
    if trusted and not secret_file:
        yield "proxy_secret_file", "trusted proxies need it; an address alone proves nothing"
    for name, path in (("proxy_secret_file", secret_file), ("metrics_token_file", token_file)):
        wrong = _secret_file_fault(path) if path else None
        if wrong is not None:
            yield name, wrong


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _secret_file_fault(text: str) -> str | None:
    try:
        secret = Path(text).read_text("utf-8").strip()
    except FileNotFoundError:
        return f"there is no file {text}"
    except OSError as problem:
        return f"{text} cannot be read: {problem.strerror}"
    except UnicodeDecodeError:
        return f"{text} is not UTF-8 text"
    except ValueError:
        return f"{text!r} cannot be the name of a file"
    return None if len(secret) >= 16 else "the secret in it needs at least 16 characters"
