"""Authlib's Flask provider on SQLAlchemy and durable SQLite under gunicorn; its site is in `authlib_site/`."""

from pathlib import Path
from types import MappingProxyType

from bench.flow import Endpoints
from bench.peers.base import Call, Place, Site
from bench.peers.cast import CONFIDENTIAL, INTROSPECTOR, NATIVE, PEOPLE
from bench.peers.python import PythonPeer

METADATA = "/.well-known/oauth-authorization-server"


class AuthlibFlask(PythonPeer):
    name = "authlib-flask"
    title = "Authlib's Flask provider, SQLite with fsync"
    durable = True
    glue = Path(__file__).with_name("authlib_site")
    ready_path = METADATA
    packages = MappingProxyType({"authlib": "1.9.10", "flask": "3.1.3", "sqlalchemy": "2.1.9", "gunicorn": "27.0.1"})

    def site(self, place: Place) -> Site:
        return Site(
            ends=Endpoints("/oauth/authorize", "/oauth/token", "/oauth/introspect", INTROSPECTOR),
            native=NATIVE,
            confidential=CONFIDENTIAL,
            people=PEOPLE,
            bearer=Call("/me", members={"name": PEOPLE[0].name, "active": True}),
            metadata=Call(METADATA, members={"issuer": place.base}),
        )


PEERS = (AuthlibFlask(),)
