"""Making nodes of documents and of groups of them, and taxonomies of nodes."""

from typing import Any

import asyncpg

from services.common.database.find_resources import get_collection, get_row
from services.common.database.pool import Connection
from services.common.errors import InvalidArgumentError
from services.gateway.buckets.store import create_bucket
from services.gateway.collections.plans import QUERY_INPUT, own_stages
from services.gateway.collections.store import NewCollection, insert_collection
from services.gateway.kit.context import Tenant
from services.gateway.kit.rows.resource_names import name_taken
from services.gateway.kit.rows.retriever_rows import insert_retriever
from services.gateway.taxonomies import store
from services.gateway.taxonomies.nodes.drafts import NodeDraft, drafts_of
from services.gateway.taxonomies.nodes.shapes import NodeFromDocuments, NodeSource, TaxonomyFromDocuments
from services.gateway.taxonomies.nodes.store import NewNode, insert_node
from services.gateway.taxonomies.nodes.views import Home, Promoted

LABEL = "label"
# As for an inline taxonomy: what is like no node at all is called nothing.
THRESHOLD = 0.30
SUFFIX = "_nodes"
MOST_NAME = 100 - len(SUFFIX)
# Looked at first, since its bucket, collection and retriever have that name too.
NAMED = "SELECT true FROM taxonomies WHERE namespace_id = $1 AND taxonomy_name = $2"


async def start_taxonomy(tenant: Tenant, form: TaxonomyFromDocuments) -> Promoted:
    """A taxonomy with its first nodes, all in one transaction; AlreadyExistsError when its name is taken."""
    drafts = await drafts_of(tenant, form)
    first = drafts[0].anchor
    origin = await get_row(tenant.gateway.pool, "collection", tenant.namespace_id, first.collection_id)
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        if await connection.fetchval(NAMED, tenant.namespace_id, form.taxonomy_name):
            raise name_taken("taxonomy", form.taxonomy_name)
        home = await _make_home(tenant, connection, form.taxonomy_name, origin)
        retriever_id, taxonomy_id = await _make_taxonomy(tenant, connection, form, home)
        node_ids = [await insert_node(connection, _node(tenant, home, draft, form)) for draft in drafts]
    return Promoted(
        taxonomy_id=taxonomy_id,
        taxonomy_name=form.taxonomy_name,
        home=home,
        drafts=drafts,
        node_ids=node_ids,
        retriever_id=retriever_id,
    )


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
            label_threshold=origin["label_threshold"],
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
        label_threshold=origin["label_threshold"],
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
        "confidence_threshold": THRESHOLD if home.label_threshold is None else home.label_threshold,
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


async def promote(tenant: Tenant, row: asyncpg.Record, form: NodeFromDocuments) -> Promoted:
    """Adds nodes to a taxonomy that exists."""
    home = await node_collection_of(tenant, row)
    drafts = await drafts_of(tenant, form, (home.feature_uri, home.model))
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        node_ids = [await insert_node(connection, _node(tenant, home, draft, form)) for draft in drafts]
    return Promoted(
        taxonomy_id=row["taxonomy_id"], taxonomy_name=row["taxonomy_name"], home=home, drafts=drafts, node_ids=node_ids
    )


def _node(tenant: Tenant, home: Home, draft: NodeDraft, form: NodeSource) -> NewNode:
    promotion = {**draft.promotion, **(form.provenance or {}), "documents": draft.anchor.used}
    return NewNode(
        namespace_id=tenant.namespace_id,
        bucket_id=home.bucket_id,
        collection_id=home.collection_id,
        fields={**(form.node_fields or {}), "promotion": promotion, home.label_field: draft.label},
        embedding=draft.anchor.embedding,
    )
