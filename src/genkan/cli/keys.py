"""genkan keys: the key ring that seals tokens: adding, activating, revoking and dropping keys."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from genkan.cli.output import print_json, print_table, say
from genkan.cli.workbench import NO, SET_UP, AsJson, DataDir, Stop, Workbench, at_site, told
from genkan.ops import ring_change
from genkan.ops.ring_change import RingAtSite, RingUnchanged
from genkan.protocol.ring import Ring
from genkan.site.api.documents import moment

app = cyclopts.App(name="keys")

# Ten seconds: a server looks every second whether the store names a newer ring.
PATIENCE = 40

KeyId = Annotated[str, Parameter(help="The key's id from genkan keys list.")]


@app.command(name="list")
@told
def list_(*, json: AsJson = False, data_dir: DataDir = None) -> None:
    """List the keys, and which of them sign-ins still name.

    Example: genkan keys list
    """

    async def work(site: Workbench, at: RingAtSite) -> None:
        _, ring = await ring_change.load_ring(at)
        in_use = await site.store.keys_in_use()
        if json:
            return print_json(document(ring, in_use))
        rows = [(f"{k.id:04x}", k.state, moment(k.created_at), "yes" if k.id in in_use else "no") for k in ring.keys]
        return print_table(("KEY", "STATE", "MADE", "IN USE"), rows)

    _with_ring(data_dir, work)


def document(ring: Ring, in_use: set[int]) -> dict[str, object]:
    """The ring without its secrets, as JSON."""
    keys = [
        {"id": f"{k.id:04x}", "state": k.state.value, "createdAt": moment(k.created_at), "inUse": k.id in in_use}
        for k in ring.keys
    ]
    return {"version": ring.version, "keys": keys}


@app.command
@told
def create(*, data_dir: DataDir = None) -> None:
    """Make the key ring of a new site, where its file must lie before any server starts.

    Example: genkan keys create
    """

    async def work(_: Workbench, at: RingAtSite) -> None:
        await ring_change.create_ring(at)
        say(f"the key ring is in {at.path}; back it up apart from the store")

    _with_ring(data_dir, work)


@app.command
@told
def add(*, json: AsJson = False, data_dir: DataDir = None) -> None:
    """Add a key that only verifies yet, so that every server learns it before it seals anything.

    Example: genkan keys add
    """

    async def work(_: Workbench, at: RingAtSite) -> None:
        key_id = await ring_change.add_key(at)
        if json:
            return print_json({"id": f"{key_id:04x}", "state": "verify"})
        return say(f"added {key_id:04x}; activate it with: genkan keys activate {key_id:04x}")

    _with_ring(data_dir, work)


@app.command
@told
def activate(
    key: KeyId,
    /,
    *,
    now: Annotated[bool, Parameter(negative="", help="Do not wait for servers that have not read it yet.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Seal new tokens with this key; the one before goes on opening what it sealed. Nobody is signed out.

    Example: genkan keys activate 3f2a
    """

    async def work(_: Workbench, at: RingAtSite) -> None:
        await ring_change.activate_key(at, _key_id(key), now=now)
        say(f"{key} is active; sign-ins go over to it at their next refresh")

    _with_ring(data_dir, work)


@app.command
@told
def revoke(key: KeyId, /, *, data_dir: DataDir = None) -> None:
    """End every sign-in under a key that somebody may have seen, at once and for ever.

    Example: genkan keys revoke 3f2a
    """

    async def work(_: Workbench, at: RingAtSite) -> None:
        await ring_change.revoke_key(at, _key_id(key))
        say(f"{key} is revoked and every sign-in under it has ended")

    _with_ring(data_dir, work)


@app.command
@told
def drop(key: KeyId, /, *, data_dir: DataDir = None) -> None:
    """Forget an old key that no sign-in names any more.

    Example: genkan keys drop 3f2a
    """

    async def work(_: Workbench, at: RingAtSite) -> None:
        await ring_change.drop_key(at, _key_id(key))
        say(f"{key} is dropped")

    _with_ring(data_dir, work)


def _with_ring(data_dir: str | None, work: Callable[[Workbench, RingAtSite], Awaitable[None]]) -> None:
    async def ringed(site: Workbench) -> None:
        at = RingAtSite(site.settings.ring_path, site.store, site.actor, site.env(), PATIENCE)
        try:
            await work(site, at)
        except RingUnchanged as problem:
            raise Stop(str(problem), SET_UP if problem.broken else NO) from None

    at_site(data_dir, ringed)


def _key_id(text: str) -> int:
    if len(text) != 4 or not all(c in "0123456789abcdef" for c in text):
        raise Stop(f"{text} is not a key's id; genkan keys list shows them", SET_UP)
    return int(text, 16)
