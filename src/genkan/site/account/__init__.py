"""A person's own pages, below /account."""
