"""The organisation's own directories as an operator describes them: one typed table each in the sign-on file."""
