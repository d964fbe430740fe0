"""The drill of the page on moving: its blocks are typed in their order beside a running site and a signed-in phone."""

import asyncio
import threading
import time
from pathlib import Path

import httpx2
import pytest

from genkan.settings import Settings
from tests.cli.shell import PASSWORD
from tests.docs.drill import Phone, a_phone, blocks, typed
from tests.postgres import running_postgres
from tests.security.serving import serving

PAGE = "move-to-postgresql.md"


@pytest.mark.needs("postgres")
def test_a_running_site_moves_by_the_page(tmp_path: Path) -> None:
    """A phone refreshes before and all through the move, is told to come again from the moment on when it closes, and
    goes on in the new database by the very token it had; nobody was signed out, and the audit's chain goes on.
    """
    chmod, move, settings, look = blocks(PAGE, "Anywhere else")
    (tmp_path / "genkan-data").symlink_to("data")
    with running_postgres() as server, serving(tmp_path) as site:
        site.command("user", "add", "admin", "--admin", "--password-stdin", given=PASSWORD)
        phone = Phone(site, asyncio.run(a_phone(Settings(data_dir=site.environment["GENKAN_DATA_DIR"]))))
        other = Phone(site, asyncio.run(a_phone(Settings(data_dir=site.environment["GENKAN_DATA_DIR"]))))
        assert phone.refresh().status_code == 200
        server.sql("CREATE DATABASE genkan TEMPLATE template0 ENCODING 'UTF8'")
        (tmp_path / "new-address").write_text(server.url("genkan") + "\n")
        typed(chmod, tmp_path, site.environment)
        answers: list[httpx2.Response] = []
        ended = threading.Event()

        def use() -> None:
            """One session, used until it is told to come again after the move."""
            while not (ended.is_set() and answers and answers[-1].status_code == 503):
                answers.append(phone.refresh())
                time.sleep(0.6)

        using = threading.Thread(target=use)
        using.start()
        try:
            assert "The site has moved to postgresql://genkan@" in typed(move, tmp_path, site.environment)
        finally:
            ended.set()
            using.join()
        assert {answer.status_code for answer in answers} == {200, 503}
        assert answers[-1].headers["retry-after"]
        token = phone.refresh_token
        site.stop()
        with pytest.raises(AssertionError, match="has moved to postgresql://"):
            site.start()
        site.stop()
        exported = typed(
            settings + 'printf "%s\\n" "$GENKAN_DATABASE_URL" "$GENKAN_SECRET_FILE"', tmp_path, site.environment
        )
        names = ("GENKAN_DATABASE_URL", "GENKAN_SECRET_FILE")
        site.environment |= dict(zip(names, exported.splitlines(), strict=True))
        site.environment["GENKAN_SECRET_FILE"] = str(tmp_path / site.environment["GENKAN_SECRET_FILE"])
        site.start()
        assert phone.refresh_token == token
        assert phone.is_live()
        assert phone.refresh().status_code == 200
        assert other.refresh().status_code == 200
        told = typed(look, tmp_path, site.environment)
        assert "WRONG" not in told
