"""Nodes made of documents: what they have in common becomes a place that others are classified into."""

from typing import Annotated

from pydantic import AliasChoices, BeforeValidator, Field

from services.gateway.kit.shapes import Answer, Form, JsonObject, label_text
from services.gateway.taxonomies.shapes import Name

MOST_DOCUMENTS = 200
LabelText = Annotated[str, BeforeValidator(label_text), Field(min_length=1, max_length=512)]


class DocumentRef(Form):
    """DocumentRef."""

    collection_id: Annotated[str, Field(min_length=1)]
    document_id: Annotated[str, Field(min_length=1)]


class ClusterRun(Form):
    """ClusterRunSource: a completed run, whose groups become nodes: all of them, or those in `group_ids`."""

    cluster_id: Annotated[str, Field(min_length=1, max_length=255)]
    run_id: Annotated[str, Field(min_length=1, max_length=255)]
    group_ids: Annotated[list[str] | None, Field(min_length=1, max_length=1000)] = None


class NodeDetails(Form):
    """What a node carries besides its label and its vector."""

    node_fields: JsonObject | None = None
    vector_name: Annotated[str | None, Field(max_length=512)] = None
    provenance: JsonObject | None = None


Documents = Annotated[list[DocumentRef], Field(min_length=1, max_length=MOST_DOCUMENTS)]


class NodeSource(NodeDetails):
    """What nodes are made of: documents with a label, or the groups of a cluster run, which have labels."""

    node_label: LabelText | None = None
    documents: Documents | None = None
    cluster_run: ClusterRun | None = None


class NodeFromDocuments(NodeSource):
    """CreateNodeFromDocumentsRequest, and `cluster_run`."""


class TaxonomyFromDocuments(NodeSource):
    """CreateTaxonomyFromDocumentsRequest."""

    taxonomy_name: Annotated[Name, Field(validation_alias=AliasChoices("taxonomy_name", "name"))]
    description: Annotated[str | None, Field(max_length=5000)] = None
    enrichment_target_field: Annotated[str | None, Field(min_length=1, max_length=255)] = None


class SkippedDocument(Answer):
    """SkippedDocumentRef."""

    collection_id: str
    document_id: str
    reason: str


class PromotedNode(Answer):
    """PromotedNode."""

    node_document_id: str
    node_label: str
    cluster_id: str
    member_count: int


class NodeCreated(Answer):
    """TaxonomyNodeFromDocumentsResponse."""

    taxonomy_id: str
    taxonomy_name: str
    node_document_id: str
    node_collection_id: str
    node_label: str
    vector_name: str
    vector_dimensions: int
    documents_used: int
    documents_skipped: list[SkippedDocument]
    taxonomy_created: bool
    retriever_id: str | None
    enrichment_hint: str
    nodes: list[PromotedNode] | None = None
