"""Exporting collections: as the contract has it, in one call, or as a task that is looked at from time to time."""

import asyncio
import time
from typing import Any

import asyncpg
from fastapi import Response
from fastapi.responses import FileResponse

from services.common.blobs.exports import ExportFiles
from services.common.database.exports import ask_for_export, find_export
from services.common.database.find_resources import get_collection
from services.common.database.tasks.create_task import OPEN, PENDING
from services.common.errors import DeadlineError, ForbiddenError, NotFoundError
from services.gateway.exports.plans import inputs_of
from services.gateway.exports.shapes import CollectionExport, CollectionExported, ExportStarted
from services.gateway.exports.views import SIGNED, exported
from services.gateway.kit.context import InNamespace, Public, Tenant
from services.gateway.kit.http.routing import routes_of

router = routes_of("Collections")
WAIT_SECONDS = 300.0
LOOK_SECONDS = (0.05, 1.0)
BYTES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        "description": "The file",
    },
    206: {"description": "The part of it that Range names"},
}


@router.post("/collections/{collection}/export")
async def export_collection(
    collection: str, tenant: InNamespace, form: CollectionExport | None = None
) -> CollectionExported:
    """Exports the documents of a collection and answers with links that work for an hour.

    One that takes more than five minutes answers 504 and goes on as the task that `error.details.task_id` names: ask
    again, in the same words, to wait for the same one.
    """
    task_id, _ = await _start(tenant, collection, form or CollectionExport())
    task = await _ended(tenant, task_id)
    return await exported(tenant, ExportFiles(tenant.gateway.settings), task)


@router.post("/collections/{collection}/exports")
async def start_export(collection: str, tenant: InNamespace, form: CollectionExport | None = None) -> ExportStarted:
    """Begins an export and does not wait for it; one that is asked for twice is made once."""
    task_id, collection_id = await _start(tenant, collection, form or CollectionExport())
    result = f"/collections/{collection_id}/exports/{task_id}"
    return ExportStarted(task_id=task_id, status=PENDING, collection_id=collection_id, result=result)


@router.get("/collections/{collection}/exports/{task_id}")
async def read_export(collection: str, task_id: str, tenant: InNamespace) -> CollectionExported:
    """What an export gave, with new links; its files are kept for seven days."""
    found = await get_collection(tenant.gateway.pool, tenant.namespace_id, collection)
    task = await _task(tenant, task_id)
    if task["inputs"]["collection_id"] != found.collection_id:
        raise NotFoundError.of("export", task_id)
    return await exported(tenant, ExportFiles(tenant.gateway.settings), task)


@router.get("/exports/content/{token}", response_class=Response, responses=BYTES)
async def open_export(token: str, gateway: Public) -> FileResponse:
    """A file behind a link that an export was answered with; no key needed."""
    signed = gateway.signer.verify(token)
    if not signed.startswith(SIGNED):
        raise ForbiddenError("This link is not one to an export.", reason="LINK_INVALID")
    key = signed.removeprefix(SIGNED)
    path = ExportFiles(gateway.settings).path(key)
    if path is None:
        raise NotFoundError("The file of this export is no longer kept.", reason="EXPORT_GONE", resource="export")
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"}
    return FileResponse(path, filename=path.name, media_type="application/octet-stream", headers=headers)


async def _start(tenant: Tenant, identifier: str, form: CollectionExport) -> tuple[str, str]:
    pool = tenant.gateway.pool
    collection = await get_collection(pool, tenant.namespace_id, identifier)
    inputs = inputs_of(collection, form, tenant.gateway.settings)
    async with pool.acquire() as connection, connection.transaction():
        return await ask_for_export(connection, tenant.namespace_id, inputs), collection.collection_id


async def _ended(tenant: Tenant, task_id: str) -> asyncpg.Record:
    """The task once it has ended; looks at it often at first, then once a second."""
    deadline, pause = time.monotonic() + WAIT_SECONDS, LOOK_SECONDS[0]
    while (task := await _task(tenant, task_id))["status"] in OPEN:
        if time.monotonic() > deadline:
            message = (
                f"The export goes on as task '{task_id}'. Look at GET /v1/tasks/{task_id}, and ask again in the same "
                "words to wait for it."
            )
            raise DeadlineError(message, reason="EXPORT_GOES_ON", task_id=task_id)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LOOK_SECONDS[1])
    return task


async def _task(tenant: Tenant, task_id: str) -> asyncpg.Record:
    task = await find_export(tenant.gateway.pool, tenant.namespace_id, task_id)
    if task is None:
        raise NotFoundError.of("export", task_id)
    return task
