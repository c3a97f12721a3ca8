"""Native taxonomies on a whole stack: labels on ingest, other thresholds, all that is there labelled anew."""

from typing import Any

import pytest

from tests.e2e.api import Api, JsonObject, create_unified
from tests.support.media.pictures import data_uri
from tests.support.places import PHOTOS
from tests.support.tutorial.option_a import LABEL, bucket_body, collection_body, retriever_body

LIBRARY, SHELF = "tax_library", "tax_shelf"
FISH, MILL, OTHER_FISH = "fish/fish18.jpg", "windmill/windmill1.jpg", "fish/fish12.jpg"
PATHS = ("Shoes > Running > Red", "Shoes > Running > Blue", "Shoes > Running > Green")


def upload(api: Api, bucket: str, photo: str, **fields: Any) -> str:
    """Uploads a photo and waits for its documents; returns the object's id."""
    blob = {"property": "image_url", "type": "image", "data": data_uri((PHOTOS / photo).read_bytes())}
    created = api.post(f"/buckets/{bucket}/objects", {"metadata": fields, "blobs": [blob]})
    found = api.processed(bucket, created["object_id"])
    assert found["status"] == "COMPLETED", found["error"]
    return str(created["object_id"])


def apply(api: Api, taxonomy_id: str) -> JsonObject:
    """Labels the shelf anew; what the task says at its end."""
    started = api.post(f"/collections/{SHELF}/apply-taxonomy", {"taxonomy_id": taxonomy_id})
    (outputs,) = api.completed_task(started["task_id"])["outputs"]
    return dict(outputs)


@pytest.fixture(scope="module")
def library(api: Api) -> list[str]:
    """References with labels and more, and a retriever that finds them."""
    api.post("/buckets", bucket_body(LIBRARY))
    body = collection_body(LIBRARY)
    del body["taxonomy"]
    body["feature_extractor"]["field_passthrough"] = [LABEL, "sku"]
    api.post("/collections", body)
    api.post("/retrievers", retriever_body(LIBRARY))
    return [upload(api, LIBRARY, photo, **{LABEL: label, "sku": sku}) for photo, label, sku in REFERENCES]


REFERENCES = ((FISH, "fish", "S1"), (MILL, "mill", "S2"))


@pytest.fixture(scope="module")
def early(api: Api, library: list[str]) -> str:
    """A shelf that nothing labels yet, and an object on it."""
    assert library
    api.post("/buckets", bucket_body(SHELF))
    body = collection_body(SHELF)
    del body["taxonomy"]
    api.post("/collections", body)
    return upload(api, SHELF, FISH)


@pytest.fixture(scope="module")
def taxonomy(api: Api, early: str) -> JsonObject:
    """A native taxonomy and a retriever enrichment, applied to the shelf."""
    assert early
    fields = [{"field_path": LABEL, "target_field": "kind"}, {"field_path": "sku"}]
    config = {
        "taxonomy_type": "flat",
        "retriever_id": f"ret_{LIBRARY}_classifier",
        "input_mappings": [{"input_key": "query_image", "source_type": "vector"}],
        "source_collection": {"collection_id": LIBRARY, "enrichment_fields": fields},
    }
    created = api.post("/taxonomies", {"taxonomy_name": "kinds_of_the_shelf", "config": config})
    enrichment = {
        "retriever_id": f"ret_{LIBRARY}_classifier",
        "input_mappings": [{"input_key": "query_image", "source": {"source_type": "source_blob", "path": "image_url"}}],
        "write_back_fields": [{"source_field": "sku", "target_field": "twins", "mode": "all_as_array"}],
    }
    applications = [{"taxonomy_id": created["taxonomy_id"]}]
    api.patch(f"/collections/{SHELF}", {"taxonomy_applications": applications, "retriever_enrichments": [enrichment]})
    return created


def test_uploads_are_labelled_by_what_is_applied(api: Api, taxonomy: JsonObject) -> None:
    document = api.document_of(SHELF, upload(api, SHELF, FISH))
    assert (document["kind"], document["sku"], document["twins"]) == ("fish", "S1", ["S1"])
    assert document["metadata"]["kind"] == "fish"
    assert document["taxonomy_match"]["matched"] is True
    internal, lead = document["_internal"], f"_taxonomy_{taxonomy['taxonomy_id']}"
    assert (internal[f"{lead}_label"], internal[f"{lead}_id"]) == (
        "fish",
        document["taxonomy_match"]["source_document_id"],
    )
    assert internal["labels"]["kind"]["source"] == "auto"
    assert internal["processing"]["taxonomy_lineage"][0]["enriched_fields"] == ["kind", "sku"]


def test_what_came_with_a_label_keeps_it(api: Api, taxonomy: JsonObject) -> None:
    assert taxonomy
    document = api.document_of(SHELF, upload(api, SHELF, FISH, kind="mine"))
    assert (document["kind"], document["sku"]) == ("mine", "S1")
    assert document["_internal"]["labels"]["kind"]["source"] == "import"


def test_what_was_there_before_is_labelled_by_a_task_once(api: Api, early: str, taxonomy: JsonObject) -> None:
    assert "kind" not in api.document_of(SHELF, early)
    assert apply(api, taxonomy["taxonomy_id"])["changed"] >= 1
    assert api.document_of(SHELF, early)["kind"] == "fish"
    assert apply(api, taxonomy["taxonomy_id"])["changed"] == 0


