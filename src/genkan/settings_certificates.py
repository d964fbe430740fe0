"""The settings of client certificates: files are read, rules parsed, and what is wrong with them is said in a line."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from genkan.outside.crl_files import read_crl_file
from genkan.protocol.certificates.bundle import MOST_BUNDLE_BYTES, Bundle, BundleProblem, parse_bundle
from genkan.protocol.certificates.rules import Rule, RuleProblem, parse_rules
from genkan.settings_tls import TLSFields


class CertificateFields(TLSFields, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an operator may set about client certificates."""

    client_ca: Annotated[
        str,
        Meta(
            description="A PEM file with the CAs whose client certificates sign people in, every certificate in it "
            "trusted by itself. Unset: no client certificate counts. Read at start."
        ),
    ] = ""
    certificate_rules: Annotated[
        tuple[str, ...],
        Meta(
            description="Which account a client certificate belongs to, rules in their order with commas between: "
            "SOURCE=name or SOURCE=email, where SOURCE is upn, email, dns or uri (alternative names) or cn, uid or "
            "subject-email (subject), as in upn@corp.example=name, email=email. Pins of accounts come before."
        ),
    ] = ()
    certificate_revocation: Annotated[
        Literal["require", "prefer", "off"],
        Meta(
            description="Whether a client certificate was revoked: require refuses it where that cannot be found out, "
            "prefer lets it pass then (and says so in the log), off asks nobody."
        ),
    ] = "prefer"
    certificate_crls: Annotated[
        tuple[str, ...],
        Meta(
            description="CRL files of your CAs, in PEM or DER, commas between; read again when they change. Where one "
            "of them is in date for a certificate, nobody else is asked."
        ),
    ] = ()


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


def certificate_faults(settings: CertificateFields) -> Iterator[tuple[str, str]]:
    """(the setting's name, what is wrong) for each that cannot be used."""
    rules, crls = settings.certificate_rules, settings.certificate_crls
    bundle, parsed = read_bundle(settings.client_ca), read_rules(rules)
    if isinstance(bundle, BundleProblem):
        yield "client_ca", bundle.wrong
    if isinstance(parsed, RuleProblem):
        yield "certificate_rules", parsed.wrong
    for name, given in (("certificate_rules", rules), ("certificate_crls", crls)):
        if given and not settings.client_ca:
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
