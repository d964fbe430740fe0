"""genkan user certificate: tying, listing, untying, and explaining whom a certificate would sign in and why not."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from genkan.protocol.certificate_records import KeepCertificate, KnownCertificate
from genkan.protocol.certificates.naming import read_leaf
from genkan.protocol.outcomes import Change
from tests.cli.shell import Shell
from tests.protocol.certificates.making import SERVER, Made, authority, crl, person, upn

# The command reads the real clock, so these are good whenever the test runs.
LONG: Any = {"begins": datetime(2000, 1, 1, tzinfo=UTC), "ends": datetime(2149, 1, 1, tzinfo=UTC)}
ROOT = authority(**LONG)
ISSUING = authority("Issuing", ROOT, **LONG)
ALICE = person(ROOT, upn("alice@corp.example"), **LONG)


def written(name: str, made: Made) -> str:
    Path(name).write_bytes(made.pem)
    return name


@pytest.fixture
def site(shell: Shell) -> Shell:
    """A site with alice, that accepts certificates of a CA."""
    shell.add_user("alice")
    shell.patch.setenv("GENKAN_CLIENT_CA", written("ca.pem", ROOT))
    written("alice.pem", ALICE)
    return shell


def test_a_certificate_is_tied_listed_and_untied(site: Shell) -> None:
    """By its key unless said otherwise; a second account cannot have it."""
    made = site.good("user", "certificate", "add", "alice", "alice.pem", "--json").json
    assert (made["by"], made["value"]) == ("spki", read_leaf(ALICE.certificate).spki.hex())
    said = site.good("user", "certificate", "add", "ALICE", "alice.pem", "--by", "serial").out
    assert said.startswith("tied to alice: CN=alice, serial number ")
    listed = site.good("user", "certificate", "list", "alice", "--json").json
    assert [pin["by"] for pin in listed] == ["spki", "serial"]
    assert made["id"] in site.good("user", "certificate", "list", "alice").out
    site.add_user("bob")
    taken = site("user", "certificate", "add", "bob", "alice.pem")
    assert (taken.status, "tied to an account already" in taken.err) == (1, True)
    assert site.good("user", "certificate", "remove", "alice", made["id"]).out.startswith("no longer tied to alice")
    again = site("user", "certificate", "remove", "alice", made["id"])
    assert (again.status, "user certificate list alice" in again.err) == (1, True)


def test_a_certificate_that_signs_somebody_else_in_is_not_tied(site: Shell) -> None:
    """By a pin of another kind it is theirs: refused with the sentence that the console says."""
    site.good("user", "certificate", "add", "alice", "alice.pem")
    site.add_user("bob")
    taken = site("user", "certificate", "add", "bob", "alice.pem", "--by", "subject")
    assert (taken.status, "signs somebody else in" in taken.err) == (1, True)
    assert site.good("user", "certificate", "list", "bob", "--json").json == []


def test_files_that_will_not_do_are_named_in_one_line(site: Shell) -> None:
    """Missing, a folder, rubbish, a private key: exit status 2 and what to do."""
    Path("rubbish.pem").write_bytes(b"rubbish")
    Path("both.pem").write_bytes(ALICE.pem + b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    for file, words in (
        ("none.pem", "there is no file none.pem"),
        (".", "is a folder"),
        ("rubbish.pem", "cannot be read"),
        ("both.pem", "private key"),
    ):
        ended = site("user", "certificate", "add", "alice", file)
        assert (ended.status, words in ended.err, ended.err.count("\n")) == (2, True, 1), ended.err
    assert site("user", "certificate", "explain", "rubbish.pem").status == 1
    assert site("user", "certificate", "explain", "none.pem").status == 2


def test_explain_says_whom_it_signs_in_and_by_what(site: Shell) -> None:
    """A rule, then a pin that comes before it; the doubt about revocation is said too."""
    nobody = site("user", "certificate", "explain", "alice.pem")
    assert nobody.status == 1
    assert "it signs nobody in: no_account, no pin fits, and the site has no rules" in nobody.out
    site.patch.setenv("GENKAN_CERTIFICATE_RULES", "upn@corp.example=name")
    told = site.good("user", "certificate", "explain", "alice.pem").out
    assert "upn: alice@corp.example" in told
    assert "it signs in alice, by rule upn@corp.example=name" in told
    assert "whether it was revoked is not known, which this site lets pass" in told
    site.good("user", "certificate", "add", "alice", "alice.pem")
    told = site.good("user", "certificate", "explain", "alice.pem", "--json").json
    assert (told["signsIn"], told["by"], told["fault"], told["verified"]) == ("alice", "pin spki", None, True)
    site.good("user", "disable", "alice")
    off = site("user", "certificate", "explain", "alice.pem", "--json")
    assert (off.status, off.json["fault"]) == (1, "account_off")


def test_explain_says_why_not(site: Shell) -> None:
    """Expired, another CA, another use, revoked, a missing issuing CA: the same answers as at sign-in."""
    site.patch.setenv("GENKAN_CERTIFICATE_RULES", "upn@corp.example=name")
    name = upn("alice@corp.example")
    old = person(ROOT, name, begins=LONG["begins"], ends=datetime(2001, 1, 1, tzinfo=UTC))
    below = person(ISSUING, name, **LONG)
    for made, fault, words in (
        (old, "expired", "Your certificate expired on 2001-01-01."),
        (person(authority("Other", **LONG), name, **LONG), "unknown_authority", "not issued by an authority"),
        (person(ROOT, name, purposes=SERVER, **LONG), "wrong_usage", "not meant for signing in"),
        (below, "unknown_authority", "not issued by an authority"),
    ):
        told = site("user", "certificate", "explain", written("one.pem", made), "--json")
        assert (told.status, told.json["fault"], told.json["verified"]) == (1, fault, False)
        assert words in told.json["toldToHolder"]
    chain = written("issuing.pem", ISSUING)
    whole = site.good("user", "certificate", "explain", written("one.pem", below), "--chain", chain, "--json")
    assert whole.json["signsIn"] == "alice"
    listed = crl(ROOT, ALICE.certificate.serial_number, begins=LONG["begins"], ends=LONG["ends"])
    Path("root.crl").write_bytes(listed)
    site.patch.setenv("GENKAN_CERTIFICATE_CRLS", "root.crl")
    revoked = site("user", "certificate", "explain", "alice.pem")
    assert (revoked.status, "it signs nobody in: revoked" in revoked.out) == (1, True)


def test_explain_says_that_no_certificate_counts_where_none_does(site: Shell) -> None:
    """Without GENKAN_CLIENT_CA that is the reason, and the setting is named."""
    site.patch.delenv("GENKAN_CLIENT_CA")
    told = site("user", "certificate", "explain", "alice.pem")
    assert (told.status, "GENKAN_CLIENT_CA" in told.out) == (1, True)


def test_a_certificate_that_signed_somebody_in_is_shown_and_ended(site: Shell) -> None:
    """By how its SHA-256 begins, once; what is no one certificate is named with where to look."""
    account = site.in_store(lambda store: store.account_by_name("alice"))
    assert account is not None
    kept = KnownCertificate(7, hashlib.sha256(ALICE.der).digest(), account.id, "CN=alice", ALICE.der, ROOT.der,
                            4_000_000_000_000, 1, 1, 1)  # fmt: skip
    assert site.in_store(lambda store: store.apply(Change((KeepCertificate(kept),))))
    fingerprint = kept.fingerprint.hex()
    (shown,) = site.good("user", "certificate", "known", "alice", "--json").json
    assert (shown["fingerprint"], shown["revokedAt"]) == (fingerprint, None)
    assert fingerprint in site.good("user", "certificate", "known", "alice").out
    for wrong in ("zz", fingerprint[:7], "00" * 32):
        refused = site("user", "certificate", "revoke", "alice", wrong)
        assert (refused.status, "user certificate known alice" in refused.err) == (1, True)
    done = site.good("user", "certificate", "revoke", "alice", fingerprint[:8].upper(), "--json").json
    assert done["revokedAt"] is not None
    again = site("user", "certificate", "revoke", "alice", fingerprint)
    assert (again.status, "already" in again.err) == (1, True)


def test_the_last_way_in_of_the_last_administrator_is_not_taken_by_mistake(site: Shell) -> None:
    """Where certificates alone count: untying and ending are refused, and done where that is meant."""
    site.good("user", "permission", "alice", "SYSTEM_ADMIN")
    made = site.good("user", "certificate", "add", "alice", "alice.pem", "--json").json
    site.good("sign-in", "set", "--ways", "certificate")
    remove = ("user", "certificate", "remove", "alice", made["id"])
    refused = site(*remove)
    assert (refused.status, "--last-administrator" in refused.err) == (1, True)
    assert len(site.good("user", "certificate", "list", "alice", "--json").json) == 1
    done = site.good(*remove, "--last-administrator")
    assert "genkan user recover alice" in done.err
    account = site.in_store(lambda store: store.account_by_name("alice"))
    assert account is not None
    kept = KnownCertificate(7, hashlib.sha256(ALICE.der).digest(), account.id, "CN=alice", ALICE.der, ROOT.der,
                            4_000_000_000_000, 1, 1, 1)  # fmt: skip
    assert site.in_store(lambda store: store.apply(Change((KeepCertificate(kept),))))
    revoke = ("user", "certificate", "revoke", "alice", kept.fingerprint.hex())
    refused = site(*revoke)
    assert (refused.status, "--last-administrator" in refused.err) == (1, True)
    assert "genkan user recover alice" in site.good(*revoke, "--last-administrator").err
