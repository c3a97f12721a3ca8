"""Which handler runs which kind of task, and what they all work with."""

from dataclasses import dataclass

from services.common.database.batches.lifecycle import BATCH, TRIGGER
from services.common.database.buckets.removal import DELETE_BUCKET, DELETE_NAMESPACE
from services.common.database.clusters.cluster_runs import CLUSTER_ENRICHMENT, CLUSTER_RUN
from services.common.database.evaluations import EVALUATION
from services.common.database.events.deliveries import REPLAY
from services.common.database.exports import EXPORT
from services.common.database.tasks.alert_evaluation import EVALUATE_ALERT
from services.common.database.tasks.passthrough import PASSING
from services.common.database.taxonomies.applied_taxonomies import APPLY_TAXONOMY
from services.common.database.taxonomies.decide_again import DECIDE_AGAIN
from services.common.database.triggers.start_action import RUN_RETRIEVER
from services.worker.alerts.evaluator import Evaluator
from services.worker.clusters.enrichment.enrichment import Enrichment
from services.worker.exports.exporter import Exporter
from services.worker.ingest.ingestor import IngestServices
from services.worker.kit.index_client import IndexClient
from services.worker.kit.task import Handler
from services.worker.tasks.apply_taxonomy import ApplyTaxonomy
from services.worker.tasks.bulk_documents import DELETE, UPDATE, BulkDocuments
from services.worker.tasks.decide_again import DecideAgain
from services.worker.tasks.delete_buckets import Removal
from services.worker.tasks.evaluate_alert import AlertEvaluations
from services.worker.tasks.evaluate_retriever import Evaluations
from services.worker.tasks.follow_batches import follow_batches, trigger_collection
from services.worker.tasks.pass_fields_through import PassThrough
from services.worker.tasks.replay_webhook import replay_webhook
from services.worker.tasks.run_cluster import ClusterRuns
from services.worker.tasks.run_retriever import RetrieverRuns


@dataclass(frozen=True, kw_only=True)
class Services(IngestServices):
    """What an ingest and the tasks work with."""

    index_client: IndexClient
    evaluations: Evaluations
    retriever_runs: RetrieverRuns
    clusters: ClusterRuns
    alerts: Evaluator
    exports: Exporter


def handlers_of(services: Services) -> dict[str, Handler]:
    """Every kind of task that this worker can run."""
    again = DecideAgain(ask=services.labels.ask, refresh=services.index_client.refresh).run
    documents = BulkDocuments(refresh=services.index_client.refresh, again=again)
    removal = Removal(services.index_client)
    return {
        APPLY_TAXONOMY: ApplyTaxonomy(ask=services.labels.ask, refresh=services.index_client.refresh).run,
        DECIDE_AGAIN: again,
        BATCH: follow_batches,
        TRIGGER: trigger_collection,
        PASSING: PassThrough(refresh=services.index_client.refresh).run,
        UPDATE: documents.update,
        DELETE: documents.delete,
        DELETE_BUCKET: removal.bucket,
        DELETE_NAMESPACE: removal.namespace,
        EVALUATION: services.evaluations.run,
        REPLAY: replay_webhook,
        RUN_RETRIEVER: services.retriever_runs.run,
        CLUSTER_RUN: services.clusters.run,
        EXPORT: services.exports.run,
        EVALUATE_ALERT: AlertEvaluations(services.alerts).run,
        CLUSTER_ENRICHMENT: Enrichment(refresh=services.index_client.refresh).run,
    }
