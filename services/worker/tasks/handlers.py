"""Which handler runs which kind of task."""

from services.worker.ingest import Services
from services.worker.tasks.bulk_documents import DELETE, UPDATE, BulkDocuments
from services.worker.tasks.task import Handler


def handlers_of(services: Services) -> dict[str, Handler]:
    """Every kind of task that this worker can run."""
    documents = BulkDocuments(refresh=services.indexer.refresh)
    return {UPDATE: documents.update, DELETE: documents.delete}
