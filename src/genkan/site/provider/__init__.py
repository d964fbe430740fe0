"""The OAuth 2.0 provider and what stands behind its tokens: what programs and phones ask for."""
