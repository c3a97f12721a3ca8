"""Taxonomies over REST: every spelling, versions that stay, clones, applications, and what is refused."""

from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import OBJECTS, ok, refused, set_up
from tests.support.tutorial.option_a import BOOTSTRAP_OBJECT

pytestmark = pytest.mark.asyncio(loop_scope="session")
Json = dict[str, Any]


@pytest_asyncio.fixture(loop_scope="session")
async def parts(client: httpx.AsyncClient) -> Json:
    """The tutorial's collection with its inline taxonomy, and the id of its retriever."""
    collection = await set_up(client)
    return {"collection": collection, "retriever": collection["taxonomy"]["retriever_id"]}


def flat(parts: Json, **changes: Any) -> Json:
    """A flat taxonomy in the contract's form."""
    fields = [{"field_path": "product_label", "target_field": "kind", "merge_mode": "replace"}]
    source = {"collection_id": parts["collection"]["collection_id"], "enrichment_fields": fields}
    mappings = [{"input_key": "query_image", "source_type": "vector", "path": "image"}]
    config = {"taxonomy_type": "flat", "retriever_id": parts["retriever"], "input_mappings": mappings}
    return {"taxonomy_name": "kinds", "config": {**config, "source_collection": source, **changes}}


async def test_a_flat_taxonomy_is_created_read_listed_and_deleted(client: httpx.AsyncClient, parts: Json) -> None:
    created = await ok(client, "POST", "/v1/taxonomies", flat(parts))
    assert (created["version"], created["config"]["taxonomy_type"], created["config"]["top_k"]) == (1, "flat", 1)
    assert await ok(client, "GET", "/v1/taxonomies/kinds") == created
    assert await ok(client, "GET", "/v1/taxonomies/tax_kinds") == created
    listed = await ok(client, "POST", "/v1/taxonomies/list")
    assert listed["total_count"] == 2
    assert created in listed["results"]
    deleted = await ok(client, "DELETE", f"/v1/taxonomies/{created['taxonomy_id']}")
    assert deleted["success"] is True
    await refused(client, 404, "GET", "/v1/taxonomies/kinds")


async def test_the_inline_taxonomy_is_a_flat_one_among_the_others(client: httpx.AsyncClient, parts: Json) -> None:
    (inline,) = (await ok(client, "GET", "/v1/taxonomies"))["results"]
    assert inline["collection_id"] == parts["collection"]["collection_id"]
    source = inline["config"]["source_collection"]
    assert source["collection_id"] == parts["collection"]["collection_id"]
    assert source["enrichment_fields"][0]["field_path"] == "product_label"
    assert inline["config"]["confidence_threshold"] == 0.3


async def test_a_taken_name_is_refused(client: httpx.AsyncClient, parts: Json) -> None:
    await ok(client, "POST", "/v1/taxonomies", flat(parts))
    assert (await refused(client, 409, "POST", "/v1/taxonomies", flat(parts)))["type"] == "AlreadyExistsError"


async def test_older_spellings_are_answered_in_the_contracts(client: httpx.AsyncClient, parts: Json) -> None:
    body = {
        "name": "older",
        "retriever_id": parts["retriever"],
        "input_mappings": {"query_image": "image_url"},
        "source_collection": parts["collection"]["collection_name"],
        "enrichment_fields": ["product_label", {"field_path": "metadata.sku", "merge_mode": "enrich"}],
    }
    config = (await ok(client, "POST", "/v1/taxonomies", body))["config"]
    assert config["taxonomy_type"] == "flat"
    assert config["input_mappings"] == [{"input_key": "query_image", "source_type": "payload", "path": "image_url"}]
    assert config["source_collection"] == {
        "collection_id": parts["collection"]["collection_id"],
        "enrichment_fields": [
            {"field_path": "product_label", "merge_mode": "replace"},
            {"field_path": "sku", "merge_mode": "replace"},
        ],
    }


