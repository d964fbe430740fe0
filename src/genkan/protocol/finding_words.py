"""What findings on the configuration say: topics of RFC 9700, and a sentence with advice for each finding."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Topic(StrEnum):
    """A topic by its section of RFC 9700."""

    REDIRECTS = "4.1"
    REFERRER = "4.2"
    MIX_UP = "4.4"
    FORGERY = "4.7"
    PKCE = "4.8"
    SENDER = "4.10.1"
    OPEN_REDIRECT = "4.11"
    REDIRECT_STATUS = "4.12"
    PROXY = "4.13"
    REFRESH = "4.14"
    FRAMES = "4.16"
    GRANTS = "2.1.2"
    PRIVILEGE = "2.3"
    CLIENTS = "2.5"
    ENCRYPTION = "2.6"


TOPICS: Mapping[Topic, str] = {
    Topic.ENCRYPTION: "Encryption",
    Topic.PKCE: "PKCE",
    Topic.REDIRECTS: "Redirect addresses",
    Topic.REFRESH: "Refresh tokens",
    Topic.PRIVILEGE: "Permissions and lifetimes",
    Topic.OPEN_REDIRECT: "Open redirects",
    Topic.PROXY: "Reverse proxy",
    Topic.CLIENTS: "How applications authenticate",
    Topic.SENDER: "Tokens bound to their sender",
    Topic.MIX_UP: "Mix-up of servers",
    Topic.FORGERY: "Forged requests",
    Topic.GRANTS: "Grant types",
    Topic.REFERRER: "Referrers and foreign content",
    Topic.REDIRECT_STATUS: "Redirects after a form",
    Topic.FRAMES: "Clickjacking",
}


class Words(NamedTuple):
    """A finding's topic, its sentence, and what to do."""

    topic: Topic
    sentence: str
    advice: str = ""


# What holds on every site of this version, whatever is set: the tests of the topics hold it.
BUILT_IN: Mapping[str, Words] = {
    "redirects_exact": Words(
        Topic.REDIRECTS, "Redirect addresses are compared byte by byte; only the port of a loopback address is free."
    ),
    "pkce_downgrade": Words(Topic.PKCE, "A challenge must be answered, and a verifier without a challenge is refused."),
    "issuer_told": Words(Topic.MIX_UP, "Every answer to an application names this site as its issuer (RFC 9207)."),
    "own_forms": Words(Topic.FORGERY, "Sign-in and consent take forms of this site’s own pages only."),
    "code_flow": Words(
        Topic.GRANTS,
        "Only the authorization code flow is offered: no implicit grant, and no application asks for passwords.",
    ),
    "no_referrer": Words(Topic.REFERRER, "Pages load nothing from elsewhere and send no referrer to other sites."),
    "no_open_redirect": Words(
        Topic.OPEN_REDIRECT, "Nobody is sent to an address that is not registered; the fault is shown here instead."
    ),
    "see_other": Words(
        Topic.REDIRECT_STATUS, "Forms are answered with status 303, so that no browser sends a password on."
    ),
    "no_frames": Words(Topic.FRAMES, "No page of this site can be put into a frame of another site."),
    "rotation": Words(
        Topic.REFRESH, "Refresh tokens are replaced at every use, and one that is shown too late ends its sign-in."
    ),
    "hashed_secrets": Words(
        Topic.CLIENTS, "Secrets of applications have 256 random bits, and only their hashes are kept."
    ),
}
ABSENT: Mapping[str, Words] = {
    "no_sender_constraint": Words(
        Topic.SENDER,
        "Not offered: tokens are not bound to the phone that got them, by DPoP or mutual TLS. Whoever steals one can"
        " use it until it ends.",
    ),
    "no_assertions": Words(
        Topic.CLIENTS, "Not offered: applications authenticate with a secret, not with a signature or a certificate."
    ),
}
FOUND: Mapping[str, Words] = {
    "https": Words(Topic.ENCRYPTION, "The base URL is https."),
    "loopback": Words(
        Topic.ENCRYPTION,
        "The base URL is plain http, and leads to this machine alone.",
        "Good for trying out. Phones need an https address.",
    ),
    "plain_http": Words(
        Topic.ENCRYPTION,
        "The base URL is plain http: whoever is on the way can read passwords and tokens.",
        "Put a proxy with a certificate in front, and give the site its https address.",
    ),
    "http_redirects": Words(
        Topic.REDIRECTS,
        "Links may have plain http redirect addresses on other machines, so that the network can read codes.",
        "Give those applications https addresses, then turn this off.",
    ),
    "access_short": Words(Topic.PRIVILEGE, "Access tokens live for %(minutes)s minutes at most."),
    "access_long": Words(
        Topic.PRIVILEGE,
        "Access tokens live for %(minutes)s minutes, and a stolen one is good for as long.",
        "An hour or less is usual; phones refresh by themselves.",
    ),
    "code_long": Words(
        Topic.PRIVILEGE,
        "Authorization codes live for %(seconds)s seconds.",
        "A minute is enough for an application that fetches its tokens at once.",
    ),
    "no_retry": Words(
        Topic.REFRESH,
        "A refresh token can never be shown again, so that a lost answer signs the phone out.",
        "A short window keeps phones signed in where the network fails.",
    ),
    "long_retry": Words(
        Topic.REFRESH,
        "For %(seconds)s seconds after its successor was used, an old refresh token still gets that successor.",
        "Half a minute is enough for a phone to try again.",
    ),
    "refresh_long": Words(
        Topic.REFRESH,
        "A phone may be silent for %(days)s days and stays signed in.",
        "Three months are enough for a phone that is used at all.",
    ),
    "proxy_known": Words(Topic.PROXY, "Headers of a proxy count only from its address and with its secret."),
    "no_proxy": Words(Topic.PROXY, "No proxy is named, so nobody’s forwarding headers count."),
    "wide_proxy": Words(
        Topic.PROXY,
        "Every machine in %(network)s counts as a proxy if it knows the secret.",
        "Name the proxy’s own address.",
    ),
    "links_pkce": Words(Topic.PKCE, "Every application link requires PKCE with S256."),
    "link_plain": Words(
        Topic.PKCE,
        "%(link)s may use PKCE with the method plain, which shows the secret to whoever reads the request.",
        "Refuse plain. Nearly every application can do S256; one that cannot will be refused.",
    ),
    "link_without_pkce": Words(
        Topic.PKCE,
        "%(link)s may sign people in without PKCE, so that a stolen code can be put into another person’s session.",
        "Require PKCE. An application that sends no challenge will be refused until it does.",
    ),
    "link_http": Words(
        Topic.REDIRECTS,
        "%(link)s is answered at %(redirect)s, where the network can read its codes.",
        "Give the application an https address, and write that into the link.",
    ),
    "link_remembered": Words(
        Topic.OPEN_REDIRECT,
        "%(link)s asks each person once; after that, opening an address signs them in without a question.",
        "Ask at every sign-in, unless the application is your own.",
    ),
    "link_wide": Words(
        Topic.PRIVILEGE,
        "%(link)s may administer on behalf of administrators who sign in to it.",
        "Lower it to WRITE, unless administering is what the application is for.",
    ),
    "link_unused": Words(
        Topic.PRIVILEGE,
        "Nobody has used %(link)s for %(days)s days.",
        "Disable it. It can be enabled again at any time.",
    ),
}
ALL: Mapping[str, Words] = {**BUILT_IN, **ABSENT, **FOUND}
