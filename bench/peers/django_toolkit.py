"""django-oauth-toolkit on PostgreSQL under gunicorn; its site is in `django_toolkit_site/`."""

from pathlib import Path
from types import MappingProxyType

from bench.flow import Endpoints
from bench.peers.base import Call, Place, Site
from bench.peers.cast import CONFIDENTIAL, INTROSPECTOR, NATIVE, PEOPLE
from bench.peers.python import PythonPeer

METADATA = "/.well-known/oauth-authorization-server"


class DjangoToolkit(PythonPeer):
    name = "django-oauth-toolkit"
    title = "django-oauth-toolkit, PostgreSQL with fsync"
    durable = True
    postgres = True
    glue = Path(__file__).with_name("django_toolkit_site")
    ready_path = METADATA
    packages = MappingProxyType(
        {
            "django": "5.2.19",
            "django-oauth-toolkit": "3.4.1",
            "psycopg[binary]": "3.3.9",
            "argon2-cffi": "25.1.0",
            "gunicorn": "27.0.1",
        }
    )

    def site(self, place: Place) -> Site:
        return Site(
            ends=Endpoints("/o/authorize/", "/o/token/", "/o/introspect/", INTROSPECTOR),
            native=NATIVE,
            confidential=CONFIDENTIAL,
            people=PEOPLE,
            bearer=Call("/me", members={"name": PEOPLE[0].name, "active": True}),
            metadata=Call(METADATA, members={"issuer": place.base}),
            allow=("allow", "Authorize"),
        )


PEERS = (DjangoToolkit(),)
