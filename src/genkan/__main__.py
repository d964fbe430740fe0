"""``python -m genkan`` is the command ``genkan``."""

from genkan.cli.root import main

main()
