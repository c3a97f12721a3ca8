"""What a promotion made, and how it is told."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.gateway.taxonomies.nodes.drafts import NodeDraft
from services.gateway.taxonomies.nodes.shapes import NodeCreated, PromotedNode


@dataclass(frozen=True, kw_only=True)
class Home:
    """The collection that a taxonomy's nodes live in; `label_field` holds their labels."""

    collection_id: str
    bucket_id: str
    feature_uri: str
    model: str
    label_field: str
    label_threshold: float | None = None


@dataclass(frozen=True, kw_only=True)
class Promoted:
    """Nodes that were made, in the order of their drafts, and the taxonomy that they belong to."""

    taxonomy_id: str
    taxonomy_name: str
    home: Home
    drafts: Sequence[NodeDraft]
    node_ids: Sequence[str]
    retriever_id: str | None = None


def to_answer(promoted: Promoted) -> NodeCreated:
    """TaxonomyNodeFromDocumentsResponse; it names the first node, and all of them when groups became nodes."""
    first = promoted.drafts[0]
    of_groups = first.group_id is not None
    return NodeCreated(
        taxonomy_id=promoted.taxonomy_id,
        taxonomy_name=promoted.taxonomy_name,
        node_document_id=promoted.node_ids[0],
        node_collection_id=promoted.home.collection_id,
        node_label=first.label,
        vector_name=first.anchor.vector_name,
        vector_dimensions=first.anchor.embedding.dimensions,
        documents_used=sum(draft.members or len(draft.anchor.used) for draft in promoted.drafts),
        documents_skipped=[each for draft in promoted.drafts for each in draft.anchor.skipped],
        taxonomy_created=promoted.retriever_id is not None,
        retriever_id=promoted.retriever_id,
        enrichment_hint=_hint(promoted.taxonomy_name, first.label, len(promoted.drafts)),
        nodes=_nodes(promoted) if of_groups else None,
    )


def _nodes(promoted: Promoted) -> list[PromotedNode]:
    return [
        PromotedNode(
            node_document_id=node_id,
            node_label=draft.label,
            cluster_id=draft.group_id or "",
            member_count=draft.members,
        )
        for node_id, draft in zip(promoted.node_ids, promoted.drafts, strict=True)
    ]


def _hint(name: str, label: str, count: int) -> str:
    like, called = ("this node are", f"'{label:.60}'") if count == 1 else ("one of these nodes are", "by its label")
    return (
        f"Documents of a collection with '{name}' in its taxonomy_applications that are like {like} called {called} "
        "from now on; apply-taxonomy does the same for those that are there already."
    )
