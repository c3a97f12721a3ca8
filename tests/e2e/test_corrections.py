"""A mistake does not breed, on a whole stack: what a wrong example labelled is labelled anew once it is corrected."""

import pytest
from PIL import Image

from tests.e2e.api import Api, create_unified
from tests.support.media.pictures import darker, data_uri, jpeg, photos, portrait
from tests.support.tutorial.option_a import LABEL, upload_body
from tests.support.waiting import wait_for


def picture(kind: str, number: int, smaller: int = 0) -> str:
    """A photo, or one that is nearly the same: some pixels smaller on each side."""
    image = Image.open(photos(kind)[number]).convert("RGB")
    return data_uri(jpeg(image.resize((image.width - smaller, image.height - smaller))))


def uploaded(api: Api, name: str, data: str, **fields: str) -> str:
    """The id of an object that is processed."""
    created = api.post(f"/buckets/bkt_{name}/objects", {**upload_body(data), "metadata": fields})
    assert api.processed(f"bkt_{name}", created["object_id"])["status"] == "COMPLETED"
    return str(created["object_id"])


def labels(api: Api, name: str, objects: list[str]) -> list[str | None]:
    return [api.document_of(name, each)["metadata"].get(LABEL) for each in objects]


def mistaken(api: Api, name: str) -> tuple[str, list[str]]:
    """Pliers that a person called a hammer, and four uploads that follow."""
    create_unified(api, name)
    wrong = uploaded(api, name, picture("pliers", 1), **{LABEL: "Hammer"})
    followers = [uploaded(api, name, picture("pliers", 1, smaller)) for smaller in (1, 2, 3, 4)]
    assert labels(api, name, followers) == ["Hammer"] * 4
    return wrong, followers


def test_a_corrected_example_corrects_what_followed_it(api: Api) -> None:
    name = "breeding"
    wrong, followers = mistaken(api, name)
    answer = api.patch(f"/buckets/bkt_{name}/objects/{wrong}", {"metadata": {LABEL: "Pliers"}})
    assert answer["affected"]["documents"] == 4
    next_one = uploaded(api, name, picture("pliers", 1, 5))
    assert labels(api, name, [next_one]) == ["Pliers"]
    api.completed_task(answer["affected"]["task_id"])
    assert labels(api, name, followers) == ["Pliers"] * 4
    document = api.document_of(name, followers[0])
    evidence = document["_internal"]["labels"][LABEL]["evidence"]
    assert {each["label"] for each in evidence} == {"Pliers"}
    assert document["taxonomy_match"]["source_document_id"] == api.document_of(name, wrong)["document_id"]


@pytest.mark.parametrize("way", ["object", "document", "rejected"])
def test_what_followed_an_example_that_is_gone_waits_for_a_person(api: Api, way: str) -> None:
    name = f"breeding_{way}"
    wrong, followers = mistaken(api, name)
    document_id = api.document_of(name, wrong)["document_id"]
    if way == "object":
        headers = api.client.delete(f"{api.url}/buckets/bkt_{name}/objects/{wrong}").headers
        documents, task_id = int(headers["x-affected-documents"]), headers["x-affected-task"]
    else:
        verdict = {"document_id": document_id, "label": "incorrect"}
        answer = (
            api.call("DELETE", f"/collections/{name}/documents/{document_id}")
            if way == "document"
            else api.post("/annotations", verdict)
        )
        documents, task_id = answer["affected"]["documents"], answer["affected"]["task_id"]
    assert documents == 4
    assert labels(api, name, [uploaded(api, name, picture("pliers", 1, 5))]) == [None]
    api.completed_task(task_id)
    assert labels(api, name, followers) == [None] * 4
    assert api.document_of(name, followers[0])["taxonomy_match"]["matched"] is False


def test_another_picture_in_the_place_of_the_example(api: Api) -> None:
    name = "breeding_replaced"
    create_unified(api, name)
    api.patch(f"/buckets/bkt_{name}", {"unique_key": {"fields": ["sku"], "default_policy": "upsert"}})
    example = {"metadata": {LABEL: "Pliers", "sku": "1"}, **upload_body(picture("pliers", 1))}
    created = api.post(f"/buckets/bkt_{name}/objects?policy=upsert", example)
    api.processed(f"bkt_{name}", created["object_id"])
    follower = uploaded(api, name, picture("pliers", 1, 1), sku="2")
    assert labels(api, name, [follower]) == ["Pliers"]
    other = {"metadata": {"sku": "1"}, **upload_body(picture("windmill", 0))}
    assert api.post(f"/buckets/bkt_{name}/objects?policy=upsert", other)["object_id"] == created["object_id"]
    wait_for(lambda: labels(api, name, [follower]), lambda found: found == [None])


def test_a_folder_that_was_uploaded_first_is_labelled_afterwards(api: Api) -> None:
    name = "folder_first"
    create_unified(api, name)
    first, *others = [uploaded(api, name, picture("pliers", 1, smaller)) for smaller in (0, 1, 2)]
    affected = api.patch(f"/buckets/bkt_{name}/objects/{first}", {"metadata": {LABEL: "Pliers"}})["affected"]
    assert (affected["documents"], affected["unlabelled"]) == (0, 2)
    method, path = affected["next_step"].split(" ")
    started = api.call(method, path.removeprefix("/v1"), {})
    api.completed_task(started["task_id"])
    assert labels(api, name, others) == ["Pliers"] * 2


def test_a_class_renamed_on_its_examples_is_renamed_where_it_was_taken_over(api: Api) -> None:
    name = "breeding_renamed"
    wrong, followers = mistaken(api, name)
    body = {"document_ids": [api.document_of(name, wrong)["document_id"]], "update_data": {LABEL: "Pliers"}}
    answer = api.patch(f"/collections/{name}/documents/bulk", body)
    assert answer["affected"]["documents"] == 4
    api.completed_task(answer["affected"]["task_id"])
    assert labels(api, name, followers) == ["Pliers"] * 4


def test_a_misnamed_face_names_nobody_any_more(api: Api) -> None:
    name = "misnamed_faces"
    properties = {"photo": {"type": "image"}, LABEL: {"type": "string"}}
    api.post("/buckets", {"bucket_name": name, "bucket_schema": {"properties": properties}})
    extractor = {
        "feature_extractor_name": "face_identity_extractor",
        "version": "v1",
        "input_mappings": {"image": "photo"},
        "field_passthrough": [LABEL],
    }
    source = {"type": "bucket", "bucket_ids": [f"bkt_{name}"]}
    taxonomy = {"field_to_enrich": LABEL, "confidence_threshold": 0.45}
    body = {"collection_name": name, "source": source, "feature_extractor": extractor, "taxonomy": taxonomy}
    api.post("/collections", body)

    def face(image: Image.Image, **fields: str) -> str:
        blobs = [{"property": "photo", "type": "image", "data": data_uri(jpeg(image))}]
        created = api.post(f"/buckets/bkt_{name}/objects", {"blobs": blobs, "metadata": fields})
        assert api.processed(f"bkt_{name}", created["object_id"])["status"] == "COMPLETED"
        return str(created["object_id"])

    image = portrait("obama/obama.jpg")
    wrong = face(image, **{LABEL: "Biden"})
    follower = face(darker(image))
    assert labels(api, name, [follower]) == ["Biden"]
    document_id = api.document_of(name, wrong)["document_id"]
    answer = api.patch(f"/collections/{name}/documents/{document_id}", {LABEL: "Obama"})
    api.completed_task(answer["affected"]["task_id"])
    assert labels(api, name, [follower]) == ["Obama"]
