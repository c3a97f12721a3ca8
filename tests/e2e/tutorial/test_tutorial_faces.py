"""The tutorial's Example 1: photos of employees are labelled with names, and footage then names the employees."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.e2e.api import Api, JsonObject, object_of
from tests.support.media.pictures import darker, jpeg, portrait, side_by_side
from tests.support.media.videos import film
from tests.support.tutorial import examples
from tests.support.web_servers import file_server

PHOTOS, FACES = "bkt_employee_photos", "employee_faces"
BARACK, JOE, EILEEN = "Barack Obama", "Joe Biden", "Eileen Collins"
EMPLOYEES = {"barack-1": BARACK, "barack-2": BARACK, "joe-1": JOE, "joe-2": JOE, "eileen-1": EILEEN, "eileen-2": EILEEN}
CLASSIFIER = "employee_classifier"
THRESHOLD = 0.36


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Object ids by the names of the photos."""

    objects: dict[str, str]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A web server with photos and footage."""
    folder = tmp_path_factory.mktemp("people")
    barack, joe, eileen = portrait("obama/obama.jpg"), portrait("biden/biden.jpg"), portrait("collins/astronaut.png")
    pictures = {
        "barack-1": barack,
        "barack-2": portrait("obama/obama2.jpg"),
        "joe-1": joe,
        "joe-2": darker(joe),
        "eileen-1": eileen,
        "eileen-2": darker(eileen),
        "two": side_by_side([darker(barack), joe]),
        "gate": darker(portrait("obama/obama3.jpg")),
    }
    for name, picture in pictures.items():
        (folder / f"{name}.jpg").write_bytes(jpeg(picture))
    (folder / "corridor.mp4").write_bytes(film(portrait("obama/obama3.jpg")))
    (folder / "broken.mp4").write_bytes(film(barack)[:4000])
    with file_server(folder) as url:
        yield url


@pytest.fixture(scope="module")
def labelled(api: Api, site: str) -> Labelled:
    """Bucket, collection, uploaded photos, each labelled with a name."""
    api.post("/buckets", examples.CREATE_EMPLOYEE_PHOTOS)
    api.post("/collections", examples.CREATE_EMPLOYEE_FACES)
    objects = {}
    for number, (photo, name) in enumerate(EMPLOYEES.items()):
        objects[photo] = uploaded(api, PHOTOS, "photo_url", f"{site}/{photo}.jpg")
        label = {"metadata": {"person_name": name, "employee_id": f"e{number}"}}
        api.patch(f"/buckets/{PHOTOS}/objects/{objects[photo]}", label)
    return Labelled(objects=objects)


@pytest.fixture(scope="module")
def together(api: Api, site: str, labelled: Labelled) -> list[JsonObject]:
    """The documents of a picture of two employees, from left to right, before anybody labels them."""
    assert labelled.objects
    return faces_of(api, FACES, uploaded(api, PHOTOS, "photo_url", f"{site}/two.jpg"))


@pytest.fixture(scope="module")
def footage(api: Api, site: str, labelled: Labelled) -> str:
    """The retriever over the labelled faces, and a collection of camera footage that it names."""
    assert site and labelled.objects
    (index,) = api.get(f"/collections/{FACES}")["vector_indexes"]
    api.post("/retrievers", retriever(index["feature_uri"]))
    properties = {"person_name": {"type": "text"}, "camera": {"type": "text"}, "video_url": {"type": "video"}}
    api.post("/buckets", {"bucket_name": "footage", "bucket_schema": {"properties": properties}})
    api.post("/collections", footage_collection())
    return "footage"


def retriever(feature_uri: str) -> JsonObject:
    """The nearest face with a name."""
    named = {"AND": [{"field": "person_name", "operator": "exists", "value": True}]}
    query = {"input_mode": "content", "value": "{{INPUT.query_image}}"}
    search = {"feature_uri": feature_uri, "query": query, "top_k": 1, "min_score": THRESHOLD}
    stages = [
        {"stage_name": "named", "config": {"stage_id": "attribute_filter", "parameters": {"conditions": named}}},
        {"stage_name": "match", "config": {"stage_id": "feature_search", "parameters": {"searches": [search]}}},
    ]
    return {"retriever_name": CLASSIFIER, "collection_identifiers": [FACES], "stages": stages}


def footage_collection() -> JsonObject:
    """Faces of videos and stills, named by the employees' photos."""
    return {
        "collection_name": "footage",
        "source": {"type": "bucket", "bucket_ids": ["bkt_footage"]},
        "feature_extractor": {
            "feature_extractor_name": "face_identity_extractor",
            "version": "v1",
            "input_mappings": {"video": "video_url"},
            "field_passthrough": ["person_name", "camera"],
        },
        "taxonomy": {
            "retriever_id": f"ret_{CLASSIFIER}",
            "field_to_enrich": "person_name",
            "confidence_threshold": THRESHOLD,
        },
    }


