"""Labels of machines that documents took over from the documents that they were made of change with these."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from services.common.database.events.document_events import record_changed_documents
from services.common.database.pool import Connection
from services.common.extractors.passthrough import passes_everything, sources_of
from services.common.row_types import StoredDocument
from services.worker.domain import JsonObject

FOLLOWERS = """
    SELECT d.document_id, d.source_document_id, d.fields, d.labels, d.taxonomy_match, d.internal, c.feature_extractor,
      ARRAY(SELECT unnest(l.label_fields) FROM labellers l WHERE l.collection_id = d.collection_id) AS own_fields
    FROM documents d JOIN collections c USING (collection_id)
    WHERE d.source_document_id = ANY($1) ORDER BY d.document_id FOR UPDATE OF d"""
WRITE = """
    UPDATE documents d SET fields = new.fields, labels = new.labels, updated_at = now()
    FROM unnest($1::text[], $2::jsonb[], $3::jsonb[]) AS new (document_id, fields, labels)
    WHERE d.document_id = new.document_id"""


@dataclass(frozen=True, kw_only=True)
class Changed:
    """A document before and after."""

    before: StoredDocument
    after: StoredDocument


async def hand_down(connection: Connection, changed: Mapping[str, Changed], why: JsonObject) -> list[str]:
    """Writes what was made of these documents, whose objects the caller has locked; the ids of what changed."""
    level, found = dict(changed), list[str]()
    while level:
        rows = await connection.fetch(FOLLOWERS, list(level))
        below = {row["document_id"]: each for row in rows if (each := _handed(dict(row), level))}
        after = [each.after for each in below.values()]
        await connection.execute(WRITE, list(below), [each.fields for each in after], [each.labels for each in after])
        await record_changed_documents(connection, {key: _names(each) for key, each in below.items()}, **why)
        found += below
        level = below
    return found


def _handed(row: Mapping[str, Any], level: Mapping[str, Changed]) -> Changed | None:
    before = StoredDocument(
        fields=row["fields"], labels=row["labels"], taxonomy_match=row["taxonomy_match"], internal=row["internal"]
    )
    after = handed_down(before, level[row["source_document_id"]], row["feature_extractor"], row["own_fields"])
    return None if after == before else Changed(before=before, after=after)


def handed_down(
    follower: StoredDocument, source: Changed, feature_extractor: Mapping[str, Any], own_fields: list[str]
) -> StoredDocument:
    """The follower with the labels that it had taken over as they are now; what others said of it stays."""
    old, new = source.before, source.after
    sources = {field: field for field in old.labels | new.labels} if passes_everything(feature_extractor) else {}
    sources |= sources_of(feature_extractor)
    for target, field in sources.items():
        was, entry = old.labels.get(field), new.labels.get(field)
        took_over = follower.labels.get(target) == was and follower.fields.get(target) == old.fields.get(field)
        if target in own_fields or was == entry or not took_over:
            continue
        labels = {name: value for name, value in follower.labels.items() if name != target}
        labels |= {} if entry is None else {target: entry}
        follower = replace(follower, fields=follower.fields | {target: new.fields.get(field)}, labels=labels)
    return follower


def _names(changed: Changed) -> list[str]:
    before = changed.before.fields
    return [name for name, value in changed.after.fields.items() if value != before.get(name)]
