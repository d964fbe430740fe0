"""The published JSON Schema says of a value what the check says, as far as a schema can."""

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given

from genkan.mdm.schema import schema_text
from genkan.wire import managed
from genkan.wire.managed import SiteEntry
from tests.mdm.test_corpus import CASES, by_name
from tests.mdm.test_round_trip import sites
from tests.workshop.tree import ROOT

SCHEMA = jsonschema_rs.validator_for(json.loads(schema_text()))
# What a schema can see of a value that is JSON: kinds, keys, and the form of an address.
SEEN = {
    "no-site", "not-array", "bare-object", "not-object", "address-alone", "misspelt", "beside-oauth", "inside-oauth",
    "unknown-key", "secret", "flag-in-quotes", "flag-type", "title-type", "title-long", "no-base-url", "base-url-type",
    "http", "slash", "oauth-type", "no-client-id", "client-id-type", "client-id-empty", "client-id-characters",
    "address-query", "address-fragment", "address-relative", "address-userinfo", "address-space", "address-scheme",
}  # fmt: skip
VALUES = [case for case in CASES if case["format"] == "value" and "text" in case]


def test_it_is_a_schema() -> None:
    """Of the draft that it names, with each property described."""
    schema = json.loads(schema_text())
    jsonschema_rs.meta.validate(schema)
    assert all(member["description"] for member in schema["items"]["properties"].values())


@given(sites)
def test_every_value_that_we_write_is_valid(wanted: list[SiteEntry]) -> None:
    """What is built holds to the schema."""
    assert SCHEMA.is_valid(json.loads(managed.render(wanted)))


VALID = [case for case in VALUES if not case["findings"]]
INVALID = [case for case in VALUES if case["text"].lstrip()[:1] in "[{n" and {f[3] for f in case["findings"]} & SEEN]
INVALID = [case for case in INVALID if not {"typographic-quotes", "literals"} & {f[3] for f in case["findings"]}]


@pytest.mark.parametrize("case", VALID, ids=by_name)
def test_a_value_without_a_finding_is_valid(case: dict[str, Any]) -> None:
    """No editor that holds to the schema marks what a phone takes."""
    assert SCHEMA.is_valid(json.loads(case["text"]))


@pytest.mark.parametrize("case", INVALID, ids=by_name)
def test_a_value_of_the_wrong_shape_is_not_valid(case: dict[str, Any]) -> None:
    """Wrong kinds and keys are seen by the schema alone."""
    assert not SCHEMA.is_valid(json.loads(case["text"]))


def test_the_schema_lies_in_the_manual_too() -> None:
    """The page of the reference is the very schema."""
    assert (ROOT / "docs/reference/sites.schema.json").read_text("utf-8") == schema_text()
