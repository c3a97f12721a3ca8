"""An answer whose parts come from several statements is of one moment, whatever is written between them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from services.common.database.bounded_reads import BOUNDED
from services.common.database.pool import keep_session, prepare_connection
from services.common.ids import new_id
from services.gateway.app import build_app
from tests.contract.alerts.test_alerts import SYSTEM
from tests.contract.batches.test_batches import end
from tests.contract.triggers.test_triggers import form
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import DOCUMENTS, OBJECTS, ok, set_up, upload
from tests.support.gateway.webhook_forms import WEBHOOKS, body
from tests.support.tutorial.option_a import BUCKET, COLLECTION, RETRIEVER

pytestmark = pytest.mark.asyncio(loop_scope="session")
Stir = Callable[[], Awaitable[object]]


class Restless(asyncpg.Connection):
    """A connection after each of whose statements somebody else writes, on another one."""

    stir: Stir | None = None

    async def fetch(self, *args: Any, **options: Any) -> Any:
        return await self._then(await super().fetch(*args, **options))

    async def fetchrow(self, *args: Any, **options: Any) -> Any:
        return await self._then(await super().fetchrow(*args, **options))

    async def fetchval(self, *args: Any, **options: Any) -> Any:
        return await self._then(await super().fetchval(*args, **options))

    async def _then(self, found: Any) -> Any:
        if (stir := Restless.stir) is not None:
            Restless.stir = None  # what it does is not disturbed in turn
            await stir()
            Restless.stir = stir
        return found


@pytest_asyncio.fixture(loop_scope="session")
async def restless(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a gateway that reads on such connections."""
    async with asyncpg.create_pool(
        stack.gateway.settings.database_url,
        min_size=1,
        max_size=3,
        init=prepare_connection,
        reset=keep_session,
        connection_class=Restless,
        server_settings=dict(BOUNDED),
    ) as queries:
        gateway = replace(stack.gateway, queries=queries)
        async with replace(stack, gateway=gateway, app=build_app(gateway)).client() as client:
            yield client
    Restless.stir = None


async def asked(client: httpx.AsyncClient, method: str, path: str, stir: Stir, given: Any = None) -> Any:
    """The answer to a request between whose statements somebody stirs."""
    Restless.stir = stir
    try:
        return await ok(client, method, path, given)
    finally:
        Restless.stir = None


RESOURCES: dict[str, tuple[str, Any, str]] = {
    "/v1/buckets": ("bucket_name", BUCKET, "total_count"),
    "/v1/retrievers": ("retriever_name", RETRIEVER, "total"),
    "/v1/collections": ("collection_name", {**COLLECTION, "taxonomy": None}, "total_count"),
    "/v1/alerts": ("name", SYSTEM, "total_count"),
    "/v1/triggers": ("name", form(), "total"),
}


@pytest.mark.parametrize("path", RESOURCES)
async def test_a_list_has_as_many_as_it_counts(
    client: httpx.AsyncClient, restless: httpx.AsyncClient, path: str
) -> None:
    name, given, total = RESOURCES[path]
    await set_up(client)

    async def stir() -> None:
        await ok(client, "POST", path, {**given, name: new_id("more")})

    await stir()
    found = await asked(restless, "GET", path, stir)
    assert len(found["results"]) == found[total]
    if "stats" in found:
        assert found["stats"]["total_alerts"] == sum(found["stats"]["alerts_by_channel_type"].values()) == found[total]
    page = await asked(restless, "POST", f"{path}/list", stir, {"include_total": True})
    assert len(page["results"]) == (page.get("pagination") or page).get("total", page[total])
    assert len(page["results"]) == page[total]


async def test_a_list_of_documents_or_objects_has_as_many_as_its_total(
    client: httpx.AsyncClient, restless: httpx.AsyncClient
) -> None:
    await set_up(client)

    async def stir() -> None:
        await ok(client, "POST", DOCUMENTS, {"name": "a"})

    await stir()
    for path in (DOCUMENTS, OBJECTS):
        found = await asked(restless, "POST", f"{path}/list", stir, {"include_total": True, "limit": 100})
        assert len(found["results"]) == found["pagination"]["total"]


