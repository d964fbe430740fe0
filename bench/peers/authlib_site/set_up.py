"""Makes the tables, the people and the clients."""

import json
import os
from pathlib import Path

from models import Base, Client, Person, Session, engine
from werkzeug.security import generate_password_hash

given = json.loads(Path(os.environ["PEER_SETTINGS"]).read_text())
Base.metadata.create_all(engine)

hashes = {password: generate_password_hash(password) for password in set(given["people"].values())}
Session.add_all(Person(name=name, password=hashes[password]) for name, password in given["people"].items())


def add_client(name, of, method, scope, **more):
    client = Client(client_id=of["id"], client_secret=of.get("secret", ""))
    client.set_client_metadata({"client_name": name, "token_endpoint_auth_method": method, "scope": scope, **more})
    Session.add(client)


def with_codes(of):
    grants = ["authorization_code", "refresh_token"]
    return {"redirect_uris": [of["redirect"]], "grant_types": grants, "response_types": ["code"]}


native, web, asking = given["native"], given["confidential"], given["introspector"]
add_client("App", native, "none", "WRITE", **with_codes(native))
add_client("Web", web, "client_secret_post", "WRITE", **with_codes(web))
add_client("Resource server", asking, "client_secret_basic", "introspection")
Session.commit()
