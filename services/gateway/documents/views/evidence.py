"""The evidence of machines' labels as it is now: what lent a label may be called otherwise since, or be gone."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import asyncpg

from services.common.database.pool import Executor
from services.common.labels.human_labels import AUTO, IMPORT

JsonObject = dict[str, Any]
Key = tuple[str, str]
NOW = """
    SELECT d.document_id, asked.field, field_value(d.fields, asked.field) AS label,
           coalesce(d.labels -> asked.field ->> 'source', $3) AS label_source
    FROM unnest($1::text[], $2::text[]) AS asked (document_id, field) JOIN documents d USING (document_id)"""
STALE = """
    SELECT document_id, jsonb_object_agg(field, true) AS fields FROM stale_labels
    WHERE document_id = ANY($1) GROUP BY document_id"""


async def stale_fields(db: Executor, document_ids: Sequence[str]) -> dict[str, JsonObject]:
    """Document id -> {field: true} of its labels that are no references: called wrong, or without their evidence."""
    return {row["document_id"]: row["fields"] for row in await db.fetch(STALE, list(document_ids))}


async def current_labels(db: Executor, rows: Sequence[asyncpg.Record]) -> dict[str, JsonObject]:
    """Document id -> the provenance of its labels, each evidence with its label of now; null for what is gone."""
    asked = list(dict.fromkeys(key for row in rows for key in _evidence_of(row["labels"])))
    if not asked:
        return {}
    found = await db.fetch(NOW, [key[0] for key in asked], [key[1] for key in asked], IMPORT)
    now: dict[Key, JsonObject] = {
        (row["document_id"], row["field"]): {"label": row["label"], "label_source": row["label_source"]}
        for row in found
    }
    return {row["document_id"]: with_evidence(row["labels"], now) for row in rows}


def with_evidence(labels: Mapping[str, Any], now: Mapping[Key, JsonObject]) -> JsonObject:
    """The labels with their evidence as it is `now`, by document and field."""
    return {field: _entry(field, entry, now) for field, entry in labels.items()}


def _entry(field: str, entry: Mapping[str, Any], now: Mapping[Key, JsonObject]) -> Mapping[str, Any]:
    lent = _lent_field(field, entry)
    if not lent:
        return entry
    evidence = [
        each if each.get("label") is None else {**each, **now.get((each["document_id"], lent), {"label": None})}
        for each in entry["evidence"]
    ]
    return {**entry, "evidence": evidence}


def _evidence_of(labels: Mapping[str, Any]) -> Iterator[Key]:
    for field, entry in labels.items():
        if lent := _lent_field(field, entry):
            yield from ((each["document_id"], lent) for each in entry["evidence"] if each.get("label") is not None)


def _lent_field(field: str, entry: Mapping[str, Any]) -> str:
    """The field of the references that lent the label; empty for what is nobody's label, or rests on none."""
    if entry.get("source") != AUTO or not entry.get("evidence"):
        return ""
    rests_on = entry.get("rests_on")
    return field if rests_on is None else str(rests_on[0].get("field") or "") if rests_on else ""
