"""Decisions that were made: SQL."""

from typing import Any

from services.common.database.pool import Executor

PAST = """
    SELECT decision_id, action, field, label, undoes, undone_by, actor_id, made_at,
           ARRAY(SELECT each ->> 'document_id' FROM jsonb_array_elements(r.outcome) AS each
                 WHERE each ->> 'outcome' = 'done') AS document_ids
    FROM review_decisions r
    WHERE collection_id = $1 AND ($2::text IS NULL OR actor_id = $2)
      AND ($3::text IS NULL OR EXISTS (
        SELECT FROM review_changes c WHERE c.subject_id = $3 AND c.kind = 'document'
          AND c.namespace_id = r.namespace_id AND c.decision_id IN (r.decision_id, r.undoes)))
    ORDER BY row_key DESC LIMIT $4"""


async def past_decisions(
    db: Executor, collection_id: str, *, actor_id: str | None, document_id: str | None, limit: int
) -> list[dict[str, Any]]:
    """Decisions of a collection, the newest first; only those of a person, or that changed a document, where given."""
    return [dict(row) for row in await db.fetch(PAST, collection_id, actor_id, document_id, limit)]
