"""OpenID Connect as the relying party: what is sent to a provider and which of its answers count. Functions of values;
the requests themselves are made outside.
"""
