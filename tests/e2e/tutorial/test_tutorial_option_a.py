"""The tutorial's Option A and its monitoring queries, call by call, with the bodies that it prints.

Each fixture is a step and rests on the one before; each test looks at what a step has brought about.
"""

import http.client
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import obstore
import pytest
from obstore.store import S3Store

from tests.e2e.api import Api, JsonObject, object_of
from tests.support.media.pictures import noise_jpeg
from tests.support.places import PHOTOS
from tests.support.running_stack import Stack
from tests.support.seaweed import Seaweed
from tests.support.tutorial import option_a

RED, BLUE = "Red Running Shoes", "Blue Basketball Shoes"
SHOES = ("fish/fish18.jpg", "fish/fish12.jpg", "fish/fish20.jpg")
OTHERS = ("windmill/windmill1.jpg", "monument/leMusee.jpg", "wild_mammal/panda.jpg")
NEW_SHOE = "fish/fish19.jpg"


@dataclass(frozen=True, kw_only=True)
class Unified:
    """The ids that step 1 answers with."""

    bucket_id: str
    retriever_id: str
    collection_id: str


@dataclass(frozen=True, kw_only=True)
class Initial:
    """The objects of step 2."""

    shoes: tuple[str, ...]
    others: tuple[str, ...]


@pytest.fixture(scope="module")
def my_bucket(seaweed: Seaweed) -> S3Store:
    """The S3 bucket of the tutorial's addresses, with the photos that they name."""
    store = S3Store(
        "my-bucket",
        endpoint=seaweed.endpoint,
        region="us-east-1",
        access_key_id=seaweed.access_key_id,
        secret_access_key=seaweed.secret_access_key,
        client_options={"allow_http": True},
    )
    for number, name in enumerate((*SHOES, *OTHERS), start=1):
        obstore.put(store, f"products/shoe-{number:03}.jpg", (PHOTOS / name).read_bytes())
    obstore.put(store, "new-arrivals/shoe-new.jpg", (PHOTOS / NEW_SHOE).read_bytes())
    obstore.put(store, "new-arrivals/strange.jpg", noise_jpeg(6_000_000))
    return store


@pytest.fixture(scope="module")
def unified(api: Api) -> Unified:
    """Step 1: create bucket, retriever (before its collection) and collection."""
    return Unified(
        bucket_id=api.post("/buckets", option_a.CREATE_BUCKET)["bucket_id"],
        retriever_id=api.post("/retrievers", option_a.CREATE_RETRIEVER)["retriever_id"],
        collection_id=api.post("/collections", option_a.CREATE_COLLECTION)["collection_id"],
    )


@pytest.fixture(scope="module")
def initial(api: Api, unified: Unified, my_bucket: S3Store) -> Initial:
    """Step 2: upload initial unlabeled data."""
    assert my_bucket.config["bucket"] == "my-bucket"
    names = [f"shoe-{number:03}.jpg" for number in range(1, len(SHOES) + len(OTHERS) + 1)]
    ids = [upload(api, unified, option_a.UPLOAD_UNLABELED.replace("shoe-001.jpg", name)) for name in names]
    return Initial(shoes=tuple(ids[: len(SHOES)]), others=tuple(ids[len(SHOES) :]))


@pytest.fixture(scope="module")
def labelled(api: Api, unified: Unified, initial: Initial) -> Initial:
    """Step 3: manually label the reference set."""
    for object_id in initial.shoes:
        api.patch(f"/buckets/{unified.bucket_id}/objects/{object_id}", option_a.LABEL_REFERENCE)
    return initial


@pytest.fixture(scope="module")
def newcomer(api: Api, unified: Unified, labelled: Initial) -> JsonObject:
    """Step 4: upload a new item; its document."""
    assert labelled.shoes
    return document(api, unified, upload(api, unified, option_a.UPLOAD_NEW))


@pytest.fixture(scope="module")
def stranger(api: Api, unified: Unified, labelled: Initial) -> JsonObject:
    """Step 4, once more: the document of an item that is like none of the labelled."""
    assert labelled.shoes
    return document(api, unified, upload(api, unified, option_a.UPLOAD_NEW.replace("shoe-new", "strange")))


def upload(api: Api, unified: Unified, body: str) -> str:
    object_id = str(api.post(f"/buckets/{unified.bucket_id}/objects", body)["object_id"])
    found = api.processed(unified.bucket_id, object_id)
    assert found["status"] == "COMPLETED", found["error"]
    return object_id


def document(api: Api, unified: Unified, object_id: str) -> JsonObject:
    """The document of an object, read by its own id as the tutorial does."""
    document_id = api.document_of(unified.collection_id, object_id)["document_id"]
    return api.get(f"/collections/{unified.collection_id}/documents/{document_id}")


def listed(api: Api, unified: Unified, **query: str) -> list[JsonObject]:
    return list(api.get(f"/collections/{unified.collection_id}/documents?{httpx.QueryParams(query)}")["results"])


def test_what_was_created_answers_to_its_id_its_name_and_its_prefixed_name(api: Api, unified: Unified) -> None:
    for identifier in (unified.bucket_id, "products_unified", "bkt_products_unified"):
        assert api.get(f"/buckets/{identifier}")["bucket_id"] == unified.bucket_id
    for identifier in (unified.collection_id, "products_unified", "col_products_unified"):
        assert api.get(f"/collections/{identifier}")["collection_id"] == unified.collection_id
    for identifier in (unified.retriever_id, "products_unified_classifier", "ret_products_unified_classifier"):
        assert api.get(f"/retrievers/{identifier}")["retriever_id"] == unified.retriever_id


