"""Where documents come from, and what was made of an object."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from services.gateway.documents.shapes import Document
from services.gateway.kit.shapes import Answer, JsonObject


class LineageStep(Answer):
    """DocumentLineageStep: a document on the way from the object, and the extractor that made it."""

    collection_id: str
    feature_extractor_id: str
    document_id: str
    timestamp: str


class Lineage(Answer):
    """DocumentLineage."""

    root_object_id: str
    root_bucket_id: str
    source_type: str
    source_object_id: str | None = None
    source_document_id: str | None = None
    source_collection_id: str | None = None
    source_row: JsonObject | None = None
    lineage_chain: list[LineageStep]


class DocumentLineage(Answer):
    """DocumentLineageResponse; `depth` counts the documents between the object and this one."""

    document_id: str
    collection_id: str
    lineage: Lineage
    depth: int
    total_steps: int
    labels: Annotated[
        JsonObject, Field(description="Field -> who set the label, from which evidence, with which score")
    ]
    message: str | None = None


class Node(Answer):
    """A collection in the tree of an object: its documents, and what was made of them in turn."""

    collection_id: str
    collection_name: str
    feature_extractor_id: str
    document_count: int
    document_ids: list[str] | None = None
    children: list["Node"]


class Tree(Answer):
    """What was made of an object, collection by collection."""

    object_id: str
    bucket_id: str
    total_documents: int
    total_collections: int
    tree: list[Node]


class ObjectDocuments(Answer):
    """The documents made of an object, in all collections; `documents` holds a page of them."""

    object_id: str
    bucket_id: str
    total_documents: int
    documents_by_collection: dict[str, int]
    documents: list[Document]


def nodes_of(rows: Sequence[Any], parent: str | None, *, ids: bool, above: frozenset[str] = frozenset()) -> list[Node]:
    """The nodes under a collection (None: under the object); a row names a collection and the one before it."""
    return [
        Node(
            collection_id=row["collection_id"],
            collection_name=row["collection_name"],
            feature_extractor_id=row["extractor"].replace("@", "_"),
            document_count=row["count"],
            document_ids=list(row["document_ids"]) if ids else None,
            children=nodes_of(rows, row["collection_id"], ids=ids, above=above | {row["collection_id"]}),
        )
        for row in rows
        if row["parent"] == parent and row["collection_id"] not in above
    ]
