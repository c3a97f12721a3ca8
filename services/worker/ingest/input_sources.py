"""Where the inputs of an ingest lie: in the object itself, or in the documents that another collection made of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import asyncpg

from services.common.database.pool import Connection, Pool
from services.common.filters import EVERYTHING, OBJECTS, Filter, compile_sql, parse
from services.common.row_types import Blob, JsonObject, SourceDocument
from services.worker.domain import Ingest, Outcome, Part
from services.worker.kit.database_outages import retried_in_outage

COLUMNS = "d.document_id, d.collection_id, d.fields, d.labels, d.internal -> 'lineage' AS lineage"
OF_OBJECT = f"""
    SELECT {COLUMNS},
           (SELECT jsonb_agg(to_jsonb(b) ORDER BY b.field) FROM document_blobs b
            WHERE b.document_id = d.document_id) AS blobs
    FROM documents d WHERE d.object_id = $1 AND d.collection_id = ANY($2) AND {{passes}}
    ORDER BY d.collection_id, d.part"""  # noqa: S608
PASSES = "SELECT EXISTS (SELECT FROM objects o WHERE o.object_id = $1 AND {passes})"
CURRENT = f"SELECT {COLUMNS} FROM documents d WHERE d.document_id = ANY($1)"  # noqa: S608


@dataclass(frozen=True, kw_only=True)
class Place:
    """What may hold an input: blobs and fields of an object, or of a `source` document."""

    blobs: Sequence[Blob]
    fields: JsonObject
    source: SourceDocument | None = None


class Sources:
    """Finds the places of an ingest."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def places(self, ingest: Ingest) -> list[Place]:
        """The object itself; for a collection of collections each of their documents of this object.

        What the collection's source filter refuses is left out.
        """
        if ingest.collection.source_collection_ids:
            return [_place(row, ingest) for row in await self._documents(ingest)]
        return [Place(blobs=ingest.blobs, fields=ingest.seen.fields)] if await self._is_wanted(ingest) else []

    @retried_in_outage
    async def _documents(self, ingest: Ingest) -> list[asyncpg.Record]:
        passes, values = compile_sql(_filters(ingest), start=3)
        collections = list(ingest.collection.source_collection_ids)
        return await self._pool.fetch(OF_OBJECT.format(passes=passes), ingest.object_id, collections, *values)

    @retried_in_outage
    async def _is_wanted(self, ingest: Ingest) -> bool:
        filters = _filters(ingest)
        if filters == EVERYTHING:
            return True
        passes, values = compile_sql(filters, start=2, table=OBJECTS)
        return bool(await self._pool.fetchval(PASSES.format(passes=passes), ingest.object_id, *values))


def _filters(ingest: Ingest) -> Filter:
    given = (ingest.collection.source.get("source_filters") or {}).get("filters")
    return parse(given, "source_filters") if given else EVERYTHING


async def with_sources(connection: Connection, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes with their source documents as they are now; what was found in one that is gone is left out."""
    parts = [part for outcome in outcomes for part in outcome.parts]
    wanted = {part.found_in.source.document_id for part in parts if part.found_in.source is not None}
    if not wanted:
        return list(outcomes)
    rows = await connection.fetch(CURRENT, list(wanted))
    current = {row["document_id"]: _source(row) for row in rows}
    return [_updated(outcome, current) for outcome in outcomes]


def _updated(outcome: Outcome, current: dict[str, SourceDocument]) -> Outcome:
    kept = [
        (found, decisions)
        for part, decisions in zip(outcome.parts, outcome.decisions, strict=True)
        if (found := _found_again(part, current)) is not None
    ]
    extracted = replace(outcome.extracted, parts=tuple(part for part, _ in kept))
    return Outcome(extracted=extracted, decisions=tuple(decisions for _, decisions in kept))


def _found_again(part: Part, current: dict[str, SourceDocument]) -> Part | None:
    source = part.found_in.source
    if source is None:
        return part
    if source.document_id not in current:
        return None
    return replace(part, found_in=replace(part.found_in, source=current[source.document_id]))


def _place(row: asyncpg.Record, ingest: Ingest) -> Place:
    files = [_blob(file) for file in row["blobs"] or []]
    return Place(blobs=(*files, *ingest.blobs), fields=row["fields"], source=_source(row))


def _source(row: asyncpg.Record) -> SourceDocument:
    return SourceDocument(
        document_id=row["document_id"],
        collection_id=row["collection_id"],
        fields=row["fields"],
        labels=row["labels"],
        lineage=row["lineage"] or {},
    )


def _blob(file: dict[str, Any]) -> Blob:
    known = {name: file[name] for name in ("blob_id", "storage_key", "mime_type", "size_bytes", "sha256")}
    kind = file["mime_type"].partition("/")[0]
    return Blob(**known, position=0, property=file["field"], type=kind, source_url=None, filename=None)