def test_a_new_threshold_holds_for_the_next_upload_and_for_those_before_when_asked(
    api: Api, early: str, taxonomy: JsonObject
) -> None:
    path = f"/taxonomies/{taxonomy['taxonomy_id']}"
    assert api.patch(path, {"confidence_threshold": 0.999})["version"] == 2
    unsure = api.document_of(SHELF, upload(api, SHELF, OTHER_FISH))
    assert (unsure["kind"], unsure["taxonomy_match"]["matched"]) == (None, False)
    assert unsure["taxonomy_match"]["confidence"] > 0.3
    assert api.post(f"{path}/versions", {"config": {"confidence_threshold": 0.1}})["version"] == 3
    apply(api, taxonomy["taxonomy_id"])
    again = api.get(f"/collections/{SHELF}/documents/{unsure['document_id']}")
    assert again["kind"] == "fish"
    assert api.document_of(SHELF, early)["kind"] == "fish"


def test_samples_are_judged_on_demand_at_any_version(api: Api, early: str, taxonomy: JsonObject) -> None:
    document_id = api.document_of(SHELF, early)["document_id"]
    path = f"/taxonomies/{taxonomy['taxonomy_id']}/execute"
    answer = api.post(f"{path}?version=1", {"source_documents": [{"document_id": document_id}]})
    assert (answer["stats"]["enriched"], answer["matches"][0]["label"]) == (1, "fish")
    by_content = {"query_image": data_uri((PHOTOS / MILL).read_bytes())}
    assert api.post(path, {"source_documents": [by_content]})["matches"][0]["label"] == "mill"


def test_a_retriever_classifies_what_it_finds(api: Api, early: str, taxonomy: JsonObject) -> None:
    document_id = api.document_of(SHELF, early)["document_id"]
    own = {"field": "document_id", "operator": "eq", "value": document_id}
    stages = [
        {"stage_name": "one", "config": {"stage_id": "attribute_filter", "parameters": {"conditions": own}}},
        {
            "stage_name": "classify",
            "config": {
                "stage_id": "taxonomy_enrich",
                "parameters": {
                    "taxonomy_id": taxonomy["taxonomy_id"],
                    "fields": [{"field_path": "sku", "target_field": "code"}],
                },
            },
        },
    ]
    body = {"collection_identifiers": [SHELF], "stages": stages, "inputs": {}}
    (found,) = api.post("/retrievers/execute", body)["documents"]
    assert (found["code"], found["taxonomy_match"]["label"]) == ("S1", "fish")


def test_documents_become_a_node_that_others_fall_into(api: Api, early: str) -> None:
    document_id = api.document_of(SHELF, early)["document_id"]
    body = {
        "taxonomy_name": "finds_of_the_shelf",
        "node_label": "gilled",
        "documents": [{"collection_id": SHELF, "document_id": document_id}],
    }
    created = api.post("/taxonomies/from-documents", body)
    answer = api.post("/taxonomies/finds_of_the_shelf/execute", {"document_ids": [document_id]})
    assert (answer["matches"][0]["label"], answer["matches"][0]["node_id"]) == ("gilled", created["node_document_id"])


def test_labels_that_are_paths_stop_where_people_differ(api: Api) -> None:
    name = "tax_paths"
    create_unified(api, name)
    api.patch(f"/collections/{name}", {"taxonomy": {"path_separator": " > "}})
    for label in PATHS:
        upload(api, name, FISH, **{LABEL: label})
    document = api.document_of(name, upload(api, name, FISH))
    assert document[LABEL] == "Shoes > Running"
    lineage = document["_internal"]["processing"]["taxonomy_lineage"]
    assert [step["label"] for step in lineage[0]["path"]] == ["Shoes", "Running"]


def test_renames_change_nothing_and_a_deleted_retriever_is_told(api: Api, library: list[str]) -> None:
    assert library
    api.post(f"/retrievers/ret_{LIBRARY}_classifier/clone", {"retriever_name": "twin"})
    api.post("/buckets", bucket_body("tax_rack"))
    body = collection_body("tax_rack")
    body["taxonomy"]["retriever_id"] = "twin"
    rack = api.post("/collections", body)["collection_id"]
    api.patch(f"/collections/{LIBRARY}", {"collection_name": "tax_library_renamed"})
    api.patch("/retrievers/twin", {"retriever_name": "twin_renamed"})
    first = upload(api, "tax_rack", FISH)
    api.patch("/collections/tax_library_renamed", {"collection_name": LIBRARY})
    deleted = api.call("DELETE", "/retrievers/twin_renamed")
    assert [each["id"] for each in deleted["warnings"]] == [rack]
    second = upload(api, "tax_rack", MILL)
    labelled, left = (api.document_of("tax_rack", each) for each in (first, second))
    assert (labelled[LABEL], "reason" in labelled["taxonomy_match"]) == ("fish", False)
    assert left[LABEL] is None
    assert "no retriever" in left["taxonomy_match"]["reason"]
    assert api.get("/collections/tax_rack/analytics/label-coverage")["not_judged"] == 1
    told = api.get("/collections/tax_rack")["warnings"]
    assert any("cannot run" in each for each in told) and any("1 document could not be judged" in each for each in told)