async def test_a_hierarchy_shows_its_nodes_with_their_paths(client: httpx.AsyncClient, parts: Json) -> None:
    ids = [await _collection(client, name) for name in ("shoes", "running", "hats")]
    nodes = [
        {"node_id": ids[0], "label": "Shoes"},
        {"node_id": ids[1], "parent_node_id": ids[0], "enrichment_fields": [{"field_path": "style"}]},
        {"collection_id": ids[2], "label": "Hats"},
    ]
    body = {"taxonomy_name": "tree", "config": {"retriever_id": parts["retriever"], "hierarchy": nodes}}
    created = await ok(client, "POST", "/v1/taxonomies", body)
    assert created["config"]["taxonomy_type"] == "hierarchical"
    assert [(node["path"], node["level"]) for node in created["nodes"]] == [
        (["Shoes"], 0),
        (["Hats"], 0),
        (["Shoes", "running_c"], 1),
    ]
    assert created["nodes"][2]["parent_id"] == ids[0]


async def _collection(client: httpx.AsyncClient, name: str) -> str:
    extractor = {"feature_extractor_name": "image_extractor", "version": "v1", "input_mappings": {"image": "image_url"}}
    source = {"type": "bucket", "bucket_ids": ["products_unified"]}
    body = {"collection_name": f"{name}_c", "source": source, "feature_extractor": extractor}
    return str((await ok(client, "POST", "/v1/collections", body))["collection_id"])


@pytest.mark.parametrize(
    ("nodes", "fault"),
    [
        ([("a", "b")], "no node"),
        ([("a", "a")], "above itself"),
        ([("a", "b"), ("b", "a")], "above itself"),
        ([("a", None), ("a", None)], "already"),
    ],
)
async def test_a_hierarchy_that_is_no_tree_is_refused(
    client: httpx.AsyncClient, parts: Json, nodes: list[tuple[str, str | None]], fault: str
) -> None:
    ids = {name: await _collection(client, name * 3) for name in "ab"}
    listed = [{"collection_id": ids[a], "parent_collection_id": ids[b] if b else None} for a, b in nodes]
    config = {"taxonomy_type": "hierarchical", "retriever_id": parts["retriever"], "hierarchical_nodes": listed}
    error = await refused(client, 422, "POST", "/v1/taxonomies", {"taxonomy_name": "tree", "config": config})
    assert fault in error["message"]
    assert error["details"]["path"].startswith("body.config.hierarchical_nodes.")


@pytest.mark.parametrize(
    ("config", "status"),
    [
        ({"top_k": 51}, 422),
        ({"top_k": "x"}, 422),
        ({"taxonomy_type": "round"}, 422),
        ({"confidence_threshold": 2}, 422),
        ({"input_mappings": [{"source_type": "payload"}]}, 422),
        ({"input_mappings": 7}, 422),
        ({"source_collection": {"collection_id": "col_nowhere"}}, 404),
        ({"retriever_id": "ret_nowhere"}, 404),
        ({"taxonomy_type": "hierarchical", "inference_strategy": "llm"}, 422),
        ({"taxonomy_type": "hierarchical", "source_collection": None}, 422),
        ({"source_collection": {"collection_id": "x", "enrichment_fields": [{"merge_mode": "append"}]}}, 422),
    ],
)
async def test_a_bad_config_is_refused(client: httpx.AsyncClient, parts: Json, config: Json, status: int) -> None:
    await refused(client, status, "POST", "/v1/taxonomies", flat(parts, **config))
    assert (await ok(client, "GET", "/v1/taxonomies"))["total_count"] == 1


@pytest.mark.parametrize("body", [None, [], 7, {"taxonomy_name": "x"}, {"taxonomy_name": "x", "config": "flat"}])
async def test_a_body_that_is_no_taxonomy_is_refused(client: httpx.AsyncClient, body: Any) -> None:
    await refused(client, 422, "POST", "/v1/taxonomies", body)


