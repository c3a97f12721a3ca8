"""`from mixpeek import Mixpeek`: the calls that a user of the hosted service has in their programs."""

from collections.abc import Callable
from typing import Any

import pytest
from mixpeek._client.client import MixpeekAPIError

from tests.e2e.client.mixpeek_namespace import Space
from tests.support.media.pictures import data_uri, photos
from tests.support.tutorial.option_a import LABEL, SLOT, bucket_body, collection_body, retriever_body
from tests.support.waiting import wait_for

WRENCH, FISH = photos("wrench")[0], photos("fish")[0]
NAME = "handwritten"


@pytest.fixture(scope="module")
def mp(space: Space) -> Any:
    """The client, with the tutorial's collection and three photos in it: two labelled, one to be labelled."""
    client = space.client
    client.buckets.create(name=NAME, bucket_schema=bucket_body(NAME)["bucket_schema"])
    retriever = retriever_body(NAME)
    client.retrievers.create(**retriever)
    collection = collection_body(NAME)
    client.collections.create(name=collection.pop("collection_name"), **collection)
    for photo, label in ((WRENCH, "wrench"), (FISH, "fish"), (WRENCH, None)):
        uploaded = client.buckets.upload(
            NAME, data=data_uri(photo.read_bytes()), blob_property="image_url", metadata={LABEL: label}
        )
        assert space.processed(NAME, uploaded["object_id"]).status.value == "COMPLETED"
    return client


def documents(client: Any) -> list[Any]:
    """Every document."""
    found: list[Any] = client.documents.list(NAME)["results"]
    return found


def test_namespaces_can_be_made_listed_and_deleted(space: Space) -> None:
    created = space.client.namespaces.create(name="made_by_hand")
    assert space.client.namespaces.get("made_by_hand").namespace_id == created.namespace_id
    assert "made_by_hand" in [each["namespace_name"] for each in space.client.namespaces.list()["results"]]
    deleted = space.client.namespaces.delete(created.namespace_id)
    assert space.task(deleted["task_id"]).status.value == "COMPLETED"
    with pytest.raises(MixpeekAPIError) as error:
        space.client.namespaces.get("made_by_hand")
    assert error.value.status == 404


def test_uploads_are_labelled_by_likeness(mp: Any) -> None:
    labels = [(each[LABEL], each["taxonomy_match"]["matched"]) for each in documents(mp)]
    assert labels == [("wrench", False), ("fish", False), ("wrench", True)]


def test_what_was_made_can_be_found_again(mp: Any) -> None:
    assert NAME in [each.bucket_name for each in mp.buckets.list().results]
    assert NAME in [each.collection_name for each in mp.collections.list().results]
    assert mp.buckets.get(NAME).object_count == 3
    assert mp.collections.get(f"col_{NAME}").document_count == 3
    assert f"{NAME}_classifier" in [each.retriever_name for each in mp.retrievers.list().results]


def test_pages_of_documents_follow_each_other(mp: Any) -> None:
    seen, cursor = [], None
    while True:
        page = mp.documents.list(NAME, page_size=1, cursor=cursor)
        seen += [each.document_id for each in page.results]
        cursor = page.pagination.next_cursor
        if cursor is None:
            break
    assert seen == [each.document_id for each in documents(mp)]


def test_a_retriever_is_executed_with_inputs_and_settings(mp: Any) -> None:
    found = mp.retrievers.execute(f"{NAME}_classifier", inputs={"query_image": data_uri(FISH.read_bytes())})
    assert found["documents"][0][LABEL] == "fish"
    assert found["documents"][0]["score"] > 0.99
    assert found["execution_id"]


def test_a_vector_search_makes_uses_and_removes_a_retriever_of_its_own(mp: Any, space: Space) -> None:
    document = documents(mp)[1]
    vector = space.api("DocumentsApi").get_document_ns(document["document_id"], return_vectors=True)
    numbers = next(value for value in vector.additional_properties.values() if isinstance(value, list) and value)
    before = {each["retriever_name"] for each in mp.retrievers.list()["results"]}
    found = mp.search(
        namespace_id=space.namespace,
        queries=[{"feature_uri": SLOT, "query": {"input_mode": "vector", "value": numbers}, "top_k": 2}],
    )
    assert found["documents"][0]["document_id"] == document["document_id"]
    assert {each["retriever_name"] for each in mp.retrievers.list()["results"]} == before


def test_a_search_by_words_says_that_this_model_cannot(mp: Any) -> None:
    with pytest.raises(MixpeekAPIError) as error:
        mp.search("a wrench", collection=NAME)
    assert error.value.status == 422
    assert "efficientnet_lite2" in str(error.value.detail)


