"""Routers whose bodies are read by orjson, and are nested no deeper than we can handle."""

from collections.abc import Callable, Iterable
from typing import Any

import orjson
from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from services.gateway.router import Router

MAX_DEPTH = 64


class JsonRequest(Request):
    """A request whose body is read by orjson."""

    async def json(self) -> Any:
        """The body as Python values."""
        body = await self.body()
        content = orjson.loads(body)
        # Few brackets cannot be nested deeply; nearly every body ends here.
        if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _is_deep(content):
            raise HTTPException(400, f"The body is nested deeper than {MAX_DEPTH} levels.")
        return content


def _is_deep(content: Any) -> bool:
    level = [content]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
    return bool(level)


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


class JsonRoute(APIRoute):
    """A route that hands its handler a JsonRequest."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        """The handler of the base class, given a JsonRequest."""
        handle = super().get_route_handler()

        async def handler(request: Request) -> Any:
            return await handle(JsonRequest(request.scope, request.receive))

        return handler


def routes_of(tag: str, prefix: str = "") -> APIRouter:
    """An empty router for one kind of resource."""
    return Router(prefix=prefix, tags=[tag], route_class=JsonRoute)
