"""The feed of events: what has changed, in an order that can be followed without missing anything."""

import time
from datetime import timedelta
from typing import Annotated

from fastapi import Query, Request, Security

from services.common.database.bounded_reads import bounded
from services.common.database.events.retention import GRACE
from services.common.errors import BadRequestError, InvalidArgumentError
from services.gateway.events.cursors import Place, read_place, write_place
from services.gateway.events.shapes import EventList, EventsQuery, event_answer
from services.gateway.events.store import Wanted, read_feed
from services.gateway.kit.context import Identified, Identity, namespace_header
from services.gateway.kit.http.routing import JsonAnswer, routes_of

router = routes_of("Events", "/events")
# Where nothing has happened the cursor stays as it was, but for one that would be too old some day.
FRESH_SECONDS = 86_400


@router.get("", response_model=EventList)
async def list_events(
    query: Annotated[EventsQuery, Query()],
    caller: Identified,
    request: Request,
    _documented: Annotated[object, Security(namespace_header)],
) -> JsonAnswer:
    """The events of the organization from the oldest on, of one namespace or type when asked for."""
    keep = timedelta(days=caller.gateway.settings.event_retention_days)
    namespaces = await _namespaces(caller, query.namespace_id, request.headers.get("x-namespace", ""))
    start = _start(query.place, keep)
    wanted = Wanted(namespace_ids=namespaces, event_type=query.event_type, keep=keep)
    async with bounded(caller.gateway.queries, "query.cursor") as connection:
        page = await read_feed(connection, start, wanted, query.size)
    results = [event_answer(row, write_place(place)) for row, place in zip(page.rows, page.places, strict=True)]
    stays = query.place and page.end.last == 0 and page.end.at - start.at < FRESH_SECONDS and not results
    cursor = query.place if stays else write_place(page.end)
    return JsonAnswer({"results": results, "next_cursor": cursor, "has_more": page.has_more})


def _start(text: str | None, keep: timedelta) -> Place:
    """Where to go on; BadRequestError behind what is not kept any more."""
    if text is None:
        return Place()
    place = read_place(text)
    if place.at < time.time() - (keep + GRACE).total_seconds():
        message = (
            f"cursor is older than the {keep.total_seconds() / 86_400:g} days that events are kept: some may be gone. "
            "Read what there is now, then follow the feed anew, without a cursor."
        )
        raise BadRequestError(message, reason="CURSOR_EXPIRED", path="query.cursor")
    return place


async def _namespaces(caller: Identity, asked: str | None, header: str) -> list[str] | None:
    """The namespaces whose events are to be read: those asked for, else all that the key may read, None for all."""
    named = [await caller.gateway.tenants.get(each) for each in (asked, header) if each]
    if len(set(named)) > 1:
        path = "query.namespace_id"
        raise InvalidArgumentError(f"{path} and the header X-Namespace name two namespaces.", path=path)
    if named:
        caller.require(named[0])
        return named[:1]
    return caller.visible_namespaces()