def test_a_document_can_be_corrected_and_read_back(mp: Any) -> None:
    document = documents(mp)[2]
    mp.documents.update(NAME, document["document_id"], update_data={LABEL: "spanner"})
    read = mp.documents.get(NAME, document["document_id"])
    assert (read[LABEL], read["metadata"][LABEL]) == ("spanner", "spanner")
    assert read["_internal"]["labels"][LABEL]["source"] == "human"
    mp.documents.batch_update(
        NAME, updates=[{"document_id": document["document_id"], "update_data": {LABEL: "wrench"}}]
    )
    assert mp.documents.get(NAME, document["document_id"])[LABEL] == "wrench"


def test_a_collection_can_be_changed_and_cloned(mp: Any) -> None:
    mp.collections.update(NAME, {"description": "of tools"}, metadata={"team": "a"})
    changed = mp.collections.get(NAME)
    assert (changed["description"], changed["metadata"]) == ("of tools", {"team": "a"})
    clone = mp.collections.clone(NAME, name=f"{NAME}_copy")
    assert "collection" in clone or "collection_id" in clone
    mp.collections.delete(f"{NAME}_copy")
    assert f"{NAME}_copy" not in [each["collection_name"] for each in mp.collections.list()["results"]]


def test_a_trigger_processes_again_and_its_batch_balances(mp: Any, space: Space) -> None:
    before = {each["document_id"]: each[LABEL] for each in documents(mp)}
    triggered = mp.collections.trigger(NAME)
    assert space.task(triggered["task_id"]).status.value == "COMPLETED"
    assert {each["document_id"]: each[LABEL] for each in documents(mp)} == before
    audit = mp.batches.audit(NAME, triggered["batch_id"])
    assert (audit["all_balanced"], audit["has_lost_objects"]) == (True, False)
    assert mp.batches.get(NAME, triggered["batch_id"])["status"] == "COMPLETED"


def test_a_retriever_is_evaluated_against_the_truth(mp: Any) -> None:
    fish = documents(mp)[1]["document_id"]
    query = {"query_image": data_uri(FISH.read_bytes())}
    mp.evaluations.create_dataset(
        dataset_name="truth", queries=[{"query_id": "q1", "query_input": query, "relevant_documents": [fish]}]
    )
    assert [each["dataset_name"] for each in mp.evaluations.list_datasets()["datasets"]] == ["truth"]
    run = mp.evaluations.run(f"{NAME}_classifier", dataset_name="truth")
    record = wait_for(
        lambda: mp.evaluations.get(f"{NAME}_classifier", run["evaluation_id"]),
        lambda found: found["status"].lower() in {"completed", "failed"},
    )
    assert record["status"].lower() == "completed"
    assert mp.evaluations.list(f"{NAME}_classifier")["evaluations"]


NOWHERE: dict[str, Callable[[Any], Any]] = {
    "bucket": lambda mp: mp.buckets.get("bkt_nowhere"),
    "collection": lambda mp: mp.collections.get("col_nowhere"),
    "retriever": lambda mp: mp.retrievers.execute("ret_nowhere", inputs={}),
    "document": lambda mp: mp.documents.get(NAME, "doc_nowhere"),
    "task": lambda mp: mp.tasks.get("task_nowhere"),
}


@pytest.mark.parametrize("resource", NOWHERE)
def test_what_is_not_there_is_an_error_with_its_name(mp: Any, resource: str) -> None:
    with pytest.raises(MixpeekAPIError) as error:
        NOWHERE[resource](mp)
    assert error.value.status == 404
    assert "nowhere" in str(error.value.detail)


def test_a_document_a_retriever_a_collection_and_a_bucket_can_be_deleted(mp: Any, space: Space) -> None:
    name = "passing"
    mp.buckets.create(**bucket_body(name))
    mp.retrievers.create(**retriever_body(name))
    mp.collections.create(**collection_body(name))
    mp.buckets.upload(name, data=data_uri(FISH.read_bytes()), blob_property="image_url")
    (document,) = wait_for(lambda: mp.documents.list(name)["results"], bool)
    mp.documents.delete(name, document["document_id"])
    assert mp.documents.list(name)["results"] == []
    mp.retrievers.delete(f"{name}_classifier")
    mp.collections.delete(name)
    deleted = mp.buckets.delete(name)
    assert space.task(deleted["task_id"]).status.value == "COMPLETED"
    assert name not in [each["bucket_name"] for each in mp.buckets.list()["results"]]
