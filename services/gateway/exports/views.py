"""The answer of an export that has ended, with links that are signed when it is given."""

import asyncio
from collections.abc import Mapping
from typing import Any

import asyncpg

from services.common.blobs.exports import ExportFiles, key_of
from services.common.errors import InvalidArgumentError, NotFoundError
from services.gateway.exports.shapes import (
    CollectionExported,
    ExportDestinationResult,
    ExportMedia,
    ExportShard,
)
from services.gateway.kit.context import Tenant

CONTENT = "/v1/exports/content/"
SIGNED = "export:"
LINK_SECONDS = 3600
MOST_SHARDS = 200


async def exported(tenant: Tenant, files: ExportFiles, task: asyncpg.Record) -> CollectionExported:
    """The answer; NotFoundError EXPORT_GONE when the files are no longer kept, InvalidArgumentError when it failed."""
    require_done(task)
    task_id, outputs = task["task_id"], task["outputs"]
    listed: list[Mapping[str, Any]] = outputs["files"]
    shards = listed if outputs["format"] == "webdataset" else None
    names = [each["filename"] for each in listed[:MOST_SHARDS]]
    links = dict(zip(names, await asyncio.gather(*(link(tenant, files, task_id, name) for name in names)), strict=True))
    vectors = outputs.get("vectors")
    return CollectionExported(
        download_url=links[names[0]],
        s3_path=files.address(key_of(task_id, "" if shards is not None else names[0])),
        format=outputs["format"],
        document_count=outputs["document_count"],
        file_size_bytes=sum(each["file_size_bytes"] for each in listed),
        exported_at=outputs["exported_at"],
        vectors_download_url=await link(tenant, files, task_id, vectors) if vectors else None,
        vectors_s3_path=files.address(key_of(task_id, vectors)) if vectors else None,
        media=ExportMedia(**outputs["media"]) if outputs.get("media") else None,
        destination=ExportDestinationResult(**outputs["destination"]) if outputs.get("destination") else None,
        **({} if shards is None else _shards(files, task_id, shards, links)),
    )


def require_done(task: asyncpg.Record) -> None:
    """Raises unless the files of an export are there."""
    task_id = task["task_id"]
    if task["is_over"]:
        message = f"The files of export '{task_id}' are kept for seven days only; export the collection again."
        raise NotFoundError(message, reason="EXPORT_GONE", resource="export", id=task_id)
    if not task["status"].startswith("COMPLETED"):
        why = task["error"] or ("it was stopped" if task["status"] == "CANCELED" else "it is not done yet")
        message = f"Export '{task_id}' has no files: {why}"
        raise InvalidArgumentError(message, reason=f"EXPORT_{task['status']}", path="path.task_id", task_id=task_id)


async def link(tenant: Tenant, files: ExportFiles, task_id: str, name: str) -> str:
    """A link to a file that works for an hour, without a key."""
    key = key_of(task_id, name)
    presigned = await files.link(key, LINK_SECONDS)
    return presigned or f"{tenant.base_url}{CONTENT}{tenant.gateway.signer.sign(SIGNED + key, LINK_SECONDS)}"


def _shards(
    files: ExportFiles, task_id: str, listed: list[Mapping[str, Any]], links: Mapping[str, str]
) -> dict[str, Any]:
    count = len(listed)
    pattern = f"documents-{{000000..{count - 1:06d}}}.tar" if count > 1 else listed[0]["filename"]
    shards = [
        ExportShard(
            filename=each["filename"],
            s3_path=files.address(key_of(task_id, each["filename"])),
            download_url=links[each["filename"]],
            sample_count=each["sample_count"],
            file_size_bytes=each["file_size_bytes"],
        )
        for each in listed[:MOST_SHARDS]
    ]
    return {"shard_count": count, "shard_pattern": pattern, "shards": shards}