def test_the_collection_says_which_model_serves_the_slot(api: Api, unified: Unified) -> None:
    (vector_index,) = api.get(f"/collections/{unified.collection_id}")["vector_indexes"]
    assert vector_index["feature_uri"] == "mixpeek://image_extractor@v1/google_siglip_base_v1"
    assert vector_index["index"]["inference_name"] == "efficientnet_lite2"


def test_nothing_is_labelled_while_there_are_no_examples(api: Api, unified: Unified, initial: Initial) -> None:
    found = document(api, unified, initial.others[0])
    assert found["metadata"]["product_label"] is None
    assert found["taxonomy_match"] == {"matched": False, "confidence": 0.0}


def test_presigned_urls_show_the_photos(api: Api, unified: Unified, initial: Initial) -> None:
    found = listed(api, unified, return_presigned_urls="true", limit="1000")
    (blob,) = next(entry for entry in found if object_of(entry) == initial.shoes[0])["document_blobs"]
    shown = httpx.get(blob["presigned_url"], trust_env=False)
    assert shown.status_code == 200
    assert shown.content == (PHOTOS / SHOES[0]).read_bytes()


def test_a_label_on_the_object_reaches_its_document(api: Api, unified: Unified, labelled: Initial) -> None:
    found = document(api, unified, labelled.shoes[0])
    assert found["metadata"]["product_label"] == RED
    assert found["product_label"] == RED


def test_a_new_item_labels_itself(api: Api, unified: Unified, labelled: Initial, newcomer: JsonObject) -> None:
    examples = {document(api, unified, object_id)["document_id"] for object_id in labelled.shoes}
    assert newcomer["metadata"]["product_label"] == RED
    assert newcomer["taxonomy_match"]["matched"] is True
    assert newcomer["taxonomy_match"]["confidence"] > 0.30
    assert newcomer["taxonomy_match"]["source_document_id"] in examples


def test_an_item_like_no_other_waits_for_a_person_with_its_score(stranger: JsonObject) -> None:
    assert stranger["metadata"]["product_label"] is None
    assert stranger["taxonomy_match"]["matched"] is False
    assert 0.0 <= stranger["taxonomy_match"]["confidence"] < 0.30


def test_the_unknown_are_found_by_the_printed_filter(
    api: Api, unified: Unified, labelled: Initial, newcomer: JsonObject, stranger: JsonObject
) -> None:
    unknown = {object_of(found) for found in listed(api, unified, filters=option_a.UNKNOWN, limit="1000")}
    assert set(labelled.others) <= unknown
    assert object_of(newcomer) not in unknown
    assert not set(labelled.shoes) & unknown


def test_a_query_string_with_bare_braces_and_quotes_is_read(
    stack: Stack, api: Api, unified: Unified, labelled: Initial
) -> None:
    """What `curl -g` sends; whitespace cannot stand in a request line, so it is left out or written as %20."""
    spaced = json.dumps(json.loads(option_a.UNKNOWN)).replace(" ", "%20")
    expected = {found["document_id"] for found in listed(api, unified, filters=option_a.UNKNOWN)}
    for filters in (spaced, spaced.replace("%20", "")):
        target = f"/v1/collections/{unified.collection_id}/documents?filters={filters}"
        connection = http.client.HTTPConnection(urlsplit(stack.url).netloc, timeout=60)
        connection.request("GET", target, headers={"Authorization": f"Bearer {stack.key}"})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        assert {found["document_id"] for found in json.loads(answer.read())["results"]} == expected
        connection.close()


def test_an_unknown_item_that_a_person_labels_is_an_example_for_the_next(
    api: Api, unified: Unified, stranger: JsonObject
) -> None:
    api.patch(f"/buckets/{unified.bucket_id}/objects/{object_of(stranger)}", option_a.LABEL_UNKNOWN)
    body = option_a.UPLOAD_NEW.replace("shoe-new", "strange")
    again = document(api, unified, upload(api, unified, body))
    assert again["metadata"]["product_label"] == BLUE
    assert again["taxonomy_match"]["source_document_id"] == stranger["document_id"]


def test_the_label_distribution_counts_every_document_once(api: Api, unified: Unified, newcomer: JsonObject) -> None:
    assert newcomer["document_id"]
    answer = api.get(f"/collections/{unified.collection_id}/analytics/field-distribution?field=product_label")
    everything = listed(api, unified, limit="1000")
    red = sum(found["metadata"]["product_label"] == RED for found in everything)
    assert answer["total"] == len(everything)
    assert answer["missing"] == sum(found["metadata"]["product_label"] is None for found in everything)
    assert {share["value"]: share["count"] for share in answer["distribution"]}[RED] == red


def test_documents_are_sorted_by_confidence_with_the_best_first(
    api: Api, unified: Unified, newcomer: JsonObject, stranger: JsonObject
) -> None:
    found = listed(api, unified, sort_by="taxonomy_match.confidence", limit="100")
    scores = [entry["taxonomy_match"]["confidence"] for entry in found if entry["taxonomy_match"]]
    assert scores == sorted(scores, reverse=True)
    assert {newcomer["document_id"], stranger["document_id"]} <= {entry["document_id"] for entry in found}


def test_low_confidence_matches_are_found_by_the_printed_filter(
    api: Api, unified: Unified, newcomer: JsonObject
) -> None:
    matches = [entry["taxonomy_match"] for entry in listed(api, unified, limit="1000")]
    low = [match for match in matches if match and match["matched"] and match["confidence"] < 0.40]
    found = listed(api, unified, filters=option_a.LOW_CONFIDENCE, limit="1000")
    assert [entry["taxonomy_match"] for entry in found] == low
    assert newcomer["document_id"] not in {entry["document_id"] for entry in found}
