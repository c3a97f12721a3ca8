"""A namespace of a test's own, both layers of the `mixpeek` client for it, and the tutorial's Option A through them."""

import importlib
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mixpeek import ApiClient, Configuration, Mixpeek, models

from services.common.ids import new_id
from tests.support.media.pictures import data_uri, photos
from tests.support.running_stack import Stack
from tests.support.tutorial.option_a import LABEL, bucket_body, collection_body, retriever_body, upload_body
from tests.support.waiting import wait_for

# The kinds of sample photos that most tests upload.
KINDS = ("wrench", "fish", "bird")
OPEN = {"PENDING", "QUEUED", "IN_PROGRESS", "PROCESSING", "DRAFT"}


@dataclass(frozen=True)
class Space:
    """`url` is the server's, without `/v1`; `namespace` is an id or a name, or None for the default one."""

    url: str
    key: str
    namespace: str | None = None

    @cached_property
    def client(self) -> Any:
        """The hand-written client; it wants `/v1` in the url."""
        return Mixpeek(self.key, namespace=self.namespace, base_url=f"{self.url}/v1")

    @cached_property
    def transport(self) -> Any:
        """What the generated classes send through; they bring `/v1` themselves."""
        configuration = Configuration(host=self.url, access_token=self.key)
        if self.namespace is not None:
            configuration.api_key["NamespaceHeader"] = self.namespace
        return ApiClient(configuration)

    def api(self, name: str) -> Any:
        """A generated class, such as `BucketObjectsApi`."""
        module = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
        return getattr(importlib.import_module(f"mixpeek.api.{module}"), name)(self.transport)

    def task(self, task_id: str) -> Any:
        """A task once it has ended."""
        return wait_for(lambda: self.api("TasksApi").get_task(task_id), lambda task: task.status.value not in OPEN)

    def processed(self, bucket: str, object_id: str) -> Any:
        """An object once it has been processed."""
        objects = self.api("BucketObjectsApi")
        return wait_for(
            lambda: objects.get_object_buckets(bucket, object_id), lambda found: found.status.value not in OPEN
        )

    def create_unified(self, name: str) -> None:
        """Bucket, retriever and self-referencing collection of the tutorial's Option A, all called `name`."""
        self.api("BucketsApi").create_bucket(model("BucketCreateRequest", bucket_body(name)))
        self.api("RetrieversApi").create_retriever(model("CreateRetrieverRequest", retriever_body(name)))
        # The generated class does not know the tutorial's inline taxonomy; the hand-written layer sends anything.
        created = self.client.collections.create(**collection_body(name))
        assert created["taxonomy"]["field_to_enrich"] == LABEL

    def upload(self, name: str, kind: str, fields: dict[str, Any] | None = None) -> str:
        """Uploads a sample photo and waits until it is processed; returns the object's id."""
        body = upload_body(data_uri(photos(kind)[0].read_bytes()))
        request = model("CreateObjectRequest", {**body, **(fields or {})})
        created = self.api("BucketObjectsApi").create_object_buckets(name, request)
        assert self.processed(name, created.object_id).status.value == "COMPLETED"
        return str(created.object_id)

    def documents(self, name: str, **options: Any) -> list[Any]:
        """The documents of a collection."""
        listed = self.api("CollectionDocumentsApi").list_documents(name, limit=100, **options)
        return list(listed.results)


def new_space(stack: Stack) -> Space:
    """Another empty namespace of the same server."""
    name = new_id("space").lower()
    created = (
        Space(stack.url, stack.key)
        .api("NamespacesApi")
        .create_namespace(model("CreateNamespaceRequest", {"namespace_name": name}))
    )
    return Space(stack.url, stack.key, created.namespace_id)


def model(name: str, content: dict[str, Any]) -> Any:
    """A request of the generated client, built as its own users build it from JSON."""
    return getattr(models, name).from_dict(content)


def object_of(document: Any) -> str:
    """The id of the object that a document was made from."""
    return str(document.internal.lineage.root_object_id)


def value(document: Any, field: str) -> Any:
    """A field at the document's root: the client keeps what its class does not name apart."""
    return document.additional_properties.get(field)
