"""Lists of documents, of one collection or of many: plain pages or groups."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.common.errors import InvalidArgumentError
from services.common.filters import DOCUMENTS, Filter
from services.gateway.collections.unknown_field_warnings import unknown_in_collections
from services.gateway.documents.grouped_lists import list_groups
from services.gateway.documents.shapes import DocumentListBody, DocumentListQuery, Partition
from services.gateway.documents.views.load import View, shown
from services.gateway.kit.context import Tenant
from services.gateway.kit.lists.cursors import order_in
from services.gateway.kit.lists.page_sql import Listing, Page, Scope, Window, list_page
from services.gateway.kit.lists.shapes import filter_of, pagination_of, search_of, sorts_of, window_of
from services.gateway.kit.lists.tables import FEW, SEARCH_FIELDS
from services.gateway.kit.shapes import JsonObject
from services.gateway.kit.unknown_field_warnings import sentences
from services.gateway.objects.blobs.store import FILES

LIST_DOCUMENTS = Listing(
    table=DOCUMENTS, source="documents d", columns="d.*", key="d.row_key", beside=FILES, page_size=FEW
)
SEARCH_DOCUMENTS = SEARCH_FIELDS.format(alias="d")

TAG = "@{index}/{count}"
TAGGED = re.compile(r".*@(\d{1,3})/(\d{1,3})", re.DOTALL)
# A hash is negative half of the time, and so is its remainder.
IN_PARTITION = "mod(mod(hashtextextended(d.document_id, 0), {count}) + {count}, {count}) = {index}"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A list of documents as it was asked for: where they may lie, and the request."""

    where: str
    values: tuple[object, ...]
    query: DocumentListQuery
    body: DocumentListBody
    collection_ids: Sequence[str] = ()

    @property
    def view(self) -> View:
        """What to show of each document."""
        names = self.body.return_vector_names
        return View(
            presigned=bool(_first(self.body.return_presigned_urls, self.query.return_presigned_urls)),
            vectors=bool(_first(self.body.return_vectors, self.query.return_vectors) or names),
            vector_names=names if isinstance(names, list) and names else None,
            select=self.body.select,
            expand=self.body.expand or (),
        )


def _first(in_body: bool | None, in_query: bool | None) -> bool | None:
    return in_query if in_body is None else in_body


async def document_list(tenant: Tenant, asked: Asked) -> JsonObject:
    """A page as the contract has it: `groups` when a field to group by is named, `results` otherwise."""
    window = window_of(asked.query, asked.body, LIST_DOCUMENTS.page_size)
    partition = asked.body.partition or _partition_in(window.cursor)
    where = asked.where
    if partition is not None:
        window, where = _part(window, where, partition)
    scope = Scope(
        sql=where,
        values=asked.values,
        filters=filter_of(asked.query, asked.body),
        search=search_of(asked.query, asked.body),
        search_sql=SEARCH_DOCUMENTS,
    )
    field = asked.body.group_field()
    found = await (_groups(tenant, asked, scope, window, field) if field else _page(tenant, asked, scope, window))
    return found if window.cursor or window.offset else await _warned(tenant, asked, scope.filters, found)


async def _warned(tenant: Tenant, asked: Asked, filters: Filter, found: JsonObject) -> JsonObject:
    """The list with what to say of fields that nothing has."""
    is_empty = not (found["results"] or found.get("groups"))
    warnings = await unknown_in_collections(tenant, asked.collection_ids, filters, is_empty=is_empty)
    return {**found, "warnings": sentences(warnings)} if warnings else found


async def _page(tenant: Tenant, asked: Asked, scope: Scope, window: Window) -> JsonObject:
    page = await list_page(tenant.gateway.queries, LIST_DOCUMENTS, scope, window, sorts_of(asked.query, asked.body))
    return {
        "results": await shown(tenant, page.rows, asked.view),
        "pagination": pagination_of(page, window).model_dump(),
        "total_documents": page.total,
    }


async def _groups(tenant: Tenant, asked: Asked, scope: Scope, window: Window, field: str) -> JsonObject:
    found = await list_groups(tenant.gateway.queries, scope, window, field)
    rows = [row for group in found.groups for row in group.rows]
    documents = iter(await shown(tenant, rows, asked.view))
    groups = [
        {"group_key": group.value, "count": group.count, "documents": [next(documents) for _ in group.rows]}
        for group in found.groups
    ]
    page = Page(rows=rows, next_cursor=found.next_cursor, total=found.total)
    pagination = pagination_of(page, window).model_dump()
    return {"results": [], "groups": groups, "group_by_field": field, "pagination": pagination}


def _part(window: Window, where: str, partition: Partition) -> tuple[Window, str]:
    index, count = partition.index, partition.count
    if index >= count:
        raise InvalidArgumentError("partition.index must be less than its count.", path="body.partition.index")
    tag = TAG.format(index=index, count=count)
    return replace(window, tag=tag), f"({where}) AND {IN_PARTITION.format(index=index, count=count)}"


def _partition_in(cursor: str | None) -> Partition | None:
    """The partition that a cursor belongs to: it stays inside."""
    found = TAGGED.fullmatch(order_in(cursor)) if cursor else None
    if found is None or not 0 < int(found[2]) <= 256:
        return None
    return Partition(index=int(found[1]), count=int(found[2]))
