"""What a change of labels concerns beyond itself: told in the answer, and to the index before it."""

from collections.abc import Collection, Sequence
from typing import Any

from services.common.database.taxonomies.decide_again import NOTHING
from services.common.database.taxonomies.decide_again import Affected as Found
from services.gateway.kit.dependencies import Gateway
from services.gateway.kit.index_refresh import refresh_index
from services.gateway.kit.shapes import Affected

MOST = 1000
# What waits for its first label; the index `documents_in_review` is on this very condition.
WAITS = "coalesce(d.taxonomy_match ->> 'matched' = 'false' AND NOT d.taxonomy_match ? 'source', true)"
# Of each collection that holds one of the documents and fills one of the fields, what has no label, up to a limit.
UNLABELLED = f"""
    SELECT c.collection_id, waiting.documents FROM (
      SELECT DISTINCT labelled.collection_id FROM documents labelled WHERE labelled.document_id = ANY($1)) c,
    LATERAL (SELECT count(*) AS documents FROM (
      SELECT FROM documents d WHERE d.collection_id = c.collection_id AND {WAITS} LIMIT $3) found) waiting
    WHERE EXISTS (SELECT FROM labellers l WHERE l.collection_id = c.collection_id AND l.taxonomy_id IS NOT NULL
                  AND l.label_fields && $2)
    ORDER BY waiting.documents DESC"""  # noqa: S608


async def affected_by(
    gateway: Gateway, found: Found = NOTHING, labelled: Sequence[str] = (), fields: Collection[str] = ()
) -> dict[str, Any]:
    """`{"affected": ...}` once the index knows of it; empty when nothing is concerned.

    `labelled` are the documents that a person has given these `fields`.
    """
    await refresh_index(gateway, found.document_ids)
    rows = await gateway.pool.fetch(UNLABELLED, list(labelled), list(fields), MOST + 1) if labelled and fields else []
    waiting = [row for row in rows if row["documents"]]
    if not found.task_id and not waiting:
        return {}
    first = waiting[0] if waiting else None
    unlabelled = sum(row["documents"] for row in waiting)
    affected = Affected(
        documents=len(found.document_ids),
        task_id=found.task_id,
        unlabelled=min(unlabelled, MOST),
        unlabelled_is_more=unlabelled > MOST,
        next_step=None if first is None else next_step(first["collection_id"]),
    )
    return {"affected": affected.model_dump()}


def next_step(collection_id: str) -> str:
    """The call that labels what waits in a collection."""
    return f"POST /v1/collections/{collection_id}/apply-taxonomy"


def affected_headers(found: dict[str, Any]) -> dict[str, str]:
    """The same for an answer without a body."""
    affected = found.get("affected")
    if affected is None:
        return {}
    return {"X-Affected-Documents": str(affected["documents"]), "X-Affected-Task": affected["task_id"] or ""}
