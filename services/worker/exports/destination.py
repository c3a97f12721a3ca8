"""Writes an export into an S3 prefix that the operator allowed, with a manifest that says what it is."""

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import obstore
import orjson
from obstore.exceptions import BaseError

from services.common.blobs.s3 import open_s3, s3_error
from services.common.errors import InvalidArgumentError, UnavailableError
from services.common.export_destinations import read_destinations
from services.common.settings import Settings

JsonObject = dict[str, Any]
MANIFEST = "manifest.json"
SELECTION = ("format", "select_fields", "filters", "sample_size", "include_vectors", "include_lineage", "include_media")


async def deliver(settings: Settings, inputs: JsonObject, files: Sequence[Path], about: JsonObject) -> JsonObject:
    """Puts the files, then the manifest, under the prefix; returns ExportDestinationResult."""
    name, prefix = inputs["destination"]["connection_id"], inputs["destination"]["prefix"]
    allowed = read_destinations(settings.export_destinations).get(name)
    if allowed is None:
        raise InvalidArgumentError(f"The destination '{name}' is no longer one of LIKENESS_EXPORT_DESTINATIONS.")
    bucket, folder = allowed
    store = open_s3(settings, bucket)
    entries = [await asyncio.to_thread(_entry, file) for file in files]
    manifest = orjson.dumps(_manifest(inputs, entries, about), option=orjson.OPT_INDENT_2)
    try:
        for file in files:
            await obstore.put_async(store, f"{folder}{prefix}{file.name}", file)
        await obstore.put_async(store, f"{folder}{prefix}{MANIFEST}", manifest)
    except (BaseError, OSError) as error:
        fault = s3_error(error, f"s3://{bucket}/{folder}{prefix}")
        if isinstance(fault, UnavailableError):
            raise fault from error
        raise InvalidArgumentError(f"The destination '{name}' cannot be written: {fault.message}") from error
    keys = [f"{folder}{prefix}{each}" for each in (*(file.name for file in files), MANIFEST)]
    return {
        "connection_id": name,
        "prefix": prefix,
        "files": keys,
        "manifest_key": keys[-1],
        "bytes_written": sum(entry["size_bytes"] for entry in entries) + len(manifest),
    }


def _entry(file: Path) -> JsonObject:
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return {"name": file.name, "size_bytes": file.stat().st_size, "sha256": digest}


def _manifest(inputs: JsonObject, entries: Sequence[JsonObject], about: JsonObject) -> JsonObject:
    return {
        "collection_id": inputs["collection_id"],
        "collection_name": inputs["collection_name"],
        **about,
        "selection": {name: inputs[name] for name in SELECTION},
        "files": list(entries),
    }
