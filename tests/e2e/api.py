"""A REST client for tests: JSON in and out, the status asserted."""

from collections.abc import Mapping
from typing import Any

import httpx

from tests.support.tutorial.option_a import creation
from tests.support.waiting import wait_for

JsonObject = dict[str, Any]
FINAL = {"COMPLETED", "FAILED"}
ENDED = {"COMPLETED", "COMPLETED_WITH_ERRORS", "FAILED", "CANCELED"}


class Api:
    """Calls below `<url>/v1` with the API key, in the default namespace unless another is named."""

    def __init__(self, url: str, key: str, namespace: str = "") -> None:
        self.url = f"{url}/v1"
        headers = {"Authorization": f"Bearer {key}", "X-Namespace": namespace}
        self.client = httpx.Client(headers=headers, timeout=60, trust_env=False)

    def call(
        self,
        method: str,
        path: str,
        body: JsonObject | str | None = None,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> JsonObject:
        """The answer to one call, whose status must be `status`; a string is sent as it is, as JSON."""
        content = body if isinstance(body, str) else None
        sent = {"Content-Type": "application/json", **(headers or {})}
        json = body if isinstance(body, dict) else None
        answer = self.client.request(method, self.url + path, content=content, json=json, headers=sent)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return dict(answer.json()) if answer.content else {}

    def get(self, path: str, *, status: int = 200) -> JsonObject:
        """GET."""
        return self.call("GET", path, status=status)

    def post(self, path: str, body: JsonObject | str, *, status: int = 200) -> JsonObject:
        """POST."""
        return self.call("POST", path, body, status=status)

    def patch(self, path: str, body: JsonObject | str, *, status: int = 200) -> JsonObject:
        """PATCH."""
        return self.call("PATCH", path, body, status=status)

    def processed(self, bucket: str, object_id: str) -> JsonObject:
        """The object once it is COMPLETED or FAILED."""
        path = f"/buckets/{bucket}/objects/{object_id}"
        return wait_for(lambda: self.get(path), lambda found: found["status"] in FINAL)

    def completed_task(self, task_id: str) -> JsonObject:
        """The task once it has ended, which must be well."""
        task = wait_for(lambda: self.get(f"/tasks/{task_id}"), lambda found: found["status"] in ENDED)
        assert task["status"] == "COMPLETED", task
        return task

    def document_of(self, collection: str, object_id: str) -> JsonObject:
        """The one document that an object gave."""
        listed = self.get(f"/collections/{collection}/documents?limit=1000")["results"]
        (found,) = [document for document in listed if object_of(document) == object_id]
        return dict(found)


def create_unified(api: Api, name: str) -> None:
    """Bucket, retriever and self-referencing collection of the tutorial's Option A, all called `name`."""
    for path, body in creation(name):
        api.post(path, body)


def object_of(document: JsonObject) -> str:
    """The id of the object that a document was made from."""
    return str(document["_internal"]["lineage"]["source_object_id"])
