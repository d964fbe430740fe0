"""The secrets that a configuration names: read from files and variables, each fault with its place. Keeps none."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import UNSET, UnsetType

from genkan.ops.configuration import Configuration, ConfigurationProblem, place
from genkan.ops.refusals import KEYS, sentence
from genkan.protocol.accounts import password_fault


@dataclass(frozen=True, slots=True)
class NamedSecrets:
    """By the number of the entry: passwords of users, secrets of links."""

    passwords: Mapping[int, str] = field(repr=False)
    link_secrets: Mapping[int, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Reference:
    where: str
    number: int
    key: str
    file: str | UnsetType
    variable: str | UnsetType


class _Unreadable(Exception):
    """One sentence that begins with the place."""


def read_secrets(
    configuration: Configuration, folder: Path, environment: Mapping[str, str]
) -> NamedSecrets | ConfigurationProblem:
    """Everything that the file names. Relative paths begin at ``folder``, where the file lies."""
    try:
        passwords = {r.number: _read(r, folder, environment) for r in _passwords(configuration)}
        secrets = {r.number: _read(r, folder, environment) for r in _link_secrets(configuration)}
        for reference in _passwords(configuration):
            _check_password(reference, passwords[reference.number])
    except _Unreadable as fault:
        return ConfigurationProblem(str(fault))
    return NamedSecrets(passwords, secrets)


def _passwords(configuration: Configuration) -> Iterator[_Reference]:
    for number, entry in enumerate(configuration.user):
        if entry.password_file is not UNSET or entry.password_env is not UNSET:
            where = place("user", number, entry.name)
            yield _Reference(where, number, "password", entry.password_file, entry.password_env)


def _link_secrets(configuration: Configuration) -> Iterator[_Reference]:
    for number, entry in enumerate(configuration.link):
        if entry.secret_file is not UNSET or entry.secret_env is not UNSET:
            where = place("link", number, entry.name)
            yield _Reference(where, number, "secret", entry.secret_file, entry.secret_env)


def _read(reference: _Reference, folder: Path, environment: Mapping[str, str]) -> str:
    where, key = reference.where, reference.key
    if isinstance(reference.file, str) and isinstance(reference.variable, str):
        raise _Unreadable(f"{where}: give {key}_file or {key}_env, not both")
    if isinstance(reference.variable, str):
        if not environment.get(reference.variable):
            raise _Unreadable(f"{where}: {key}_env: the variable {reference.variable} is not set")
        return environment[reference.variable]
    try:
        return (folder / str(reference.file)).read_text("utf-8").removesuffix("\n")
    except OSError as fault:
        raise _Unreadable(f"{where}: {key}_file: {reference.file} cannot be read: {fault.strerror}") from None
    except UnicodeDecodeError:
        raise _Unreadable(f"{where}: {key}_file: {reference.file} is not UTF-8") from None


def _check_password(reference: _Reference, password: str) -> None:
    fault = password_fault(password)
    if fault is not None:
        raise _Unreadable(f"{reference.where}: {sentence(fault, KEYS)}")
