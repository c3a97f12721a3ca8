"""The HTTP application, from a gateway that is already connected."""

from fastapi import FastAPI
from starlette.types import ASGIApp

from services.gateway.alerts import routes as alerts
from services.gateway.alerts.executions import routes as alert_executions
from services.gateway.annotations import bulk_routes
from services.gateway.annotations import routes as annotations
from services.gateway.batches import all_buckets_routes
from services.gateway.batches import bulk_routes as bulk_batches
from services.gateway.batches import routes as batches
from services.gateway.batches.diagnosis import routes as batch_diagnosis
from services.gateway.batches.reports import routes as batch_reports
from services.gateway.buckets import routes as buckets
from services.gateway.buckets.analytics import routes as bucket_analytics
from services.gateway.clusters import routes as clusters
from services.gateway.clusters.analytics import routes as cluster_analytics
from services.gateway.clusters.executions import routes as cluster_executions
from services.gateway.clusters.exports import routes as cluster_exports
from services.gateway.clusters.groups import routes as cluster_groups
from services.gateway.clusters.triggers import routes as cluster_triggers
from services.gateway.collections import routes as collections
from services.gateway.collections.analytics import label_routes
from services.gateway.collections.analytics import routes as collection_analytics
from services.gateway.collections.reconciliation import routes as reconciliation
from services.gateway.collections.reprocessing import routes as collection_triggers
from services.gateway.documents import namespace_routes
from services.gateway.documents import routes as documents
from services.gateway.documents.aggregations import routes as aggregations
from services.gateway.documents.counts import routes as analytics
from services.gateway.documents.diagnostics import routes as document_details
from services.gateway.documents.edits import bulk_routes as document_batches
from services.gateway.documents.edits import routes as document_edits
from services.gateway.documents.lineage import routes as lineage
from services.gateway.evaluations import routes as evaluations
from services.gateway.evaluations.scores import routes as evaluation_scores
from services.gateway.events import routes as events
from services.gateway.exports import routes as exports
from services.gateway.extractors import routes as extractors
from services.gateway.extractors.discovery import routes as discovery
from services.gateway.health import routes as health
from services.gateway.imports import routes as imports
from services.gateway.kit.dependencies import Gateway
from services.gateway.kit.http import api_document, error_envelope
from services.gateway.kit.http.aliases import BASE, Aliases
from services.gateway.kit.http.body_limit import BodyLimit
from services.gateway.kit.http.error_shapes import DOCUMENTED
from services.gateway.kit.http.request_log import Requests
from services.gateway.namespaces import extractor_routes, index_routes
from services.gateway.namespaces import routes as namespaces
from services.gateway.objects import bulk_routes as object_batches
from services.gateway.objects import routes as objects
from services.gateway.objects.blobs import routes as blobs
from services.gateway.objects.removal import routes as object_removal
from services.gateway.organization import routes as organization
from services.gateway.organization.keys import routes as api_keys
from services.gateway.organization.usage import routes as usage_analytics
from services.gateway.organization.users import routes as users
from services.gateway.pages import serving as pages
from services.gateway.pictures import routes as pictures
from services.gateway.retrievers import routes as retrievers
from services.gateway.retrievers.analytics import routes as retriever_analytics
from services.gateway.retrievers.executions import explain_routes
from services.gateway.retrievers.executions import routes as executions
from services.gateway.retrievers.history import profile_routes
from services.gateway.retrievers.history import routes as execution_history
from services.gateway.retrievers.search import routes as feature_search
from services.gateway.review import routes as review
from services.gateway.sign_in import routes as sign_in
from services.gateway.tasks import routes as tasks
from services.gateway.taxonomies import routes as taxonomies
from services.gateway.taxonomies.analytics import routes as taxonomy_analytics
from services.gateway.taxonomies.nodes import routes as taxonomy_nodes
from services.gateway.taxonomies.runs import routes as taxonomy_runs
from services.gateway.taxonomies.versions import routes as taxonomy_versions
from services.gateway.triggers import routes as triggers
from services.gateway.uploads import bulk_routes as upload_batches
from services.gateway.uploads import content_routes
from services.gateway.uploads import routes as uploads
from services.gateway.uploads.presigned import CONTENT
from services.gateway.webhooks import routes as webhooks
from services.gateway.webhooks.deliveries import routes as webhook_deliveries

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
    index_routes.router,
    extractor_routes.router,
    discovery.router,
    buckets.router,
    object_batches.router,
    object_removal.router,
    objects.router,
    bulk_batches.router,
    batches.router,
    batch_diagnosis.router,
    batch_reports.router,
    all_buckets_routes.router,
    alert_executions.router,
    alerts.router,
    tasks.router,
    collection_triggers.router,
    triggers.router,
    upload_batches.router,
    content_routes.router,
    uploads.router,
    feature_search.router,
    evaluation_scores.router,
    evaluations.router,
    events.router,
    profile_routes.router,
    execution_history.router,
    explain_routes.router,
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
    imports.router,
    exports.router,
    review.router,
    collections.router,
    analytics.router,
    aggregations.router,
    usage_analytics.router,
    bucket_analytics.router,
    collection_analytics.router,
    label_routes.router,
    taxonomy_analytics.router,
    cluster_analytics.router,
    bulk_routes.router,
    annotations.router,
    document_batches.router,
    document_details.router,
    documents.router,
    namespace_routes.router,
    lineage.router,
    document_edits.router,
    blobs.router,
    pictures.router,
)


def build_app(gateway: Gateway) -> ASGIApp:
    """The whole application; every layer around the routes is plain ASGI."""
    app = build_routes()
    app.state.gateway = gateway
    settings = gateway.settings
    limited = BodyLimit(app, settings.max_body_bytes, CONTENT, settings.max_blob_bytes)
    return Requests(Aliases(limited, (*api_document.ROOT_NAMES, *pages.ROOT_NAMES), pages.PAGE_NAMES))


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
    app.openapi = lambda: api_document.openapi_of(app)  # type: ignore[method-assign]
    api_document.install(app)
    app.include_router(sign_in.router)
    pages.install(app)
    error_envelope.install(app)
    return app
