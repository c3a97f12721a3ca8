"""Whether this process lives, and whether the product works."""

import asyncio

import asyncpg
from fastapi import Response

from services.common.errors import LikenessError, NotFoundError
from services.common.grpc.client import is_serving
from services.gateway.health.shapes import Beat, DeepHealth, Health, Liveness, to_deep
from services.gateway.kit.context import Public
from services.gateway.kit.dependencies import Gateway
from services.gateway.kit.http.routing import routes_of

router = routes_of("Health", "/health")
NO_SUCH_BLOB = "health/no/such-blob"
BEAT = """SELECT count(*) FILTER (WHERE status = 'PENDING') AS waiting, max(updated_at) AS last_progress FROM tasks"""


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


@router.get("/deep", responses={503: {"model": DeepHealth}})
async def deep_health(gateway: Public, response: Response) -> DeepHealth:
    """The same, under the names that the contract has for the parts, and the blob store. No key needed."""
    found = await health(gateway, response)
    services = {name: state == "ok" for name, state in found.services.items()}
    fault = await _blob_store(gateway)
    if fault is not None:
        response.status_code = 503
    return to_deep(services, storage_fault=fault)


async def _blob_store(gateway: Gateway) -> str | None:
    """Why the store cannot be written or read; None where it can: it has no blob of this name, and says so."""
    try:
        await gateway.blobs.probe()
        await gateway.blobs.get(NO_SUCH_BLOB)
    except NotFoundError:
        return None
    except LikenessError as error:
        return error.message
    return None


@router.get("/beat")
async def beat(gateway: Public) -> Beat:
    """When a task was last worked on, and how many wait. No key needed."""
    row = await gateway.pool.fetchrow(BEAT)
    return Beat(waiting=row["waiting"] if row else 0, last_progress=row["last_progress"] if row else None)


async def _database(gateway: Gateway) -> bool:
    try:
        return bool(await gateway.pool.fetchval("SELECT 1", timeout=2) == 1)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False


@router.get("/liveness")
async def liveness() -> Liveness:
    """Answers as long as this process does. No key needed."""
    return Liveness()
