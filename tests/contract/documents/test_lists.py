"""Every way to ask for documents: bodies, sorts, selections, groups, partitions, expansions, whole namespaces."""

import json
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import DOCUMENTS, ok, refused, set_up, upload
from tests.support.tutorial.option_a import COLLECTION

pytestmark = pytest.mark.asyncio(loop_scope="session")

UNIT = [1.0, 0.0, 0.0, 0.0]
ROWS: list[dict[str, Any]] = [
    {"number": 0, "colour": "red", "size": 2, "inside": {"a": 1, "b": 2}},
    {"number": 1, "colour": "blue", "size": 1},
    {"number": 2, "colour": "red", "size": 1},
    {"number": 3, "size": 2, "tags": ["red", "x"]},
    {"number": 4, "colour": "blue", "size": 2},
]


@pytest_asyncio.fixture(loop_scope="session")
async def ids(client: httpx.AsyncClient) -> list[str]:
    """The ids of the rows above, as documents in that order."""
    await set_up(client)
    vectors = {"image_extractor_v1_embedding": UNIT}
    return [(await ok(client, "POST", DOCUMENTS, row | {"vectors": vectors}))["document_id"] for row in ROWS]


async def asked(client: httpx.AsyncClient, body: Any, path: str = f"{DOCUMENTS}/list") -> list[int]:
    page = await ok(client, "POST", path, body)
    return [document["number"] for document in page["results"]]


@pytest.mark.usefixtures("ids")
async def test_a_get_may_carry_a_body_which_beats_the_query(client: httpx.AsyncClient) -> None:
    page = await ok(
        client, "GET", f"{DOCUMENTS}?limit=5", {"limit": 2, "sort": {"field": "number", "direction": "desc"}}
    )
    assert [document["number"] for document in page["results"]] == [4, 3]


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ([{"field": "size"}, {"field": "number", "direction": "desc"}], [2, 1, 4, 3, 0]),
        (["-size", "colour:asc"], [4, 0, 3, 1, 2]),
        ({"field": "colour", "direction": "desc"}, [0, 2, 1, 4, 3]),
        ("-metadata.number", [4, 3, 2, 1, 0]),
    ],
)
async def test_several_sorts_and_their_cursors(client: httpx.AsyncClient, sort: Any, expected: list[int]) -> None:
    assert await asked(client, {"sort": sort}) == expected
    found: list[int] = []
    cursor = None
    for _ in range(6):
        query = {"sort": json.dumps(sort) if not isinstance(sort, str) else sort, "limit": 1}
        page = await ok(client, "GET", DOCUMENTS, params=query | ({"after": cursor} if cursor else {}))
        found += [document["number"] for document in page["results"]]
        cursor = page["pagination"]["next_cursor"]
        if cursor is None:
            break
    assert found == expected


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"must": [{"key": "colour", "match": {"value": "red"}}], "must_not": [{"key": "size", "match": 1}]}, [0]),
        (
            {
                "should": [
                    {"key": "colour", "match": "blue"},
                    {"key": "number", "match": {"operator": "eq", "value": 3}},
                ]
            },
            [1, 3, 4],
        ),
        ({"colour": {"$in": ["red"]}, "size": {"$gte": 2}}, [0]),
        (
            {"OR": [{"field": "tags", "operator": "contains", "value": "red"}, {"field": "colour", "value": "red"}]},
            [0, 2, 3],
        ),
        ({"field": "tags", "value": "x"}, [3]),
        ({"NOT": [{"field": "colour", "operator": "in", "value": ["red", "blue"]}]}, [3]),
        ({"field": "colour", "operator": "regex", "value": "^r.d$"}, [0, 2]),
        ({"field": "inside.a", "value": 1.0}, [0]),
        ({"field": "colour", "value": None}, [3]),
    ],
)
async def test_equality_by_index_means_what_it_says(
    client: httpx.AsyncClient, filters: Any, expected: list[int]
) -> None:
    assert await asked(client, {"filters": filters}) == expected


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize(
    ("filters", "path"),
    [
        ({"field": "x", "operator": "geo_radius", "value": {}}, "body.filters.operator"),
        ({"field": "x", "value": {"type": "dynamic", "field": "inputs.x"}}, "body.filters.value"),
        (
            {"AND": [{"field": "x", "operator": "in", "value": [{"type": "dynamic", "field": "inputs.x"}]}]},
            "body.filters.AND.0.value",
        ),
        ({"field": "x", "operator": "regex", "value": "(" * 50}, "body.filters.value"),
        ({"field": "x", "operator": "gt", "value": None}, "body.filters.value"),
    ],
)
async def test_what_a_list_cannot_filter_by_is_refused(client: httpx.AsyncClient, filters: Any, path: str) -> None:
    error = await refused(client, 422, "POST", f"{DOCUMENTS}/list", {"filters": filters})
    assert error["details"]["path"] == path


