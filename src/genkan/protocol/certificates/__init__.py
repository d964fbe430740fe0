"""Client certificates as rules: read what was presented, verify it to the administrator's CAs, read its names, map
them to one account, judge its revocation. Functions of bytes and a moment; fetching is ``outside``'s.
"""
