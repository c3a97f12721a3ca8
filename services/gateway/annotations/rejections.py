"""Labels that a person calls wrong are no references, as long as that is the newest word on them."""

from collections.abc import Iterable
from typing import Any

from services.common.database.pool import Connection
from services.common.database.taxonomies.applied_taxonomies import label_fields_of
from services.common.database.taxonomies.decide_again import Affected, decide_again
from services.gateway.annotations.verdicts import rejected_fields

DOCUMENT = "SELECT collection_id, labels FROM documents WHERE document_id = $1"
LENT = "SELECT DISTINCT lent_field FROM label_evidence WHERE rests_on = $1 AND lent_field <> '' ORDER BY 1"
VALUES = """
    SELECT field, field_value(d.fields, field) AS value
    FROM documents d, unnest($2::text[]) WITH ORDINALITY AS asked (field, place)
    WHERE d.document_id = $1 ORDER BY place"""
ANNOTATIONS = """
    SELECT label, payload, judged, verdict, updated_at FROM annotations
    WHERE document_id = $1 AND deleted_at IS NULL ORDER BY updated_at DESC, row_key DESC"""


async def follow_verdicts(connection: Connection, namespace_id: str, document_ids: Iterable[str]) -> Affected:
    """Makes labels of these documents references or not, after their annotations have changed; what rests on them."""
    for document_id in sorted(set(document_ids)):
        await _follow(connection, document_id)
    return await decide_again(connection, namespace_id)


async def _follow(connection: Connection, document_id: str) -> None:
    document = await connection.fetchrow(DOCUMENT, document_id)
    if document is None:
        return
    fields = [
        *await label_fields_of(connection, document["collection_id"]),
        *document["labels"],
        *(row["lent_field"] for row in await connection.fetch(LENT, document_id)),
    ]
    rows = await connection.fetch(VALUES, document_id, list(dict.fromkeys(fields)))
    values: dict[str, Any] = {row["field"]: row["value"] for row in rows if row["value"] is not None}
    annotations = [dict(row) for row in await connection.fetch(ANNOTATIONS, document_id)]
    rejected = rejected_fields(annotations, document["labels"], values)
    await connection.execute("SELECT reject_labels($1, $2)", document_id, sorted(rejected))
