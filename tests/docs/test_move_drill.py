"""The drill of the page on moving: its blocks are typed in their order beside a running site and a signed-in phone."""

import asyncio
from pathlib import Path

import pytest

from genkan.settings import Settings
from tests.docs.drill import Phone, a_phone
from tests.postgres import running_postgres
from tests.security.serving import serving


@pytest.mark.needs("postgres")
def test_x(tmp_path: Path) -> None:
    with running_postgres() as server, serving(tmp_path) as site:
        settings = Settings(data_dir=site.environment["GENKAN_DATA_DIR"])
        phone = Phone(site, asyncio.run(a_phone(settings)))
        assert phone.refresh().status_code == 200
        server.sql("CREATE DATABASE genkan TEMPLATE template0")
        print(site.command("migrate-store", server.url("genkan")))
        r = phone.refresh()
        print(r.status_code, r.headers, r.text)
        site.stop()
        with pytest.raises(AssertionError):
            site.start()
        print((tmp_path / "serve.log").read_text()[-1000:])
        site.environment |= {"GENKAN_DATABASE_URL": server.url("genkan"), "GENKAN_SECRET_FILE": str(settings.ring_path)}
        site.start()
        r = phone.refresh()
        print(r.status_code, r.headers, r.text)
        assert phone.is_live()
        print(site.command("audit", "verify"), site.command("audit", "list"), site.command("status"))
        assert 0
