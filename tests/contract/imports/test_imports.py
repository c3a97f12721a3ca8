"""Documents of another system: inferred, mapped, checked, and imported once."""

import base64
from typing import Any

import httpx
import numpy as np
import pytest

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import DOCUMENTS, ok, refused, set_up, upload

pytestmark = pytest.mark.asyncio(loop_scope="session")

COLLECTION = DOCUMENTS.removesuffix("/documents")
IMPORT = f"{COLLECTION}/import"
UNIT = [0.6, 0.8, 0.0, 0.0]
UNIT_16 = base64.b64encode(np.array(UNIT, dtype="<f2").tobytes()).decode()
EXPORT = {
    "asset": {"id": "a1", "brand": "Acme"},
    "scenes": [
        {"id": "s0", "n": 0, "kind": "Boots", "size": {"eu": 42}},
        {"id": "s1", "n": 1, "kind": None, "size": {"eu": 43}},
        {"id": "s2", "n": 2, "kind": "Boots", "size": {"eu": "large"}},
    ],
    "embeddings": [{"n": 0, "vector_b64": UNIT_16}, {"n": 1, "vector_b64": UNIT_16}],
}


def to(kind: str, source: str, **target: Any) -> dict[str, Any]:
    return {"source_field": source, "target": {"kind": kind, **target}}


MAPPING = {
    "source_type": "collection",
    "chain_template": {"system": "other"},
    "fields": [
        to("identity", "id", role="document_id"),
        to("metadata", "scenes[].kind", path="metadata.product_label"),
        to("metadata", "scenes.size.eu", path="metadata.size.eu", expected_type="integer"),
        to("metadata", "asset.brand", path="brand"),
        to("parent", "asset.id", path="asset_id", chain_position=0),
        to("ignore", "n"),
    ],
}
JOIN = {"array": "embeddings", "key": "n", "index": "image_extractor_v1_embedding"}
BODY = {"export": EXPORT, "mapping": MAPPING, "explode": {"explode_axis": "scenes", "vector_join": JOIN}}


async def documents(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    return list((await ok(client, "GET", f"{DOCUMENTS}?limit=100"))["results"])


async def test_each_element_becomes_a_document_with_its_label_vector_and_lineage(
    client: httpx.AsyncClient, stack: Stack
) -> None:
    await set_up(client)
    answer = await ok(client, "POST", IMPORT, BODY)
    assert (answer["imported"], answer["reconstructed"], answer["skipped"]) == (2, 2, 1)
    assert [each["row"] for each in answer["errors"]] == [2]
    assert "takes integer" in answer["errors"][0]["error"]
    first, second = sorted(await documents(client), key=lambda each: int(each["size"]["eu"]))
    assert (first["product_label"], first["size"], first["brand"]) == ("Boots", {"eu": 42}, "Acme")
    assert first["_internal"]["labels"]["product_label"]["source"] == "import"
    assert second["product_label"] is None
    assert first["_internal"]["lineage"]["chain"] == [{"system": "other", "asset_id": "a1"}]
    assert sorted(stack.surroundings.index.refreshed) == sorted(each["document_id"] for each in (first, second))
    count = await stack.gateway.pool.fetchval(
        "SELECT count(*) FROM embeddings JOIN documents USING (document_id) WHERE namespace_id = $1", stack.namespace_id
    )
    assert count == 2


async def test_a_second_import_doubles_nothing(client: httpx.AsyncClient) -> None:
    await set_up(client)
    await ok(client, "POST", IMPORT, BODY)
    before = {each["document_id"] for each in await documents(client)}
    answer = await ok(client, "POST", IMPORT, BODY)
    assert (answer["imported"], answer["reconstructed"]) == (0, 2)
    assert "there already" in answer["warnings"][0]
    assert {each["document_id"] for each in await documents(client)} == before


async def test_a_dry_run_writes_nothing(client: httpx.AsyncClient) -> None:
    await set_up(client)
    answer = await ok(client, "POST", IMPORT, BODY | {"dry_run": True})
    assert (answer["imported"], answer["reconstructed"], answer["dry_run"]) == (0, 2, True)
    assert await documents(client) == []


async def test_an_object_that_is_there_is_the_documents(client: httpx.AsyncClient) -> None:
    await set_up(client)
    object_id = (await upload(client))["object_id"]
    fields = [
        to("identity", "oid", role="root_object_id"),
        to("identity", "id", role="document_id"),
        to("metadata", "x"),
    ]
    body = {"export": {"oid": object_id, "id": "d1", "x": 1}, "mapping": {"fields": fields}}
    assert (await ok(client, "POST", IMPORT, body))["imported"] == 1
    assert (await ok(client, "POST", IMPORT, body))["imported"] == 0
    (found,) = await documents(client)
    assert (found["x"], found["_internal"]["lineage"]["root_object_id"]) == (1, object_id)


@pytest.mark.parametrize(
    ("export", "field", "why"),
    [
        ({"v": [1.0, 2.0]}, to("vector", "v"), "2 numbers"),
        ({"v": [9.0, 0.0, 0.0, 0.0]}, to("vector", "v"), "unit norm"),
        ({"v": "***"}, to("vector", "v"), "not base64"),
        ({"v": UNIT_16}, to("vector", "v", dtype="int3"), "int3"),
        ({"v": UNIT}, to("vector", "v", index="other"), "not a vector of this collection"),
        ({"v": "x"}, to("identity", "v"), "without a role"),
        ({"v": "x"}, to("metadata", "v", expected_type="float"), "takes float"),
    ],
)
async def test_what_cannot_be_reconstructed_is_told_of_its_row(
    client: httpx.AsyncClient, export: dict[str, Any], field: dict[str, Any], why: str
) -> None:
    await set_up(client)
    answer = await ok(client, "POST", IMPORT, {"export": export, "mapping": {"fields": [field]}})
    assert (answer["imported"], answer["skipped"], answer["errors"][0]["row"]) == (0, 1, -1)
    assert why in answer["errors"][0]["error"]


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"mapping": {"fields": []}}, "body.mapping.fields"),
        ({"export": None}, "body.export"),
        ({"explode": {"explode_axis": "asset"}}, "body.explode.explode_axis"),
        ({"export": EXPORT | {"scenes": [{}] * 1001}}, "body.explode.explode_axis"),
    ],
)
async def test_a_request_that_can_import_nothing_is_refused(
    client: httpx.AsyncClient, changed: dict[str, Any], path: str
) -> None:
    await set_up(client)
    error = await refused(client, 422, "POST", IMPORT, BODY | changed)
    assert path in str(error)


