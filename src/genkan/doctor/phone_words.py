"""The sentences about a phone that looked at the site: for each probe what was asked and why it matters, for each
outcome what came back and the fix. A catalogue can say them in other languages.
"""

from collections.abc import Mapping

# What was asked, and why it matters.
PROBES: Mapping[str, tuple[str, str]] = {
    "browser": (
        "which browser opened the page, by its user agent",
        (
            "Passkeys and certificates work in the phone’s own browser, and the app signs in there. They fail inside "
            "other apps."
        ),
    ),
    "connection": (
        "how the browser says it reached this page",
        "Passkeys and the site’s cookies need https, and HTTP/2 spares a phone some connections.",
    ),
    "clock": (
        "the phone’s clock against that of the site",
        "A phone judges certificates and counts lifetimes by its own clock.",
    ),
    "cookies": (
        "a cookie that the page set, with the next request",
        "Without cookies nobody can sign in in a browser.",
    ),
    "cookies-after-return": (
        "the same cookie, when another site leads back here",
        "Sign-in elsewhere ends with such a return, and the cookies have to be there then.",
    ),
    "info-login": (
        "GET %(url)s without cookies, from the phone’s network",
        "Without MDM the app asks this before anybody has signed in, and it follows no redirect.",
    ),
    "passkeys": (
        "whether the browser has passkeys, and the phone a lock that opens them",
        "A passkey is the surest way to sign in, and nothing has to be typed.",
    ),
    "passkey-autofill": (
        "whether passkeys are offered where the user name is typed",
        "Where the browser does that, no button has to be found.",
    ),
    "certificate": (
        "a client certificate, at %(origin)s",
        "Who signs in by certificate is asked for it there, in the browser, where an iPhone can show it.",
    ),
    "return-to-app": (
        "an address of the app, %(scheme)s:, opened from the page",
        "Sign-in ends by opening the app in this way.",
    ),
}
_OWN_BROWSER = "Copy the address into the phone’s own browser, and check there."
_ALLOW_SCRIPTS = "Allow scripts for this site in the browser, then check again."
_SEE_LOG = "See in the log of the proxy or filter why it does not let %(path)s through to the site."
_NEW_CERTIFICATE = "Ask for a new certificate, and install it on the phone."
# What came back, and the fix: empty where there is nothing to change.
OUTCOMES: Mapping[str, tuple[str, str]] = {
    "browser-own": ("the phone’s own browser", ""),
    "browser-view": ("a page inside another app", _OWN_BROWSER),
    "browser-view-of": ("a page inside %(app)s", _OWN_BROWSER),
    "browser-computer": ("a browser on a computer", "Open the address on a phone: the rest is about this computer."),
    "no-script": ("not told: the browser ran no script on this page", _ALLOW_SCRIPTS),
    "see-browser": ("not told: see browser", ""),
    "see-cookies": ("not told: see cookies", ""),
    "see-connection": ("not told: see connection", ""),
    "see-passkeys": ("not told: see passkeys", ""),
    "connection-secure": ("https, by %(protocol)s", ""),
    "connection-https": ("https; the browser does not say by which protocol", ""),
    "connection-trial": ("plain http, as this site is set to: fit for trying out on one machine", ""),
    "connection-plain": (
        "plain http, although the site is set to https",
        ("Let the proxy redirect plain http to https, and tell the site the scheme that it was really asked by "
        "(X-Forwarded-Proto)."),
    ),
    "clock-right": ("they agree within %(seconds)s s", ""),
    "clock-ahead": ("the phone is %(seconds)s s ahead", "Let the phone set date and time by itself."),
    "clock-behind": ("the phone is %(seconds)s s behind", "Let the phone set date and time by itself."),
    "cookies-kept": ("kept, and sent back", ""),
    "cookies-lost": (
        "not sent back",
        ("Allow cookies for this site in the browser. Where they are allowed, let the proxy or filter pass on "
        "Set-Cookie and Cookie as they are."),
    ),
    "cookies-browser": ("the browser keeps no cookies", "Allow cookies for this site in the settings of the browser."),
    "cookies-down": (
        "the browser keeps cookies, and that of the site never reached it",
        "Let the proxy or filter in between pass on Set-Cookie as it is.",
    ),
    "cookies-up": (
        "the browser keeps cookies, and none reaches the site",
        "Let the proxy or filter in between pass on Cookie as it is.",
    ),
    "return-kept": ("sent, as SameSite=Lax allows", ""),
    "return-lost": (
        "not sent on the return",
        "Remove what makes cookies SameSite=Strict on their way to the browser, or deletes cookies between sites.",
    ),
    "return-same": ("not told: this browser took the other site for this one", ""),
    "return-away": ("not told: the browser has not come back", "Go on, on the page that the phone shows."),
    "info-announced": ("answered, with the app’s client id", ""),
    "info-off": (
        "answered, and OAuth 2.0 is switched off",
        "Switch it on: Settings → System → Mobile app → OAuth 2.0. Or give the client id by MDM.",
    ),
    "info-redirected": (
        "redirected: something in between wants a sign-in first",
        ("Exempt %(path)s from the sign-in of the gateway. In the same network, genkan check %(base)s names the "
        "gateway and prints the exception. Or give the client id by MDM."),
    ),
    "info-status": ("refused, with status %(status)s", _SEE_LOG),
    "info-other": (
        "answered, and not with the JSON object that was asked for",
        "See what answers there in place of the site: %(path)s must reach it.",
    ),
    "info-unreachable": ("no answer, although this page came", _SEE_LOG),
    "passkeys-platform": ("the browser has them, and the phone’s own lock opens them", ""),
    "passkeys-no-lock": (
        "the browser has them, and the phone has no lock that opens them",
        "Set a screen lock on the phone, with a face, a fingerprint or a code.",
    ),
    "passkeys-none": (
        "this browser has none",
        "Update the browser, or open the page in the one that came with the phone.",
    ),
    "passkeys-insecure": (
        "not on this page, which the browser does not take for secure",
        "Serve the site by https, with a certificate that the phone trusts.",
    ),
    "passkeys-address": (
        "none, at an IP address",
        "Give the site a name, and use it in the base URL: no browser makes passkeys for an address.",
    ),
    "autofill-yes": ("offered", ""),
    "autofill-no": ("not offered: the button on the sign-in page does it", ""),
    "certificate-off": ("not asked for on this site", ""),
    "certificate-untried": ("not tried yet", "Press “Ask for the certificate” on the phone."),
    "certificate-away": ("the browser is on its way there", "Choose the certificate on the phone, or go back."),
    "certificate-lost": (
        "the browser went there and did not come back",
        ("Open %(origin)s on the phone: its error says what is wrong with the name, the port or the certificate of "
        "that address. An error after a certificate was chosen comes from a proxy that refuses it by itself: let it "
        "pass on what it is shown."),
    ),
    "certificate-none": (
        "that address was reached, and no certificate was shown",
        "Install the certificate on the phone for its browser, close the browser wholly, then check again.",
    ),
    "certificate-accepted": ("shown, and accepted", ""),
    "certificate-cut": (
        "refused: it did not arrive whole",
        "Set up the proxy of that address as genkan proxy prints it.",
    ),
    "certificate-foreign": (
        "refused: it is not of an authority that this site accepts",
        "Install the right certificate on the phone, or add its authority to GENKAN_CLIENT_CA.",
    ),
    "certificate-expired": ("refused: it has expired", _NEW_CERTIFICATE),
    "certificate-early": ("refused: it is not valid yet", "Wait until it is, or set the clock of the site right."),
    "certificate-unfit": ("refused: it is not fit for signing in", _NEW_CERTIFICATE),
    "certificate-revoked": ("refused: it was revoked", _NEW_CERTIFICATE),
    "certificate-unsure": (
        "refused: whether it still counts could not be found out",
        "See that the site reaches the revocation lists or answers of its authority, then check again.",
    ),
    "certificate-nobody": (
        "refused: it belongs to no account here",
        "Tie it to the person, under People, or see the rules in GENKAN_CERTIFICATE_RULES.",
    ),
    "app-untried": ("not tried yet", "Press “Open the app” on the phone."),
    "app-asked": ("tried, and not told how it went", "Say on the phone whether the app opened."),
    "app-left": ("the browser was left right after the tap: an app opened", ""),
    "app-yes": ("the app opened, as whoever holds the phone says", ""),
    "app-no": (
        "no app opened",
        ("Install the app on the phone. Where it is installed, open the page in the phone’s own browser, and allow the "
        "app to be opened when the browser asks."),
    ),
    "app-computer": ("no app opened, which is right on a computer", ""),
}  # fmt: skip
# Which outcome a refused certificate is; each fault of a certificate is in one of them.
FAULTS: Mapping[str, str] = {
    "header": "certificate-cut",
    "too_large": "certificate-cut",
    "unreadable": "certificate-cut",
    "unknown_authority": "certificate-foreign",
    "false_signature": "certificate-foreign",
    "expired": "certificate-expired",
    "not_yet_valid": "certificate-early",
    "wrong_usage": "certificate-unfit",
    "authority": "certificate-unfit",
    "weak": "certificate-unfit",
    "chain": "certificate-unfit",
    "revoked": "certificate-revoked",
    "revocation_unknown": "certificate-unsure",
    "names": "certificate-nobody",
    "no_account": "certificate-nobody",
    "several_accounts": "certificate-nobody",
    "account_off": "certificate-nobody",
}
