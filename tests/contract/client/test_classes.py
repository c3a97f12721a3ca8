"""The hook that reads every answer with the `mixpeek` client's own classes notices what the client would not bear."""

import httpx
import pytest
from pydantic import ValidationError

from tests.support.gateway.mixpeek_client import operation_of, operations, parses

TASK = {"task_id": "task_1", "task_type": "api_collections_trigger", "status": "PENDING"}


def answer(method: str, path: str, status: int, body: object = None) -> httpx.Response:
    request = httpx.Request(method, f"http://gateway{path}")
    return httpx.Response(status, json=body, request=request) if body else httpx.Response(status, request=request)


def test_the_client_says_what_it_can_read() -> None:
    assert len(operations()) > 500
    operation = operation_of("POST", "/v1/collections/col_1/trigger")
    assert operation is not None
    assert operation.answers["202"] == "TriggerCollectionResponse"
    assert operation.answers["404"] == "ErrorResponse"


async def test_a_good_answer_is_read() -> None:
    await parses(answer("GET", "/v1/tasks/task_1", 200, TASK))


@pytest.mark.parametrize("change", [{"task_type": "of our own"}, {"status": "done"}, {"task_id": 3}])
async def test_a_value_that_the_client_does_not_know_is_noticed(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        await parses(answer("GET", "/v1/tasks/task_1", 200, TASK | change))


async def test_a_status_that_the_client_would_read_as_nothing_is_noticed() -> None:
    with pytest.raises(AssertionError, match="create_bucket"):
        await parses(answer("POST", "/v1/buckets", 201, {"bucket_name": "b"}))


async def test_an_error_without_the_envelope_is_noticed() -> None:
    with pytest.raises(ValidationError):
        await parses(answer("GET", "/v1/tasks/task_1", 404, {"detail": "Not Found"}))
