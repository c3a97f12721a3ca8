"""Creating, changing and deleting documents. A label set here is a person's, and of this document alone."""

from typing import Annotated, Any

from fastapi import Body

from services.common.database.documents.edit_documents import Within, delete_documents, edit_document
from services.common.database.find_resources import get_collection, get_row
from services.common.database.taxonomies.decide_again import decide_again
from services.common.errors import InvalidArgumentError, NotFoundError
from services.common.row_types import Collection, DocumentRow
from services.common.validation.unknown_keys import accepted_keys
from services.gateway.documents.creation.shapes import DocumentCreate, embeddings_of, lineage_of
from services.gateway.documents.creation.store import NewDocument, create_document
from services.gateway.documents.edits.field_checks import collection_within, require_declared, slips_in, with_warnings
from services.gateway.documents.edits.fields import changed_fields
from services.gateway.documents.edits.shapes import DeletedDocument
from services.gateway.documents.routes import IN_COLLECTION, shown_one
from services.gateway.documents.shapes import Document, DocumentQuery
from services.gateway.documents.store import get_document
from services.gateway.kit.affected import affected_by
from services.gateway.kit.context import InNamespace, Tenant
from services.gateway.kit.http.routing import JsonAnswer, routes_of
from services.gateway.kit.index_refresh import refresh_index
from services.gateway.kit.shapes import JsonObject

router = routes_of("Documents")
STAYS = "If it is one of several parts of its object, or a face, it stays gone when the object is processed again."
ONE = f"{IN_COLLECTION}/{{document_id}}"
ANYWHERE = "/documents/{document_id}"
Changes = Annotated[dict[str, Any], Body(description="Fields, at the root or in `metadata`; null clears")]


@router.post(IN_COLLECTION, response_model=Document)
async def add_document(collection: str, form: DocumentCreate, tenant: InNamespace) -> JsonAnswer:
    """Creates a document directly, with its fields and a vector for the collection's slot."""
    gateway = tenant.gateway
    found = await get_collection(gateway.pool, tenant.namespace_id, collection)
    await _check_place(tenant, form, found)
    row = _row(form, found)
    await require_declared(tenant, found.collection_id, row.fields, "body")
    new = NewDocument(
        row=row,
        collection=found,
        object_id=form.object_id(),
        bucket_id=await _bucket(tenant, form),
    )
    document_id = await create_document(gateway.pool, new)
    await refresh_index(gateway, [document_id])
    slips = await slips_in(tenant, found.collection_id, form.extra(), accepted_keys(DocumentCreate))
    return JsonAnswer(with_warnings(await shown_one(tenant, document_id, None, DocumentQuery()), slips))


async def _check_place(tenant: Tenant, form: DocumentCreate, collection: Collection) -> None:
    pool = tenant.gateway.pool
    if form.collection_id is not None:
        named = await get_collection(pool, tenant.namespace_id, form.collection_id)
        if named.collection_id != collection.collection_id:
            message = "collection_id names another collection than the path."
            raise InvalidArgumentError(message, path="body.collection_id")
    if form.source_document_id is not None:
        await get_document(pool, tenant.namespace_id, form.source_document_id)


async def _bucket(tenant: Tenant, form: DocumentCreate) -> str | None:
    if form.root_bucket_id is None:
        return None
    row = await get_row(tenant.gateway.pool, "bucket", tenant.namespace_id, form.root_bucket_id)
    return str(row["bucket_id"])


def _row(form: DocumentCreate, collection: Collection) -> DocumentRow:
    internal: JsonObject = {"metadata": {"ingestion_status": "COMPLETED"}, "lineage": lineage_of(form)}
    if form.content_hash is not None:
        internal["content_hash"] = form.content_hash
    return DocumentRow(
        document_id="",
        namespace_id=collection.namespace_id,
        collection_id=collection.collection_id,
        bucket_id="",
        object_id="",
        part=-1,
        fields=changed_fields({**form.extra(), "metadata": form.metadata}, "body"),
        taxonomy_match=None,
        labels={},
        internal=internal,
        source_document_id=form.source_document_id,
        embeddings=embeddings_of(form, collection),
    )


@router.patch(ONE, response_model=Document)
async def patch_document(collection: str, document_id: str, body: Changes, tenant: InNamespace) -> JsonAnswer:
    """Merges fields into a document; a label set so is a person's, and the next upload can match it."""
    return await _edit(tenant, collection, document_id, changed_fields(body, "body"))


@router.put(ONE, response_model=Document)
async def put_document(collection: str, document_id: str, body: Changes, tenant: InNamespace) -> JsonAnswer:
    """Like PATCH, for a document that was read and is sent back whole: what the server sets is left as it is."""
    return await _edit(tenant, collection, document_id, changed_fields(body, "body", lenient=True))


@router.patch(ANYWHERE, response_model=Document)
async def patch_any_document(document_id: str, body: Changes, tenant: InNamespace) -> JsonAnswer:
    """Merges fields into a document of any collection of the namespace."""
    return await _edit(tenant, None, document_id, changed_fields(body, "body"))


@router.put(ANYWHERE, response_model=Document)
async def put_any_document(document_id: str, body: Changes, tenant: InNamespace) -> JsonAnswer:
    """Like PATCH, for a document that was read and is sent back whole."""
    return await _edit(tenant, None, document_id, changed_fields(body, "body", lenient=True))


async def _edit(tenant: Tenant, collection: str | None, document_id: str, changes: JsonObject) -> JsonAnswer:
    gateway, within = tenant.gateway, await within_of(tenant, collection)
    await require_declared(tenant, await collection_within(tenant, within, document_id), changes, "body")
    async with gateway.pool.acquire() as connection, connection.transaction():
        edited = await edit_document(connection, within, document_id, changes)
        found = await decide_again(connection, tenant.namespace_id)
    await refresh_index(gateway, [document_id])
    given = [name for name, value in changes.items() if value is not None]
    affected = await affected_by(gateway, found, edited.changed, given)
    document = await shown_one(tenant, document_id, None, DocumentQuery())
    slips = await slips_in(tenant, document["collection_id"], changes)
    return JsonAnswer(with_warnings(document, slips) | affected)


@router.delete(ONE)
async def delete_document(collection: str, document_id: str, tenant: InNamespace) -> DeletedDocument:
    """Deletes a document; the object that it was made from stays."""
    return await _delete(tenant, collection, document_id)


@router.delete(ANYWHERE)
async def delete_any_document(document_id: str, tenant: InNamespace) -> DeletedDocument:
    """Deletes a document of any collection of the namespace."""
    return await _delete(tenant, None, document_id)


async def _delete(tenant: Tenant, collection: str | None, document_id: str) -> DeletedDocument:
    gateway, within = tenant.gateway, await within_of(tenant, collection)
    async with gateway.pool.acquire() as connection, connection.transaction():
        if not await delete_documents(connection, within, [document_id]):
            raise NotFoundError.of("document", document_id)
        found = await decide_again(connection, tenant.namespace_id)
    await refresh_index(gateway, [document_id])
    return DeletedDocument(message=f"Deleted document {document_id}. {STAYS}", **await affected_by(gateway, found))


async def within_of(tenant: Tenant, collection: str | None) -> Within:
    """The namespace of the caller, and the collection that the path names."""
    if collection is None:
        return Within(namespace_id=tenant.namespace_id)
    found = await get_collection(tenant.gateway.pool, tenant.namespace_id, collection)
    return Within(namespace_id=tenant.namespace_id, collection_id=found.collection_id)
