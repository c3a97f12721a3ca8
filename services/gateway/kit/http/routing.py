"""Routers that know their paths; bodies are read, and answers written, by orjson."""

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import orjson
from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Match
from starlette.types import Scope

from services.common.errors import LikenessError
from services.common.validation.json_text import read_json
from services.gateway.kit.http.aliases import BASE
from services.gateway.kit.http.query_names import check_query, query_names

PARAMETER = re.compile(r"\{[^{}:]+(:path)?\}")


class JsonAnswer(JSONResponse):
    """JSON with times as `...Z`."""

    def render(self, content: Any) -> bytes:
        """The bytes of the body."""
        return orjson.dumps(content, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


MAX_DEPTH = 64


class JsonRequest(Request):
    """A request whose body is read by orjson."""

    async def json(self) -> Any:
        """The body as Python values."""
        body = await self.body()
        content = read_json(body, "body")
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
    """A route that hands its handler a JsonRequest, once the names in the query are known."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        """The handler of the base class, given a JsonRequest."""
        handle, known = super().get_route_handler(), query_names(self.dependant)

        async def handler(request: Request) -> Any:
            if request.scope["query_string"]:
                check_query(request.method, self.path, request.query_params, known)
            try:
                return await handle(JsonRequest(request.scope, request.receive))
            except HTTPException as error:
                # The framework hides what reading the body raised behind an error of its own.
                if isinstance(error.__cause__, LikenessError):
                    raise error.__cause__ from None
                raise

        return handler


def routes_of(tag: str, prefix: str = "") -> APIRouter:
    """An empty router for one kind of resource."""
    return Router(prefix=prefix, tags=[tag], route_class=JsonRoute)


class Router(APIRouter):
    """Looks at its routes one by one only for a path that one of them has.

    There are hundreds of routes, and to try each in turn costs more than to answer a small list.
    """

    @cached_property
    def paths(self) -> re.Pattern[str]:
        """Matches the paths of all its routes, which are complete when the first request comes."""
        return re.compile("|".join(_pattern(route.path) for route in self.routes if isinstance(route, APIRoute)))

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """What the base class says, or quickly that nothing matches."""
        if scope["type"] == "http" and not self.paths.fullmatch(scope["path"].removeprefix(BASE)):
            return Match.NONE, {}
        return super().matches(scope)


def _pattern(path: str) -> str:
    """`/buckets/{bucket}` as a regular expression, without the names of its parameters."""
    parts, place = [], 0
    for found in PARAMETER.finditer(path):
        parts += [re.escape(path[place : found.start()]), ".*" if found[1] else "[^/]+"]
        place = found.end()
    return "".join(parts) + re.escape(path[place:])
