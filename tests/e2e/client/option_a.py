"""The tutorial's Option A through the generated classes: what most client tests start from."""

from typing import Any

from tests.e2e.client.space import Space, model
from tests.support.pictures import data_uri, photos
from tests.support.tutorial.option_a import LABEL, bucket_body, collection_body, retriever_body

KINDS = ("wrench", "fish", "bird")


def create(space: Space, name: str) -> None:
    """Bucket, retriever and collection, all called `name`."""
    space.api("BucketsApi").create_bucket(model("BucketCreateRequest", bucket_body(name)))
    space.api("RetrieversApi").create_retriever(model("CreateRetrieverRequest", retriever_body(name)))
    # The generated request class does not know the tutorial's inline taxonomy; the hand-written layer sends anything.
    created = space.client.collections.create(**collection_body(name))
    assert created["taxonomy"]["field_to_enrich"] == LABEL


def upload(space: Space, name: str, kind: str, fields: dict[str, Any] | None = None) -> str:
    """Uploads a sample photo and waits until it is processed; returns the object's id."""
    blob = {"property": "image_url", "type": "image", "data": data_uri(photos(kind)[0].read_bytes())}
    request = model("CreateObjectRequest", {"blobs": [blob], **(fields or {})})
    created = space.api("BucketObjectsApi").create_object_buckets(name, request)
    assert space.processed(name, created.object_id).status.value == "COMPLETED"
    return str(created.object_id)


def documents(space: Space, name: str, **options: Any) -> list[Any]:
    """The documents of the collection."""
    listed = space.api("CollectionDocumentsApi").list_documents(name, limit=100, **options)
    return list(listed.results)


def object_of(document: Any) -> str:
    """The id of the object that a document was made from."""
    return str(document.internal.lineage.root_object_id)


def value(document: Any, field: str) -> Any:
    """A field at the document's root: the client keeps what its class does not name apart."""
    return document.additional_properties.get(field)
