"""The HTTP application, from a gateway that is already connected."""

from fastapi import FastAPI
from starlette.types import ASGIApp

from services.gateway import documentation, problem
from services.gateway.aliases import BASE, Aliases
from services.gateway.gateway import Gateway
from services.gateway.limits import BodyLimit
from services.gateway.presigned import CONTENT
from services.gateway.requests import Requests
from services.gateway.routes import (
    aggregations,
    alert_executions,
    alerts,
    all_batches,
    analytics,
    annotation_bulk,
    annotations,
    api_keys,
    batch_diagnosis,
    batch_reports,
    batches,
    blobs,
    bucket_analytics,
    buckets,
    bulk_batches,
    cluster_analytics,
    cluster_executions,
    cluster_exports,
    cluster_groups,
    cluster_triggers,
    clusters,
    collection_analytics,
    collection_triggers,
    collections,
    discovery,
    document_batches,
    document_details,
    document_edits,
    documents,
    evaluation_scores,
    evaluations,
    events,
    execution_history,
    execution_profiles,
    executions,
    explanations,
    extractors,
    feature_search,
    health,
    label_analytics,
    lineage,
    namespace_documents,
    namespace_extractors,
    namespace_indexes,
    namespaces,
    object_batches,
    object_removal,
    objects,
    organization,
    reconciliation,
    retriever_analytics,
    retrievers,
    tasks,
    taxonomies,
    taxonomy_analytics,
    taxonomy_nodes,
    taxonomy_runs,
    taxonomy_versions,
    triggers,
    upload_batches,
    upload_content,
    uploads,
    usage_analytics,
    users,
    webhook_deliveries,
    webhooks,
)
from services.gateway.shapes.errors import DOCUMENTED

VERSION = "0.1.0"
# Fixed paths such as /retrievers/stages come before those with a name in the same place.
ROUTERS = (
    health.router,
    organization.router,
    users.router,
    api_keys.router,
    webhooks.router,
    webhook_deliveries.router,
    namespaces.router,
    namespace_indexes.router,
    namespace_extractors.router,
    discovery.router,
    buckets.router,
    object_batches.router,
    object_removal.router,
    objects.router,
    bulk_batches.router,
    batches.router,
    batch_diagnosis.router,
    batch_reports.router,
    all_batches.router,
    alert_executions.router,
    alerts.router,
    tasks.router,
    collection_triggers.router,
    triggers.router,
    upload_batches.router,
    upload_content.router,
    uploads.router,
    feature_search.router,
    evaluation_scores.router,
    evaluations.router,
    events.router,
    execution_profiles.router,
    execution_history.router,
    explanations.router,
    executions.router,
    retrievers.router,
    retriever_analytics.router,
    extractors.router,
    taxonomy_nodes.router,
    taxonomy_runs.router,
    taxonomies.router,
    taxonomy_versions.router,
    cluster_triggers.router,
    cluster_executions.router,
    cluster_exports.router,
    cluster_groups.router,
    clusters.router,
    reconciliation.router,
    collections.router,
    analytics.router,
    aggregations.router,
    usage_analytics.router,
    bucket_analytics.router,
    collection_analytics.router,
    label_analytics.router,
    taxonomy_analytics.router,
    cluster_analytics.router,
    annotation_bulk.router,
    annotations.router,
    document_batches.router,
    document_details.router,
    documents.router,
    namespace_documents.router,
    lineage.router,
    document_edits.router,
    blobs.router,
)


def build_app(gateway: Gateway) -> ASGIApp:
    """The whole application; every layer around the routes is plain ASGI."""
    app = build_routes()
    app.state.gateway = gateway
    settings = gateway.settings
    limited = BodyLimit(app, settings.max_body_bytes, CONTENT, settings.max_blob_bytes)
    return Requests(Aliases(limited, documentation.ROOT_NAMES))


def build_routes() -> FastAPI:
    """The routes and their documentation, not yet connected to anything."""
    app = FastAPI(
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        strict_content_type=False,
    )
    for router in ROUTERS:
        app.include_router(router, prefix=BASE, responses=DOCUMENTED)
    app.openapi = lambda: documentation.openapi_of(app)  # type: ignore[method-assign]
    documentation.install(app)
    problem.install(app)
    return app