async def test_versions_stay_as_they_were(client: httpx.AsyncClient, parts: Json) -> None:
    first = await ok(client, "POST", "/v1/taxonomies", flat(parts))
    second = await ok(client, "POST", "/v1/taxonomies/kinds/versions", {"config": {"top_k": 3}})
    third = await ok(client, "PATCH", "/v1/taxonomies/kinds", {"confidence_threshold": 0.5, "description": "new"})
    assert (second["version"], second["config"]["top_k"]) == (2, 3)
    assert (third["version"], third["config"]["top_k"], third["config"]["confidence_threshold"]) == (3, 3, 0.5)
    assert (await ok(client, "GET", "/v1/taxonomies/kinds?version=1"))["config"] == first["config"]
    assert (await ok(client, "GET", "/v1/taxonomies/kinds?version=2"))["config"] == second["config"]
    await refused(client, 404, "GET", "/v1/taxonomies/kinds?version=4")
    listed = await ok(client, "GET", "/v1/taxonomies/kinds/versions")
    assert [row["version"] for row in listed["results"]] == [3, 2, 1]
    assert listed["total_count"] == 3


async def test_a_patch_of_words_makes_no_version(client: httpx.AsyncClient, parts: Json) -> None:
    await ok(client, "POST", "/v1/taxonomies", flat(parts))
    patched = await ok(client, "PATCH", "/v1/taxonomies/kinds", {"taxonomy_name": "sorts", "metadata": {"a": 1}})
    assert (patched["version"], patched["taxonomy_name"], patched["metadata"]) == (1, "sorts", {"a": 1})


async def test_a_version_cannot_be_written_over(stack: Stack, client: httpx.AsyncClient, parts: Json) -> None:
    with pytest.raises(Exception, match="does not change"):
        await stack.gateway.pool.execute("UPDATE taxonomy_versions SET config = '{}'")


async def test_the_inline_taxonomy_is_patched_like_any_other(client: httpx.AsyncClient, parts: Json) -> None:
    inline = (await ok(client, "GET", "/v1/taxonomies"))["results"][0]["taxonomy_id"]
    patched = await ok(client, "PATCH", f"/v1/taxonomies/{inline}", {"config": {"confidence_threshold": 0.6}})
    assert (patched["version"], patched["config"]["confidence_threshold"]) == (2, 0.6)
    collection = await ok(client, "GET", "/v1/collections/products_unified")
    assert (collection["taxonomy"]["confidence_threshold"], collection["taxonomy"]["version"]) == (0.6, 2)
    body = {"taxonomy": {"path_separator": " > ", "path_agreement": 0.6}}
    collection = await ok(client, "PATCH", "/v1/collections/products_unified", body)
    assert collection["taxonomy"]["path_separator"] == " > "
    assert (await ok(client, "GET", f"/v1/taxonomies/{inline}"))["config"]["path_separator"] == " > "
    assert (await ok(client, "GET", f"/v1/taxonomies/{inline}?version=1"))["config"]["confidence_threshold"] == 0.3


async def test_a_clone_is_a_taxonomy_of_its_own(client: httpx.AsyncClient, parts: Json) -> None:
    original = await ok(client, "POST", "/v1/taxonomies", flat(parts))
    body = {"taxonomy_name": "copy", "config": {"top_k": 5}}
    cloned = await ok(client, "POST", "/v1/taxonomies/kinds/clone", body)
    assert cloned["source_taxonomy_id"] == original["taxonomy_id"]
    assert cloned["taxonomy"]["taxonomy_id"] != original["taxonomy_id"]
    assert cloned["taxonomy"]["config"] == {**original["config"], "top_k": 5}
    assert await ok(client, "GET", "/v1/taxonomies/kinds") == original
    await refused(client, 409, "POST", "/v1/taxonomies/kinds/clone", body)
    inline = next(row for row in (await ok(client, "GET", "/v1/taxonomies"))["results"] if row["collection_id"])
    native = await ok(client, "POST", f"/v1/taxonomies/{inline['taxonomy_id']}/clone", {"taxonomy_name": "native"})
    assert native["taxonomy"]["collection_id"] is None


async def test_a_taxonomy_in_use_is_not_deleted_by_mistake(client: httpx.AsyncClient, parts: Json) -> None:
    created = await ok(client, "POST", "/v1/taxonomies", flat(parts))
    await ok(client, "PATCH", "/v1/collections/products_unified", {"taxonomy_applications": [{"taxonomy_id": "kinds"}]})
    error = await refused(client, 409, "DELETE", "/v1/taxonomies/kinds")
    assert "products_unified" in error["message"]
    await ok(client, "DELETE", "/v1/taxonomies/kinds?force=true")
    applied = (await ok(client, "GET", "/v1/collections/products_unified"))["taxonomy_applications"]
    assert created["taxonomy_id"] not in [row["taxonomy_id"] for row in applied]


