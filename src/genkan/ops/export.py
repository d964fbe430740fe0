"""A site's configuration as the text of a file that says all of it; applying it where it came from changes nothing."""

import tomli_w

from genkan.ops.present import Present
from genkan.protocol.env import SECOND
from genkan.protocol.records import Account, Link, Standing
from genkan.protocol.signin.ways import words_of

HEAD = """\
# Users, application links, the mobile switch and the sign-in policy of a Genkan site; genkan apply reads it.
# No secret is in here. A password is taken from password_file or password_env of a user,
# a client secret that servers know already from secret_file or secret_env of a link.

"""


def export(present: Present) -> str:
    """The whole configuration as TOML."""
    links = [link for link in present.links.values() if link.standing is not Standing.DELETED]
    app = present.app_link
    mobile: dict[str, object] = {"enabled": present.mobile_on}
    if app is not None:
        mobile["client_id"] = app.client_id
    site = present.site
    document = {
        "sign_in": {"ways": list(words_of(site.ways)), "max_age_seconds": (site.max_age or 0) // SECOND},
        "mobile": mobile,
        "link": [_link(link) for link in links],
        "user": [_user(account) for _, account in sorted(present.accounts.items())],
    }
    return HEAD + tomli_w.dumps(document)


def _user(account: Account) -> dict[str, object]:
    return {
        "name": account.name,
        "display_name": account.display_name,
        "email": account.email,
        "permission": account.permission.name,
        "groups": list(account.groups),
        "state": account.standing.value,
    }


def _link(link: Link) -> dict[str, object]:
    return {
        "name": link.name,
        "client_id": link.client_id,
        "kind": link.kind.value,
        "redirects": list(link.redirects),
        "permission": link.permission.name,
        "consent": link.consent.value,
        "introspect": link.introspect,
        "pkce_required": link.pkce_required,
        "plain_pkce": link.plain_pkce,
        "absolute_lifetime_seconds": (link.absolute_lifetime or 0) // SECOND,
        "ways": list(words_of(link.ways)),
        "max_age_seconds": (link.max_age or 0) // SECOND,
        "state": link.standing.value,
    }
