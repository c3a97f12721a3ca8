"""Several documents at once: by id in one answer, by a filter as a task."""

from collections.abc import Iterable

from services.common.database.bounded_reads import bounded
from services.common.database.documents.edit_documents import Within, delete_documents, edit_documents
from services.common.database.events.document_events import record_documents_batch
from services.common.database.tasks.create_task import PENDING, NewTask, create_task
from services.common.database.taxonomies.decide_again import decide_again
from services.common.errors import InvalidArgumentError, NotFoundError
from services.common.filters import Filter, canonical_json, compile_sql
from services.gateway.collections.unknown_field_warnings import unknown_in_collections
from services.gateway.documents.edits.bulk_affected import by_task, expected_of_changes, expected_of_deletion
from services.gateway.documents.edits.field_checks import require_declared, slips_in
from services.gateway.documents.edits.fields import changed_fields
from services.gateway.documents.edits.routes import within_of
from services.gateway.documents.edits.shapes import (
    MAX_BATCH,
    BatchDelete,
    BatchDeleted,
    BatchUpdate,
    BatchUpdated,
    BulkUpdate,
    BulkUpdated,
    DocumentResult,
    selection_of,
)
from services.gateway.documents.routes import IN_COLLECTION
from services.gateway.kit.affected import affected_by
from services.gateway.kit.context import InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.index_refresh import refresh_index
from services.gateway.kit.shapes import Degraded, JsonObject

router = routes_of("Documents")
BATCH = f"{IN_COLLECTION}/batch"
UPDATE_TASK, DELETE_TASK = "bulk_update_documents", "bulk_delete_documents"
TASK_TYPE = "api_collections_documents_bulk_update"


@router.post(BATCH)
async def batch_update(collection: str, form: BatchUpdate, tenant: InNamespace) -> BatchUpdated:
    """Changes up to 1,000 documents: each in its own way, or all that pass a filter in the same way."""
    within = await within_of(tenant, collection)
    if form.updates is not None:
        if not form.is_empty() or form.update_data is not None:
            message = "body.updates: each of 'updates' says what it changes; send nothing else beside them."
            raise InvalidArgumentError(message, path="body.updates")
        edits: dict[str, JsonObject] = {}
        for number, update in enumerate(form.updates):
            found = changed_fields(update.update_data, f"body.updates.{number}.update_data")
            await require_declared(tenant, within.collection_id, found, f"body.updates.{number}.update_data")
            edits[update.document_id] = edits.get(update.document_id, {}) | found
        done = await _edit(tenant, within, edits)
        slips = await slips_in(tenant, str(within.collection_id), {name for each in edits.values() for name in each})
        return done.model_copy(update={"warnings": slips})
    if form.update_data is None or form.is_empty():
        message = "Send 'updates', or 'document_ids', 'filters' or 'all' with 'update_data'."
        raise InvalidArgumentError(message, path="body.updates")
    changes = changed_fields(form.update_data, "body.update_data")
    await require_declared(tenant, within.collection_id, changes, "body.update_data")
    selection = selection_of(form)
    ids = form.document_ids or await _matching(tenant, within, selection)
    done = await _edit(tenant, within, dict.fromkeys(ids, changes))
    warnings = await _warnings(tenant, within, selection, changes, is_empty=not ids)
    return done.model_copy(update={"warnings": warnings})


async def _edit(tenant: Tenant, within: Within, edits: dict[str, JsonObject]) -> BatchUpdated:
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        done = await edit_documents(connection, within, edits)
        await record_documents_batch(
            connection, tenant.namespace_id, "updated", str(within.collection_id), done.changed
        )
        rested = await decide_again(connection, tenant.namespace_id)
    await refresh_index(tenant.gateway, done.changed)
    results = _results(list(edits), set(done.found))
    found = len(done.found)
    given = {name for changes in edits.values() for name, value in changes.items() if value is not None}
    affected = await affected_by(tenant.gateway, rested, done.changed, given)
    return BatchUpdated(updated_count=found, failed_count=len(results) - found, results=results, **affected)