@pytest.mark.usefixtures("ids")
async def test_braces_in_a_value_are_no_template(client: httpx.AsyncClient) -> None:
    await ok(client, "POST", DOCUMENTS, {"number": 9, "colour": "{{x}}"})
    assert await asked(client, {"filters": {"colour": "{{x}}"}}) == [9]


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize("cursor", ["x", "eyJ9", "W10", "WyIiLFtdLCJ4Il0", "é", "a" * 20_000, "W251bGwsW10sIjEiXQ"])
async def test_a_made_up_cursor_is_refused(client: httpx.AsyncClient, cursor: str) -> None:
    error = await refused(client, 422, "POST", f"{DOCUMENTS}/list", {"cursor": cursor})
    assert error["details"]["path"] == "query.cursor"


async def test_select_answers_only_these_fields(client: httpx.AsyncClient, ids: list[str]) -> None:
    body = {"select": ["metadata.colour", "inside.a", "_internal.lineage.root_bucket_id", "missing"], "limit": 1}
    [document] = (await ok(client, "POST", f"{DOCUMENTS}/list", body))["results"]
    bucket = document["_internal"]["lineage"].pop("root_bucket_id")
    assert bucket.startswith("bkt_")
    assert document == {
        "document_id": ids[0],
        "collection_id": document["collection_id"],
        "colour": "red",
        "inside": {"a": 1},
        "metadata": {"colour": "red", "inside": {"a": 1}},
        "_internal": {"lineage": {}},
    }
    [document] = (await ok(client, "POST", f"{DOCUMENTS}/list", {"select": [], "return_vectors": True, "limit": 1}))[
        "results"
    ]
    assert sorted(document) == ["collection_id", "document_id", "image_extractor_v1_embedding"]


async def test_vectors_by_name(client: httpx.AsyncClient, ids: list[str]) -> None:
    for names, there in ((True, True), (["google_siglip_base_v1"], True), (["other"], False)):
        [document] = (await ok(client, "POST", f"{DOCUMENTS}/list", {"return_vector_names": names, "limit": 1}))[
            "results"
        ]
        assert ("image_extractor_v1_embedding" in document) is there
    document = await ok(client, "GET", f"{DOCUMENTS}/{ids[0]}?return_vector_names=google_siglip_base_v1")
    assert document["image_extractor_v1_embedding"] == UNIT


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize("group_by", ["colour", "metadata.colour", {"field": "colour"}])
async def test_documents_are_grouped(client: httpx.AsyncClient, group_by: Any) -> None:
    page = await ok(client, "POST", f"{DOCUMENTS}/list", {"group_by": group_by, "include_total": True})
    shown = [
        (group["group_key"], group["count"], [each["number"] for each in group["documents"]])
        for group in page["groups"]
    ]
    assert shown == [("blue", 2, [1, 4]), ("red", 2, [0, 2]), (None, 1, [3])]
    assert (page["pagination"]["total"], page["results"]) == (3, [])


@pytest.mark.usefixtures("ids")
async def test_groups_are_paged_and_filtered(client: httpx.AsyncClient) -> None:
    body: dict[str, Any] = {"group_by": "colour", "limit": 1, "filters": {"size": {"$lte": 2}}}
    keys = []
    for _ in range(4):
        page = await ok(client, "POST", f"{DOCUMENTS}/list", body)
        keys += [group["group_key"] for group in page["groups"]]
        body["cursor"] = page["pagination"]["next_cursor"]
        if body["cursor"] is None:
            break
    assert keys == ["blue", "red", None]
    page = await ok(client, "POST", f"{DOCUMENTS}/list", {"group_by": "colour", "limit": 1, "page": 2})
    assert [group["group_key"] for group in page["groups"]] == ["red"]
    await refused(
        client, 422, "POST", f"{DOCUMENTS}/list", {"group_by": "size", "cursor": page["pagination"]["next_cursor"]}
    )


@pytest.mark.usefixtures("ids")
async def test_partitions_are_disjoint_and_a_cursor_stays_in_its_own(client: httpx.AsyncClient) -> None:
    found: list[int] = []
    for index in range(3):
        body: dict[str, Any] = {"partition": {"index": index, "count": 3}, "limit": 1}
        while body:
            page = await ok(client, "POST", f"{DOCUMENTS}/list", body)
            found += [document["number"] for document in page["results"]]
            cursor = page["pagination"]["next_cursor"]
            body = {"cursor": cursor, "limit": 1} if cursor else {}
    assert sorted(found) == [0, 1, 2, 3, 4]
    error = await refused(client, 422, "POST", f"{DOCUMENTS}/list", {"partition": {"index": 3, "count": 3}})
    assert error["details"]["path"] == "body.partition.index"


