"""The provider: which grants there are, and how they find and keep what they need."""

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from authlib.integrations.sqla_oauth2 import (
    create_bearer_token_validator,
    create_query_client_func,
    create_query_token_func,
    create_revocation_endpoint,
    create_save_token_func,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from models import Client, Code, Session, Token

METHODS = ["client_secret_basic", "client_secret_post", "none"]


class ByCode(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def save_authorization_code(self, code, request):
        asked = request.payload
        item = Code(
            code=code,
            client_id=request.client.client_id,
            redirect_uri=asked.redirect_uri,
            scope=asked.scope,
            person_id=request.user.id,
            code_challenge=asked.data.get("code_challenge"),
            code_challenge_method=asked.data.get("code_challenge_method"),
        )
        Session.add(item)
        Session.commit()
        return item

    def query_authorization_code(self, code, client):
        found = Session.query(Code).filter_by(code=code, client_id=client.client_id).first()
        return found if found and not found.is_expired() else None

    def delete_authorization_code(self, authorization_code):
        Session.delete(authorization_code)
        Session.commit()

    def authenticate_user(self, authorization_code):
        return authorization_code.person


class ByRefreshToken(RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True  # rotation

    def authenticate_refresh_token(self, refresh_token):
        found = Session.query(Token).filter_by(refresh_token=refresh_token).first()
        return found if found and found.is_refresh_token_active() else None

    def authenticate_user(self, refresh_token):
        return refresh_token.person

    def revoke_old_credential(self, refresh_token):
        refresh_token.access_token_revoked_at = refresh_token.refresh_token_revoked_at = refresh_token.issued_at
        Session.commit()


class Introspection(IntrospectionEndpoint):
    query_token = staticmethod(create_query_token_func(Session, Token))

    def check_permission(self, token, client, request):
        return "introspection" in client.scope.split()

    def introspect_token(self, token):
        return {
            "active": True,
            "client_id": token.client_id,
            "username": token.person.name,
            "scope": token.get_scope(),
            "exp": token.issued_at + token.get_expires_in(),
            "iat": token.issued_at,
        }


require_oauth = ResourceProtector()
server = AuthorizationServer()


def init_app(app):
    app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
    app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {"authorization_code": 3600, "refresh_token": 3600}
    server.init_app(
        app,
        query_client=create_query_client_func(Session, Client),
        save_token=create_save_token_func(Session, Token),
    )
    server.register_grant(ByCode, [CodeChallenge(required=True)])
    server.register_grant(ByRefreshToken)
    server.register_endpoint(create_revocation_endpoint(Session, Token))
    server.register_endpoint(Introspection)
    require_oauth.register_token_validator(create_bearer_token_validator(Session, Token)())
