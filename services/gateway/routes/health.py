"""Whether this process lives, and whether the product works."""

import asyncio

import asyncpg
from fastapi import Response

from services.common.grpc_client import is_serving
from services.gateway.context import Public
from services.gateway.gateway import Gateway
from services.gateway.routing import routes_of
from services.gateway.shapes.health import Health, Liveness

router = routes_of("Health", "/health")


@router.get("", responses={503: {"model": Health}})
async def health(gateway: Public, response: Response) -> Health:
    """Ready when the database answers and every service is SERVING; 503 otherwise. No key needed."""
    channels = gateway.channels
    names = ("database", "extractor", "index", "taxonomy")
    answers = await asyncio.gather(
        _database(gateway),
        is_serving(channels.extractor),
        is_serving(channels.index),
        is_serving(channels.taxonomy),
    )
    services = {name: "ok" if fine else "unavailable" for name, fine in zip(names, answers, strict=True)}
    if not all(answers):
        response.status_code = 503
    return Health(status="healthy" if all(answers) else "unhealthy", services=services)


async def _database(gateway: Gateway) -> bool:
    try:
        return bool(await gateway.pool.fetchval("SELECT 1", timeout=2) == 1)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False


@router.get("/liveness")
async def liveness() -> Liveness:
    """Answers as long as this process does. No key needed."""
    return Liveness()
