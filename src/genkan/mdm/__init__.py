"""Owns the MDM studio: managed app configuration built for each MDM, read back from any of them, mended, explained.
Knows no store, no site and no network.
"""
