"""Writing what an import has reconstructed: each document by itself, and none of them twice."""

import hashlib

import asyncpg

from services.common.database.pool import Executor
from services.common.row_types import Collection, DocumentRow
from services.gateway.documents.creation.shapes import DocumentCreate, embeddings_of, lineage_of
from services.gateway.documents.creation.store import NewDocument, create_document
from services.gateway.documents.edits.field_checks import require_declared
from services.gateway.documents.edits.fields import changed_fields
from services.gateway.imports.reconstruction import Reconstructed
from services.gateway.imports.shapes import ImportMapping
from services.gateway.kit.context import Tenant
from services.gateway.kit.shapes import JsonObject

OBJECT = "SELECT object_id FROM objects WHERE object_id = ANY($1) AND namespace_id = $2 LIMIT 1"
# The document itself; one that was imported into an object that is there, or with an object made for it alone.
IMPORTED = """
    SELECT EXISTS (SELECT FROM documents WHERE collection_id = $1 AND document_id = $2)
      OR EXISTS (SELECT FROM documents WHERE collection_id = $1 AND object_id = $3
                   AND internal #>> '{lineage,source_document_id}' = $2)
      OR EXISTS (SELECT FROM objects WHERE object_id = $4)"""


def row_of(document: Reconstructed, mapping: ImportMapping, collection: Collection) -> DocumentRow:
    """The row of a document, without what follows from its object. InvalidArgumentError names what cannot be stored."""
    identity = document.identity
    form = DocumentCreate(
        source_type=mapping.source_type,
        source_collection_id=identity.get("source_collection_id"),
        source_document_id=identity.get("document_id") or identity.get("source_document_id"),
        lineage_chain=document.chain or None,
        content_hash=identity.get("content_hash"),
        vectors={name or _slot(collection): numbers for name, numbers in document.vectors.items()} or None,
    )
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
        fields=changed_fields({"metadata": document.fields}, "export"),
        taxonomy_match=None,
        labels={},
        internal=internal,
        embeddings=embeddings_of(form, collection),
    )


def _slot(collection: Collection) -> str:
    """The name of the one vector that the collection's documents have."""
    return collection.feature_uri or "vector"


async def write(tenant: Tenant, collection: Collection, row: DocumentRow, identity: Reconstructed) -> str | None:
    """Stores a document; returns its id, None for one that was imported before."""
    pool = tenant.gateway.pool
    known = identity.identity.get("document_id")
    object_id = await _object(pool, tenant.namespace_id, identity)
    own = None if known is None else _own_object(collection.collection_id, known)
    if known is not None and await pool.fetchval(IMPORTED, collection.collection_id, known, object_id, own):
        return None
    new = NewDocument(row=row, collection=collection, object_id=object_id, bucket_id=None, own_object_id=own)
    try:
        return await create_document(pool, new)
    except asyncpg.UniqueViolationError:
        return None


async def checked(tenant: Tenant, collection: Collection, row: DocumentRow) -> None:
    """InvalidArgumentError for a field that is not of the type that the collection's schema declares."""
    await require_declared(tenant, collection.collection_id, row.fields, "export")


async def _object(db: Executor, namespace_id: str, document: Reconstructed) -> str | None:
    """The object that the export names, where this namespace has it."""
    named = [document.identity.get(role) for role in ("root_object_id", "source_object_id")]
    found = await db.fetchval(OBJECT, [each for each in named if each is not None], namespace_id)
    return None if found is None else str(found)


def _own_object(collection_id: str, document_id: str) -> str:
    """The id of the object that is made for an imported document: the same for the same document."""
    return "obj_" + hashlib.sha256(f"{collection_id}\0{document_id}".encode()).hexdigest()[:16]
