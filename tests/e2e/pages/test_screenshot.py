"""The picture of a review in the README is one of the real page.

LIKENESS_SCREENSHOT=docs/review.jpg writes it anew; without it, one is made and thrown away.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from tests.e2e.api import Api, create_unified
from tests.support.media.pictures import data_uri, photos
from tests.support.tutorial.option_a import LABEL, upload_body

if TYPE_CHECKING:
    from playwright.sync_api import Page

KINDS = ("monument", "windmill", "fish", "hammer", "bird")
LEAST_COLOURS = 1000


def test_the_page_in_the_readme(page: "Page", api: Api, tmp_path: Path) -> None:
    create_unified(api, "photos")
    inline = {"retriever_id": "ret_photos_classifier", "field_to_enrich": LABEL, "confidence_threshold": 0.99}
    api.patch("/collections/photos", {"taxonomy": inline})
    for kind in KINDS:
        for number, photo in enumerate(photos(kind)[:14]):
            body = upload_body(data_uri(photo.read_bytes()))
            body["metadata"] = {LABEL: kind} if number < 3 else {}
            api.processed("bkt_photos", api.post("/buckets/bkt_photos/objects", body)["object_id"])
    page.goto("/review/photos")
    page.get_by_role("option").first.wait_for()
    for shown in page.locator(".picture img, .evidence img").all():
        shown.evaluate("(image) => image.decode()")
    made = Path(os.environ.get("LIKENESS_SCREENSHOT", tmp_path / "review.jpg"))
    page.screenshot(path=made, type="jpeg", quality=80)
    with Image.open(made) as picture:
        assert picture.size == (1280, 800)
        assert len(set(picture.resize((320, 200)).get_flattened_data())) > LEAST_COLOURS
