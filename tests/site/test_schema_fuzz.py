"""Schemathesis calls every operation as the served document describes it, and against its word: never a 5xx, never an
answer that the document does not describe, and what it forbids is refused.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from genkan.settings import Settings
from genkan.site.app import API
from tests.protocol.certificates import making
from tests.security.serving import serving
from tests.site.api_pool import CLIENT_ID, KEY, Pool, fill

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
POOL = 180
OPERATIONS = [(method, operation.rule.path) for operation in API for method in operation.rule.methods]
# Only what has a query or a body can be called against its description.
ASKING = {(method, o.rule.path) for o in API for method in o.rule.methods if o.asks is not None or o.query}
# An access token is what opens it, and these calls are made with an API key.
NEVER_WELL = {f"/rest/api/{version}/{name}" for version in ("2", "latest") for name in ("myself", "user")}
# The site has no directory, and its people no passkeys.
_LACKING = ("identities", "identities/{source}", "passkeys/{passkey}")
# Nor is an address of a check made up.
NEVER_WELL |= {"/rest/genkan/1.0/installation/phone-checks/{check}"}
# No key makes a key, or adopts one.
NEVER_WELL |= {"/rest/genkan/1.0/api-keys/{id}/adopt"}
NEVER_MADE = {("POST", "/rest/genkan/1.0/api-keys")}
NEVER_WELL |= {f"/rest/genkan/1.0/people/{{id}}/{rest}" for rest in _LACKING}
JSON = "application/json"
LINK: dict[str, object] = {"name": "Build server", "redirects": ["https://build.example/cb"], "permission": "WRITE"}
# A link that nothing deletes.
LASTING = {"id": CLIENT_ID}
PERSON: dict[str, object] = {"groups": ["ops"], "password": "correct horse battery"}
# What a made-up body seldom is: accepted. A name is one person's, and so is a certificate.
GOOD: dict[tuple[str, str], Callable[[], dict[str, object]]] = {
    ("POST", "/rest/genkan/1.0/people"): lambda: {**PERSON, "name": f"Zoë {uuid4()}"},
    ("POST", "/rest/genkan/1.0/people/{id}/certificate-pins"): lambda: {
        "certificate": making.person(making.authority()).pem.decode()
    },
    ("POST", "/rest/genkan/1.0/phones/sign-out"): lambda: {"link": CLIENT_ID},
    **{("POST", f"/rest/oauth2/{version}/client"): lambda: LINK for version in ("latest", "1.0")},
    **{("PUT", f"/rest/oauth2/{version}/client/{{id}}"): lambda: LINK for version in ("latest", "1.0")},
}
# Bodies with many members take long to make up.
SLOW = list(HealthCheck)


@dataclass
class Target:
    """The served site: its own description, and things that calls may be about."""

    schema: Any
    base: str
    pool: Pool


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A real site in a process of its own, filled."""
    folder = tmp_path_factory.mktemp("fuzzed")
    data = folder / "data"
    data.mkdir(mode=0o700)
    pool = fill(Settings(data_dir=str(data)).database_path, POOL)
    with serving(folder, GENKAN_PASSWORD_THREADS="1") as site:
        schema = schemathesis.openapi.from_url(f"{site.base}/rest/openapi.json")
        # A text beyond its bound may make the whole body too long to be read, which is a refusal like the others.
        rejected = schema.config.checks.negative_data_rejection
        rejected.expected_statuses = [*rejected.expected_statuses, "413"]
        yield Target(schema, site.base, pool)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_as_described(target: Target, method: str, path: str) -> None:
    """A few calls of each operation, with what is there and what is not, in and out of order."""
    called = calls(target, method, path, most=5)
    assert min(called) < 400 or (method, path) in GOOD.keys() | NEVER_MADE or path in NEVER_WELL


@pytest.mark.long
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_as_described_at_length(target: Target, method: str, path: str) -> None:
    """The same with many more calls."""
    calls(target, method, path, most=60)


def calls(target: Target, method: str, path: str, most: int) -> list[int]:
    """Call an operation about something that is there and about what is made up, as described and otherwise; the
    statuses.
    """
    statuses: list[int] = []
    operation, shown = target.schema[path][method], {"authorization": f"Bearer {KEY}"}

    def run(mode: GenerationMode, *, known: bool) -> None:
        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(max_examples=most, derandomize=True, deadline=None, database=None, suppress_health_check=SLOW)
        def call(case: Any) -> None:
            if known:
                case.path_parameters = target.pool.take(path)
            response = case.call_and_validate(base_url=target.base, headers=shown, checks=CHECKS)
            statuses.append(response.status_code)

        call()

    if (method, path) in GOOD:
        about = target.pool.values["lasting"].pop() if "/people/{id}" in path else LASTING
        case = operation.Case(body=GOOD[method, path](), path_parameters=about, media_type=JSON)
        response = case.call_and_validate(base_url=target.base, headers=shown, checks=CHECKS)
        assert response.status_code < 400, response.text
    for known in (True, False) if "{" in path else (False,):
        run(GenerationMode.POSITIVE, known=known)
        if (method, path) in ASKING:
            run(GenerationMode.NEGATIVE, known=known)
    return statuses
