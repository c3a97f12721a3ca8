"""Making nodes of documents, and taxonomies of nodes."""

from dataclasses import dataclass
from typing import Any

import asyncpg

from services.common.database.pool import Connection
from services.common.database.resources import get_collection, get_row
from services.common.errors import InvalidArgumentError
from services.gateway.anchors import Anchor, anchor_of
from services.gateway.collection_plans import QUERY_INPUT, own_stages
from services.gateway.context import Tenant
from services.gateway.shapes.taxonomy_nodes import NodeCreated, NodeFromDocuments, TaxonomyFromDocuments
from services.gateway.store import taxonomies as store
from services.gateway.store.buckets import create_bucket
from services.gateway.store.collections import NewCollection, insert_collection
from services.gateway.store.retrievers import insert_retriever
from services.gateway.store.taxonomy_nodes import NewNode, insert_node

LABEL = "label"
# As for an inline taxonomy: what is like no node at all is called nothing.
THRESHOLD = 0.30
SUFFIX = "_nodes"
MOST_NAME = 100 - len(SUFFIX)


@dataclass(frozen=True, kw_only=True)
class Home:
    """The collection that a taxonomy's nodes live in; `label_field` holds their labels."""

    collection_id: str
    bucket_id: str
    feature_uri: str
    model: str
    label_field: str


@dataclass(frozen=True, kw_only=True)
class Promoted:
    """A node that was made: where, of what, under which label."""

    home: Home
    anchor: Anchor
    label: str
    node_id: str


async def start_taxonomy(tenant: Tenant, form: TaxonomyFromDocuments) -> NodeCreated:
    """A taxonomy with one node, all in one transaction; AlreadyExistsError when its name is taken."""
    if form.cluster_run is not None:
        path = "body.cluster_run"
        raise InvalidArgumentError(f"{path} cannot be promoted yet: name 'documents' and a 'node_label'.", path=path)
    if form.documents is None or form.node_label is None:
        path = "body.documents" if form.documents is None else "body.node_label"
        raise InvalidArgumentError(f"{path} is missing: give 'documents' and a 'node_label'.", path=path)
    anchor = await anchor_of(tenant, form.documents, form.vector_name)
    origin = await get_row(tenant.gateway.pool, "collection", tenant.namespace_id, anchor.collection_id)
    node = NodeFromDocuments(**form.model_dump(include=set(NodeFromDocuments.model_fields)))
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        home = await _make_home(tenant, connection, form.taxonomy_name, origin)
        retriever_id, taxonomy_id = await _make_taxonomy(tenant, connection, form, home)
        node_id = await insert_node(connection, _node(tenant, home, anchor, node))
    promoted = Promoted(home=home, anchor=anchor, label=node.node_label, node_id=node_id)
    return _created(form.taxonomy_name, taxonomy_id, promoted, retriever_id)


async def _make_home(tenant: Tenant, connection: Connection, name: str, origin: asyncpg.Record) -> Home:
    """A bucket and a collection with the slot and the model of the documents' own."""
    named = name[:MOST_NAME] + SUFFIX
    schema = {"properties": {LABEL: {"type": "text"}}}
    bucket_id = await create_bucket(connection, tenant.namespace_id, named, {"bucket_schema": schema})
    extractor = {**origin["feature_extractor"], "field_passthrough": [{"source_path": LABEL, "required": False}]}
    collection_id = await insert_collection(
        connection,
        NewCollection(
            namespace_id=tenant.namespace_id,
            name=named,
            description=f"The nodes of the taxonomy {name}",
            bucket_ids=[bucket_id],
            source_collection_ids=[],
            source={"type": "bucket", "bucket_ids": [bucket_id]},
            feature_extractor=extractor,
            extractor=origin["extractor"],
            model=origin["model"],
            feature_uri=origin["feature_uri"],
            dimensions=origin["dimensions"],
            metadata={},
            enabled=True,
            settings={},
            taxonomy=None,
        ),
    )
    return Home(
        collection_id=collection_id,
        bucket_id=bucket_id,
        feature_uri=origin["feature_uri"],
        model=origin["model"],
        label_field=LABEL,
    )