async def test_applications_are_kept_and_shown(client: httpx.AsyncClient, parts: Json) -> None:
    created = await ok(client, "POST", "/v1/taxonomies", flat(parts))
    filters = {"AND": [{"field": "brand", "operator": "eq", "value": "acme"}]}
    application = {"taxonomy_id": "kinds", "priority": 7, "scroll_filters": filters}
    enrichment = {
        "retriever_id": "products_unified_classifier",
        "input_mappings": [{"input_key": "query_image", "source": {"source_type": "source_blob", "path": "image"}}],
        "write_back_fields": [{"source_field": "sku", "target_field": "twins", "mode": "all_as_array"}],
    }
    body = {"taxonomy_applications": [application], "retriever_enrichments": [enrichment]}
    collection = await ok(client, "PATCH", "/v1/collections/products_unified", body)
    inline, native = collection["taxonomy_applications"]
    assert inline["taxonomy_id"] == collection["taxonomy"]["taxonomy_id"]
    assert (native["taxonomy_id"], native["priority"]) == (created["taxonomy_id"], 7)
    assert (native["execution_mode"], native["scroll_filters"]) == ("materialize", filters)
    assert collection["retriever_enrichments"][0]["write_back_fields"] == enrichment["write_back_fields"]
    again = {"taxonomy_applications": collection["taxonomy_applications"]}
    shown = await ok(client, "PATCH", "/v1/collections/products_unified", again)
    assert shown["taxonomy_applications"] == collection["taxonomy_applications"]
    assert shown["retriever_enrichments"] == collection["retriever_enrichments"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"taxonomy_applications": [{"taxonomy_id": "tax_nowhere"}]}, 404),
        ({"taxonomy_applications": [{"taxonomy_id": "kinds", "target_collection_id": "col_nowhere"}]}, 404),
        ({"taxonomy_applications": [{"taxonomy_id": "kinds", "scroll_filters": {"AND": [{"field": 7}]}}]}, 422),
        ({"taxonomy_applications": [{"taxonomy_id": "kinds", "priority": 1001}]}, 422),
        ({"taxonomy_applications": [{}]}, 422),
        ({"retriever_enrichments": [{"retriever_id": "x", "input_mappings": [], "write_back_fields": []}]}, 422),
    ],
)
async def test_a_bad_application_is_refused(client: httpx.AsyncClient, parts: Json, body: Json, status: int) -> None:
    await ok(client, "POST", "/v1/taxonomies", flat(parts))
    await refused(client, status, "PATCH", "/v1/collections/products_unified", body)


async def test_applying_needs_an_application_and_answers_a_task(client: httpx.AsyncClient, parts: Json) -> None:
    created = await ok(client, "POST", "/v1/taxonomies", flat(parts))
    path = "/v1/collections/products_unified/apply-taxonomy"
    await refused(client, 422, "POST", path, {"taxonomy_id": "kinds"})
    await ok(client, "PATCH", "/v1/collections/products_unified", {"taxonomy_applications": [{"taxonomy_id": "kinds"}]})
    answer = await ok(client, "POST", path, {"taxonomy_id": "kinds"})
    assert (answer["taxonomy_id"], answer["status"], answer["estimated_documents"]) == (
        created["taxonomy_id"],
        "PENDING",
        0,
    )
    task = await ok(client, "GET", f"/v1/tasks/{answer['task_id']}")
    assert task["task_type"] == "api_taxonomies_materialize"


async def test_applying_without_an_id_takes_the_collections_own(client: httpx.AsyncClient, parts: Json) -> None:
    path = "/v1/collections/products_unified/apply-taxonomy"
    (inline,) = (await ok(client, "GET", "/v1/taxonomies"))["results"]
    for body in ({}, None, {"taxonomy_id": None}):
        answer = await ok(client, "POST", path, body)
        assert (answer["taxonomy_id"], answer["taxonomy_ids"]) == (inline["taxonomy_id"], [inline["taxonomy_id"]])
    created = await ok(client, "POST", "/v1/taxonomies", flat(parts))
    await ok(client, "PATCH", "/v1/collections/products_unified", {"taxonomy_applications": [{"taxonomy_id": "kinds"}]})
    answer = await ok(client, "POST", path, {})
    assert answer["taxonomy_ids"] == [inline["taxonomy_id"], created["taxonomy_id"]]


