"""Names that a person gave to the faces of a picture stay with them, whatever is done to the picture."""

from PIL import Image, ImageEnhance, ImageOps

from services.common.json.paths import value_at
from tests.e2e.api import Api, JsonObject, object_of
from tests.support.media.pictures import data_uri, png, portrait, side_by_side

BUCKET, FACES, NAME = "group_photos", "group_faces", "person_name"
BIDEN, OBAMA, COLLINS = "biden/biden.jpg", "obama/obama.jpg", "collins/astronaut.png"
HEIGHT = 700


def photo(*people: str) -> Image.Image:
    return side_by_side([portrait(person, HEIGHT) for person in people])


def set_up(api: Api) -> None:
    properties = {"photo": {"type": "image"}, "key": {"type": "string"}, NAME: {"type": "string"}}
    unique = {"fields": ["key"], "default_policy": "upsert"}
    api.post("/buckets", {"bucket_name": BUCKET, "bucket_schema": {"properties": properties}, "unique_key": unique})
    extractor = {
        "feature_extractor_name": "face_identity_extractor",
        "version": "v1",
        "input_mappings": {"image": "photo"},
        "field_passthrough": [NAME],
    }
    api.post(
        "/collections",
        {
            "collection_name": FACES,
            "source": {"type": "bucket", "bucket_ids": [f"bkt_{BUCKET}"]},
            "feature_extractor": extractor,
            "taxonomy": {"field_to_enrich": NAME, "confidence_threshold": 0.45},
        },
    )


def upload(api: Api, picture: Image.Image) -> list[JsonObject]:
    """The faces of the picture from left to right, once it has taken the place of the one before."""
    uri = data_uri(png(picture.convert("RGB")), "image/png")
    body = {"metadata": {"key": "group"}, "blobs": [{"property": "photo", "type": "image", "data": uri}]}
    object_id = str(api.post(f"/buckets/bkt_{BUCKET}/objects", body)["object_id"])
    assert api.processed(f"bkt_{BUCKET}", object_id)["status"] == "COMPLETED"
    listed = api.get(f"/collections/{FACES}/documents?limit=100")["results"]
    found = [document for document in listed if object_of(document) == object_id]
    return sorted(found, key=lambda each: float(value_at(each, "bbox.x1")))


def names(documents: list[JsonObject]) -> list[str | None]:
    return [value_at(document, NAME) for document in documents]


def test_names_stay_with_their_faces_and_go_to_nobody_else(api: Api) -> None:
    set_up(api)
    people = (BIDEN, OBAMA, COLLINS)
    first = photo(*people)
    for document, person in zip(upload(api, first), people, strict=True):
        api.patch(f"/collections/{FACES}/documents/{document['document_id']}", {NAME: person})
    smaller = first.resize((first.width // 4, first.height // 4))
    for edited in (smaller, ImageEnhance.Brightness(first).enhance(1.4), ImageOps.grayscale(first)):
        documents = upload(api, edited)
        assert [name for name in names(documents) if name is not None] == list(people)
        assert {each["_internal"]["labels"][NAME]["source"] for each in documents if value_at(each, NAME)} == {"human"}
    assert names(upload(api, photo(COLLINS, BIDEN, OBAMA))) == [COLLINS, BIDEN, OBAMA]
    assert names(upload(api, photo(BIDEN, OBAMA))) == [BIDEN, OBAMA]
    assert names(upload(api, photo(BIDEN, COLLINS))) == [BIDEN, None]


def test_under_a_cleared_name_stand_the_figures_of_the_picture_that_is_there(api: Api) -> None:
    documents = upload(api, photo(BIDEN))
    path = f"/collections/{FACES}/documents/{documents[0]['document_id']}"
    api.patch(path, {NAME: " \u200b"})
    cleared = upload(api, ImageOps.grayscale(photo(BIDEN)))
    assert [each["document_id"] for each in cleared] == [documents[0]["document_id"]]
    entry = cleared[0]["_internal"]["labels"][NAME]
    assert (value_at(cleared[0], NAME), entry["source"], entry["value"]) == (None, "human", None)
    assert cleared[0]["taxonomy_match"]["source"] == "manual"
