"""Promotion: documents that belong together become a node, and with the first node a taxonomy."""

from services.gateway.kit.context import InNamespace
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.index_refresh import refresh_index
from services.gateway.taxonomies.nodes.promotion import promote, start_taxonomy
from services.gateway.taxonomies.nodes.shapes import NodeCreated, NodeFromDocuments, TaxonomyFromDocuments
from services.gateway.taxonomies.nodes.views import to_answer
from services.gateway.taxonomies.store import read_taxonomy

router = routes_of("Taxonomies", "/taxonomies")


@router.post("/from-documents")
async def create_taxonomy_from_documents(form: TaxonomyFromDocuments, tenant: InNamespace) -> NodeCreated:
    """Makes a collection of nodes, a retriever over it and a flat taxonomy.

    Its first nodes are documents under a label, or the groups of a cluster run under theirs.
    """
    promoted = await start_taxonomy(tenant, form)
    await refresh_index(tenant.gateway, promoted.node_ids)
    return to_answer(promoted)


@router.post("/{taxonomy}/nodes/from-documents")
async def create_node_from_documents(taxonomy: str, form: NodeFromDocuments, tenant: InNamespace) -> NodeCreated:
    """Adds nodes to a flat taxonomy: documents that are like these are called by its label from now on."""
    row = await read_taxonomy(tenant.gateway.pool, tenant.namespace_id, taxonomy)
    promoted = await promote(tenant, row, form)
    await refresh_index(tenant.gateway, promoted.node_ids)
    return to_answer(promoted)