async def test_applying_to_a_collection_that_nothing_labels_says_what_to_do(
    client: httpx.AsyncClient, parts: Json
) -> None:
    await ok(client, "PATCH", "/v1/collections/products_unified", {"taxonomy": None})
    error = await refused(client, 422, "POST", "/v1/collections/products_unified/apply-taxonomy", {})
    assert error["details"]["path"] == "body.taxonomy_id"
    assert "taxonomy_applications" in error["message"]


async def test_every_change_is_told(stack: Stack, client: httpx.AsyncClient, parts: Json) -> None:
    created = await ok(client, "POST", "/v1/taxonomies", flat(parts))
    await ok(client, "PATCH", "/v1/taxonomies/kinds", {"description": "x"})
    await ok(client, "DELETE", "/v1/taxonomies/kinds")
    rows = await stack.gateway.pool.fetch(
        "SELECT event_type FROM events WHERE subject_id = $1 ORDER BY seq", created["taxonomy_id"]
    )
    assert [row["event_type"] for row in rows] == ["taxonomy.created", "taxonomy.updated", "taxonomy.deleted"]


async def test_another_namespace_sees_nothing(stack: Stack, client: httpx.AsyncClient, parts: Json) -> None:
    created = await ok(client, "POST", "/v1/taxonomies", flat(parts))
    other = await ok(client, "POST", "/v1/namespaces", {"namespace_name": f"{stack.namespace_id}_other"})
    async with stack.client(other["namespace_id"]) as stranger:
        for method, path in (
            ("GET", ""),
            ("PATCH", ""),
            ("DELETE", ""),
            ("GET", "/versions"),
            ("POST", "/versions"),
            ("POST", "/execute"),
        ):
            await refused(stranger, 404, method, f"/v1/taxonomies/{created['taxonomy_id']}{path}", {})
        assert (await ok(stranger, "GET", "/v1/taxonomies"))["results"] == []


@pytest.mark.parametrize("path", ["/v1/taxonomies/kinds/execute", "/v1/taxonomies/execute/kinds"])
async def test_samples_are_judged_and_nothing_is_kept(
    stack: Stack, client: httpx.AsyncClient, parts: Json, path: str
) -> None:
    created = await ok(client, "POST", "/v1/taxonomies", flat(parts))
    uploaded = await ok(client, "POST", OBJECTS, BOOTSTRAP_OBJECT)
    stored = await stack.process(uploaded["object_id"], fields={"looks_like": "shoe"})
    samples = [{"document_id": stored}, {"looks_like": "hat"}, {"payload": {"looks_like": "shoe"}}]
    answer = await ok(client, "POST", f"{path}?version=1", {"source_documents": samples})
    assert answer["stats"] == {"processed_docs": 3, "batches": 1, "errors": 0, "enriched": 2}
    assert [match["label"] for match in answer["matches"]] == ["shoe", None, "shoe"]
    assert [match["score"] for match in answer["matches"]] == [0.8, 0.2, 0.8]
    assert (answer["matches"][0]["document_id"], answer["matches"][0]["taxonomy_name"]) == (stored, "kinds")
    assert answer["results"][0]["kind"] == "shoe"
    assert answer["results"][0]["_internal"][f"_taxonomy_{created['taxonomy_id']}_id"] == "doc_shoe"
    (request,) = stack.surroundings.taxonomy.enriched
    assert (request.taxonomy_version, request.subjects[0].object_id) == (1, uploaded["object_id"])
    document = await ok(client, "GET", f"/v1/collections/products_unified/documents/{stored}")
    assert "kind" not in document


