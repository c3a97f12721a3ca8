"""A namespace of a test's own, and both layers of the `mixpeek` client for it."""

import importlib
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mixpeek import ApiClient, Configuration, Mixpeek, models

from tests.e2e.api import until

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
        return until(lambda: self.api("TasksApi").get_task(task_id), lambda task: task.status.value not in OPEN)

    def processed(self, bucket: str, object_id: str) -> Any:
        """An object once it has been processed."""
        objects = self.api("BucketObjectsApi")
        return until(
            lambda: objects.get_object_buckets(bucket, object_id), lambda found: found.status.value not in OPEN
        )


def model(name: str, content: dict[str, Any]) -> Any:
    """A request of the generated client, built as its own users build it from JSON."""
    return getattr(models, name).from_dict(content)
