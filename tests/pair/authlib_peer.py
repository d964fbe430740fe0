# mypy: ignore-errors
"""A provider made with Authlib and Flask as a Jira Data Center is: its paths, replies, a link with a secret.

A program of its own, run with the packages of the cache on its path: ``python authlib_peer.py SETTINGS``. It describes
itself nowhere, tells no scope, wants the redirect again at each refresh, and takes an old refresh token for a replay.
"""

import json
import sys
import threading
import time
from pathlib import Path

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from flask import Flask, jsonify, request
from werkzeug.serving import make_server

OAUTH = "/rest/oauth2/latest"
PAGE = '<title>Sign in</title><main><form method="post"><input name="username"><input name="password"></form></main>'


class Link:
    """The one client, as Authlib asks for it."""

    def __init__(self, settings):
        self.client_id = settings["client_id"]
        self.client_secret = settings["client_secret"]
        self.redirect = settings["redirect"]

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return self.redirect

    def get_allowed_scope(self, scope):
        return scope if scope in {"READ", "WRITE"} else None

    def check_redirect_uri(self, redirect_uri):
        # RFC 8252 7.3: the port of a loopback address is the client's choice
        return redirect_uri.startswith("http://127.0.0.1:") and redirect_uri.endswith("/answer")

    def check_client_secret(self, secret):
        return secret == self.client_secret

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_post"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type in {"authorization_code", "refresh_token"}


class Kept:
    """A code or a token: whatever it was made with."""

    def __init__(self, **what):
        self.__dict__.update(what)

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope

    def check_client(self, client):
        return True


class Memory:
    """Codes and tokens; ``ended`` says that the sign-in is over."""

    def __init__(self):
        self.codes = {}
        self.tokens = []
        self.ended = False
        self.refreshes = 0


memory = Memory()


class Codes(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_post"]

    def save_authorization_code(self, code, asked):
        data = asked.payload.data
        memory.codes[code] = Kept(
            redirect_uri=data["redirect_uri"],
            scope=data["scope"],
            code_challenge=data.get("code_challenge"),
            code_challenge_method=data.get("code_challenge_method"),
        )

    def query_authorization_code(self, code, client):
        return memory.codes.get(code)

    def delete_authorization_code(self, code):
        memory.codes = {text: kept for text, kept in memory.codes.items() if kept is not code}

    def authenticate_user(self, code):
        return "alice"


class Refreshes(RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_post"]
    INCLUDE_NEW_REFRESH_TOKEN = True

    def validate_token_request(self):
        if not self.request.form.get("redirect_uri", "").endswith("/answer"):
            raise InvalidRequestError("redirect_uri is missing")
        super().validate_token_request()

    def authenticate_refresh_token(self, shown):
        found = next((kept for kept in memory.tokens if kept.refresh_token == shown), None)
        if found is None or memory.ended:
            return None
        if found is not memory.tokens[-1]:
            memory.ended = True
            return None
        memory.refreshes += 1
        return found

    def authenticate_user(self, token):
        return "alice"

    def revoke_old_credential(self, token):
        """The next one is the only one that counts, see above."""


class Revocations(RevocationEndpoint):
    CLIENT_AUTH_METHODS = ["client_secret_post"]

    def query_token(self, shown, hint):
        return next((kept for kept in memory.tokens if shown in (kept.access_token, kept.refresh_token)), None)

    def revoke_token(self, token, asked):
        memory.ended = True


def saved(token, asked):
    """Keep it, and answer as the vendor documents: with the time it was made, without its scope."""
    memory.tokens.append(Kept(**token))
    memory.ended = False
    token["created_at"] = int(time.time())
    token["token_type"] = "bearer"
    del token["scope"]


def a_site(settings):
    """The application."""
    app = Flask("peer")
    app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
    app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {"authorization_code": 3600, "refresh_token": 3600}
    link = Link(settings)
    server = AuthorizationServer(app, lambda shown: link if shown == link.client_id else None, saved)
    server.register_grant(Codes, [CodeChallenge(required=True)])
    server.register_grant(Refreshes)
    server.register_endpoint(Revocations)

    @app.route(f"{OAUTH}/authorize", methods=["GET", "POST"])
    def authorize():
        try:
            grant = server.get_consent_grant(end_user="alice")
        except OAuth2Error as refused:
            return server.handle_error_response(server.create_oauth2_request(None), refused)
        if request.method == "GET":
            return PAGE
        right = request.form.get("username") == "alice" and request.form.get("password") == settings["password"]
        return server.create_authorization_response(grant=grant, grant_user="alice" if right else None)

    @app.post(f"{OAUTH}/token")
    def token():
        return server.create_token_response()

    @app.post(f"{OAUTH}/revoke")
    def revoke():
        return server.create_endpoint_response("revocation")

    @app.get("/rest/api/2/myself")
    def myself():
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if memory.ended or not memory.tokens or memory.tokens[-1].access_token != shown:
            return jsonify(error="invalid_token"), 401
        return jsonify(name="alice", key="JIRAUSER10100", displayName="Alice A.")

    @app.get("/refreshes")
    def refreshes():
        return jsonify(memory.refreshes)

    return app


def main():
    """Serve until standard input ends, on a free port whose number is the first line of the output."""
    server = make_server("127.0.0.1", 0, a_site(json.loads(Path(sys.argv[1]).read_text())), threaded=True)
    print(server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
