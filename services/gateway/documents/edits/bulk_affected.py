"""What a change of many documents, which a task does, will concern beyond them: counted when it is asked for."""

from collections.abc import Mapping
from typing import Any

from services.common.database.bounded_reads import bounded
from services.common.database.taxonomies.applied_taxonomies import label_fields_of
from services.common.errors import InvalidArgumentError
from services.common.filters import Filter, compile_sql
from services.common.json.paths import value_at
from services.common.labels.label_values import label_value
from services.gateway.kit.affected import MOST, WAITS, next_step
from services.gateway.kit.context import Tenant
from services.gateway.kit.shapes import Affected

# $1 the collection, $2 whether all that they lend goes, $3 the fields that change otherwise, $4 their new values
RESTING = """
    WITH RECURSIVE chosen AS MATERIALIZED (
      SELECT d.document_id, d.fields FROM documents d WHERE d.collection_id = $1 AND {where}
    ), hit AS (
      SELECT e.document_id, e.field FROM chosen c JOIN label_evidence e ON e.rests_on = c.document_id
      WHERE $2 OR (split_part(e.lent_field, '.', 1) = ANY($3)
                   AND field_value(c.fields, e.lent_field) IS DISTINCT FROM field_value($4::jsonb, e.lent_field))
      UNION
      SELECT e.document_id, e.field FROM hit JOIN label_evidence e
        ON e.rests_on = hit.document_id AND e.lent_field = hit.field
    )
    SELECT count(DISTINCT document_id) FROM hit
    WHERE NOT EXISTS (SELECT FROM chosen c WHERE c.document_id = hit.document_id)"""
UNLABELLED = f"""
    SELECT count(*) FROM (
      SELECT FROM documents d WHERE d.collection_id = $1 AND {WAITS}
        AND NOT coalesce(({{where}}), false) LIMIT {MOST + 1}) found"""  # noqa: S608


async def expected_of_deletion(tenant: Tenant, collection_id: str, selection: Filter) -> Affected | None:
    """What rests on the documents that are to be deleted; None when nothing does."""
    return await _expected(tenant, collection_id, selection, None)


async def expected_of_changes(
    tenant: Tenant, collection_id: str, selection: Filter, changes: Mapping[str, Any]
) -> Affected | None:
    """What rests on what is to be changed, and what waits for the labels that are given; None when nothing does."""
    return await _expected(tenant, collection_id, selection, changes)


def by_task(expected: Affected | None, task_id: str) -> Affected | None:
    """The same, once there is a task that changes and decides again."""
    return expected and expected.model_copy(update={"task_id": task_id if expected.documents else None})


async def _expected(
    tenant: Tenant, collection_id: str, selection: Filter, changes: Mapping[str, Any] | None
) -> Affected | None:
    try:
        resting = await _resting(tenant, collection_id, selection, changes)
        gives = changes is not None and await _gives_labels(tenant, collection_id, changes)
        waiting = await _unlabelled(tenant, collection_id, selection) if gives else 0
    except InvalidArgumentError:
        # What takes too long to count is changed all the same, some at a time.
        return None
    if not resting and not waiting:
        return None
    return Affected(
        documents=resting,
        unlabelled=min(waiting, MOST),
        unlabelled_is_more=waiting > MOST,
        next_step=next_step(collection_id) if waiting else None,
    )


async def _gives_labels(tenant: Tenant, collection_id: str, changes: Mapping[str, Any]) -> bool:
    fields = await label_fields_of(tenant.gateway.pool, collection_id)
    return any(label_value(value_at(changes, field)) is not None for field in fields)


async def _resting(tenant: Tenant, collection_id: str, selection: Filter, changes: Mapping[str, Any] | None) -> int:
    where, values = compile_sql(selection, start=5)
    names = [name.partition(".")[0] for name in changes or {}]
    sql = RESTING.format(where=where)
    async with bounded(tenant.gateway.queries) as db:
        count: int = await db.fetchval(sql, collection_id, changes is None, names, dict(changes or {}), *values)
    return count


async def _unlabelled(tenant: Tenant, collection_id: str, selection: Filter) -> int:
    where, values = compile_sql(selection, start=2)
    async with bounded(tenant.gateway.queries) as db:
        count: int = await db.fetchval(UNLABELLED.format(where=where), collection_id, *values)
    return count
