"""What support asks of a document: its file, why it is or is not found, and whether fields fit its collection."""

from typing import Annotated, Any

from fastapi import Body

from services.common.database.find_resources import get_collection
from services.common.errors import NotFoundError
from services.gateway.collections import store as collections
from services.gateway.collections.views import input_properties, output_properties
from services.gateway.documents.diagnostics.schema import SchemaCheck, check_fields
from services.gateway.documents.diagnostics.shapes import Diagnostics, Download, diagnostics_of, times_of
from services.gateway.documents.routes import IN_COLLECTION
from services.gateway.documents.store import get_document
from services.gateway.documents.views.row_view import SOURCE
from services.gateway.kit.context import InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of
from services.gateway.objects.blobs.links import links_to
from services.gateway.objects.blobs.store import files_of

router = routes_of("Documents", IN_COLLECTION)
DIAGNOSTICS = """
    SELECT d.document_id, d.collection_id, d.object_id, d.internal, c.feature_uri,
           (SELECT count(*) FROM embeddings e WHERE e.document_id = d.document_id) AS vectors,
           o.status AS object_status, o.error AS object_error,
           p.status AS processing_status, p.error AS processing_error, p.note, p.updated_at AS processed_at
    FROM documents d JOIN collections c USING (collection_id) JOIN objects o USING (object_id)
    LEFT JOIN processing p USING (object_id, collection_id)
    WHERE d.document_id = $1 AND d.collection_id = $2"""


@router.get("/{document_id}/download")
async def download_media(collection: str, document_id: str, tenant: InNamespace) -> Download:
    """A link, good without a key, to the file that a document was made from, and the document's place in it."""
    pool = tenant.gateway.pool
    row = await get_document(pool, tenant.namespace_id, document_id, await _collection_id(tenant, collection))
    sources = [file.blob for file in (await files_of(pool, [row]))[document_id] if file.role == SOURCE]
    made_of = {each.get("blob_id") for each in row["internal"].get("source_blobs") or ()}
    blob = next((blob for blob in sources if blob.blob_id in made_of), sources[0] if sources else None)
    if blob is None:
        message = f"Document '{document_id}' was made from fields: it has no file."
        raise NotFoundError(message, resource="blob", id=document_id)
    start, end = times_of(row["fields"])
    return Download(download_url=(await links_to(tenant, [blob]))[blob.blob_id], start_time=start, end_time=end)


@router.get("/{document_id}/diagnostics")
async def diagnose_document(collection: str, document_id: str, tenant: InNamespace) -> Diagnostics:
    """Whether a search can find a document, what failed for its object, and what was done to it."""
    collection_id = await _collection_id(tenant, collection)
    row = await tenant.gateway.pool.fetchrow(DIAGNOSTICS, document_id, collection_id)
    if row is None:
        raise NotFoundError.of("document", document_id)
    return diagnostics_of(dict(row))


@router.post("/schema/validate")
async def validate_fields(
    collection: str,
    body: Annotated[dict[str, Any], Body(description="The document: fields, at the root or in `metadata`")],
    tenant: InNamespace,
) -> SchemaCheck:
    """Whether a document's fields have the types that the collection's output schema names; nothing is stored."""
    row = await collections.read_collection(tenant.gateway.pool, tenant.namespace_id, collection)
    return check_fields(row["collection_id"], body, output_properties(row, input_properties(row)))


async def _collection_id(tenant: Tenant, collection: str) -> str:
    return (await get_collection(tenant.gateway.pool, tenant.namespace_id, collection)).collection_id
