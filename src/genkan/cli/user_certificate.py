"""genkan user certificate: tie client certificates to accounts, and explain whom a certificate would sign in."""

from pathlib import Path
from typing import Annotated, Literal

import cyclopts
from cyclopts import Parameter

from genkan.cli.certificate_words import explained_document, explained_lines
from genkan.cli.last_administrator import LastAdministrator, end_way, tell_way_back
from genkan.cli.named import AccountName, account_named
from genkan.cli.output import print_json, print_table, say
from genkan.cli.workbench import NO, SET_UP, AsJson, DataDir, Stop, Workbench, at_site, told
from genkan.main import CannotServe, certificate_desk
from genkan.ops.refusals import OPTIONS, sentence
from genkan.protocol.administration import keeping_a_way_in
from genkan.protocol.certificate_records import KnownCertificate, Pin
from genkan.protocol.certificates import pinning, revoking
from genkan.protocol.certificates.faults import CertificateFault
from genkan.protocol.certificates.naming import Leaf
from genkan.protocol.certificates.presented import MOST_CHAIN_HEADER, Presented, from_file
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import Account
from genkan.site.api.certificate_documents import certificate_document, kind_named, pin_document
from genkan.site.api.documents import moment, plain, public_id
from genkan.site.certificate_accounts import certificate_facts, is_anothers, lost_with_certificate
from genkan.site.ways_here import rules_set

LEAST_DIGITS = 8
app = cyclopts.App(name="certificate", help="Client certificates of accounts.")

File = Annotated[str, Parameter(help="The certificate, in PEM or DER; of several the first.")]
By = Annotated[
    Literal["spki", "serial", "subject"],
    Parameter(name="--by", help="What is tied: its key, its issuer and serial number, or its subject and issuer."),
]
Chain = Annotated[str | None, Parameter(name="--chain", help="The authorities between, which a browser would send.")]


@app.command
@told
def add(name: AccountName, file: File, /, *, by: By = "spki", json: AsJson = False, data_dir: DataDir = None) -> None:
    """Tie a certificate to an account: whoever holds its key signs in as that person.

    Example: genkan user certificate add alice alice.pem --by spki
    """
    leaf = _leaf(file)

    async def work(site: Workbench) -> None:
        async def decide() -> pinning.NewPin | Refused:
            account = await account_named(site, name)
            made = pinning.add(account, leaf, kind_named(by), await site.store.pins(account.id), site.actor, site.env())
            if isinstance(made, pinning.NewPin) and await site.store.pinned([(made.pin.kind, made.pin.value)]):
                raise Stop("this certificate is tied to an account already; genkan user certificate explain says whose")
            rules = rules_set(site.settings)
            taken = await is_anothers(account, leaf, kind_named(by), rules, site.store)
            return Refused(Reason.CERTIFICATE_ANOTHERS) if taken else made

        pin = (await site.apply(decide)).pin
        shown = (await account_named(site, name)).name
        _tell(pin, f"tied to {shown}: {pin.name}", json)

    at_site(data_dir, work)


@app.command(name="list")
@told
def list_(name: AccountName, /, *, json: AsJson = False, data_dir: DataDir = None) -> None:
    """List the certificates that are tied to an account.

    Example: genkan user certificate list alice
    """

    async def work(site: Workbench) -> None:
        pins = await site.store.pins((await account_named(site, name)).id)
        if json:
            return print_json([plain(pin_document(pin)) for pin in pins])
        rows = [(public_id(pin.id), pin.kind.word, moment(pin.made_at), pin.name) for pin in pins]
        return print_table(("ID", "BY", "SINCE", "CERTIFICATE"), rows)

    at_site(data_dir, work)


