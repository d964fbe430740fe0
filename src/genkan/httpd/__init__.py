"""The HTTP server: connections that read requests whole and bounded, and uvicorn around them, which listens, says when
it answers, and leaves in order.
"""
