"""What becomes of a webhook's deliveries: looking at them, resuming, replaying, testing, another secret."""

from typing import Annotated

from fastapi import Query

from services.common.database.events.deliveries import REPLAY
from services.common.database.tasks.create_task import NewTask, create_task
from services.gateway.kit.access.tenants import ensure_default_namespace
from services.gateway.kit.context import Identified
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.lists.list_route import listed
from services.gateway.kit.lists.shapes import ListQuery
from services.gateway.tasks.shapes import TaskOut, to_task
from services.gateway.tasks.store import get_task
from services.gateway.webhooks import store
from services.gateway.webhooks.deliveries.shapes import (
    DeliveryList,
    DeliveryListBody,
    ReplayForm,
    TestSent,
    to_delivery,
)
from services.gateway.webhooks.deliveries.store import LIST_DELIVERIES, MATCHES, SEARCH_DELIVERIES, send_test
from services.gateway.webhooks.plans import plan_rotation
from services.gateway.webhooks.routes import shown
from services.gateway.webhooks.shapes import NewSecret, RotateForm, Webhook

router = routes_of("Webhooks", "/organizations/webhooks/{webhook}")


@router.post("/rotate-secret")
async def rotate_secret(webhook: str, identity: Identified, form: RotateForm | None = None) -> NewSecret:
    """Makes a new signing secret, which is shown here and never again; the old ones sign as well until their time."""
    gateway = identity.gateway
    async with gateway.pool.acquire() as connection, connection.transaction():
        row = await store.lock_webhook(connection, identity.visible_namespaces(), webhook)
        made = plan_rotation(gateway.settings, row["channels"], form or RotateForm())
        await store.change_channels(connection, row["webhook_id"], made.channels)
    return NewSecret(
        webhook_id=row["webhook_id"],
        channel=made.place,
        signing_secret=made.secret,
        previous_secret_until=made.until,
    )


@router.post("/resume")
async def resume_webhook(webhook: str, identity: Identified) -> Webhook:
    """Makes a webhook active, ends its pause, and tries at once what waits."""
    async with identity.gateway.pool.acquire() as connection, connection.transaction():
        row = await store.lock_webhook(connection, identity.visible_namespaces(), webhook)
        await store.resume_webhook(connection, row["webhook_id"])
    return await shown(identity, row["webhook_id"])


@router.post("/replay", status_code=202)
async def replay_deliveries(webhook: str, form: ReplayForm, identity: Identified) -> TaskOut:
    """Delivers again, in the order of the events, as a task; at most 10,000 at a time, the oldest first."""
    pool = identity.gateway.pool
    row = await store.read_webhook(pool, identity.visible_namespaces(), webhook)
    inputs = {"webhook_id": row["webhook_id"], **form.model_dump(mode="json", exclude_none=True)}
    namespaces = row["namespace_ids"] or []
    owner = namespaces[0] if len(namespaces) == 1 else None
    async with pool.acquire() as connection, connection.transaction():
        new = NewTask(kind=REPLAY, task_type="plugin_custom", namespace_id=owner, inputs=inputs)
        task_id = await create_task(connection, new)
    return to_task(await get_task(pool, task_id, None))


@router.post("/deliveries/list")
async def list_deliveries(
    webhook: str, identity: Identified, query: Annotated[ListQuery, Query()], body: DeliveryListBody | None = None
) -> DeliveryList:
    """Lists the deliveries of a webhook, oldest first unless it says otherwise."""
    asked = body or DeliveryListBody()
    row = await store.read_webhook(identity.gateway.pool, identity.visible_namespaces(), webhook)
    found = await listed(
        identity.gateway.queries,
        LIST_DELIVERIES,
        query,
        body,
        where=MATCHES,
        values=(row["webhook_id"], asked.status, asked.event_type),
        search_sql=SEARCH_DELIVERIES,
    )
    return DeliveryList(results=found.shaped(to_delivery), pagination=found.pagination)


@router.post("/test")
async def test_webhook(webhook: str, identity: Identified) -> TestSent:
    """Sends an event of the type `webhook.test` to each channel; the list of deliveries tells what came of it."""
    async with identity.gateway.pool.acquire() as connection, connection.transaction():
        row = await store.lock_webhook(connection, identity.visible_namespaces(), webhook)
        namespaces = row["namespace_ids"] or [await ensure_default_namespace(connection)]
        event_id, delivery_ids = await send_test(connection, row["webhook_id"], namespaces[0])
    return TestSent(event_id=event_id, delivery_ids=delivery_ids)