async def test_nothing_to_judge_is_no_fault(client: httpx.AsyncClient, parts: Json) -> None:
    await ok(client, "POST", "/v1/taxonomies", flat(parts))
    bodies: tuple[Any, ...] = (None, {}, {"source_documents": []})
    for body in bodies:
        assert (await ok(client, "POST", "/v1/taxonomies/kinds/execute", body))["stats"]["processed_docs"] == 0
    await refused(client, 422, "POST", "/v1/taxonomies/kinds/execute", {"source_documents": [7]})
    await refused(client, 404, "POST", "/v1/taxonomies/kinds/execute?version=9", {"source_documents": [{}]})


async def two_documents(stack: Stack, client: httpx.AsyncClient) -> list[Json]:
    """Two documents of the tutorial's collection, with one vector."""
    uploads = [await ok(client, "POST", OBJECTS, BOOTSTRAP_OBJECT) for _ in range(2)]
    ids = [await stack.process(each["object_id"]) for each in uploads]
    return [{"collection_id": "products_unified", "document_id": document_id} for document_id in ids]


async def test_documents_become_a_taxonomy_and_then_further_nodes(
    stack: Stack, client: httpx.AsyncClient, parts: Json
) -> None:
    documents = await two_documents(stack, client)
    body = {
        "taxonomy_name": "finds",
        "node_label": "sandals",
        "documents": [*documents, {"collection_id": "products_unified", "document_id": "doc_nowhere"}],
        "node_fields": {"season": "summer"},
        "provenance": {"cluster_id": "cl_0"},
    }
    created = await ok(client, "POST", "/v1/taxonomies/from-documents", body)
    assert (created["taxonomy_created"], created["documents_used"], created["vector_dimensions"]) == (True, 2, 4)
    assert [each["document_id"] for each in created["documents_skipped"]] == ["doc_nowhere"]
    assert created["vector_name"] == "image_extractor_v1_embedding"
    assert created["node_document_id"] in stack.surroundings.index.refreshed
    taxonomy = await ok(client, "GET", "/v1/taxonomies/finds")
    source = taxonomy["config"]["source_collection"]
    assert source["collection_id"] == created["node_collection_id"]
    assert source["enrichment_fields"][0]["target_field"] == "finds_label"
    more = {"node_label": "boots", "documents": documents[:1]}
    added = await ok(client, "POST", "/v1/taxonomies/finds/nodes/from-documents", more)
    assert (added["taxonomy_created"], added["taxonomy_id"]) == (False, created["taxonomy_id"])
    path = f"/v1/collections/{created['node_collection_id']}/documents"
    nodes = (await ok(client, "GET", path))["results"]
    assert sorted(node["label"] for node in nodes) == ["boots", "sandals"]
    first = next(node for node in nodes if node["label"] == "sandals")
    assert (first["season"], first["metadata"]["promotion"]["cluster_id"]) == ("summer", "cl_0")
    await refused(client, 409, "POST", "/v1/taxonomies/from-documents", body)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"documents": [{"collection_id": "products_unified", "document_id": "doc_x"}]}, "body.documents"),
        ({"documents": []}, "body.documents"),
        ({"documents": None}, "body.documents"),
        ({"node_label": None}, "body.node_label"),
        ({"vector_name": "other"}, "body.documents"),
        ({"cluster_run": {"cluster_id": "a", "run_id": "b"}}, "body.cluster_run"),
    ],
)
async def test_what_cannot_be_promoted_is_refused_whole(
    stack: Stack, client: httpx.AsyncClient, parts: Json, change: Json, path: str
) -> None:
    body = {"taxonomy_name": "finds", "node_label": "x", "documents": await two_documents(stack, client), **change}
    error = await refused(client, 422, "POST", "/v1/taxonomies/from-documents", body)
    assert error["details"]["path"] == path
    assert (await ok(client, "GET", "/v1/collections"))["total_count"] == 1


async def test_an_inline_taxonomy_takes_no_nodes(stack: Stack, client: httpx.AsyncClient, parts: Json) -> None:
    inline = parts["collection"]["taxonomy"]["taxonomy_id"]
    body = {"node_label": "x", "documents": await two_documents(stack, client)}
    await refused(client, 422, "POST", f"/v1/taxonomies/{inline}/nodes/from-documents", body)