async def _make_taxonomy(
    tenant: Tenant, connection: Connection, form: TaxonomyFromDocuments, home: Home
) -> tuple[str, str]:
    """The ids of the retriever over the nodes and of the taxonomy."""
    name = form.taxonomy_name
    stages = own_stages(LABEL, home.feature_uri)
    retriever = await insert_retriever(
        connection,
        tenant.namespace_id,
        f"{name}_retriever",
        [home.collection_id],
        stages,
        description=f"Finds the node of {name} that a document is most like",
    )
    retriever_id = str(retriever["retriever_id"])
    target = form.enrichment_target_field or f"{name}_{LABEL}"
    fields = [{"field_path": LABEL, "merge_mode": "replace", "target_field": target}]
    config: dict[str, Any] = {
        "taxonomy_type": "flat",
        "retriever_id": retriever_id,
        "input_mappings": [{"input_key": QUERY_INPUT, "source_type": "vector", "path": home.feature_uri}],
        "source_collection": {"collection_id": home.collection_id, "enrichment_fields": fields},
        "top_k": 1,
        "confidence_threshold": THRESHOLD,
    }
    new = store.NewTaxonomy(
        namespace_id=tenant.namespace_id,
        name=name,
        description=form.description,
        metadata={},
        config=config,
        runs=[{"retriever": retriever_id, "collection": home.collection_id}],
        label_fields=[target],
    )
    return retriever_id, await store.insert_taxonomy(connection, new)


async def node_collection_of(tenant: Tenant, row: asyncpg.Record) -> Home:
    """Where the nodes of a flat taxonomy live; InvalidArgumentError for one that cannot take nodes."""
    source = row["config"].get("source_collection", {})
    if row["collection_id"] is not None or not source.get("collection_id"):
        raise InvalidArgumentError(
            f"Taxonomy '{row['taxonomy_name']}' has no collection of nodes; label documents of its references instead.",
            path="path.taxonomy",
        )
    collection = await get_collection(tenant.gateway.pool, tenant.namespace_id, source["collection_id"])
    if collection.feature_uri is None or collection.model is None or not collection.bucket_ids:
        raise InvalidArgumentError(
            f"Collection '{collection.collection_name}' keeps no vectors of a bucket; it cannot hold nodes.",
            path="path.taxonomy",
        )
    fields = source.get("enrichment_fields") or [{"field_path": LABEL}]
    return Home(
        collection_id=collection.collection_id,
        bucket_id=collection.bucket_ids[0],
        feature_uri=collection.feature_uri,
        model=collection.model,
        label_field=fields[0]["field_path"],
    )


async def promote(
    tenant: Tenant, row: asyncpg.Record, home: Home, anchor: Anchor, form: NodeFromDocuments
) -> NodeCreated:
    """Adds the node to a taxonomy that exists."""
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        node_id = await insert_node(connection, _node(tenant, home, anchor, form))
    promoted = Promoted(home=home, anchor=anchor, label=form.node_label, node_id=node_id)
    return _created(row["taxonomy_name"], row["taxonomy_id"], promoted, None)


def _node(tenant: Tenant, home: Home, anchor: Anchor, form: NodeFromDocuments) -> NewNode:
    promotion = {**(form.provenance or {}), "documents": anchor.used}
    return NewNode(
        namespace_id=tenant.namespace_id,
        bucket_id=home.bucket_id,
        collection_id=home.collection_id,
        fields={**(form.node_fields or {}), "promotion": promotion, home.label_field: form.node_label},
        embedding=anchor.embedding,
    )


def _created(name: str, taxonomy_id: str, promoted: Promoted, retriever_id: str | None) -> NodeCreated:
    anchor, label = promoted.anchor, promoted.label
    return NodeCreated(
        taxonomy_id=taxonomy_id,
        taxonomy_name=name,
        node_document_id=promoted.node_id,
        node_collection_id=promoted.home.collection_id,
        node_label=label,
        vector_name=anchor.vector_name,
        vector_dimensions=anchor.embedding.dimensions,
        documents_used=len(anchor.used),
        documents_skipped=anchor.skipped,
        taxonomy_created=retriever_id is not None,
        retriever_id=retriever_id,
        enrichment_hint=(
            f"Documents of a collection with '{name}' in its taxonomy_applications that are like this node are called "
            f"'{label:.60}' from now on; apply-taxonomy does the same for those that are there already."
        ),
    )
