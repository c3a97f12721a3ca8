"""Routers whose bodies are read by orjson."""

from collections.abc import Callable
from typing import Any

import orjson
from fastapi import APIRouter, Request
from fastapi.routing import APIRoute


class JsonRequest(Request):
    """A request whose body is read by orjson."""

    async def json(self) -> Any:
        """The body as Python values."""
        return orjson.loads(await self.body())


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
    return APIRouter(prefix=prefix, tags=[tag], route_class=JsonRoute)
