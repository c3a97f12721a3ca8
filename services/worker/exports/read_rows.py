"""Reads what an export is to hold: all of it as it was at one moment, some hundred rows at a time."""

import base64
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from services.common.database.bounded_reads import ISOLATION, SETTINGS, user_faults
from services.common.database.pool import Connection
from services.common.filters import EVERYTHING, compile_sql, parse_json
from services.worker.exports.columns import Columns
from services.worker.exports.row import row_of, selected, spread
from services.worker.exports.rows_on_disk import Spool
from services.worker.kit.task import JsonObject, Task

STEP = 500
TABLES, WEBDATASET = ("csv", "parquet"), "webdataset"
TELL_EVERY = 5000
FILES = """
    (SELECT jsonb_agg(to_jsonb(f) ORDER BY f.made, f.position, f.property) FROM (
       SELECT false AS made, 'source' AS role, position, blob_id, property, source_url, storage_key, filename,
              mime_type, size_bytes, sha256 FROM blobs WHERE object_id = d.object_id
       UNION ALL
       SELECT true, role, 0, blob_id, field, NULL, storage_key, NULL, mime_type, size_bytes, sha256
       FROM document_blobs WHERE document_id = d.document_id
     ) AS f)"""
# The rest of it is long, and no part of a row.
INTERNAL = """jsonb_build_object('modality', d.internal -> 'modality', 'mime_type', d.internal -> 'mime_type',
       'content_hash', d.internal -> 'content_hash', 'lineage', d.internal -> 'lineage')"""
ROWS = """
    SELECT d.document_id, d.collection_id, d.bucket_id, d.object_id, d.source_document_id, d.fields, d.taxonomy_match,
           d.labels, {internal} AS internal, d.created_at, d.updated_at, {files} AS files
    FROM documents d WHERE d.collection_id = $1 AND {where} ORDER BY d.row_key LIMIT $2"""
COUNT = "SELECT count(*) FROM (SELECT FROM documents d WHERE d.collection_id = $1 AND {where} LIMIT $2) AS found"
VECTORS = """
    SELECT document_id, feature_uri, model, vector FROM embeddings WHERE document_id = ANY($1)
    ORDER BY array_position($1, document_id), feature_uri"""

Told = Callable[[int, int], Awaitable[None]]
"""Takes how many rows are done, and of how many."""


@dataclass(frozen=True, kw_only=True)
class Read:
    """The rows as their format needs them, and the vectors, each with what it is of.

    They are whole for JSON lines, flat for tables (whose `columns` are known then), and for a WebDataset each has the
    source files of its object beside it.
    """

    rows: Spool
    columns: Columns
    vectors: Spool | None
    total: int


async def read(task: Task, folder: Path, public_url: str, told: Told) -> Read:
    """Writes down what the task is to export; `told` hears of it now and then."""
    inputs = task.inputs
    vectors = Spool(folder / "vectors.spool") if inputs["include_vectors"] else None
    filters = parse_json(inputs["filters"], "filters") if inputs["filters"] else EVERYTHING
    where, values = compile_sql(filters, start=3)
    asked = (inputs["collection_id"], inputs["sample_size"], *values)
    columns = Columns()
    with Spool(folder / "rows.spool") as rows:
        target = Target(inputs, rows, columns, vectors, public_url)
        async with task.pool.acquire() as connection:
            with user_faults("body.filters"):
                total = await _read(connection, where, asked, target, told)
    if vectors is not None:
        vectors.close()
    return Read(rows=rows, columns=columns, vectors=vectors, total=total)


@dataclass(frozen=True)
class Target:
    """Where rows go, and as what."""

    inputs: JsonObject
    rows: Spool
    columns: Columns
    vectors: Spool | None
    public_url: str

    def add(self, document: asyncpg.Record) -> None:
        """Writes a document down."""
        whole = row_of(dict(document), lineage=self.inputs["include_lineage"], public_url=self.public_url)
        row = selected(whole, self.inputs["select_fields"])
        if self.inputs["format"] in TABLES:
            row = spread(row)
            self.columns.see(row)
        self.rows.add([row, self._media(document)] if self.inputs["format"] == WEBDATASET else row)

    def _media(self, document: asyncpg.Record) -> list[JsonObject] | None:
        if not self.inputs["include_media"]:
            return None
        return [each for each in document["files"] or [] if each["role"] == "source"]


async def _read(connection: Connection, where: str, asked: Sequence[Any], target: Target, told: Told) -> int:
    async with connection.transaction(isolation=ISOLATION, readonly=True):
        await connection.execute(SETTINGS)
        total: int = await connection.fetchval(COUNT.format(where=where), *asked)
        cursor = await connection.cursor(ROWS.format(where=where, files=FILES, internal=INTERNAL), *asked)
        while page := await cursor.fetch(STEP):
            for document in page:
                target.add(document)
            if target.vectors is not None:
                await _read_vectors(connection, [each["document_id"] for each in page], target.vectors)
            if target.rows.count % TELL_EVERY < STEP:
                await told(target.rows.count, total)
    return total


async def _read_vectors(connection: Connection, document_ids: list[str], vectors: Spool) -> None:
    for row in await connection.fetch(VECTORS, document_ids):
        about = {name: row[name] for name in ("document_id", "feature_uri", "model")}
        vectors.add([about, base64.b64encode(row["vector"]).decode()])
