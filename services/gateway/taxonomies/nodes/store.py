"""Documents that are nodes of a taxonomy: made by hand, each with an object of its own."""

from dataclasses import dataclass
from typing import Any

from services.common.database.documents.edit_documents import OWN_OBJECT
from services.common.database.documents.write_documents import write_documents
from services.common.database.events.outbox import record_event
from services.common.database.pool import Connection
from services.common.ids import document_id, new_id
from services.common.row_types import DocumentRow, EmbeddingRow

PART = -1
MAKE_OBJECT = """
    INSERT INTO objects (object_id, namespace_id, bucket_id, fields, idempotency_key, status)
    VALUES ($1, $2, $3, $4, $5, 'COMPLETED')"""


@dataclass(frozen=True, kw_only=True)
class NewNode:
    """A node about to be stored in a collection of a bucket."""

    namespace_id: str
    bucket_id: str
    collection_id: str
    fields: dict[str, Any]
    embedding: EmbeddingRow


async def insert_node(connection: Connection, new: NewNode) -> str:
    """Stores the node with its vector; returns the id of its document."""
    object_id = new_id("obj", 16)
    node_id = document_id(new.collection_id, object_id, PART)
    key = OWN_OBJECT + node_id
    await connection.execute(MAKE_OBJECT, object_id, new.namespace_id, new.bucket_id, new.fields, key)
    await record_event(connection, new.namespace_id, "object.created", object_id, {"bucket_id": new.bucket_id})
    row = DocumentRow(
        document_id=node_id,
        namespace_id=new.namespace_id,
        collection_id=new.collection_id,
        bucket_id=new.bucket_id,
        object_id=object_id,
        part=PART,
        fields=new.fields,
        taxonomy_match=None,
        labels={},
        internal={"lineage": {"root_object_id": object_id, "source_type": "direct_upsert"}},
        embeddings=[new.embedding],
    )
    await write_documents(connection, [row])
    return node_id
