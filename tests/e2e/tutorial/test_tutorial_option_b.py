"""The tutorial's Option B, call by call: references and production apart, confident items promoted."""

import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.e2e.api import Api, JsonObject, object_of
from tests.support.media.pictures import jpeg, noise_jpeg
from tests.support.places import PHOTOS
from tests.support.tutorial import option_b
from tests.support.web_servers import file_server

IMAGE = "https://example.com/image.jpg"
RED = "Red Running Shoes"
REFERENCE, PRODUCTION = "bkt_product_reference", "bkt_product_catalog"
SHOES = ("fish/fish18.jpg", "fish/fish12.jpg")
NEW_SHOE = "fish/fish19.jpg"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A web server with the photos that the calls name."""
    folder = tmp_path_factory.mktemp("site")
    for number, name in enumerate(SHOES):
        (folder / f"shoe-{number}.jpg").write_bytes((PHOTOS / name).read_bytes())
    (folder / "smaller.jpg").write_bytes(smaller(PHOTOS / SHOES[0]))
    (folder / "new.jpg").write_bytes((PHOTOS / NEW_SHOE).read_bytes())
    (folder / "strange.jpg").write_bytes(noise_jpeg(7_000_000))
    with file_server(folder) as url:
        yield url


def smaller(photo: Path) -> bytes:
    """The same photo as another shop shows it."""
    image = Image.open(io.BytesIO(photo.read_bytes())).convert("RGB")
    return jpeg(image.resize((image.width * 3 // 4, image.height * 3 // 4)))


@pytest.fixture(scope="module")
def references(api: Api, site: str) -> list[str]:
    """Steps 1 and 2: reference bucket, collection and retriever; photos are uploaded, then labelled."""
    api.post("/buckets", option_b.CREATE_REFERENCE_BUCKET)
    api.post("/collections", option_b.CREATE_REFERENCE_COLLECTION)
    api.post("/retrievers", option_b.CREATE_RETRIEVER)
    found = []
    for number in range(len(SHOES)):
        body = option_b.UPLOAD_REFERENCE.replace(IMAGE, f"{site}/shoe-{number}.jpg")
        found.append(uploaded(api, REFERENCE, body))
        api.patch(f"/buckets/{REFERENCE}/objects/{found[-1]}", option_b.LABEL)
    return found


@pytest.fixture(scope="module")
def production(api: Api, site: str, references: list[str]) -> dict[str, JsonObject]:
    """Steps 3 and 4: production bucket and collection, and what becomes of its uploads, by name."""
    assert references
    api.post("/buckets", option_b.CREATE_PRODUCTION_BUCKET)
    api.post("/collections", option_b.CREATE_PRODUCTION_COLLECTION)
    return {name: produced(api, site, name) for name in ("smaller", "new", "strange")}


@pytest.fixture(scope="module")
def promoted(api: Api, production: dict[str, JsonObject]) -> list[str]:
    """Step 5: what is surely right is copied to the references."""
    assert production
    query = httpx.QueryParams({"filters": option_b.HIGH_CONFIDENCE})
    confident = api.get(f"/collections/product_catalog/documents?{query}")["results"]
    return [uploaded(api, REFERENCE, copy_of(document)) for document in confident]


def uploaded(api: Api, bucket: str, body: JsonObject | str) -> str:
    object_id = str(api.post(f"/buckets/{bucket}/objects", body)["object_id"])
    found = api.processed(bucket, object_id)
    assert found["status"] == "COMPLETED", found["error"]
    return object_id


def produced(api: Api, site: str, name: str) -> JsonObject:
    body = option_b.UPLOAD_PRODUCTION.replace(IMAGE, f"{site}/{name}.jpg")
    return api.document_of("product_catalog", uploaded(api, PRODUCTION, body))


def copy_of(document: JsonObject) -> JsonObject:
    """The printed `{"metadata": {...}, "blobs": [{...}]}` for a document."""
    blobs = [
        {"property": blob["field"], "type": blob["type"], "data": blob["url"]} for blob in document["document_blobs"]
    ]
    return {"metadata": {"product_label": document["metadata"]["product_label"]}, "blobs": blobs}


def test_the_reference_collection_needs_no_taxonomy(api: Api, references: list[str]) -> None:
    assert api.get("/collections/product_reference")["taxonomy"] is None
    for object_id in references:
        found = api.document_of("product_reference", object_id)
        assert (found["product_label"], found["metadata"]["product_label"]) == (RED, RED)


def test_new_uploads_are_labelled_by_the_reference_set(
    api: Api, references: list[str], production: dict[str, JsonObject]
) -> None:
    examples = {api.document_of("product_reference", object_id)["document_id"] for object_id in references}
    for name in ("smaller", "new"):
        match = production[name]["taxonomy_match"]
        assert (match["matched"], production[name]["metadata"]["product_label"]) == (True, RED)
        assert match["source_document_id"] in examples
    assert production["smaller"]["taxonomy_match"]["confidence"] > 0.85


def test_what_is_like_no_reference_stays_unknown(production: dict[str, JsonObject]) -> None:
    assert production["strange"]["metadata"]["product_label"] is None
    assert production["strange"]["taxonomy_match"]["matched"] is False


def test_production_never_labels_production(api: Api, site: str, production: dict[str, JsonObject]) -> None:
    api.patch(f"/buckets/{PRODUCTION}/objects/{object_of(production['strange'])}", option_b.LABEL)
    again = produced(api, site, "strange")
    assert again["metadata"]["product_label"] is None


def test_confident_items_become_references_for_the_next(
    api: Api, site: str, production: dict[str, JsonObject], promoted: list[str]
) -> None:
    sources = [api.document_of("product_reference", object_id) for object_id in promoted]
    assert {source["metadata"]["product_label"] for source in sources} == {RED}
    assert production["smaller"]["document_blobs"][0]["checksum"] in {
        source["document_blobs"][0]["checksum"] for source in sources
    }
    again = produced(api, site, "smaller")
    assert again["taxonomy_match"]["source_document_id"] in {source["document_id"] for source in sources}
    assert again["taxonomy_match"]["confidence"] > 0.99
