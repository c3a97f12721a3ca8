from mixpeek.models.webhook_event_type import WebhookEventType

from services.common.events.event_types import RAISED, RESOURCE_TYPES, EventType, operation_of, resource_type_of


def test_the_catalogue_is_the_clients() -> None:
    assert {each.value for each in EventType} == {each.value for each in WebhookEventType}
    assert len(RAISED) == 42


def test_a_batch_is_about_what_it_holds() -> None:
    assert resource_type_of("documents.updated.batch") == resource_type_of("document.updated") == "document"
    assert resource_type_of("objects.created.batch") == "object"
    assert resource_type_of("collection.documents.written") == "collection"


def test_every_kind_of_subject_is_known() -> None:
    assert {"object", "document", "bucket", "cluster", "trigger", "alert", "retriever", "taxonomy"} < RESOURCE_TYPES
    assert "resource" not in RESOURCE_TYPES


def test_operations_are_the_contracts() -> None:
    found = {each: operation_of(each) for each in EventType}
    assert set(found.values()) == {"insert", "update", "delete", "other"}
    assert found[EventType.OBJECTS_CREATED_BATCH] == "insert"
    assert found[EventType.DOCUMENTS_UPDATED_BATCH] == found[EventType.TRIGGER_PAUSED] == "update"
    assert found[EventType.DOCUMENTS_DELETED_BATCH] == "delete"
    assert found[EventType.COLLECTION_DOCUMENTS_WRITTEN] == found[EventType.ALERT_TRIGGERED] == "other"
