"""oauth4webapi, openid-client and AppAuth-JS sign in at our site, renew, ask about a token, and sign out."""

import json
import os
import shutil
import subprocess
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.npm_packages import installed
from tests.peers.conftest import Registered

GLUE = Path(__file__).with_name("clients.mjs")
# AppAuth is for public clients alone (RFC 8252 8.5 has an app hold no secret).
PAIRS = [
    *product(("oauth4webapi", "openid-client"), ("native", "loopback", "server")),
    *product(("appauth",), ("native", "loopback")),
]
# What the library tells of a refused refresh: AppAuth-JS drops the body of an answer that is not 200.
REFUSED = {"oauth4webapi": "invalid_grant", "openid-client": "invalid_grant", "appauth": "Bad Request"}


def walked(library: str, client: Registered) -> dict[str, Any]:
    """One run of a library, with a person in front of the browser."""
    settings = {
        "base": client.site.base_url,
        "clientId": client.link.client_id,
        "clientSecret": client.link.client_secret,
        "redirect": client.redirect,
        "scope": "WRITE",
        "introspects": client.introspects,
    }
    env = {**os.environ, "PEER_HOME": str(installed()), "PEER_LIBRARY": library, "PEER_SETTINGS": json.dumps(settings)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([shutil.which("node") or "node", str(GLUE)], env=env, text=True, **pipes) as node:  # type: ignore[call-overload]
        line = node.stdout.readline()
        assert line, node.stderr.read()
        came_back = client.site.person("alice")(json.loads(line)["open"])
        assert came_back is not None
        out, err = node.communicate(f"{came_back}\n", timeout=60)
    assert node.returncode == 0, err
    # AppAuth-JS writes to the output as well.
    return dict(json.loads(out.splitlines()[-1])["done"])


@pytest.mark.needs("node", "npm")
@pytest.mark.parametrize(("library", "registered"), PAIRS, indirect=["registered"])
def test_a_library_of_node_is_served(library: str, registered: Registered) -> None:
    """Discovery, PKCE, exchange, rotation, the API, introspection, revocation, and a refusal it can read."""
    done = walked(library, registered)
    assert (done["name"], done["rotated"]) == ("alice", True)
    assert done["scope"] in (None, "WRITE"), "a library may fill in what it asked for"
    assert 3500 < done["expires"] <= 3600
    assert done["refused"] == REFUSED[library]
    assert done["after"] == 401
    if registered.introspects:
        assert done["introspected"]["active"] is True
        assert done["introspected"]["client_id"] == registered.link.client_id
        assert done["introspected"]["scope"] == "WRITE"
    assert registered.site.phones()[0].reason == "signed_out_by_app"
