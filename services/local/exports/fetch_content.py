"""Brings what an export is made of onto this disk: the rows in one file, and the content of each."""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

from services.common.errors import InvalidArgumentError, LikenessError, NotFoundError
from services.local.exports.export_request import Wanted
from services.local.exports.server import Server

JsonObject = dict[str, Any]
AT_ONCE = 8
LOOK_SECONDS = 0.25
ENDED = ("COMPLETED", "COMPLETED_WITH_ERRORS", "FAILED", "CANCELED")
Told = Callable[[int, int], None]
"""Takes how many are done, and of how many."""


async def fetch_rows(server: Server, wanted: Wanted, target: Path, told: Told) -> None:
    """All documents, as they are at one moment, a JSON object a line."""
    filters = None if wanted.filters is None else orjson.loads(wanted.filters)
    body = {"format": "json", "filters": filters}
    started = await server.call("POST", f"/collections/{wanted.collection}/exports", body)
    while (task := await server.call("GET", f"/tasks/{started['task_id']}"))["status"] not in ENDED:
        progress = task["additional_data"].get("progress", {})
        told(progress.get("processed", 0), progress.get("total", 0))
        await asyncio.sleep(LOOK_SECONDS)
    if task["status"] not in ENDED[:2]:
        raise InvalidArgumentError(f"The server could not export: {task['error'] or task['status']}")
    answer = await server.call("GET", started["result"])
    await server.download(answer["download_url"], target)


def place_of(file: Mapping[str, Any], media: Path) -> Path:
    """Where the content of a file of a document is kept meanwhile: the same content in the same place."""
    checksum = (file["checksum"] or "").removeprefix("sha256:")
    return media / (checksum or file["source_blob_id"])


async def fetch_media(
    server: Server, files: Iterable[Mapping[str, Any]], media: Path, told: Callable[[], None]
) -> dict[str, str]:
    """Fetches the content of files, of each content once; blob id -> why one cannot be had."""
    failures: dict[str, str] = {}
    gate, running = asyncio.Semaphore(AT_ONCE), set[asyncio.Task[None]]()

    async def fetch(file: Mapping[str, Any]) -> None:
        try:
            if not place_of(file, media).exists():
                await _fetch(server, file, place_of(file, media))
        except (NotFoundError, InvalidArgumentError) as error:
            failures[file["source_blob_id"]] = error.message
        finally:
            gate.release()
            told()

    try:
        for file in files:
            await gate.acquire()
            task = asyncio.create_task(fetch(file))
            running.add(task)
            task.add_done_callback(running.discard)
            if any(each.done() and each.exception() for each in running):
                break
        await asyncio.gather(*running)
    finally:
        for task in running:
            task.cancel()
    return failures


async def _fetch(server: Server, file: Mapping[str, Any], target: Path) -> None:
    fresh = target.with_name(f"{target.name}.{file['source_blob_id']}")
    await server.download(f"/blobs/{file['source_blob_id']}", fresh)
    wanted = (file["checksum"] or "").removeprefix("sha256:")
    if wanted and await asyncio.to_thread(_digest, fresh) != wanted:
        fresh.unlink()
        raise LikenessError(f"The content of blob '{file['source_blob_id']}' came damaged; start the command again.")
    await asyncio.to_thread(fresh.replace, target)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
