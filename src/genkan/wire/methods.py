"""HTTP methods that only read, from the safe column of IANA's HTTP Method Registry (RFC 9110 9.2.1, 16.1)."""

# RFC 9110 9.3: GET, HEAD, OPTIONS. RFC 4918 9.1: PROPFIND. RFC 3253 3.6: REPORT. RFC 5323 2: SEARCH. QUERY is
# registered as safe too. Left out of the column: PRI, which is no request, and TRACE, whose answer shows what a proxy
# has added to the request (RFC 9110 9.3.8).
SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PROPFIND", b"REPORT", b"SEARCH", b"QUERY"})
