"""Merging an upload into the object of the same unique key: no field and no person's label is lost."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.common.database.carriers import carry_from_upload
from services.common.database.document_events import tell_changed
from services.common.database.jobs import enqueue_ingest
from services.common.database.objects_to_process import collections_of, collections_without_blobs
from services.common.database.outbox import record_event
from services.common.database.pool import Connection
from services.common.database.taxonomies import label_fields_of
from services.common.event_payloads import changed_fields
from services.common.passthrough import rules_of
from services.common.paths import dotted, overlap, said_inside
from services.common.sameness import differing

JsonObject = dict[str, Any]
CURRENT = "SELECT namespace_id, bucket_id, key_prefix, fields, human_fields FROM objects WHERE object_id = $1"
CHANGE = """
    UPDATE objects SET fields = fields || $2, key_prefix = coalesce($3, key_prefix), updated_at = now(),
      status = CASE WHEN $4 THEN 'PENDING' ELSE status END, error = CASE WHEN $4 THEN NULL ELSE error END
    WHERE object_id = $1"""
INSERT_BLOBS = """
    INSERT INTO blobs (blob_id, object_id, position, property, type,
                       source_url, storage_key, filename, mime_type, size_bytes, sha256)
    SELECT b.blob_id, $1, b.position, b.property, b.type,
           b.source_url, b.storage_key, b.filename, b.mime_type, b.size_bytes, b.sha256
    FROM jsonb_populate_recordset(NULL::blobs, $2) AS b"""
BLOBS = "SELECT property, type, filename, sha256 FROM blobs WHERE object_id = $1 ORDER BY position"
# Where there is nothing to do again: what failed, or was never begun, is done by an upload that changes nothing else.
UNDERWAY = "SELECT collection_id FROM processing WHERE object_id = $1 AND status <> 'FAILED'"
COLLECTIONS = "SELECT collection_id, feature_extractor FROM collections WHERE bucket_ids @> ARRAY[$1]"


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What a collection takes for labels of an object's fields.

    `labels` are the sources of what its taxonomies fill; without any taxonomy, any of `names` may be a label.
    """

    labels: frozenset[str]
    names: frozenset[str]


async def merge_object(
    connection: Connection,
    object_id: str,
    fields: JsonObject,
    blobs: Sequence[JsonObject],
    *,
    key_prefix: str | None,
    process: bool,
) -> list[str]:
    """Merges fields and replaces blobs (if there are new ones) of an object that the caller has locked.

    What is to be processed is processed anew, unless the upload says nothing new and all of it is done or underway.
    Returns the ids of the documents whose fields changed.
    """
    row = await connection.fetchrow(CURRENT, object_id)
    assert row is not None
    given = said_inside(fields, dotted(row["fields"]))
    merged = mergeable(given, row["human_fields"], await _reaches(connection, row["bucket_id"]))
    names = differing(row["fields"], merged, list(merged))
    names += ["key_prefix"] if key_prefix not in (None, row["key_prefix"]) else []
    if blobs and not await _are_stored(connection, object_id, blobs):
        await connection.execute("DELETE FROM blobs WHERE object_id = $1", object_id)
        await connection.execute(INSERT_BLOBS, object_id, list(blobs))
        names.append("blobs")
    collections = await _to_process(connection, object_id, row["bucket_id"], {**row["fields"], **merged})
    if process and not names:
        process = not set(collections) <= {each[0] for each in await connection.fetch(UNDERWAY, object_id)}
    if names or process:
        await connection.execute(CHANGE, object_id, merged, key_prefix, process)
        await _tell(connection, row, object_id, names)
    if process:
        await enqueue_ingest(connection, object_id, collections)
    changed = await carry_from_upload(connection, object_id, merged)
    await tell_changed(connection, changed)
    return list(changed)


async def _are_stored(connection: Connection, object_id: str, blobs: Sequence[JsonObject]) -> bool:
    """Whether the object has these very contents. What an address leads to may be another content than before."""
    stored = [tuple(row) for row in await connection.fetch(BLOBS, object_id)]
    given = [(each["property"], each["type"], each["filename"], each["sha256"]) for each in blobs]
    return stored == given and all(each["sha256"] and each["source_url"] is None for each in blobs)


async def _to_process(connection: Connection, object_id: str, bucket_id: str, fields: JsonObject) -> list[str]:
    if await connection.fetchval("SELECT EXISTS (SELECT FROM blobs WHERE object_id = $1)", object_id):
        return await collections_of(connection, bucket_id)
    return await collections_without_blobs(connection, bucket_id, fields)


async def _reaches(connection: Connection, bucket_id: str) -> list[Reach]:
    found = []
    for row in await connection.fetch(COLLECTIONS, bucket_id):
        labels = set(await label_fields_of(connection, row["collection_id"]))
        rules = {rule.target: rule.source for rule in rules_of(row["feature_extractor"])}
        reach = Reach(
            labels=frozenset(rules.get(label, label) for label in labels),
            names=frozenset() if labels else frozenset(rules.values()),
        )
        found.append(reach)
    return found


def mergeable(fields: Mapping[str, Any], human: Collection[str], reaches: Iterable[Reach]) -> JsonObject:
    """The fields that an upload may change: nothing that a person may have named it, and no label to nothing."""
    listed = list(reaches)
    labels = {source for reach in listed for source in reach.labels}
    names = labels | {source for reach in listed for source in reach.names}

    def is_kept(name: str, value: Any) -> bool:
        is_label = any(overlap(name, source) for source in labels)
        is_human = any(overlap(name, field) for field in human)
        is_name = any(overlap(name, source) for source in names)
        return (is_human and (is_name or value is None)) or (is_label and value is None)

    return {name: value for name, value in fields.items() if not is_kept(name, value)}


async def _tell(connection: Connection, row: asyncpg.Record, object_id: str, fields: Sequence[str]) -> None:
    payload = {"bucket_id": row["bucket_id"], **changed_fields(fields)}
    await record_event(connection, row["namespace_id"], "object.updated", object_id, payload)
