"""Where commands get passwords from: a pipe or a terminal, never the command line, which other users can see."""

import getpass
import sys
from typing import Annotated

from cyclopts import Parameter

from genkan.cli.workbench import SET_UP, Stop
from genkan.ops.refusals import OPTIONS, sentence
from genkan.outside.passwords import hash_now
from genkan.protocol.accounts import password_fault

PasswordStdin = Annotated[
    bool, Parameter(name="--password-stdin", negative="", help="Read the password from standard input.")
]
# More than any password may have; what is sent beyond it is not read.
_MOST_BYTES = 64 * 1024


def new_password_hash(*, from_stdin: bool) -> str:
    """The hash of a password that is good enough to be set, or Stop."""
    password = _piped() if from_stdin else _typed()
    fault = password_fault(password)
    if fault is not None:
        raise Stop(sentence(fault, OPTIONS), SET_UP)
    return hash_now(password)


def _piped() -> str:
    """One final newline is dropped, so that both printf and echo work."""
    try:
        return sys.stdin.buffer.read(_MOST_BYTES).decode().removesuffix("\n")
    except UnicodeDecodeError:
        raise Stop("the password on standard input is not UTF-8", SET_UP) from None


def _typed() -> str:
    if not sys.stdin.isatty():
        raise Stop("no terminal to ask for the password at; use --password-stdin", SET_UP)
    try:
        password, again = getpass.getpass("New password: "), getpass.getpass("Once more: ")
    except EOFError:
        raise Stop("no password was typed", SET_UP) from None
    if again != password:
        raise Stop("the two passwords differ", SET_UP)
    return password
