"""The HTTP application, from a gateway that is already connected."""

from collections.abc import Callable
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from services.gateway import documentation, problem
from services.gateway.aliases import BASE, Aliases
from services.gateway.gateway import Gateway
from services.gateway.limits import BodyLimit
from services.gateway.requests import Requests
from services.gateway.routes import (
    analytics,
    blobs,
    buckets,
    collections,
    documents,
    executions,
    health,
    namespaces,
    object_batches,
    objects,
    retrievers,
)
from services.gateway.shapes.errors import DOCUMENTED

VERSION = "0.1.0"
# Fixed paths such as /retrievers/stages come before those with a name in the same place.
ROUTERS = (
    health.router,
    namespaces.router,
    buckets.router,
    object_batches.router,
    objects.router,
    executions.router,
    retrievers.router,
    collections.router,
    analytics.router,
    documents.router,
    blobs.router,
)


class JsonRequest(Request):
    """A request whose body is read by orjson."""

    async def json(self) -> Any:
        """The body as Python values."""
        return orjson.loads(await self.body())


class JsonRoute(APIRoute):
    """A route that reads bodies with orjson."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        """The handler, given a JsonRequest."""
        handle = super().get_route_handler()

        async def handler(request: Request) -> Any:
            return await handle(JsonRequest(request.scope, request.receive))

        return handler


def build_app(gateway: Gateway) -> ASGIApp:
    """The whole application; every layer around the routes is plain ASGI."""
    app = build_routes()
    app.state.gateway = gateway
    limited = BodyLimit(app, gateway.settings.max_body_bytes)
    return Requests(Aliases(limited, documentation.ROOT_NAMES))


def build_routes() -> FastAPI:
    """The routes and their documentation, not yet connected to anything."""
    app = FastAPI(
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        strict_content_type=False,
    )
    versioned = APIRouter(prefix=BASE, responses=DOCUMENTED, route_class=JsonRoute)
    for router in ROUTERS:
        versioned.include_router(router)
    app.include_router(versioned)
    app.openapi = lambda: documentation.openapi_of(app)  # type: ignore[method-assign]
    documentation.install(app)
    problem.install(app)
    return app