def upload(api: Api, bucket: str, field: str, url: str, **fields: str) -> JsonObject:
    kind = "video" if url.endswith(".mp4") else "image"
    body = {"metadata": fields, "blobs": [{"property": field, "type": kind, "data": url}]}
    return api.processed(bucket, str(api.post(f"/buckets/{bucket}/objects", body)["object_id"]))


def uploaded(api: Api, bucket: str, field: str, url: str, **fields: str) -> str:
    found = upload(api, bucket, field, url, **fields)
    assert found["status"] == "COMPLETED", found["error"]
    return str(found["object_id"])


def faces_of(api: Api, collection: str, object_id: str) -> list[JsonObject]:
    """The documents of an object, from the left of the picture to the right."""
    listed = api.get(f"/collections/{collection}/documents?limit=1000&return_presigned_urls=true")["results"]
    return sorted((each for each in listed if object_of(each) == object_id), key=lambda each: float(each["bbox"]["x1"]))


def test_each_photo_of_an_employee_gives_one_named_face(api: Api, labelled: Labelled) -> None:
    for photo, name in EMPLOYEES.items():
        (face,) = faces_of(api, FACES, labelled.objects[photo])
        assert (face["person_name"], face["metadata"]["person_name"]) == (name, name)
        assert face["metadata"]["employee_id"].startswith("e")


def test_a_face_comes_with_its_picture(api: Api, labelled: Labelled) -> None:
    (face,) = faces_of(api, FACES, labelled.objects["barack-1"])
    (crop,) = [blob for blob in face["document_blobs"] if blob["field"] == "aligned_face_crop"]
    assert crop["role"] == "artifact"
    shown = httpx.get(face["aligned_face_crop"], trust_env=False)
    assert shown.status_code == 200
    assert shown.headers["content-type"] == "image/jpeg"
    assert api.client.get(crop["url"]).content == shown.content


def test_two_people_of_one_picture_are_labelled_each_by_itself(api: Api, together: list[JsonObject]) -> None:
    left, right = together
    object_id = object_of(left)
    api.patch(f"/buckets/{PHOTOS}/objects/{object_id}", {"metadata": {"person_name": "somebody"}})
    assert [face["person_name"] for face in faces_of(api, FACES, object_id)] == [None, None]
    api.patch(f"/collections/{FACES}/documents/{left['document_id']}", {"person_name": BARACK})
    api.patch(f"/collections/{FACES}/documents/{right['document_id']}", {"person_name": JOE})
    assert [face["person_name"] for face in faces_of(api, FACES, object_id)] == [BARACK, JOE]


def test_a_still_names_each_of_two_people(api: Api, site: str, footage: str) -> None:
    object_id = uploaded(api, "bkt_footage", "video_url", f"{site}/two.jpg", camera="north")
    left, right = faces_of(api, footage, object_id)
    assert [left["metadata"]["person_name"], right["metadata"]["person_name"]] == [BARACK, JOE]
    assert left["taxonomy_match"]["source_document_id"] != right["taxonomy_match"]["source_document_id"]
    assert [left["camera"], right["camera"]] == ["north", "north"]


def test_security_camera_footage_identifies_an_employee(api: Api, site: str, footage: str) -> None:
    object_id = uploaded(api, "bkt_footage", "video_url", f"{site}/corridor.mp4", camera="corridor")
    (face,) = faces_of(api, footage, object_id)
    assert face["metadata"]["person_name"] == BARACK
    assert face["taxonomy_match"]["matched"] is True
    assert face["taxonomy_match"]["confidence"] > THRESHOLD
    assert 0.0 <= face["timestamp"] <= 3.0
    assert face["_internal"]["modality"] == "video"


def test_a_broken_video_fails_with_its_reason_on_the_object(api: Api, site: str, footage: str) -> None:
    found = upload(api, "bkt_footage", "video_url", f"{site}/broken.mp4")
    assert footage
    assert found["status"] == "FAILED"
    assert found["error"].startswith("TRUNCATED: ")
