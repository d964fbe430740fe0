"""Owns the published JSON Schema of the value of `sites`; what a phone makes of a value is ``wire.managed``'s."""

from importlib.resources import files

NAME = "sites.schema.json"


def schema_text() -> str:
    """The schema, as it is published."""
    return files("genkan.mdm").joinpath(NAME).read_text("utf-8")
