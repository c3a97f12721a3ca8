"""Corrections are checks: each wrong label of a machine counts, also when those before it have been corrected."""

import io

from PIL import Image

from tests.e2e.api import Api, JsonObject, create_unified
from tests.support.media.pictures import data_uri, jpeg, noise_jpeg, photos
from tests.support.tutorial.option_a import LABEL, upload_body

NAME, WRONG, RIGHT = "checked_labels", "Hammer", "Windmill"
TURNED = 6


def upload(api: Api, content: bytes, **metadata: str) -> JsonObject:
    made = api.post(f"/buckets/bkt_{NAME}/objects", {**upload_body(data_uri(content)), "metadata": metadata})
    assert api.processed(f"bkt_{NAME}", str(made["object_id"]))["status"] == "COMPLETED"
    return api.document_of(NAME, str(made["object_id"]))


def taxonomy_of(document: JsonObject) -> str:
    key = next(key for key in document["_internal"] if key.startswith("_taxonomy_") and key.endswith("_score"))
    return str(key).removeprefix("_taxonomy_").removesuffix("_score")


def test_every_correction_of_a_wrong_label_is_a_check(api: Api) -> None:
    create_unified(api, NAME)
    mill = photos("windmill")[0].read_bytes()
    upload(api, mill, **{LABEL: WRONG})
    picture = Image.open(io.BytesIO(mill)).convert("RGB")
    followed = [upload(api, jpeg(picture.rotate(degrees))) for degrees in range(1, TURNED + 1)]
    unmatched = upload(api, noise_jpeg(3))
    assert [document["metadata"][LABEL] for document in (*followed, unmatched)] == [*[WRONG] * TURNED, None]
    taxonomy = f"/analytics/taxonomies/{taxonomy_of(followed[0])}"
    confidence = api.get(f"{taxonomy}/confidence")
    assert (confidence["matched_count"], confidence["unmatched_count"]) == (TURNED, 1)
    for document in followed:
        api.patch(f"/collections/{NAME}/documents/{document['document_id']}", {LABEL: RIGHT})
    found = api.get(f"{taxonomy}/false-positives")
    assert (found["checked"], found["incorrect"], found["false_positive_rate"]) == (TURNED, TURNED, 1.0)
