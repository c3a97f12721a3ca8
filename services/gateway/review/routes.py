"""Review: what waits for a person, in groups of look-alikes, and what people decide about it."""

from typing import Annotated

from fastapi import Query

from services.common.database.find_resources import get_collection
from services.common.database.taxonomies.applied_taxonomies import label_fields_of
from services.common.errors import InvalidArgumentError, LikenessError
from services.common.row_types import Collection
from services.gateway.annotations.rejections import follow_verdicts
from services.gateway.annotations.routes import ByActor
from services.gateway.kit.affected import affected_by
from services.gateway.kit.context import InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.index_refresh import refresh_index
from services.gateway.review.carry_out_decisions import Deciding
from services.gateway.review.group_pages import Asked, Group, Place, next_groups, one_group, read_place, write_place
from services.gateway.review.shapes import (
    MAX_DOCUMENTS,
    Decide,
    Decided,
    DecidedAll,
    DecidedDocument,
    Decisions,
    PastDecision,
    PastDecisions,
    PastQuery,
    Review,
    ReviewQuery,
)
from services.gateway.review.store import past_decisions
from services.gateway.review.suggestions import suggest
from services.gateway.review.views import shown_groups
from services.gateway.review.waiting_documents import Queue, count, named

router = routes_of("Review", "/collections/{collection}/review")


@router.get("")
async def review(collection: str, tenant: InNamespace, query: Annotated[ReviewQuery, Query()]) -> Review:
    """What waits for a person's label, in groups of look-alikes, typical ones first, each with suggestions.

    No document is in two groups of a review. What is decided meanwhile is left out of the pages to come.
    """
    gateway = tenant.gateway
    found = await get_collection(gateway.pool, tenant.namespace_id, collection)
    queue = await _queue(tenant, found, query)
    if query.documents is not None:
        ids = [each.strip() for each in query.documents.split(",")]
        groups, after = one_group(await named(gateway.pool, queue, ids[:MAX_DOCUMENTS])), None
    else:
        groups, after = await _page(tenant, found, queue, query)
    suggested = await suggest(gateway, found, queue.field, groups)
    waiting, is_more = await count(gateway.pool, queue)
    return Review(
        collection_id=found.collection_id,
        field=queue.field,
        kind=query.kind,
        groups=await shown_groups(tenant, queue.field, groups, suggested),
        waiting=waiting,
        waiting_is_more=is_more,
        next_cursor=write_place(after),
    )


async def _page(
    tenant: Tenant, collection: Collection, queue: Queue, query: ReviewQuery
) -> tuple[list[Group], Place | None]:
    asked = Asked(queue=queue, feature_uri=collection.feature_uri, limit=query.limit, size=query.group_size)
    return await next_groups(tenant.gateway, asked, read_place(query.cursor))


async def _queue(tenant: Tenant, collection: Collection, query: ReviewQuery) -> Queue:
    fields = await label_fields_of(tenant.gateway.pool, collection.collection_id)
    field = _field(collection, fields, query.field, "query.field")
    return Queue(
        collection_id=collection.collection_id,
        field=field,
        kind=query.kind,
        low=query.low,
        label=query.label or "",
        is_first=bool(fields) and field == fields[0],
    )


def _field(collection: Collection, fields: tuple[str, ...], named: str | None, path: str) -> str:
    if named is not None and (named in fields or not fields):
        return named
    if named is not None:
        message = f"No taxonomy of collection '{collection.collection_name}' fills '{named}', but {', '.join(fields)}."
        raise InvalidArgumentError(message, path=path)
    if not fields:
        message = f"Nothing labels collection '{collection.collection_name}'; name the field that holds its labels."
        raise InvalidArgumentError(message, reason="NO_TAXONOMY", path=path)
    return fields[0]


@router.post("/decisions")
async def decide(collection: str, body: Decisions, tenant: InNamespace, actor: ByActor) -> DecidedAll:
    """Carries out what a person decided, each decision by itself; one that was sent before counts once.

    A document that somebody has decided otherwise about since it was seen is left as it is: its outcome is `conflict`.
    """
    gateway = tenant.gateway
    found = await get_collection(gateway.pool, tenant.namespace_id, collection)
    fields = await label_fields_of(gateway.pool, found.collection_id)
    async with gateway.pool.acquire() as connection, connection.transaction():
        deciding = Deciding(
            connection=connection,
            namespace_id=tenant.namespace_id,
            collection_id=found.collection_id,
            actor=actor,
        )
        results = [await _decide(deciding, form, found, fields) for form in body.decisions]
        affected = await follow_verdicts(connection, tenant.namespace_id, deciding.undone)
    await refresh_index(gateway, sorted(deciding.touched))
    told = await affected_by(gateway, affected, sorted(deciding.labelled), fields)
    return DecidedAll(results=results, **told)


async def _decide(deciding: Deciding, form: Decide, collection: Collection, fields: tuple[str, ...]) -> Decided:
    try:
        field = _field(collection, fields, form.field, "body.decisions.field")
        async with deciding.connection.transaction():
            outcome, repeated = await deciding.decide(form, field)
    except LikenessError as error:
        return Decided(decision_id=form.decision_id, error=error.message)
    documents = [DecidedDocument(**each) for each in outcome]
    return Decided(decision_id=form.decision_id, repeated=repeated, documents=documents)


@router.get("/decisions")
async def list_decisions(
    collection: str, tenant: InNamespace, actor: ByActor, query: Annotated[PastQuery, Query()]
) -> PastDecisions:
    """What was decided in this collection, the newest first: what can be undone, or the history of a document."""
    found = await get_collection(tenant.gateway.pool, tenant.namespace_id, collection)
    rows = await past_decisions(
        tenant.gateway.pool,
        found.collection_id,
        actor_id=actor.actor_id if query.mine else None,
        document_id=query.document_id,
        limit=query.limit,
    )
    return PastDecisions(results=[PastDecision(**row) for row in rows])
