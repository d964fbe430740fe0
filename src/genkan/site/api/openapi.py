"""Declares the routes of the REST API with the types they read and answer, and serves the OpenAPI document made of
these declarations.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
from msgspec import Struct

from genkan import __version__
from genkan.site import answer
from genkan.site.answer import Answer
from genkan.site.api.documents import ErrorDocument
from genkan.site.browser import SESSION, cookie_name
from genkan.site.door import Door
from genkan.site.received import Received
from genkan.site.routes import Guard, Handler, Rule, Who

PATH = "/rest/openapi.json"
_SCHEMAS = "#/components/schemas/{name}"
_CREDENTIALS: dict[Who, list[str]] = {
    Who.ANYONE: [],
    Who.BEARER: ["bearer"],
    Who.ADMINISTRATOR: ["bearer", "session"],
}


@dataclass(frozen=True, slots=True)
class Query:
    """A parameter of the query, with its JSON Schema type. ``choices``: no other text will do; ``least`` and ``most``
    bound a number.
    """

    name: str
    type: str
    about: str
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """A route of the API: its line in the route table and what goes in and out. ``asks`` None: no body is read.

    ``media``: it answers no JSON but text of one of these types.
    """

    rule: Rule
    answers: type[Struct] | None
    asks: type[Struct] | None = None
    status: int = 200
    query: tuple[Query, ...] = ()
    many: bool = False
    media: tuple[str, ...] = ()


def rules(operations: Sequence[Operation]) -> tuple[Rule, ...]:
    """Their lines in the route table."""
    return tuple(operation.rule for operation in operations)


def serving(operations: Sequence[Operation]) -> Rule:
    """The route that serves the document of these operations."""

    made: list[answer.Constant] = []

    async def openapi(received: Received, door: Door) -> Answer:
        if not made:
            described = document(operations, door.public.text, cookie_name(door, SESSION))
            made.append(answer.Constant.of(msgspec.json.encode(described), b"application/json;charset=UTF-8"))
        return made[0].to(received.header(b"if-none-match"))

    return Rule(PATH, ("GET",), openapi, Who.ANYONE, Guard.MACHINE, "The REST API as an OpenAPI document.")


def document(operations: Sequence[Operation], base_url: str, session_cookie: str) -> dict[str, object]:
    """The OpenAPI 3.1 document."""
    _, schemas = msgspec.json.schema_components(_kinds(operations), ref_template=_SCHEMAS)
    paths: dict[str, dict[str, object]] = {}
    for operation in operations:
        for method in operation.rule.methods:
            paths.setdefault(operation.rule.path, {})[method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Genkan", "version": __version__, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": base_url}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": _schemes(session_cookie)},
    }


def _kinds(operations: Sequence[Operation]) -> list[type[Struct]]:
    kinds: list[type[Struct] | None] = [
        kind for operation in operations for kind in (operation.asks, operation.answers)
    ]
    named = {kind.__name__: kind for kind in (*kinds, ErrorDocument) if kind is not None}
    return [named[name] for name in sorted(named)]


def _schemes(session_cookie: str) -> dict[str, object]:
    return {
        "bearer": {"type": "http", "scheme": "bearer", "description": "An access token, or an API key."},
        "session": {"type": "apiKey", "in": "cookie", "name": session_cookie, "description": "A browser's session."},
    }


def _described(operation: Operation) -> dict[str, object]:
    rule = operation.rule
    described: dict[str, object] = {
        "operationId": _operation_id(rule.handler, rule.path),
        "summary": rule.about,
        "security": [{scheme: []} for scheme in _CREDENTIALS[rule.who]],
        "responses": _responses(operation),
    }
    parameters = [*_path_parameters(rule.path), *(_query_parameter(query) for query in operation.query)]
    if parameters:
        described["parameters"] = parameters
    if operation.asks is not None:
        needed = any(field.required for field in msgspec.structs.fields(operation.asks))
        described["requestBody"] = {"required": needed, "content": _content(operation.asks)}
    return described


def _operation_id(handler: Handler, path: str) -> str:
    """One name an operation: the handler's with the version that stands third in every path of the API."""
    return f"{getattr(handler, '__name__', '')}_{path.split('/')[3].replace('.', '_')}"


def _path_parameters(path: str) -> list[dict[str, object]]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameter(query: Query) -> dict[str, object]:
    bounds = {"enum": list(query.choices) or None, "minimum": query.least, "maximum": query.most}
    schema = {"type": query.type, **{word: bound for word, bound in bounds.items() if bound is not None}}
    return {"name": query.name, "in": "query", "description": query.about, "schema": schema}


def _content(kind: type[Struct]) -> dict[str, object]:
    return {"application/json": {"schema": {"$ref": _SCHEMAS.format(name=kind.__name__)}}}


def _list_content(kind: type[Struct]) -> dict[str, object]:
    items = {"$ref": _SCHEMAS.format(name=kind.__name__)}
    return {"application/json": {"schema": {"type": "array", "items": items}}}


def _responses(operation: Operation) -> dict[str, object]:
    good: dict[str, object] = {"description": "Done."}
    if operation.answers is not None:
        good["content"] = _list_content(operation.answers) if operation.many else _content(operation.answers)
    if operation.media:
        good["content"] = {kind: {"schema": {"type": "string"}} for kind in operation.media}
    return {str(operation.status): good, **{status: _refusal(about) for status, about in _refusals(operation)}}


def _refusals(operation: Operation) -> Iterator[tuple[str, str]]:
    """The statuses that an operation may refuse with, and what each means."""
    rule = operation.rule
    if operation.asks is not None or operation.query:
        yield "400", "A member or parameter is wrong; the description names it."
    if rule.who is not Who.ANYONE:
        yield "401", "No credential, or one that is not good (any more)."
        yield "403", "The credential's permission is not enough."
    if "{" in rule.path:
        yield "404", "Nothing has this id."
    if rule.methods != ("GET",):
        yield "409", "It cannot be done as things stand; the description says why."
    yield "4XX", "Refused; the description says why."
    yield "503", "Busy; ask again after the seconds that Retry-After says."


def _refusal(about: str) -> dict[str, object]:
    return {"description": about, "content": _content(ErrorDocument)}
