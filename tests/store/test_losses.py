"""What a site has that its copy has not: the same on both engines, to the row."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from genkan.protocol.outcomes import Change, PutAccount, PutLink, RaiseStop, Subject
from genkan.protocol.reasons import EndReason
from genkan.store.places import Place, Postgres, losses, open_store, renew_site_id
from genkan.store.sqlite_copy import copy_database
from genkan.store.sqlite_losses import Losses
from tests.postgres import Server, running_postgres
from tests.store.builders import (
    NOW,
    a_grant,
    a_link,
    added,
    an_account,
    an_env,
    an_event,
    ended,
    redeemed,
    rotated,
)

Copied = Callable[[], Place]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_postgres() as one:
        yield one


@contextmanager
def on_sqlite(folder: Path, _: pytest.FixtureRequest) -> Iterator[tuple[Place, Copied]]:
    """A place, and what copies it as it stands."""
    place, copy = folder / "genkan.sqlite3", folder / "copy.sqlite3"

    def copied() -> Place:
        copy_database(place, copy)
        return copy

    yield place, copied


@contextmanager
def on_postgres(_: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Place, Copied]]:
    """Likewise. A database is copied while nobody is connected to it."""
    server: Server = request.getfixturevalue("server")
    name = f"d{abs(hash(request.node.name)):x}"
    place = Postgres(server.a_database(name))

    def copied() -> Place:
        server.sql(f"CREATE DATABASE {name}_copy TEMPLATE {name}")
        return place.beside(f"{name}_copy")

    yield place, copied


ON = [
    pytest.param(on_sqlite, id="sqlite"),
    pytest.param(on_postgres, id="postgres", marks=pytest.mark.needs("postgres")),
]


@pytest.fixture(params=ON)
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Place, Copied]]:
    with request.param(tmp_path, request) as found:
        yield found


async def written(place: Place, *writes: object) -> int:
    """The last line of the audit after these."""
    store = open_store(place, create=True, env=an_env())
    try:
        for one in writes:
            assert await store.apply(one)  # type: ignore[arg-type]
        return await store.last_event()
    finally:
        await store.close()


async def test_every_kind_of_loss_is_counted(here: tuple[Place, Copied]) -> None:
    """Each number by itself, and a copy that is used meanwhile is compared as it was."""
    place, copied = here
    account, link = an_account("alice"), a_link()
    stays, goes_on, ends = (a_grant(account, link) for _ in range(3))
    last = await written(place, added(account, link), *map(redeemed, (stays, goes_on, ends)))
    copy = copied()
    assert await losses(copy, place, last) == Losses(*[0] * 8)
    await written(copy, added(an_account("canary")))
    late, much = an_account("late"), a_link()
    await written(
        place,
        added(late, much, a_link()), *(redeemed(a_grant(account, link)) for _ in range(4)),
        rotated(goes_on, NOW + 1), ended(ends),
        Change((PutAccount(replace(account, display_name="Alice", version=2)),), (an_event(),)),
        Change((PutLink(replace(link, name="changed", version=2)),), (an_event(),)),
        Change((RaiseStop(Subject.ACCOUNT, account.id, EndReason.SIGNED_OUT_BY_ADMIN, NOW),), (an_event(),)),
    )  # fmt: skip
    assert await losses(copy, place, last) == Losses(
        sign_ins=4, gone_on=1, signed_out=1, links=2, accounts=1, changed=2, stops=1, events=4 + 1 + 3
    )


async def test_another_site_is_not_compared(here: tuple[Place, Copied]) -> None:
    """Neither a site with another identity, nor what is no site or not there."""
    place, copied = here
    last = await written(place, added(an_account()))
    copy = copied()
    renew_site_id(copy, b"another identity")
    assert await losses(copy, place, last) is None
    nothing = place.beside("nothing") if isinstance(place, Postgres) else place.with_name("nothing")
    assert await losses(copy, nothing, last) is None


@pytest.mark.needs("postgres")
async def test_the_comparison_leaves_nothing_behind(server: Server) -> None:
    """What was laid beside the copy is gone, and the present database is as it was."""
    place = Postgres(server.a_database("kept"))
    last = await written(place, added(an_account()))
    server.sql("CREATE DATABASE kept_copy TEMPLATE kept")
    before = server.run("pg_dump", "-h", str(server.folder), "-U", "genkan", "kept")
    assert await losses(place.beside("kept_copy"), place, last) is not None
    assert server.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'present'", "kept_copy") == "0"
    after = server.run("pg_dump", "-h", str(server.folder), "-U", "genkan", "kept")
    assert without_chance(after) == without_chance(before)


def without_chance(dump: str) -> list[str]:
    """Each dump has a word of its own against injected commands."""
    return [line for line in dump.splitlines() if "restrict" not in line]