async def _matching(tenant: Tenant, within: Within, filters: Filter) -> list[str]:
    where, values = compile_sql(filters, start=2)
    sql = f"SELECT d.document_id FROM documents d WHERE d.collection_id = $1 AND {where} LIMIT {MAX_BATCH + 1}"  # noqa: S608
    async with bounded(tenant.gateway.queries, "body.filters") as connection:
        rows = await connection.fetch(sql, within.collection_id, *values)
    if len(rows) > MAX_BATCH:
        message = f"More than {MAX_BATCH} documents pass the filter; use PATCH /documents/bulk, which makes a task."
        raise InvalidArgumentError(message, path="body.filters")
    return [row["document_id"] for row in rows]


def _results(asked: list[str], done: set[str]) -> list[DocumentResult]:
    """How each document fared, in the order of the request."""
    return [
        DocumentResult(document_id=each, success=True)
        if each in done
        else DocumentResult(document_id=each, success=False, error=f"No document '{each}' in this collection.")
        for each in dict.fromkeys(asked)
    ]


@router.delete(BATCH)
async def batch_delete(collection: str, form: BatchDelete, tenant: InNamespace) -> BatchDeleted:
    """Deletes documents by id at once, or all that pass a filter as a task."""
    within = await within_of(tenant, collection)
    selection = selection_of(form)
    if form.document_ids is None:
        inputs = {"filters": canonical_json(selection), "reason": form.reason}
        expected = await expected_of_deletion(tenant, str(within.collection_id), selection)
        task_id = await _task(tenant, within, DELETE_TASK, inputs)
        return BatchDeleted(
            task_id=task_id,
            status=PENDING,
            message="Bulk delete enqueued",
            warnings=await _warnings(tenant, within, selection),
            affected=by_task(expected, task_id),
        )
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        done = await delete_documents(connection, within, form.document_ids)
        await record_documents_batch(connection, tenant.namespace_id, "deleted", str(within.collection_id), done)
        found = await decide_again(connection, tenant.namespace_id)
    await refresh_index(tenant.gateway, done)
    results = _results(form.document_ids, set(done))
    affected = await affected_by(tenant.gateway, found)
    return BatchDeleted(deleted_count=len(done), failed_count=len(results) - len(done), results=results, **affected)


@router.patch(f"{IN_COLLECTION}/bulk")
async def bulk_update(collection: str, form: BulkUpdate, tenant: InNamespace) -> BulkUpdated:
    """Changes the documents named, those that pass a filter, or all, as a task; a label set so is a person's."""
    within = await within_of(tenant, collection)
    changes = changed_fields(form.update_data, "body.update_data")
    await require_declared(tenant, within.collection_id, changes, "body.update_data")
    selection = selection_of(form)
    await _require(tenant, within, form.document_ids or [])
    expected = await expected_of_changes(tenant, str(within.collection_id), selection, changes)
    task_id = await _task(tenant, within, UPDATE_TASK, {"filters": canonical_json(selection), "changes": changes})
    return BulkUpdated(
        task_id=task_id,
        status=PENDING,
        warnings=await _warnings(tenant, within, selection, changes),
        affected=by_task(expected, task_id),
    )


async def _warnings(
    tenant: Tenant, within: Within, selection: Filter, changes: Iterable[str] = (), *, is_empty: bool = True
) -> list[Degraded]:
    """What to say of fields that the selection asks for in vain, and of those changed that look like a slip."""
    collection_id = str(within.collection_id)
    unknown = await unknown_in_collections(tenant, [collection_id], selection, is_empty=is_empty)
    return [*unknown, *(await slips_in(tenant, collection_id, changes) if changes else ())]


async def _require(tenant: Tenant, within: Within, document_ids: list[str]) -> None:
    """NotFoundError for the first id that names no document of the collection."""
    query = "SELECT document_id FROM documents WHERE collection_id = $1 AND document_id = ANY($2)"
    rows = await tenant.gateway.pool.fetch(query, within.collection_id, document_ids) if document_ids else []
    known = {row["document_id"] for row in rows}
    for position, document_id in enumerate(document_ids):
        if document_id not in known:
            path = f"body.document_ids.{position}"
            message = f"{path}: no document '{document_id}' in this collection; nothing was changed."
            raise NotFoundError(message, resource="document", id=document_id, path=path)


async def _task(tenant: Tenant, within: Within, kind: str, inputs: JsonObject) -> str:
    new = NewTask(
        kind=kind,
        task_type=TASK_TYPE,
        namespace_id=within.namespace_id,
        inputs={"collection_id": within.collection_id, **inputs},
    )
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        return await create_task(connection, new)
