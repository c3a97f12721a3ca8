"""Webhooks: they belong to the organization, so no X-Namespace is read here."""

from typing import Annotated

from fastapi import Query, Response

from services.common.database.bounded_reads import snapshot
from services.gateway.kit.context import Identified, Identity
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.lists.list_route import listed
from services.gateway.kit.lists.shapes import ListQuery
from services.gateway.webhooks import store
from services.gateway.webhooks.plans import plan_webhook
from services.gateway.webhooks.shapes import Webhook, WebhookForm, WebhookList, WebhookListBody, to_webhook
from services.gateway.webhooks.store import LIST_WEBHOOKS, SEARCH_WEBHOOKS, SEEN

router = routes_of("Webhooks", "/organizations/webhooks")
MATCHES = f"""{SEEN} AND ($2::text IS NULL OR w.event_types @> ARRAY[$2])
    AND ($3::boolean IS NULL OR w.works = $3)"""


async def shown(identity: Identity, webhook_id: str) -> Webhook:
    """A webhook as it is answered."""
    return to_webhook(await store.read_webhook(identity.gateway.pool, identity.visible_namespaces(), webhook_id))


@router.post("")
async def create_webhook(form: WebhookForm, identity: Identified) -> Webhook:
    """Tells the channels of each event of these types from now on.

    A key that is restricted to namespaces makes webhooks of these alone.
    """
    columns = await plan_webhook(identity, form)
    return await shown(identity, await store.insert_webhook(identity.gateway.pool, columns))


@router.post("/list")
async def list_webhooks(
    identity: Identified, query: Annotated[ListQuery, Query()], body: WebhookListBody | None = None
) -> WebhookList:
    """Lists webhooks, as the optional body says."""
    asked, visible = body or WebhookListBody(), identity.visible_namespaces()
    async with snapshot(identity.gateway.queries) as db:
        found = await listed(
            db,
            LIST_WEBHOOKS,
            query,
            body,
            where=MATCHES,
            values=(visible, asked.event_type, asked.is_active),
            search_sql=SEARCH_WEBHOOKS,
        )
        total = int(await db.fetchval(store.COUNT, visible))
    return WebhookList(results=found.shaped(to_webhook), pagination=found.pagination, total=total)


@router.get("/{webhook}")
async def get_webhook(webhook: str, identity: Identified) -> Webhook:
    """One webhook, by id or name, with how its deliveries fare."""
    return await shown(identity, webhook)


@router.put("/{webhook}")
async def replace_webhook(webhook: str, form: WebhookForm, identity: Identified) -> Webhook:
    """Replaces a webhook; `is_active: true` ends a pause. Secrets and namespaces that are not given stay.

    What is pending goes to the channel that is now in the place of the one that it was for.
    """
    async with identity.gateway.pool.acquire() as connection, connection.transaction():
        row = await store.lock_webhook(connection, identity.visible_namespaces(), webhook)
        await store.replace_webhook(connection, row, await plan_webhook(identity, form, row))
    return await shown(identity, row["webhook_id"])


@router.delete("/{webhook}", status_code=204)
async def delete_webhook(webhook: str, identity: Identified) -> Response:
    """Deletes a webhook, and with it what is still to be delivered."""
    pool = identity.gateway.pool
    row = await store.read_webhook(pool, identity.visible_namespaces(), webhook)
    await pool.execute("DELETE FROM webhooks WHERE webhook_id = $1", row["webhook_id"])
    return Response(status_code=204)
