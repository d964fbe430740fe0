"""The site: sign-in, consent, the provider's endpoints, one resource. TLS ends at a proxy, left out here."""

import json
import os
from pathlib import Path

from authlib.integrations.flask_oauth2 import current_token
from authlib.oauth2 import OAuth2Error
from flask import Flask, redirect, render_template_string, request, session
from models import Consent, Person, Session
from provider import init_app, require_oauth, server
from werkzeug.security import check_password_hash

SIGN_IN = """<form method="post"><input type="text" name="username"><input type="password" name="password">
<button type="submit">Sign in</button></form>"""
CONSENT = """<p>{{ client }} asks for {{ scope }}.</p><form method="post">
<input type="hidden" name="csrf" value="{{ csrf }}">
<button type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="deny">Deny</button></form>"""
BASE = os.environ["PEER_BASE"]
METADATA = {
    "issuer": BASE,
    "authorization_endpoint": f"{BASE}/oauth/authorize",
    "token_endpoint": f"{BASE}/oauth/token",
    "introspection_endpoint": f"{BASE}/oauth/introspect",
    "revocation_endpoint": f"{BASE}/oauth/revoke",
    "response_types_supported": ["code"],
    "grant_types_supported": ["authorization_code", "refresh_token"],
    "code_challenge_methods_supported": ["S256"],
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
    "scopes_supported": ["WRITE"],
}

application = Flask(__name__)
application.config.update(
    SECRET_KEY=json.loads(Path(os.environ["PEER_SETTINGS"]).read_text())["key"], SESSION_COOKIE_SAMESITE="Lax"
)
init_app(application)


@application.teardown_appcontext
def give_back(fault):
    """The connection returns to the pool."""
    Session.remove()


@application.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "GET":
        return SIGN_IN
    person = Session.query(Person).filter_by(name=request.form["username"]).first()
    if person is None or not check_password_hash(person.password, request.form["password"]):
        return SIGN_IN, 401
    onward = session.pop("onward", "/")
    session.update(person=person.id, csrf=os.urandom(16).hex())
    return redirect(onward)


@application.route("/oauth/authorize", methods=["GET", "POST"])
def authorize():
    person = Session.get(Person, session["person"]) if "person" in session else None
    if person is None:
        session["onward"] = request.full_path
        return redirect("/login")
    try:
        grant = server.get_consent_grant(end_user=person)
    except OAuth2Error as error:
        return server.handle_error_response(request, error)
    client, scope = grant.client, grant.request.payload.scope
    if request.method == "POST":
        if request.form.get("csrf") != session["csrf"]:
            return "This page is too old.", 400
        allowed = request.form.get("decision") == "allow"
        if allowed:
            Session.merge(Consent(person_id=person.id, client_id=client.client_id, scope=scope))
        return server.create_authorization_response(grant=grant, grant_user=person if allowed else None)
    if remembered(person, client, scope):
        return server.create_authorization_response(grant=grant, grant_user=person)
    return render_template_string(CONSENT, client=client.client_name, scope=scope, csrf=session["csrf"])


def remembered(person, client, scope):
    # RFC 8252 8.6: whoever has the app's address may ask in its name, so that an earlier consent says nothing.
    if client.token_endpoint_auth_method == "none":
        return False
    consent = Session.get(Consent, (person.id, client.client_id))
    return consent is not None and set(scope.split()) <= set(consent.scope.split())


@application.post("/oauth/token")
def token():
    return server.create_token_response()


@application.post("/oauth/introspect")
def introspect():
    return server.create_endpoint_response("introspection")


@application.post("/oauth/revoke")
def revoke():
    return server.create_endpoint_response("revocation")


@application.get("/me")
@require_oauth("WRITE")
def me():
    return {"name": current_token.person.name, "email": f"{current_token.person.name}@example.com", "active": True}


@application.get("/.well-known/oauth-authorization-server")
def metadata():
    return METADATA
