"""The classes of a sign-in (acr) by name: what applications ask for with acr_values and are told of."""

# OpenID EAP ACR values 1.0, 2: phishing-resistant, and that with a key which hardware protects. The others are ours.
PHISHING_RESISTANT = "phr"
HARDWARE = "phrh"
PASSWORD = "urn:genkan:acr:password"
CORPORATE = "urn:genkan:acr:corporate"
VALUES = (HARDWARE, PHISHING_RESISTANT, PASSWORD, CORPORATE)
