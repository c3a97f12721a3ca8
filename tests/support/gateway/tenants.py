"""Two tenants with one of everything that a route can name, so that either can try the other's ids."""

from dataclasses import dataclass
from typing import Any

import httpx

from services.common.ids import new_id
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import OBJECTS, ok, set_up, upload
from tests.support.tutorial.clusters_alerts_webhooks import CLUSTER

SECRET = "confidential"
BUCKET, RETRIEVER = "/v1/buckets/products_unified", "/v1/retrievers/products_unified_classifier"
DATASETS = "/v1/retrievers/evaluations/datasets"
# Body fields that name what is in a namespace -> the path parameter for the same thing.
BODY_FIELDS = {
    "bucket_id": "bucket",
    "bucket_ids": "bucket",
    "collection_id": "collection",
    "collection_ids": "collection",
    "collection_identifier": "collection",
    "collection_identifiers": "collection",
    "include_buckets": "bucket",
    "include_collections": "collection",
    "target_collection_id": "collection",
    "document_id": "document_id",
    "document_ids": "document_id",
    "object_id": "object_id",
    "object_ids": "object_id",
    "retriever_id": "retriever",
    "taxonomy_id": "taxonomy",
    "batch_id": "batch_id",
    "batch_ids": "batch_id",
    "upload_id": "upload_id",
    "execution_id": "execution_id",
    "dataset_name": "dataset",
    "alert_id": "alert",
    "cluster_id": "cluster",
}


@dataclass(frozen=True, kw_only=True)
class TenantOf:
    """A namespace, a client in it, and the ids of what is in it by path parameter."""

    namespace_id: str
    client: httpx.AsyncClient
    ids: dict[str, str]


async def furnished(stack: Stack, client: httpx.AsyncClient, namespace_id: str) -> TenantOf:
    """A tenant with one of everything, all of it secret."""
    collection = await set_up(client)
    blob = {"property": "image_url", "data": f"data:text/plain,{SECRET}"}
    created = await upload(client, {"blobs": [blob], "product_label": SECRET})
    document_id = await stack.process(created["object_id"], fields={"product_label": SECRET})
    ids = {
        "bucket": created["bucket_id"],
        "object_id": created["object_id"],
        "blob_id": created["blobs"][0]["blob_id"],
        "collection": collection["collection_id"],
        "retriever": collection["taxonomy"]["retriever_id"],
        "taxonomy": collection["taxonomy"]["taxonomy_id"],
        "document_id": document_id,
        "version": "1",
        "part": "0",
        "webhook": await webhook_of(client, namespace_id),
    }
    ids |= await _worked_with(client, ids) | await _alerted(stack, client, ids) | await _clustered(client)
    return TenantOf(namespace_id=namespace_id, client=client, ids=ids)


async def _worked_with(client: httpx.AsyncClient, ids: dict[str, str]) -> dict[str, str]:
    annotation = {"document_id": ids["document_id"], "label": SECRET}
    batch = await ok(client, "POST", f"{BUCKET}/batches", {"object_ids": [ids["object_id"]]})
    await ok(client, "PATCH", f"{OBJECTS}/{ids['object_id']}", {"note": SECRET})
    export = await ok(client, "POST", f"/v1/collections/{ids['collection']}/exports", {"select_fields": [SECRET]})
    return {
        "task_id": export["task_id"],
        "batch_id": batch["batch_id"],
        "upload_id": (await ok(client, "POST", f"{BUCKET}/uploads", {"filename": SECRET, "content_type": "image/png"}))[
            "upload_id"
        ],
        "annotation_id": (await ok(client, "POST", "/v1/annotations", annotation))["annotation_id"],
        "execution_id": (await ok(client, "POST", f"{RETRIEVER}/execute", {"inputs": {"query_image": SECRET}}))[
            "execution_id"
        ],
        **await _evaluated(client, ids["document_id"]),
    }


async def _alerted(stack: Stack, client: httpx.AsyncClient, ids: dict[str, str]) -> dict[str, str]:
    channels = [{"channel_type": "webhook", "config": {"url": f"https://example.com/{SECRET}"}}]
    body = {"name": SECRET, "retriever_id": ids["retriever"], "notification_config": {"channels": channels}}
    alert = await ok(client, "POST", "/v1/alerts", body)
    await stack.gateway.pool.execute(
        """INSERT INTO alert_executions (execution_id, namespace_id, alert_id, collection_id, triggered, fired,
             match_count, matches, duration_ms) VALUES ($1, $2, $3, $4, true, false, 1, $5, 1)""",
        execution_id := new_id("exec", 16),
        alert["namespace_id"],
        alert["alert_id"],
        ids["collection"],
        [{"document_id": ids["document_id"], "score": 1.0, "metadata": {"product_label": SECRET}}],
    )
    return {"alert": alert["alert_id"], "alert_execution": execution_id}


async def webhook_of(client: httpx.AsyncClient, namespace_id: str) -> str:
    """The id of a webhook of this namespace alone, which has told of a test."""
    channels = [{"channel": "webhook", "configs": {"url": f"https://example.com/{SECRET}"}}]
    body = {"webhook_name": new_id(SECRET), "event_types": ["object.created"], "namespace_ids": [namespace_id]}
    made = await ok(client, "POST", "/v1/organizations/webhooks", {**body, "channels": channels})
    await ok(client, "POST", f"/v1/organizations/webhooks/{made['webhook_id']}/test")
    return str(made["webhook_id"])


async def _clustered(client: httpx.AsyncClient) -> dict[str, str]:
    cluster = await ok(client, "POST", "/v1/clusters", CLUSTER | {"description": SECRET})
    await ok(client, "POST", f"/v1/clusters/{cluster['cluster_id']}/execute")
    run = await ok(client, "GET", f"/v1/clusters/{cluster['cluster_id']}/executions")
    daily = {"trigger_type": "cron", "schedule_config": {"cron_expression": "@daily"}, "description": SECRET}
    trigger = await ok(client, "POST", "/v1/clusters/triggers", {**daily, "cluster_id": cluster["cluster_id"]})
    return {"cluster": cluster["cluster_id"], "run_id": run["run_id"], "trigger_id": trigger["trigger_id"]}


async def _evaluated(client: httpx.AsyncClient, document_id: str) -> dict[str, str]:
    query = {"query_id": "q", "query_input": {"query_image": SECRET}, "relevant_documents": [document_id]}
    dataset = await ok(client, "POST", DATASETS, {"dataset_name": new_id("set"), "queries": [query]})
    started = await client.post(f"{RETRIEVER}/evaluations", json={"dataset_name": dataset["dataset_name"]})
    return {"dataset": dataset["dataset_id"], "evaluation_id": started.json()["evaluation_id"]}


async def state_of(stack: Stack, namespace_id: str) -> list[tuple[Any, ...]]:
    """Digests of every row of the namespace, in every table that has one."""
    pool = stack.gateway.pool
    tables = await pool.fetch(
        """SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_name)
           WHERE c.column_name = 'namespace_id' AND c.table_schema = 'public' AND t.table_type = 'BASE TABLE'"""
    )
    one = "SELECT '{0}', count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM {0} t WHERE namespace_id = $1"
    query = " UNION ALL ".join(one.format(row["table_name"]) for row in tables)
    return sorted(tuple(row) for row in await pool.fetch(query, namespace_id))
