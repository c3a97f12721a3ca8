"""A label that lives inside another field is stored, read, corrected and lent like any other."""

from typing import Any

import pytest

from services.common.json.paths import value_at
from tests.e2e.api import Api
from tests.support.media.pictures import data_uri, noise_jpeg, photos
from tests.support.tutorial.option_a import LABEL, THRESHOLD, bucket_body, collection_body, upload_body

NAME, KIND = "nested_labels", "info.kind"
DOCUMENTS = f"/collections/{NAME}/documents"


@pytest.fixture(scope="module")
def nested(api: Api) -> Api:
    """A collection whose machine takes the labels of people alone."""
    api.post("/buckets", bucket_body(NAME))
    taxonomy = {"field_to_enrich": KIND, "confidence_threshold": THRESHOLD, "reference_labels": "human"}
    extractor = {**collection_body(NAME)["feature_extractor"], "field_passthrough": ["note", "people.name"]}
    api.post("/collections", {**collection_body(NAME), "feature_extractor": extractor, "taxonomy": taxonomy})
    return api


def upload(api: Api, content: bytes, **metadata: Any) -> dict[str, Any]:
    created = api.post(f"/buckets/bkt_{NAME}/objects", {**upload_body(data_uri(content)), "metadata": metadata})
    assert api.processed(f"bkt_{NAME}", str(created["object_id"]))["status"] == "COMPLETED"
    return api.document_of(NAME, str(created["object_id"]))


def found(api: Api, filters: Any) -> set[str]:
    listed = api.post(f"{DOCUMENTS}/list", {"filters": filters, "limit": 100})["results"]
    return {document["document_id"] for document in listed}


def test_a_nested_label_is_lent_found_grouped_selected_and_corrected(nested: Api) -> None:
    windmill, fish = photos("windmill"), photos("fish")
    example = upload(
        nested, windmill[0].read_bytes(), info={"kind": "windmill"}, people=[{"name": "Ann"}, {"name": "Bo"}]
    )
    other = upload(nested, fish[0].read_bytes(), **{KIND: "fish"})
    assert (value_at(example, KIND), value_at(other, KIND)) == ("windmill", "fish")
    newcomer = upload(nested, windmill[0].read_bytes(), note="mine")
    assert newcomer["taxonomy_match"]["matched"] is True
    assert value_at(newcomer["metadata"], KIND) == "windmill"
    mills = {example["document_id"], newcomer["document_id"]}
    for spelling in (KIND, f"metadata.{KIND}"):
        assert found(nested, {"field": spelling, "operator": "eq", "value": "windmill"}) == mills
        assert found(nested, {"must": [{"key": spelling, "match": {"value": "fish"}}]}) == {other["document_id"]}
    assert found(nested, {"field": f"labels.{KIND}.source", "operator": "eq", "value": "auto"}) == {
        newcomer["document_id"]
    }
    assert found(nested, {"people.name": "Bo"}) == {example["document_id"]}
    coverage = nested.get(f"/collections/{NAME}/analytics/label-coverage")
    assert [(field["field"], field["labelled"]) for field in coverage["fields"]] == [(KIND, 3)]
    nested.patch(f"{DOCUMENTS}/{newcomer['document_id']}", {"info": {"kind": "tower"}})
    corrected = nested.get(f"{DOCUMENTS}/{newcomer['document_id']}")
    assert value_at(corrected, KIND) == value_at(corrected["metadata"], KIND) == "tower"
    assert corrected["_internal"]["labels"][KIND]["source"] == "human"


def test_what_is_said_beside_a_nested_label_does_not_clear_it(nested: Api) -> None:
    first = upload(nested, noise_jpeg(5), info={"kind": "noise"})
    object_id = first["_internal"]["lineage"]["source_object_id"]
    nested.patch(f"/buckets/bkt_{NAME}/objects/{object_id}", {"info": {"note": "seen"}})
    alike = upload(nested, noise_jpeg(5), info={"note": "no label"})
    assert value_at(alike, KIND) == "noise"
    assert LABEL not in alike["metadata"]