async def test_what_is_inferred_maps_and_imports(client: httpx.AsyncClient) -> None:
    await set_up(client)
    row = {
        "document_id": "d1",
        "label": "Boots",
        "price": 1,
        "at": "2026-01-31T12:00:00Z",
        "v": UNIT_16,
        "more": {"x": None},
    }
    rows = [row, row | {"price": 1.5, "label": "Hat"}, row | {"label": 7}]
    dims = {"image_extractor_v1_embedding": 4}
    found = await ok(client, "POST", "/v1/collections/import/infer", {"sample_rows": rows, "known_index_dims": dims})
    types = {each["path"]: each["type"] for each in found["fields"]}
    assert types == {
        "document_id": "string",
        "label": "string",
        "price": "float",
        "at": "datetime",
        "v": "vector",
        "more.x": "null",
    }
    assert len(found["warnings"]) == 2
    mapping = {"fields": [to(**_target(each)) for each in found["fields"]]}
    sources = [{"path": each["path"], "type": each["type"]} for each in found["fields"]]
    checked = await ok(
        client,
        "POST",
        "/v1/collections/import/validate-mapping",
        {"source_fields": sources, "mapping": mapping, "known_index_dims": dims},
    )
    assert checked == {"ok": True, "errors": []}
    assert (await ok(client, "POST", IMPORT, {"export": row, "mapping": mapping}))["imported"] == 1


def _target(field: dict[str, Any]) -> dict[str, Any]:
    return {"source": field["path"], **field["suggested_target"]}


async def test_faults_of_a_mapping_are_told_by_field(client: httpx.AsyncClient) -> None:
    fields = [
        to("metadata", "gone"),
        to("metadata", "a", path="x"),
        to("metadata", "b", path="metadata.x"),
        to("vector", "v", index="other", dim=3),
        to("vector", "w", index="known", dim=3),
        to("identity", "c"),
        to("metadata", "d", expected_type="float"),
    ]
    sources = [{"path": name, "type": "string"} for name in "abvwcd"]
    body = {"source_fields": sources, "mapping": {"fields": fields}, "known_index_dims": {"known": 4}}
    found = await ok(client, "POST", "/v1/collections/import/validate-mapping", body)
    assert not found["ok"]
    assert [each["field"] for each in found["errors"]] == ["gone", "v", "w", "c", "d", "a", "b"]
    empty = await ok(client, "POST", "/v1/collections/import/validate-mapping", {"mapping": {}})
    assert "no fields" in empty["errors"][0]["error"]
