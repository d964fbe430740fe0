"""A finding in a managed configuration as programs read it."""

from msgspec import Struct

from genkan.wire.managed import Finding


class ManagedFindingDocument(Struct, frozen=True, kw_only=True):
    """One fault: the entry counted from 0, the JSON pointer, and error, ignored or warning. `gets` is what a phone gets
    there.
    """

    entry: int | None
    pointer: str
    severity: str
    problem: str
    fix: str
    gets: str


def finding_document(finding: Finding) -> ManagedFindingDocument:
    """The finding, its sentences in English."""
    return ManagedFindingDocument(
        entry=finding.entry,
        pointer=finding.pointer,
        severity=finding.severity,
        problem=finding.problem,
        fix=finding.fix,
        gets=str(finding.gets),
    )
