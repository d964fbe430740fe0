"""What ``genkan user certificate explain`` says: a document for programs, lines for people. Decides nothing."""

from collections.abc import Iterator, Mapping

from genkan.protocol.certificates.faults import CertificateFault
from genkan.protocol.certificates.naming import Leaf, read_leaf
from genkan.protocol.certificates.presented import Presented
from genkan.protocol.certificates.reading import read_certificate
from genkan.protocol.signin.certificate import CertificateFacts, account_of
from genkan.site.api.documents import moment


def explained_document(presented: Presented, facts: CertificateFacts | CertificateFault) -> dict[str, object]:
    """Whom it signs in and by what, or the fault with what its holder is told; ``doubt`` is why nobody knows whether
    it was revoked.
    """
    whose = facts if isinstance(facts, CertificateFault) else account_of(facts)
    is_fault = isinstance(whose, CertificateFault)
    return {
        "signsIn": None if isinstance(whose, CertificateFault) else whose.account.name,
        "by": None if isinstance(whose, CertificateFault) else whose.by,
        "fault": whose.fault.value if isinstance(whose, CertificateFault) else None,
        "detail": whose.detail if isinstance(whose, CertificateFault) else None,
        "toldToHolder": str(whose.public) if isinstance(whose, CertificateFault) else None,
        "verified": not isinstance(facts, CertificateFault),
        "doubt": "" if isinstance(facts, CertificateFault) or is_fault else facts.accepted.doubt,
        "certificate": _certificate(presented),
    }


def _certificate(presented: Presented) -> dict[str, object] | None:
    certificate = read_certificate(presented.leaf)
    return None if isinstance(certificate, CertificateFault) else _leaf(read_leaf(certificate))


def _leaf(leaf: Leaf) -> dict[str, object]:
    return {
        "subject": leaf.subject,
        "issuer": leaf.issuer,
        "serial": f"{leaf.serial:x}",
        "validFrom": moment(leaf.not_before),
        "validUntil": moment(leaf.not_after),
        "fingerprint": leaf.fingerprint.hex(),
        "spki": leaf.spki.hex(),
        "names": [{"kind": n.kind.value, "name": n.text, "fault": n.fault} for n in leaf.names],
    }


def explained_lines(document: Mapping[str, object], *, is_open: bool) -> Iterator[str]:
    """The same in words, each in a line of its own."""
    certificate = document["certificate"]
    if isinstance(certificate, dict):
        yield f"certificate of {certificate['subject'] or 'an empty subject'}, issued by {certificate['issuer']}"
        yield f"valid from {certificate['validFrom']} until {certificate['validUntil']}"
        for name in certificate["names"]:
            yield f"{name['kind']}: {name['name'] or name['fault']}"
    if not is_open:
        yield "this site accepts no client certificates: name their CAs with GENKAN_CLIENT_CA"
    yield "its way to a CA of the bundle holds" if document["verified"] else "it is not accepted"
    if document["doubt"]:
        yield f"whether it was revoked is not known, which this site lets pass: {document['doubt']}"
    if document["signsIn"]:
        yield f"it signs in {document['signsIn']}, by {document['by']}"
    else:
        yield f"it signs nobody in: {document['fault']}, {document['detail']}"
        yield f"its holder reads: {document['toldToHolder']}"
