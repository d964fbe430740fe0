"""The commands: thin, one module a group; they load, let the rules decide, apply and print."""
