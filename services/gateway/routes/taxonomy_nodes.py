"""Promotion: documents that belong together become a node, and with the first node a taxonomy."""

from services.gateway.anchors import anchor_of
from services.gateway.context import InNamespace
from services.gateway.freshness import refresh_index
from services.gateway.promotion import node_collection_of, promote, start_taxonomy
from services.gateway.routing import routes_of
from services.gateway.shapes.taxonomy_nodes import NodeCreated, NodeFromDocuments, TaxonomyFromDocuments
from services.gateway.store.taxonomies import read_taxonomy

router = routes_of("Taxonomies", "/taxonomies")


@router.post("/from-documents")
async def create_taxonomy_from_documents(form: TaxonomyFromDocuments, tenant: InNamespace) -> NodeCreated:
    """Makes a collection of nodes, a retriever over it and a flat taxonomy, with documents as the first node."""
    created = await start_taxonomy(tenant, form)
    await refresh_index(tenant.gateway, [created.node_document_id])
    return created


@router.post("/{taxonomy}/nodes/from-documents")
async def create_node_from_documents(taxonomy: str, form: NodeFromDocuments, tenant: InNamespace) -> NodeCreated:
    """Adds a node to a flat taxonomy: documents that are like these are called by its label from now on."""
    row = await read_taxonomy(tenant.gateway.pool, tenant.namespace_id, taxonomy)
    home = await node_collection_of(tenant, row)
    anchor = await anchor_of(tenant, form.documents, form.vector_name, (home.feature_uri, home.model))
    created = await promote(tenant, row, home, anchor, form)
    await refresh_index(tenant.gateway, [created.node_document_id])
    return created
