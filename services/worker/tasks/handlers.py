"""Which handler runs which kind of task."""

from services.common.database.alerts import EVALUATE_ALERT
from services.common.database.batch_runs import BATCH, TRIGGER
from services.common.database.cluster_enrichment import CLUSTER_ENRICHMENT
from services.common.database.cluster_runs import CLUSTER_RUN
from services.common.database.corrections import DECIDE_AGAIN
from services.common.database.deliveries import REPLAY
from services.common.database.evaluations import EVALUATION
from services.common.database.passthrough_tasks import PASSING
from services.common.database.removal import DELETE_BUCKET, DELETE_NAMESPACE
from services.common.database.taxonomies import APPLY_TAXONOMY
from services.common.database.trigger_actions import RUN_RETRIEVER
from services.worker.cluster_enrichment.enrichment import Enrichment
from services.worker.ingest import Services
from services.worker.tasks.alerts import AlertEvaluations
from services.worker.tasks.apply_taxonomy import ApplyTaxonomy
from services.worker.tasks.batches import follow_batches, trigger_collection
from services.worker.tasks.bulk_documents import DELETE, UPDATE, BulkDocuments
from services.worker.tasks.decide_again import DecideAgain
from services.worker.tasks.passthrough import PassThrough
from services.worker.tasks.removal import Removal
from services.worker.tasks.replay import replay_webhook
from services.worker.tasks.task import Handler


def handlers_of(services: Services) -> dict[str, Handler]:
    """Every kind of task that this worker can run."""
    again = DecideAgain(ask=services.labels.ask, refresh=services.indexer.refresh).run
    documents = BulkDocuments(refresh=services.indexer.refresh, again=again)
    removal = Removal(services.indexer)
    return {
        APPLY_TAXONOMY: ApplyTaxonomy(ask=services.labels.ask, refresh=services.indexer.refresh).run,
        DECIDE_AGAIN: again,
        BATCH: follow_batches,
        TRIGGER: trigger_collection,
        PASSING: PassThrough(refresh=services.indexer.refresh).run,
        UPDATE: documents.update,
        DELETE: documents.delete,
        DELETE_BUCKET: removal.bucket,
        DELETE_NAMESPACE: removal.namespace,
        EVALUATION: services.evaluations.run,
        REPLAY: replay_webhook,
        RUN_RETRIEVER: services.retriever_runs.run,
        CLUSTER_RUN: services.clusters.run,
        EVALUATE_ALERT: AlertEvaluations(services.alerts).run,
        CLUSTER_ENRICHMENT: Enrichment(refresh=services.indexer.refresh).run,
    }