async def test_references_are_expanded(client: httpx.AsyncClient, ids: list[str]) -> None:
    made = await ok(client, "POST", DOCUMENTS, {"number": 7, "like": {"ids": [ids[1], "doc_nope"]}, "best": ids[0]})
    path = f"{DOCUMENTS}/{made['document_id']}?expand=like.ids&expand=best&expand=none"
    expanded = (await ok(client, "GET", path))["_expanded"]
    assert [each["number"] for each in expanded["like.ids"]] == [1]
    assert [each["number"] for each in expanded["best"]] == [0]
    assert expanded["none"] == []
    page = await ok(client, "POST", f"{DOCUMENTS}/list", {"expand": ["best"], "filters": {"number": 7}})
    assert page["results"][0]["_expanded"]["best"][0]["document_id"] == ids[0]


@pytest.mark.usefixtures("ids")
async def test_lists_of_a_namespace(client: httpx.AsyncClient) -> None:
    await ok(client, "POST", "/v1/collections", COLLECTION | {"collection_name": "second", "taxonomy": None})
    await ok(client, "POST", "/v1/collections/second/documents", {"number": 8})
    assert await asked(client, {"sort": "-number", "limit": 2}, "/v1/documents/list") == [8, 4]
    assert await asked(client, {"collection_ids": ["second", "nope"]}, "/v1/documents/list") == [8]
    page = await ok(client, "GET", "/v1/documents?collection_ids=second&include_total=true")
    assert (page["pagination"]["total"], page["unknown_collection_ids"]) == (1, [])
    page = await ok(client, "POST", "/v1/documents/list", {"collection_ids": ["nope"]})
    assert (page["results"], page["unknown_collection_ids"]) == ([], ["nope"])
    queries = [
        {"key": "a", "request": {"filters": {"number": 8}}},
        {"key": "b", "request": {"filters": {"field": "x", "operator": "nope", "value": 1}}},
    ]
    one, other = (await ok(client, "POST", "/v1/documents/list/batch", {"queries": queries}))["results"]
    assert [each["number"] for each in one["response"]["results"]] == [8]
    assert "nope" in other["error"]


async def test_lineage_from_tier_to_tier(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    first = await ok(client, "POST", DOCUMENTS, {"number": 1})
    object_id = first["_internal"]["lineage"]["root_object_id"]
    await ok(client, "POST", "/v1/collections", COLLECTION | {"collection_name": "second", "taxonomy": None})
    body = {"number": 2, "root_object_id": object_id, "source_document_id": first["document_id"]}
    second = await ok(client, "POST", "/v1/collections/second/documents", body)
    path = f"/v1/collections/second/documents/{second['document_id']}"
    lineage = await ok(client, "GET", f"{path}/lineage")
    assert (lineage["depth"], lineage["lineage"]["source_type"]) == (2, "collection")
    assert [step["document_id"] for step in lineage["lineage"]["lineage_chain"]] == [
        first["document_id"],
        second["document_id"],
    ]
    assert [each["number"] for each in await ok(client, "GET", f"{path}/ancestors")] == [1]
    below = await ok(client, "GET", f"{DOCUMENTS}/{first['document_id']}/descendants")
    assert [each["number"] for each in below] == [2]
    found = await ok(client, "GET", f"/v1/objects/{object_id}/documents")
    assert (found["total_documents"], [each["number"] for each in found["documents"]]) == (2, [1, 2])
    found = await ok(client, "GET", f"/v1/objects/{object_id}/documents?collection_ids=second")
    assert found["total_documents"] == 1
    tree = await ok(client, "GET", f"/v1/objects/{object_id}/decomposition-tree?include_document_ids=true")
    [root] = tree["tree"]
    assert (root["collection_name"], root["children"][0]["collection_name"]) == ("products_unified", "second")
    assert root["children"][0]["document_ids"] == [second["document_id"]]
    await refused(client, 404, "GET", "/v1/objects/obj_nope/documents")


async def test_a_collection_is_found_by_id_and_by_what_only_looks_like_one(
    client: httpx.AsyncClient, stack: Stack
) -> None:
    collection = await set_up(client)
    ids = ("products_unified", "col_products_unified", collection["collection_id"])
    for identifier in ids:
        assert (await ok(client, "GET", f"/v1/collections/{identifier}/documents"))["results"] == []
    document_id = await stack.process((await upload(client))["object_id"])
    for identifier in ids:
        [found] = (await ok(client, "GET", f"/v1/collections/{identifier}/documents"))["results"]
        assert (found["document_id"], len(found["document_blobs"])) == (document_id, 1)
    await ok(client, "DELETE", "/v1/collections/products_unified")
    for identifier in ids:
        await refused(client, 404, "GET", f"/v1/collections/{identifier}/documents")
