"""Scores of predictions, where evaluations are, and profiles of executions."""

from typing import Any

import httpx
import pytest

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import ok, refused, set_up

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCORE = "/v1/evaluations/score"
RETRIEVER = "/v1/retrievers/products_unified_classifier"


async def test_a_pair_is_scored(stack: Stack) -> None:
    async with stack.bare_client({"Authorization": f"Bearer {stack.key}"}) as client:
        found = await ok(client, "POST", SCORE, {"predicted": ["a", "b", "c", "d"], "ground_truth": ["b", "a"]})
        assert (found["count"], found["k"], found["metrics"]) == (1, None, ["precision", "recall", "f1", "f2"])
        assert found["per_item"] == [found["aggregate"]]
        assert (found["aggregate"]["precision"], found["aggregate"]["recall"]) == (0.5, 1)
        endpoints = (await ok(client, "GET", "/v1/evaluations"))["endpoints"]
        assert endpoints["score_predictions"] == f"POST {SCORE}"


async def test_items_are_averaged_and_cut_at_k(client: httpx.AsyncClient) -> None:
    items = [{"predicted": ["a", "x"], "ground_truth": ["a"]}, {"predicted": ["x", "a"], "ground_truth": ["a"]}]
    found = await ok(client, "POST", SCORE, {"items": items, "k": 1, "metrics": ["recall", "f1"]})
    assert (found["per_item"], found["k"]) == ([{"recall": 1, "f1": 1}, {"recall": 0, "f1": 0}], 1)
    assert found["aggregate"] == {"recall": 0.5, "f1": 0.5}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"predicted": ["a"]},
        {"items": []},
        {"items": [{}], "predicted": [], "ground_truth": []},
        {"predicted": [], "ground_truth": [], "metrics": ["ndcg"]},
        {"predicted": [], "ground_truth": [], "k": 0},
        {"predicted": [1], "ground_truth": []},
    ],
)
async def test_one_form_is_needed_and_known_metrics(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    await refused(client, 422, "POST", SCORE, body)


async def test_the_profile_of_an_execution_is_read_back(client: httpx.AsyncClient) -> None:
    await set_up(client)
    run = await ok(client, "POST", f"{RETRIEVER}/execute", {"inputs": {"query_image": "https://host/x.jpg"}})
    found = await ok(client, "GET", f"{RETRIEVER}/executions/{run['execution_id']}/profile")
    [stage] = found["stages"]
    assert (stage["stage_name"], stage["input_count"], stage["stage_index"]) == ("only", 4, 0)
    assert (found["status"], found["error"]) == ("completed", None)
    await refused(client, 404, "GET", f"{RETRIEVER}/executions/exec_none/profile")
