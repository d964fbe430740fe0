"""The requests to OpenID providers: discovery, keys, codes and tokens, userinfo. What an answer means is the rules'."""
