"""Every answer is held against the OpenAPI document that the gateway itself publishes."""

import re
from functools import cache
from typing import Any

import httpx
from openapi_schema_validator import OAS31Validator

from services.gateway.app import build_routes


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
