"""Aggregations: groups and metrics of documents."""

from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import DOCUMENTS, ok, refused, set_up, set_up_with

pytestmark = pytest.mark.asyncio(loop_scope="session")

COUNT = {"function": "count", "alias": "n"}
ROWS: list[dict[str, Any]] = [
    {"product_label": "a", "price": 5, "tags": ["x", "y"], "sold": "2026-01-05T10:00:00Z"},
    {"product_label": "a", "price": 10, "tags": ["x"], "sold": "2026-01-20"},
    {"product_label": "b", "price": 20.5, "tags": [], "sold": "2026-02-01"},
    {"product_label": "b", "price": "dear", "tags": "x", "sold": "never"},
    {"price": 30},
]


async def aggregate(client: httpx.AsyncClient, body: dict[str, Any]) -> list[tuple[Any, Any]]:
    """(group, metrics) of each result."""
    answer = await ok(client, "POST", f"{DOCUMENTS}/aggregate", {"aggregations": [COUNT], **body})
    assert answer["total_groups"] >= len(answer["results"])
    return [(each["group"], each["metrics"]) for each in answer["results"]]


@pytest_asyncio.fixture(loop_scope="session")
async def filled(client: httpx.AsyncClient) -> httpx.AsyncClient:
    await set_up_with(client, ROWS)
    return client


async def by_label(client: httpx.AsyncClient, function: str, field: str | None = "price") -> dict[Any, Any]:
    body = {
        "group_by": [{"field": "product_label", "alias": "label"}],
        "aggregations": [{"function": function, "field": field, "alias": "m"}],
    }
    return {group["label"]: metrics["m"] for group, metrics in await aggregate(client, body)}


@pytest.mark.parametrize(
    ("function", "field", "expected"),
    [
        ("count", None, {"a": 2, "b": 2, None: 1}),
        ("count", "tags", {"a": 2, "b": 2, None: 0}),
        ("count_distinct", "product_label", {"a": 1, "b": 1, None: 0}),
        ("sum", "price", {"a": 15, "b": 20.5, None: 30}),
        ("avg", "price", {"a": 7.5, "b": 20.5, None: 30}),
        ("min", "price", {"a": 5, "b": "dear", None: 30}),
        ("max", "price", {"a": 10, "b": 20.5, None: 30}),
        ("first", "price", {"a": 5, "b": 20.5, None: 30}),
        ("last", "price", {"a": 10, "b": "dear", None: 30}),
        ("push", "price", {"a": [5, 10], "b": [20.5, "dear"], None: [30]}),
        ("add_to_set", "product_label", {"a": ["a"], "b": ["b"], None: None}),
    ],
)
async def test_each_function(filled: httpx.AsyncClient, function: str, field: str | None, expected: Any) -> None:
    assert await by_label(filled, function, field) == expected


async def test_without_groups_there_is_one(filled: httpx.AsyncClient) -> None:
    assert await aggregate(filled, {}) == [({}, {"n": 5})]
    assert await aggregate(filled, {"filters": {"product_label": "a"}}) == [({}, {"n": 2})]


async def test_groups_are_kept_sorted_and_cut(filled: httpx.AsyncClient) -> None:
    group = {"group_by": [{"field": "metadata.product_label"}]}
    found = await aggregate(filled, {**group, "sort_by": "n", "sort_direction": "asc", "limit": 1})
    assert found == [({"metadata.product_label": None}, {"n": 1})]
    kept = await aggregate(filled, {**group, "having": [{"field": "n", "operator": "gte", "value": 2}]})
    assert [each["metadata.product_label"] for each, _ in kept] == ["a", "b"]
    down = await aggregate(filled, {**group, "sort_by": "metadata.product_label"})
    assert [each["metadata.product_label"] for each, _ in down] == ["b", "a", None]


async def test_times_are_cut_and_taken_apart(filled: httpx.AsyncClient) -> None:
    months = await aggregate(filled, {"group_by": [{"field": "sold", "date_trunc": "month", "alias": "m"}]})
    assert [(str(each["m"])[:7], metrics["n"]) for each, metrics in months] == [
        ("2026-01", 2),
        ("2026-02", 1),
        ("None", 2),
    ]
    parts = await aggregate(filled, {"group_by": [{"field": "sold", "date_part": "dayOfWeek", "alias": "d"}]})
    assert {each["d"]: metrics["n"] for each, metrics in parts} == {1: 1, 2: 1, 7: 1, None: 2}
    created = await aggregate(filled, {"group_by": [{"field": "created_at", "date_trunc": "year", "alias": "y"}]})
    assert len(created) == 1


async def test_numbers_fall_into_ranges(filled: httpx.AsyncClient) -> None:
    ranges = {"field": "price", "boundaries": [5, 10, 20]}
    found = {each["price"]: metrics["n"] for each, metrics in await aggregate(filled, {"range_buckets": [ranges]})}
    assert found == {"5-10": 2, ">20": 2, None: 1}
    ranges["default_bucket"] = "other"
    found = {each["price"]: metrics["n"] for each, metrics in await aggregate(filled, {"range_buckets": [ranges]})}
    assert found == {"5-10": 2, "other": 3}


async def test_a_list_is_unwound(filled: httpx.AsyncClient) -> None:
    found = await aggregate(filled, {"unwind": "tags", "group_by": [{"field": "tags"}]})
    assert {each["tags"]: metrics["n"] for each, metrics in found} == {"x": 3, "y": 1, None: 1}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"aggregations": []}, "body.aggregations"),
        ({"aggregations": [{"function": "sum", "alias": "s"}]}, "body.aggregations.0.field"),
        ({"aggregations": [COUNT, COUNT]}, "body.aggregations"),
        ({"aggregations": [{"function": "median", "alias": "s"}]}, "body.aggregations.0.function"),
        ({"having": [{"field": "x", "operator": "gt", "value": 1}]}, "body.having.0.field"),
        ({"sort_by": "x"}, "body.sort_by"),
        ({"range_buckets": [{"field": "x", "boundaries": [2, 1]}]}, "body.range_buckets.0.boundaries"),
        ({"filters": {"field": "x", "operator": "geo_radius", "value": 1}}, "body.filters.operator"),
        ({"group_by": [{"field": "x", "date_trunc": "day", "date_part": "day"}]}, "body.group_by"),
        ({"group_by": [{"field": "a\0b"}]}, "body"),
    ],
)
async def test_a_wrong_aggregation_is_refused(filled: httpx.AsyncClient, body: Any, path: str) -> None:
    error = await refused(filled, 422, "POST", f"{DOCUMENTS}/aggregate", {"aggregations": [COUNT], **body})
    assert error["details"]["path"] == path


async def test_labels_and_confidences_can_be_aggregated(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    for _ in range(2):
        await ok(client, "POST", DOCUMENTS, {"product_label": "a"})
    body = {
        "group_by": [{"field": "_internal.labels.product_label.source", "alias": "source"}],
        "aggregations": [{"function": "avg", "field": "taxonomy_match.confidence", "alias": "confidence"}],
    }
    assert await aggregate(client, body) == [({"source": "import"}, {"confidence": 0})]
