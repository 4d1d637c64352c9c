"""The JSON API's description in OpenAPI: what a distributor's plugins offer, and how errors look."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.web import PUBLIC
from litestar import Litestar, MediaType, Request, Response, get
from litestar._openapi.schema_generation import SchemaCreator  # (the framework shows no other way in)
from litestar._openapi.schema_generation.plugins.struct import StructSchemaPlugin
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.spec import Schema
from litestar.typing import FieldDefinition

from headgate_kernel.web.problems import TITLES, Problem

SCHEMAS = "#/components/schemas/"
SIGN_IN = "bearer"

ALWAYS = (401, 402, 403, 404, 409, 422, 429, 503)
"""Statuses of errors that any operation may give: the gate, limits and rules of plugins stand before each."""
WITH_BODY = (400, 413)


class StrictStructs(StructSchemaPlugin):
    """Describes structs as the framework does, and says which of them take no other fields."""

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:
        """Describe a struct."""
        schema = super().to_openapi_schema(field_definition, schema_creator)
        config = getattr(field_definition.type_, "__struct_config__", None)
        if config is not None and config.forbid_unknown_fields:
            schema.additional_properties = False
        return schema


@get(
    "/api/v1/openapi.json", opt={"permission": PUBLIC, "surface": "api"}, include_in_schema=False,
    media_type=MediaType.JSON,
)  # fmt: skip
async def description(request: Request[Any, Any, Any], ctx: Context) -> Response[bytes]:
    """Describe the API as this distributor has it: without the plugins that are off."""
    cache: dict[frozenset[str], bytes] = request.app.state.setdefault("openapi_by_plugins", {})
    if ctx.plugins not in cache:
        cache[ctx.plugins] = msgspec.json.encode(describe(request.app, ctx.plugins))
    return Response(cache[ctx.plugins], media_type=MediaType.JSON)


def describe(app: Litestar, plugins: frozenset[str] | None = None) -> dict[str, Any]:
    """Give the description of the JSON API.

    Args:
        app: the application.
        plugins: leave the others out; None leaves nothing out.
    """
    schema: dict[str, Any] = app.openapi_schema.to_schema()
    handlers = {
        (route.path_format, method.lower()): handler
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
    }
    paths: dict[str, Any] = {}
    for path, item in schema["paths"].items():
        if not path.startswith("/api/"):
            continue
        for method, operation in item.items():
            options = handlers[path, method].opt
            if plugins is None or options.get("plugin") is None or options["plugin"] in plugins:
                paths.setdefault(path, {})[method] = _with_problems(operation, public=_is_public(options))
    schema["paths"] = paths
    components = schema.setdefault("components", {})
    schemas = components.get("schemas", {}) | _problem_schemas()
    needed = _referred_to(paths, schemas) | {Problem.__name__}
    components["schemas"] = {name: one for name, one in schemas.items() if name in needed}
    components["responses"] = {f"Problem{status}": _problem(status) for status in TITLES}
    components["securitySchemes"] = {
        SIGN_IN: {
            "type": "http", "scheme": "bearer",
            "description": "The token of a session, or an API token.",
        }
    }  # fmt: skip
    return schema


def _is_public(options: dict[str, Any]) -> bool:
    return bool(options["permission"] == PUBLIC)


def _with_problems(operation: dict[str, Any], *, public: bool) -> dict[str, Any]:
    """Put our errors in the place of those that the framework describes, which nobody gets."""
    responses = {status: one for status, one in operation["responses"].items() if status < "400"}
    for status in (*ALWAYS, *(WITH_BODY if "requestBody" in operation else ())):
        responses[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    told = operation | {"responses": dict(sorted(responses.items()))}
    return told if public else told | {"security": [{SIGN_IN: []}]}


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": HTTPStatus(status).phrase,
        "content": {MediaType.JSON.value: {"schema": {"$ref": SCHEMAS + Problem.__name__}}},
    }


def _problem_schemas() -> dict[str, Any]:
    _, schemas = msgspec.json.schema_components([Problem], ref_template=SCHEMAS + "{name}")
    return dict(schemas)


def _referred_to(part: Any, schemas: dict[str, Any], found: frozenset[str] = frozenset()) -> frozenset[str]:
    """Give the names of the schemas to which a part of the description leads."""
    if isinstance(part, list):
        part = dict(enumerate(part))
    if not isinstance(part, dict):
        return found
    name = str(part.get("$ref", "")).rpartition("/")[2]
    if name in schemas and name not in found:
        found = _referred_to(schemas[name], schemas, found | {name})
    for inner in part.values():
        found = _referred_to(inner, schemas, found)
    return found


HANDLERS: Sequence[HTTPRouteHandler] = (description,)
