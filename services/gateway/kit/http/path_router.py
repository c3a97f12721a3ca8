"""A router that knows at once whether a path is one of its own."""

import re
from functools import cached_property

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from services.gateway.kit.http.aliases import BASE

PARAMETER = re.compile(r"\{[^{}:]+(:path)?\}")


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