async def test_webhooks_are_as_many_as_counted(
    stack: Stack, client: httpx.AsyncClient, restless: httpx.AsyncClient
) -> None:
    async def stir() -> None:
        await ok(client, "POST", WEBHOOKS, body())

    await stir()
    found = await asked(restless, "POST", f"{WEBHOOKS}/list", stir, {"include_total": True, "limit": 1})
    assert found["pagination"]["total"] == found["total"]


async def test_annotations_are_as_many_as_counted(client: httpx.AsyncClient, restless: httpx.AsyncClient) -> None:
    await set_up(client)
    document_id = (await ok(client, "POST", DOCUMENTS, {"name": "a"}))["document_id"]

    async def stir() -> None:
        await ok(client, "POST", "/v1/annotations", {"document_id": document_id, "label": "correct"})

    await stir()
    found = await asked(restless, "GET", "/v1/annotations", stir)
    assert len(found["results"]) == found["total_count"]


async def test_a_reconciliation_agrees_with_itself(
    stack: Stack, client: httpx.AsyncClient, restless: httpx.AsyncClient
) -> None:
    await set_up(client)
    waiting: list[str] = []

    async def stir() -> None:
        for object_id in waiting:
            await stack.process(object_id)
            await end(stack, object_id, "COMPLETED")
        waiting[:] = [(await upload(client))["object_id"] for _ in range(2)]

    await stir()
    found = await asked(restless, "GET", "/v1/collections/products_unified/reconciliation", stir)
    assert found["delta"] == len(found["discrepancies"])
    assert found["document_count"] == found["produced_object_count"]
    parts = ("failed_object_count", "processing_object_count", "empty_object_count")
    assert found["delta"] == sum(found[part] for part in parts)
    assert found["unsubmitted_object_count"] == 0


async def test_the_coverage_of_several_fields_is_of_the_same_documents(
    client: httpx.AsyncClient, restless: httpx.AsyncClient
) -> None:
    await set_up(client)
    write_back = [{"source_field": "x", "target_field": name} for name in ("kind", "colour")]
    enrichment = {"retriever_id": "products_unified_classifier", "write_back_fields": write_back}
    mapping = [{"input_key": "query_image", "source": {"source_type": "document_field", "path": "image_url"}}]
    given = {"retriever_enrichments": [{**enrichment, "input_mappings": mapping}]}
    await ok(client, "PATCH", "/v1/collections/products_unified", given)

    async def stir() -> None:
        await ok(client, "POST", DOCUMENTS, {"name": "a"})

    found = await asked(restless, "GET", "/v1/collections/products_unified/analytics/label-coverage", stir)
    assert len(found["fields"]) == 3
    assert len({each["total"] for each in found["fields"]}) == 1


async def test_the_audit_of_a_batch_agrees_with_itself(
    stack: Stack, client: httpx.AsyncClient, restless: httpx.AsyncClient
) -> None:
    await set_up(client)
    ids = [(await upload(client, params={"auto_process": "false"}))["object_id"] for _ in range(6)]
    path = "/v1/buckets/products_unified/batches"
    batch_id = (await ok(client, "POST", path, {"object_ids": ids}))["batch_id"]
    collection_id = (await ok(client, "GET", "/v1/collections/products_unified"))["collection_id"]
    items = (
        "INSERT INTO batch_items (batch_id, object_id, collection_id, enqueued) SELECT $1, unnest($2::text[]), $3, true"
    )
    records = "INSERT INTO processing (object_id, collection_id) SELECT unnest($1::text[]), $2"
    await stack.gateway.pool.execute(items, batch_id, ids, collection_id)
    await stack.gateway.pool.execute(records, ids, collection_id)
    await stack.gateway.pool.execute(
        "UPDATE batches SET status = 'PROCESSING', is_loaded = true WHERE batch_id = $1", batch_id
    )

    async def stir() -> None:
        await end(stack, ids.pop(), "COMPLETED")

    found = await asked(restless, "GET", f"{path}/{batch_id}/audit", stir)
    [tier] = found["tiers"]
    assert (found["completed"], found["pending"]) == (tier["completed"], tier["pending"])
