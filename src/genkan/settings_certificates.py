"""What the settings of client certificates name: files are read, rules parsed, and what is wrong is said in a line."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from genkan.outside.crl_files import read_crl_file
from genkan.protocol.certificates.bundle import MOST_BUNDLE_BYTES, Bundle, BundleProblem, parse_bundle
from genkan.protocol.certificates.rules import Rule, RuleProblem, parse_rules


def read_bundle(path: str) -> Bundle | BundleProblem:
    """The CAs in this file; an empty bundle where none is named."""
    if not path:
        return Bundle()
    try:
        with Path(path).open("rb") as file:
            parsed = parse_bundle(file.read(MOST_BUNDLE_BYTES + 1))
    except (OSError, ValueError) as problem:
        return BundleProblem(_unreadable(path, problem))
    return BundleProblem(f"{path} {parsed.wrong}") if isinstance(parsed, BundleProblem) else parsed


def read_rules(texts: Sequence[str]) -> tuple[Rule, ...] | RuleProblem:
    """The rules in their order."""
    return parse_rules(tuple(texts))


def certificate_faults(client_ca: str, rules: Sequence[str], crls: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(the setting's name, what is wrong) for each that cannot be used."""
    bundle, parsed = read_bundle(client_ca), read_rules(rules)
    if isinstance(bundle, BundleProblem):
        yield "client_ca", bundle.wrong
    if isinstance(parsed, RuleProblem):
        yield "certificate_rules", parsed.wrong
    for name, given in (("certificate_rules", rules), ("certificate_crls", crls)):
        if given and not client_ca:
            yield name, "no certificate counts without GENKAN_CLIENT_CA; set it too"
    for path in crls:
        wrong = _crl_fault(path)
        if wrong:
            yield "certificate_crls", wrong


def _crl_fault(path: str) -> str:
    try:
        return "" if read_crl_file(Path(path)) is not None else f"{path} holds no CRL in PEM or DER"
    except (OSError, ValueError) as problem:
        return _unreadable(path, problem)


def _unreadable(path: str, problem: Exception) -> str:
    if isinstance(problem, FileNotFoundError):
        return f"there is no file {path}"
    reason = problem.strerror if isinstance(problem, OSError) else "that cannot be the name of a file"
    return f"{path} cannot be read: {reason}"
