"""Addresses of PostgreSQL databases that a command is given: none with a password is taken from a command line."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from genkan.cli.workbench import SET_UP, Stop, user_name
from genkan.store.places import POSTGRES, Postgres, is_secret

LONGEST_ADDRESS = 4096


def address(url: str, option: str) -> Postgres:
    """The one on the command line; ``option`` names what takes a file instead."""
    if _has_password(url):
        raise Stop(f"a password on the command line can be seen by others: use ~/.pgpass, or {option}", SET_UP)
    return _checked(url)


def address_in(path: Path) -> Postgres:
    """The one in a file, password included."""
    try:
        with path.open(encoding="utf-8") as file:
            return _checked(file.read(LONGEST_ADDRESS).strip())
    except OSError as problem:
        raise Stop(f"{path} cannot be read by the user {user_name()}: {problem.strerror}", SET_UP) from None
    except UnicodeDecodeError:
        raise Stop(f"{path} cannot be read: it should hold the address and nothing else", SET_UP) from None


def _checked(url: str) -> Postgres:
    if not url.startswith(POSTGRES):
        raise Stop("write postgresql://USER@HOST/DATABASE", SET_UP)
    return Postgres(url)


def _has_password(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.password is not None or any(map(is_secret, parse_qs(parts.query, keep_blank_values=True)))
    except ValueError:
        return True
