"""Headers by which some application believes who asks or where it stands (``well_known``): no client may send them.

Names stand here with dashes. CGI and WSGI read an underscore as the same name, so every proxy drops each header that
has one.
"""

from genkan.wire.identity_headers import DEFAULTS, SCOPE

# What /auth/verify tells of a person.
IDENTITY = (*DEFAULTS.values(), SCOPE)
# What only the proxy may tell the site, beside the headers that it sets itself.
TOLD_BY_PROXY = ("X-Forwarded-Host", "X-Forwarded-Method", "X-Original-Method", "X-Forwarded-Uri", "Forwarded")
# A READ token passes GET; an application that lets a header turn GET into DELETE would undo that.
METHOD_OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")

_PEOPLE = {
    # Authelia and what learnt of it; CGI's REMOTE_ADDR and its like, as WSGI would read them.
    "Remote-": "User Groups Group Name Email Scope Addr Host Ident",
    "X-Remote-": "User Group Groups Email Name Addr Extra",
    # oauth2-proxy, SonarQube.
    "X-Forwarded-": "User Email Groups Preferred-Username Access-Token Login Name Roles Client-Cert Tls-Client-Cert",
    "X-Auth-Request-": "User Email Groups Preferred-Username Access-Token Redirect",
    # Gitea, Forgejo, Grafana.
    "X-WEBAUTH-": "USER NAME EMAIL ROLE GROUPS FULLNAME LOGIN",
    "X-Authentik-": "Username Groups Entitlements Email Name Uid Jwt",
    "X-Pomerium-": "Jwt-Assertion Claim-Email Claim-User Claim-Name Claim-Groups",
    "X-": "User User-Email User-Name User-Id Auth-User Auth-Email Authenticated-User Token-User-Login Token-User-Name"
    " Token-User-Email Vouch-User Vouch-Idp-Accesstoken Scope-OrgID Amzn-Oidc-Identity Amzn-Oidc-Data"
    " Amzn-Oidc-Accesstoken Goog-Authenticated-User-Email Goog-Authenticated-User-Id Goog-IAP-JWT-Assertion"
    " Ms-Client-Principal Ms-Client-Principal-Name Ms-Client-Principal-Id",
    "Tailscale-User-": "Login Name",
    "Cf-Access-": "Authenticated-User-Email Jwt-Assertion",
    "Impersonate-": "User Group Uid",
    "X-SSL-Client-": "Cert Verify S-DN Subject Email",
    "Client-": "Cert Cert-Chain",
    "OIDC-CLAIM-": "sub email name preferred-username groups",
}
_PLACES = {
    "X-": "Script-Name Original-URL Original-URI Original-Host Rewrite-URL Real-IP Client-IP Cluster-Client-IP Host"
    " Scheme URL-Scheme Sendfile-Type Accel-Mapping",
    "X-Forwarded-": "For Proto Protocol Scheme Ssl Port Server Prefix Path",
    "": "True-Client-IP CF-Connecting-IP Front-End-Https Script-Name Proxy",
}
# Deleted from every request to a guarded application, before the site is asked about it.
CLAIMS = tuple(
    dict.fromkeys(
        (
            *(f"{prefix}{name}" for table in (_PEOPLE, _PLACES) for prefix, names in table.items()
              for name in names.split()),
            *TOLD_BY_PROXY,
            *METHOD_OVERRIDES,
        )
    )
)  # fmt: skip
