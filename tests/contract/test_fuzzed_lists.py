"""Whatever is sent to lists, counts and aggregations: an answer, or a 4xx that names the path."""

import json
from typing import Any

import httpx
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.property.test_filters import JSON
from tests.support.filters.filter_strategies import FILTERS
from tests.support.gateway.rest import DOCUMENTS, ok, set_up_with

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROWS = [{"x": "a", "tags": ["a", 1], "nested": {"x": 1}}, {"x": 1.5, "title": "red shoe"}, {"x": None}, {}]
ODD = st.sampled_from(
    ["\0", "a\0b", "\ud800", 1e308, 10**400, -(2**63) - 1, "9" * 5000, "💥", {"$in": []}, [[]], "(" * 100, "a{1,255}"]
)
LEAF = st.fixed_dictionaries(
    {"field": st.sampled_from(["x", "created_at", "document_id", "tags", "_internal.x", "\0", "x" * 600, "", "a..b"])},
    optional={
        "operator": st.sampled_from(["eq", "in", "gt", "regex", "contains", "text", "exists", "geo_polygon", "?", 1]),
        "value": JSON | ODD,
        "case_sensitive": JSON,
    },
)
ANYTHING = st.one_of(JSON, FILTERS, LEAF, st.fixed_dictionaries({"AND": st.lists(LEAF, max_size=3)}), ODD)
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest_asyncio.fixture(loop_scope="session")
async def filled(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client of a collection with a few documents."""
    await set_up_with(client, ROWS)
    return client


def text_of(body: Any) -> bytes:
    """JSON that httpx would refuse to write: lone surrogates, NaN and infinities as they come."""
    return json.dumps(body).encode()


async def assert_answered(client: httpx.AsyncClient, method: str, path: str, body: Any) -> None:
    headers = {"content-type": "application/json"}
    response = await client.request(method, path, content=text_of(body), headers=headers)
    assert response.status_code < 500, response.text
    if response.status_code == 422:
        assert response.json()["error"]["details"]["path"], response.text


@FUZZ
@given(raw=ANYTHING)
async def test_any_filter_is_answered_or_refused(filled: httpx.AsyncClient, raw: Any) -> None:
    for path in ("list", "count"):
        await assert_answered(filled, "POST", f"{DOCUMENTS}/{path}", {"filters": raw})
    response = await filled.get(DOCUMENTS, params={"filters": json.dumps(raw)[:4000]})
    assert response.status_code < 500, response.text


@FUZZ
@given(
    body=st.fixed_dictionaries(
        {},
        optional={
            "sort": JSON | st.sampled_from(["x", "-x", "created_at:desc", [{"field": "tags"}, "x"]]) | ODD,
            "cursor": JSON | st.sampled_from(["W251bGwsW10sIjEiXQ", "WyIiLFtdLCJ4Il0", "WyJ4IixbIjEiXSwiMSJd"]) | ODD,
            "group_by": JSON | st.sampled_from(["x", "tags", "created_at", {"field": "x"}]) | ODD,
            "select": JSON | st.lists(st.text(max_size=5), max_size=3),
            "expand": JSON | st.lists(st.text(max_size=5), max_size=3),
            "search": JSON | st.text(max_size=20) | ODD,
            "limit": JSON | st.integers(-1, 1001) | ODD,
            "offset": JSON | ODD,
            "partition": JSON | st.fixed_dictionaries({"index": st.integers(-1, 3), "count": st.integers(-1, 3)}),
            "return_vector_names": JSON,
        },
    )
)
async def test_any_list_is_answered_or_refused(filled: httpx.AsyncClient, body: Any) -> None:
    for path in (f"{DOCUMENTS}/list", "/v1/documents/list"):
        await assert_answered(filled, "POST", path, body)


@FUZZ
@given(
    body=st.fixed_dictionaries(
        {
            "aggregations": st.lists(
                st.fixed_dictionaries(
                    {
                        "function": st.sampled_from(["count", "sum", "avg", "min", "push", "first", "count_distinct"]),
                        "field": st.sampled_from(["x", "tags", "created_at", "document_id", "nested.x", None]),
                        "alias": st.sampled_from(["a", "b", "c"]),
                    }
                ),
                min_size=1,
                max_size=3,
                unique_by=lambda each: each["alias"],
            )
        },
        optional={
            "group_by": st.lists(
                st.fixed_dictionaries(
                    {"field": st.sampled_from(["x", "tags", "created_at", "title"])},
                    optional={"date_trunc": st.sampled_from(["day", "week", None]), "alias": st.text(max_size=3)},
                ),
                max_size=2,
            ),
            "having": st.lists(
                st.fixed_dictionaries(
                    {"field": st.just("a"), "operator": st.sampled_from(["gt", "eq", "ne"]), "value": JSON | ODD}
                ),
                max_size=2,
            ),
            "filters": ANYTHING,
            "unwind": st.sampled_from(["tags", "x", "missing"]) | JSON,
            "range_buckets": st.lists(
                st.fixed_dictionaries({"field": st.just("x"), "boundaries": st.lists(st.integers() | ODD, max_size=3)}),
                max_size=2,
            ),
            "sort_by": st.sampled_from(["a", "x", "?"]),
            "limit": st.integers(-1, 5) | ODD,
        },
    )
)
async def test_any_aggregation_is_answered_or_refused(filled: httpx.AsyncClient, body: Any) -> None:
    await assert_answered(filled, "POST", f"{DOCUMENTS}/aggregate", body)


@FUZZ
@given(
    body=st.dictionaries(st.text(max_size=6) | st.sampled_from(["metadata", "vectors", "x.y"]), JSON | ODD, max_size=4)
)
async def test_any_document_is_stored_or_refused(filled: httpx.AsyncClient, body: Any) -> None:
    await assert_answered(filled, "POST", DOCUMENTS, body)
    [document] = (await ok(filled, "GET", f"{DOCUMENTS}?limit=1"))["results"]
    for method in ("PATCH", "PUT"):
        await assert_answered(filled, method, f"/v1/documents/{document['document_id']}", body)
