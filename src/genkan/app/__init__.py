"""The app's own side of the sign-in: finding a site, signing in, keeping the session, calling the API.

Owns what an app must do right; speaks the vocabulary of ``genkan.wire`` and knows nothing of the server's insides.
"""
