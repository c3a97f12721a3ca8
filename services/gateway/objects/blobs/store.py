"""Blobs of objects and files of documents, as the database knows them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.common.database.pool import Executor
from services.common.errors import NotFoundError
from services.common.row_types import Blob


@dataclass(frozen=True, kw_only=True)
class File:
    """A blob in the `role` that it has for a document: "source", "thumbnail" or "artifact"."""

    role: str
    blob: Blob


OF_OBJECTS = "SELECT * FROM blobs WHERE object_id = ANY($1) ORDER BY object_id, position"
COLUMNS = "blob_id, position, property, type, source_url, storage_key, filename, mime_type, size_bytes, sha256"
FILE_COLUMNS = """f.blob_id, 0 AS position, f.field AS property, split_part(f.mime_type, '/', 1) AS type,
    NULL AS source_url, f.storage_key, NULL AS filename, f.mime_type, f.size_bytes, f.sha256"""
OF_DOCUMENTS = f"""
    SELECT object_id AS owner, 'source' AS role, {COLUMNS} FROM blobs WHERE object_id = ANY($1)
    UNION ALL
    SELECT f.document_id, f.role, {FILE_COLUMNS} FROM document_blobs f WHERE f.document_id = ANY($2)
    ORDER BY owner, position, property"""  # noqa: S608
# The same of one document `d`, as a column: a list then needs no second statement.
FILES = f"""
    (SELECT jsonb_agg(to_jsonb(file) - 'made' ORDER BY made, position, property) FROM (
       SELECT false AS made, 'source' AS role, {COLUMNS} FROM blobs WHERE object_id = d.object_id
       UNION ALL
       SELECT true, f.role, {FILE_COLUMNS} FROM document_blobs f WHERE f.document_id = d.document_id
     ) AS file) AS files"""  # noqa: S608
ANYWHERE = f"""
    SELECT {COLUMNS} FROM blobs WHERE blob_id = $1
    UNION ALL SELECT {FILE_COLUMNS} FROM document_blobs f WHERE f.blob_id = $1"""  # noqa: S608
IN_NAMESPACE = f"""
    SELECT b.* FROM (SELECT object_id, {COLUMNS} FROM blobs WHERE blob_id = $1) b
    JOIN objects o USING (object_id) WHERE o.namespace_id = $2
    UNION ALL
    SELECT d.object_id, {FILE_COLUMNS} FROM document_blobs f JOIN documents d USING (document_id)
    WHERE f.blob_id = $1 AND d.namespace_id = $2"""  # noqa: S608


async def files_of(db: Executor, rows: Sequence[asyncpg.Record]) -> dict[str, list[File]]:
    """Document id -> the blobs of its object, then the files made of the document.

    `rows` are documents; those with FILES have them already.
    """
    if rows and "files" in rows[0]:
        return {row["document_id"]: [_file(values) for values in row["files"] or []] for row in rows}
    objects, documents = {row["object_id"] for row in rows}, [row["document_id"] for row in rows]
    owned: dict[str, list[File]] = defaultdict(list)
    for row in await db.fetch(OF_DOCUMENTS, list(objects), documents):
        owned[row["owner"]].append(_file(row))
    return {row["document_id"]: [*owned[row["object_id"]], *owned[row["document_id"]]] for row in rows}


def _file(values: Mapping[str, Any] | asyncpg.Record) -> File:
    return File(role=values["role"], blob=to_blob(values))


async def blobs_of(db: Executor, object_ids: Sequence[str]) -> dict[str, list[Blob]]:
    """Object id -> its blobs, in their order; an object without any is missing."""
    found: dict[str, list[Blob]] = defaultdict(list)
    for row in await db.fetch(OF_OBJECTS, list(set(object_ids))):
        found[row["object_id"]].append(to_blob(row))
    return found


async def find_blob(db: Executor, blob_id: str) -> Blob | None:
    """A blob of any namespace, for whoever holds a signed link to it."""
    row = await db.fetchrow(ANYWHERE, blob_id)
    return None if row is None else to_blob(row)


async def get_blob(db: Executor, namespace_id: str, blob_id: str) -> Blob:
    """A blob of this namespace."""
    row = await db.fetchrow(IN_NAMESPACE, blob_id, namespace_id)
    if row is None:
        raise NotFoundError.of("blob", blob_id)
    return to_blob(row)


def to_blob(row: Mapping[str, Any] | asyncpg.Record) -> Blob:
    """A blob from its row."""
    return Blob(**{name: row[name] for name in Blob.__dataclass_fields__})
