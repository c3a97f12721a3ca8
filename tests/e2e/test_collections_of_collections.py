"""Tiers over REST: faces are found in photos, and a second collection keeps a register of them."""

import pytest

from tests.e2e.api import Api, JsonObject, object_of
from tests.support.media.pictures import data_uri, jpeg, portrait, side_by_side

BUCKET, FACES, REGISTER = "tier_photos", "tier_faces", "tier_register"


@pytest.fixture(scope="module")
def tiers(api: Api) -> Api:
    """A bucket, its faces with their names, and the register made of the faces."""
    properties = {"person_name": {"type": "text"}, "photo": {"type": "image"}}
    api.post("/buckets", {"bucket_name": BUCKET, "bucket_schema": {"properties": properties}})
    faces = {
        "feature_extractor_name": "face_identity_extractor",
        "version": "v1",
        "input_mappings": {"image": "photo"},
        "field_passthrough": ["person_name"],
    }
    api.post("/collections", collection(FACES, {"type": "bucket", "bucket_ids": [f"bkt_{BUCKET}"]}, faces))
    register = {"feature_extractor_name": "passthrough_extractor", "version": "v1"}
    api.post("/collections", collection(REGISTER, {"type": "collection", "collection_ids": [FACES]}, register))
    return api


def collection(name: str, source: JsonObject, extractor: JsonObject) -> JsonObject:
    return {"collection_name": name, "source": source, "feature_extractor": extractor}


def listed(api: Api, name: str, object_id: str) -> list[JsonObject]:
    """The documents of an object in a collection, from left to right."""
    found = api.get(f"/collections/{name}/documents?limit=100")["results"]
    return sorted((each for each in found if object_of(each) == object_id), key=lambda each: float(each["bbox"]["x1"]))


def test_a_register_follows_the_faces_that_it_is_made_of(tiers: Api) -> None:
    photo = jpeg(side_by_side([portrait("obama/obama.jpg"), portrait("biden/biden.jpg")]))
    body = {"blobs": [{"property": "photo", "type": "image", "data": data_uri(photo)}]}
    object_id = str(tiers.post(f"/buckets/bkt_{BUCKET}/objects", body)["object_id"])
    found = tiers.processed(f"bkt_{BUCKET}", object_id)
    assert (found["status"], found["document_count"]) == ("COMPLETED", 4)
    faces, entries = listed(tiers, FACES, object_id), listed(tiers, REGISTER, object_id)
    lineages = [entry["_internal"]["lineage"] for entry in entries]
    assert [lineage["source_document_id"] for lineage in lineages] == [face["document_id"] for face in faces]
    assert {lineage["source_type"] for lineage in lineages} == {"collection"}

    tiers.patch(f"/collections/{FACES}/documents/{faces[1]['document_id']}", {"person_name": "Joe Biden"})
    assert [entry["person_name"] for entry in listed(tiers, REGISTER, object_id)] == [None, "Joe Biden"]

    tiers.call("DELETE", f"/collections/{FACES}/documents/{faces[0]['document_id']}")
    assert [entry["person_name"] for entry in listed(tiers, REGISTER, object_id)] == ["Joe Biden"]