@app.command
@told
def remove(
    name: AccountName,
    id: Annotated[str, Parameter(help="The id that list shows.")],  # noqa: A002 - what the command line calls it
    /,
    *,
    last_administrator: LastAdministrator = False,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Untie a certificate from an account. Nobody is signed out by it.

    Example: genkan user certificate remove alice 3fd5e0a1b2c4d697
    """

    async def work(site: Workbench) -> None:
        account = await account_named(site, name)
        pin = next((pin for pin in await site.store.pins(account.id) if public_id(pin.id) == id), None)
        if pin is None:
            raise Stop(
                f"{account.name} has no certificate {id}; genkan user certificate list {account.name} shows them"
            )

        async def decide() -> Change:
            env = site.env()
            return keeping_a_way_in(pinning.remove(pin, site.actor, env), account, site.entrances, env.now)

        is_last = await end_way(site, account, decide, meant=last_administrator)
        _tell(pin, f"no longer tied to {account.name}: {pin.name}", json)
        if is_last:
            tell_way_back(account.name)

    at_site(data_dir, work)


@app.command
@told
def known(name: AccountName, /, *, json: AsJson = False, data_dir: DataDir = None) -> None:
    """List the certificates that somebody signed in with to an account, the last used first.

    Example: genkan user certificate known alice
    """

    async def work(site: Workbench) -> None:
        kept = await site.store.certificates((await account_named(site, name)).id)
        if json:
            return print_json([plain(certificate_document(one)) for one in kept])
        rows = [
            (one.fingerprint.hex(), moment(one.last_at), "-" if one.revoked_at is None else moment(one.revoked_at),
             one.subject)
            for one in kept
        ]  # fmt: skip
        return print_table(("SHA-256", "LAST USED", "ENDED", "SUBJECT"), rows)

    at_site(data_dir, work)


@app.command
@told
def revoke(
    name: AccountName,
    fingerprint: Annotated[str, Parameter(help="The SHA-256 that known shows, or how it begins.")],
    /,
    *,
    last_administrator: LastAdministrator = False,
    json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """End a certificate here: what it signed in is signed out, and it signs in nobody again.

    Example: genkan user certificate revoke alice 3fd5e0a1b2c4d697
    """

    async def work(site: Workbench) -> None:
        async def decide() -> Change:
            env, known = site.env(), await _known(site, account, fingerprint)
            lost = await lost_with_certificate(account, known, site.store)
            change = revoking.revoke(known, revoking.BY_ADMINISTRATOR, site.actor, env)
            return keeping_a_way_in(change, account, site.entrances, env.now, lost)

        account = await account_named(site, name)
        is_last = await end_way(site, account, decide, meant=last_administrator)
        if is_last:
            tell_way_back(account.name)
        ended = next(one for one in await site.store.certificates(account.id) if _begins(one, fingerprint))
        if json:
            return print_json(certificate_document(ended))
        return say(f"certificate {ended.fingerprint.hex()} of {account.name} counts no more; its sign-ins ended")

    at_site(data_dir, work)


async def _known(site: Workbench, account: Account, fingerprint: str) -> KnownCertificate:
    found = [one for one in await site.store.certificates(account.id) if _begins(one, fingerprint)]
    if len(found) != 1 or len(fingerprint) < LEAST_DIGITS:
        raise Stop(
            f"{fingerprint!r} is no one certificate of {account.name}: write {LEAST_DIGITS} or more digits of what "
            f"genkan user certificate known {account.name} shows"
        )
    if found[0].revoked_at is not None:
        raise Stop(f"certificate {found[0].fingerprint.hex()} ended on {moment(found[0].revoked_at)} already")
    return found[0]


def _begins(known: KnownCertificate, fingerprint: str) -> bool:
    return known.fingerprint.hex().startswith(fingerprint.lower())


@app.command
@told
def explain(file: File, /, *, chain: Chain = None, json: AsJson = False, data_dir: DataDir = None) -> int:
    """Say whom a certificate would sign in, by which pin or rule, or why nobody; asks the CA's servers as sign-in does.

    Example: genkan user certificate explain alice.pem --chain issuing-ca.pem
    """
    presented = _presented(file, chain)

    async def work(site: Workbench) -> int:
        try:
            desk = certificate_desk(site.settings)
        except CannotServe as problem:
            raise Stop(str(problem), SET_UP) from None
        judged = await desk.judge(presented, site.env())
        facts = (
            judged if isinstance(judged, CertificateFault) else await certificate_facts(judged, desk.rules, site.store)
        )
        document = explained_document(presented, facts)
        if json:
            print_json(document)
        else:
            for line in explained_lines(document, is_open=desk.is_open):
                say(line)
        return 0 if document["signsIn"] else NO

    return at_site(data_dir, work)


def _tell(pin: Pin, said: str, json: bool) -> None:
    if json:
        return print_json(pin_document(pin))
    return say(said)


def _leaf(file: str) -> Leaf:
    leaf = pinning.read_file(_bytes(file))
    if isinstance(leaf, Refused):
        raise Stop(f"{file}: {sentence(leaf, OPTIONS)}", SET_UP)
    return leaf


def _presented(file: str, chain: str | None) -> Presented:
    certificate = _certificates(file)
    others = () if chain is None else _all(_certificates(chain))
    return Presented(certificate.leaf, (*certificate.chain, *others))


def _all(presented: Presented) -> tuple[bytes, ...]:
    return (presented.leaf, *presented.chain)


def _certificates(file: str) -> Presented:
    presented = from_file(_bytes(file))
    if isinstance(presented, CertificateFault):
        raise Stop(f"{file} holds no certificate that can be read ({presented})", SET_UP)
    return presented


def _bytes(file: str) -> bytes:
    try:
        with Path(file).open("rb") as opened:
            return opened.read(MOST_CHAIN_HEADER + 1)
    except FileNotFoundError:
        raise Stop(f"there is no file {file}", SET_UP) from None
    except IsADirectoryError:
        raise Stop(f"{file} is a folder; name the certificate's file", SET_UP) from None
