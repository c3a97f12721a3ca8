"""The OpenAPI document that the gateway publishes: answers are held against it, and calls are made from it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
from openapi_schema_validator import OAS31Validator

from services.gateway.app import build_routes

METHODS = ("get", "post", "put", "patch", "delete")
KEY, NAMESPACE = "HTTPBearer", "APIKeyHeader"
PARAMETER = re.compile(r"\{(\w+)\}")
Json = Any


@cache
def document() -> dict[str, Any]:
    """The published document."""
    return build_routes().openapi()


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    paths = sorted(document()["paths"], key=lambda path: (path.count("{"), -len(path)))
    return [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), path) for path in paths]


@cache
def _validator(path: str, method: str, status: str) -> OAS31Validator:
    operation = document()["paths"][path][method]
    assert status in operation["responses"], f"{method} {path} does not document {status}"
    content = operation["responses"][status].get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    return OAS31Validator({**schema, "components": document()["components"]})


async def conforms(response: httpx.Response) -> None:
    """Fails when an answer of a documented route is not as documented; an httpx response hook."""
    await response.aread()
    path = response.request.url.path.rstrip("/")
    path = path.removeprefix("/api") if path.startswith("/api/") else path
    template = next((template for pattern, template in _patterns() if pattern.fullmatch(path)), None)
    method = response.request.method.lower()
    if template is None or method not in document()["paths"][template]:
        return
    if "json" in response.headers.get("content-type", ""):
        _validator(template, method, str(response.status_code)).validate(response.json())
    else:
        _validator(template, method, str(response.status_code))


@dataclass(frozen=True, kw_only=True)
class Route:
    """One method of one path; `schemes` are the security schemes that it documents."""

    method: str
    path: str
    operation: Mapping[str, Any]
    schemes: frozenset[str]

    @property
    def parameters(self) -> list[str]:
        """The names in the path, outermost first."""
        return PARAMETER.findall(self.path)

    def address(self, values: Mapping[str, str]) -> str:
        """The path with these values, and the least query that it needs."""
        needed = [each for each in self.operation.get("parameters", ()) if each["in"] == "query" and each["required"]]
        query = "&".join(f"{each['name']}={least(each['schema'])}" for each in needed)
        return self.path.format(**values) + (f"?{query}" if query else "")

    def body_schema(self) -> Mapping[str, Any] | None:
        """The schema of the JSON body, None without one."""
        content = self.operation.get("requestBody", {}).get("content", {}).get("application/json")
        return None if content is None else resolved(content.get("schema", {}))

    def body(self, **given: Json) -> Json:
        """The least body that validates, with `given` in it; None where the route takes none."""
        schema = self.body_schema()
        return None if schema is None else {**least(schema), **given}


@cache
def routes() -> tuple[Route, ...]:
    """Every route, in the order of the document."""
    return tuple(
        Route(method=method.upper(), path=path, operation=operations[method], schemes=_schemes(operations[method]))
        for path, operations in document()["paths"].items()
        for method in METHODS
        if method in operations
    )


def _schemes(operation: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(name for each in operation.get("security", ()) for name in each)


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema behind references, and the first that is not null of several."""
    while True:
        if "$ref" in schema:
            schema = document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        elif options := [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]:
            schema = options[0]
        else:
            return schema


def least(schema: Mapping[str, Any]) -> Json:
    """The smallest value that a schema of ours accepts, but for patterns."""
    schema = resolved(schema)
    if "const" in schema or "enum" in schema:
        return schema.get("const", (schema.get("enum") or [None])[0])
    match schema.get("type"):
        case "object":
            inside = schema.get("properties", {})
            return {name: least(inside[name]) for name in schema.get("required", ()) if name in inside}
        case "array":
            return [least(schema.get("items", {}))] * int(schema.get("minItems", 0))
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
    return "x" * max(3, int(schema.get("minLength", 0)))
