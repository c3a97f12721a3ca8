"""The catalogue of events: the contract's types, what each is about, and which of them this product raises."""

from enum import StrEnum


class EventType(StrEnum):
    """The contract's WebhookEventType."""

    OBJECT_CREATED = "object.created"
    OBJECTS_CREATED_BATCH = "objects.created.batch"
    OBJECT_UPDATED = "object.updated"
    OBJECT_DELETED = "object.deleted"
    DOCUMENT_CREATED = "document.created"
    DOCUMENT_UPDATED = "document.updated"
    DOCUMENT_DELETED = "document.deleted"
    DOCUMENTS_UPDATED_BATCH = "documents.updated.batch"
    DOCUMENTS_DELETED_BATCH = "documents.deleted.batch"
    COLLECTION_CREATED = "collection.created"
    COLLECTION_UPDATED = "collection.updated"
    COLLECTION_DELETED = "collection.deleted"
    COLLECTION_DOCUMENTS_WRITTEN = "collection.documents.written"
    COLLECTION_DOCUMENTS_BATCH_COMPLETED = "collection.documents.batch_completed"
    CLUSTER_CREATED = "cluster.created"
    CLUSTER_UPDATED = "cluster.updated"
    CLUSTER_DELETED = "cluster.deleted"
    CLUSTER_EXECUTION_STARTED = "cluster.execution.started"
    CLUSTER_EXECUTION_COMPLETED = "cluster.execution.completed"
    CLUSTER_EXECUTION_FAILED = "cluster.execution.failed"
    TRIGGER_CREATED = "trigger.created"
    TRIGGER_UPDATED = "trigger.updated"
    TRIGGER_DELETED = "trigger.deleted"
    TRIGGER_PAUSED = "trigger.paused"
    TRIGGER_RESUMED = "trigger.resumed"
    TRIGGER_FIRED = "trigger.fired"
    TRIGGER_EXECUTION_COMPLETED = "trigger.execution.completed"
    TRIGGER_EXECUTION_FAILED = "trigger.execution.failed"
    TAXONOMY_CREATED = "taxonomy.created"
    TAXONOMY_UPDATED = "taxonomy.updated"
    TAXONOMY_DELETED = "taxonomy.deleted"
    ALERT_CREATED = "alert.created"
    ALERT_UPDATED = "alert.updated"
    ALERT_DELETED = "alert.deleted"
    ALERT_TRIGGERED = "alert.triggered"
    ALERT_EXECUTION_COMPLETED = "alert.execution.completed"
    ALERT_EXECUTION_FAILED = "alert.execution.failed"
    ANNOTATION_CREATED = "annotation.created"
    ANNOTATION_UPDATED = "annotation.updated"
    ANNOTATION_DELETED = "annotation.deleted"
    RESOURCE_EXECUTED = "resource.executed"
    RESOURCE_EXECUTION_FAILED = "resource.execution_failed"
    MANIFEST_APPLY_RESOURCE_STATE = "manifest.apply.resource_state"


# There are no manifests here.
RAISED = frozenset(EventType) - {EventType.MANIFEST_APPLY_RESOURCE_STATE}
# What tries a webhook out, and no other hears of.
TEST = "webhook.test"
# The contract has no types for these; the feed tells of them, and no webhook can ask for them.
OWN = frozenset({"bucket.deleted", "namespace.deleted", TEST})
# What can run, and so be the subject of `resource.executed` and `resource.execution_failed`.
RUNS = frozenset({"retriever", "taxonomy"})
BATCHES = {"objects": "object", "documents": "document"}
OPERATIONS = {
    "created": "insert",
    "updated": "update",
    "paused": "update",
    "resumed": "update",
    "deleted": "delete",
}


def resource_type_of(event_type: str) -> str:
    """What an event is about: the first part of its type, in the singular. A run's event names its own."""
    first = event_type.partition(".")[0]
    return BATCHES.get(first, first)


def operation_of(event_type: str) -> str:
    """The contract's operation: insert, update, delete or other."""
    return OPERATIONS.get(event_type.split(".")[1], "other")


RESOURCE_TYPES = frozenset(resource_type_of(each) for each in RAISED | OWN) - {"resource"} | RUNS
