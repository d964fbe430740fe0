"""The OpenAPI document says what the routes do, since it is made of their declarations."""

from typing import Any

import pytest

from genkan.site.app import API, route_table
from genkan.site.routes import Who
from tests.site.world import SiteUnderTest


async def described(site: SiteUnderTest) -> dict[str, Any]:
    answer = await site.client.get(f"{site.base}/rest/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    return dict(answer.json())


async def test_anybody_may_read_it_and_it_names_this_site(context_site: SiteUnderTest) -> None:
    """Version 3.1, with the base URL as the server that paths hang below."""
    told = await described(context_site)
    assert told["openapi"].startswith("3.1")
    assert told["servers"] == [{"url": "https://site.example/jira"}]


async def test_its_bytes_are_made_once_and_sent_once(site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody may ask for 200 kB of it: it is never made anew, and who has it is told that it has not changed."""
    address = f"{site.base}/rest/openapi.json"
    whole = await site.client.get(address)
    monkeypatch.setattr("genkan.site.api.openapi.document", None)
    assert (await site.client.get(address)).content == whole.content
    assert whole.headers["cache-control"] == "public, max-age=3600"
    tag = whole.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await site.client.get(address, headers={"if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (await site.client.get(address, headers={"if-none-match": '"other"'})).status_code == 200


async def test_it_holds_exactly_the_administration_routes_of_the_table(site: SiteUnderTest) -> None:
    """No route of the API is missing, none is made up."""
    told = await described(site)
    named = {(method.upper(), path) for path, operations in told["paths"].items() for method in operations}
    table = {(method, rule.path) for rule in route_table(site.base) for method in rule.methods
             if rule.path.startswith("/rest/") and rule.who in (Who.ADMINISTRATOR, Who.BEARER)}  # fmt: skip
    assert table <= named
    assert named == {(method, operation.rule.path) for operation in API for method in operation.rule.methods}


async def test_every_reference_leads_somewhere_and_every_name_is_its_own(site: SiteUnderTest) -> None:
    """Schemas are all there; operation ids differ; what a path names is declared as its parameter."""
    told = await described(site)
    schemas = told["components"]["schemas"]
    for reference in references(told):
        assert reference.removeprefix("#/components/schemas/") in schemas
    operations = [(path, operation) for path, found in told["paths"].items() for operation in found.values()]
    assert len({operation["operationId"] for _, operation in operations}) == len(operations)
    for path, operation in operations:
        named = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}
        assert operation["summary"].endswith(".")


def references(value: Any) -> list[str]:
    """Every $ref below a value."""
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [found for inner in value.values() for found in references(inner)]
    if isinstance(value, list):
        return [found for inner in value for found in references(inner)]
    return []


@pytest.mark.parametrize("who", ["anyone", "bearer", "administrator"])
async def test_it_says_what_each_caller_must_show(site: SiteUnderTest, who: str) -> None:
    """serverInfo nothing, myself a token, the administration API a token or a session."""
    told = await described(site)
    callers: dict[str, tuple[str, str, list[dict[str, list[str]]]]] = {
        "anyone": ("/rest/api/2/serverInfo", "get", []),
        "bearer": ("/rest/api/2/myself", "get", [{"bearer": []}]),
        "administrator": ("/rest/genkan/1/phones/{id}", "delete", [{"bearer": []}, {"session": []}]),
    }
    path, method, schemes = callers[who]
    assert told["paths"][path][method]["security"] == schemes
    assert told["components"]["securitySchemes"]["session"]["name"] == "__Host-genkan-session"


async def test_bodies_are_described_as_they_are_read(site: SiteUnderTest) -> None:
    """Members, required ones and strangers refused: the schema is made of the type that reads the body."""
    schemas = (await described(site))["components"]["schemas"]
    assert set(schemas["NewLinkBody"]["required"]) == {"name", "redirects"}
    assert schemas["NewLinkBody"]["additionalProperties"] is False
    assert schemas["MobileBody"]["required"] == ["enabled"]
    assert set(schemas["MobileDocument"]["properties"]) == {
        "enabled", "clientID", "redirectURI", "redirectURIs", "scope",
    }  # fmt: skip
    assert schemas["SecretBody"]["properties"]["overlapSeconds"]["maximum"] == 30 * 86400


async def test_refusals_are_described_one_by_one(site: SiteUnderTest) -> None:
    """Each status that an operation may refuse with, what it means, and the document that says why."""
    paths = (await described(site))["paths"]
    revoke = paths["/rest/genkan/1.0/api-keys/{id}"]["delete"]["responses"]
    assert set(revoke) == {"200", "401", "403", "404", "409", "4XX", "503"}
    assert set(paths["/rest/api/2/serverInfo"]["get"]["responses"]) == {"200", "4XX", "503"}
    assert "400" in paths["/rest/genkan/1.0/audit-events"]["get"]["responses"]
    for operations in paths.values():
        for operation in operations.values():
            refused = {status: told for status, told in operation["responses"].items() if status[0] in "45"}
            assert all(told["description"].endswith(".") for told in refused.values())
            assert {str(told["content"]) for told in refused.values()} == {
                "{'application/json': {'schema': {'$ref': '#/components/schemas/ErrorDocument'}}}"
            }
