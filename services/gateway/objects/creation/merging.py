"""Merging an upload into the object of the same unique key: no field and no person's label is lost."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.common.database.documents.propagate_edits import propagate_from_upload
from services.common.database.events.document_events import record_changed_documents
from services.common.database.events.outbox import record_event
from services.common.database.pool import Connection
from services.common.database.taxonomies.applied_taxonomies import label_fields_of
from services.common.events.event_payloads import changed_fields
from services.common.extractors.passthrough import sources_of
from services.common.json.equality import differing
from services.common.json.paths import dotted, overlap, said_inside
from services.common.row_types import Blob
from services.gateway.objects.reprocessing.changed_inputs import Change, Held
from services.gateway.objects.reprocessing.collections_of_object import concerned
from services.gateway.objects.reprocessing.store import blobs_held, outdate, renew

JsonObject = dict[str, Any]
CURRENT = "SELECT namespace_id, bucket_id, key_prefix, fields, human_fields FROM objects WHERE object_id = $1"
CHANGE = """
    UPDATE objects SET fields = fields || $2, key_prefix = coalesce($3, key_prefix), updated_at = now()
    WHERE object_id = $1"""
INSERT_BLOBS = """
    INSERT INTO blobs (blob_id, object_id, position, property, type,
                       source_url, storage_key, filename, mime_type, size_bytes, sha256)
    SELECT b.blob_id, $1, b.position, b.property, b.type,
           b.source_url, b.storage_key, b.filename, b.mime_type, b.size_bytes, b.sha256
    FROM jsonb_populate_recordset(NULL::blobs, $2) AS b"""
# What an upload says of a blob; what it leaves open may be anything.
OF_ADDRESS = ("property", "type", "filename")
OF_CONTENT = (*OF_ADDRESS, "mime_type", "sha256")
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

    What feeds a collection and has changed is processed anew, and what failed; what lies at an address is fetched to
    see whether it has. Without `process` what has changed waits for a batch. Returns the ids of changed documents.
    """
    row = await connection.fetchrow(CURRENT, object_id)
    assert row is not None
    given = said_inside(fields, dotted(row["fields"]))
    merged = mergeable(given, row["human_fields"], await _reaches(connection, row["bucket_id"]))
    names = differing(row["fields"], merged, list(merged))
    names += ["key_prefix"] if key_prefix not in (None, row["key_prefix"]) else []
    before = Held(blobs=await blobs_held(connection, object_id), fields=row["fields"])
    if blobs and not _are_held(before.blobs, blobs):
        await connection.execute("DELETE FROM blobs WHERE object_id = $1", object_id)
        await connection.execute(INSERT_BLOBS, object_id, list(blobs))
        names.append("blobs")
    if names:
        await connection.execute(CHANGE, object_id, merged, key_prefix)
        await _tell(connection, row, object_id, names)
    held = Held(blobs=await blobs_held(connection, object_id), fields={**row["fields"], **merged})
    change = Change(before=before, after=held, sent=fields, sent_blobs=bool(blobs), is_upload=True)
    if process or names:
        await _renew(connection, object_id, row["bucket_id"], change, process=process)
    changed = await propagate_from_upload(connection, object_id, merged)
    await record_changed_documents(connection, changed)
    return list(changed)


async def _renew(connection: Connection, object_id: str, bucket_id: str, change: Change, *, process: bool) -> None:
    after = change.after
    if not process:
        await outdate(connection, object_id, bucket_id, change)
        return
    wanted = await concerned(connection, bucket_id, after.fields, has_blobs=bool(after.blobs))
    await renew(connection, object_id, bucket_id, change, wanted)


def _are_held(held: Sequence[Blob], given: Sequence[JsonObject]) -> bool:
    """Whether these blobs are there already, by their content or, where that is not known, by their address."""
    return len(held) == len(given) and all(_is_held(*pair) for pair in zip(held, given, strict=True))


def _is_held(held: Blob, given: JsonObject) -> bool:
    if held.source_url != given["source_url"]:
        return False
    names = OF_CONTENT if given["sha256"] is not None else OF_ADDRESS
    return all(given[name] in (None, getattr(held, name)) for name in names)


async def _reaches(connection: Connection, bucket_id: str) -> list[Reach]:
    found = []
    for row in await connection.fetch(COLLECTIONS, bucket_id):
        labels = set(await label_fields_of(connection, row["collection_id"]))
        rules = sources_of(row["feature_extractor"])
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
