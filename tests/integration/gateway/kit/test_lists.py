"""Every list can be filtered, sorted and searched by whatever a client names, in the real database."""

import pytest

from services.common.database.pool import Pool
from services.common.filters import parse
from services.gateway.batches import store as batches
from services.gateway.kit.lists import tables
from services.gateway.kit.lists.order_sql import Sort
from services.gateway.kit.lists.page_sql import Listing, Scope, Window, list_page
from services.gateway.retrievers.executions import store as executions
from services.gateway.tasks import store as tasks
from services.gateway.taxonomies import store as taxonomies
from services.gateway.uploads import store as uploads

LISTINGS = {
    name: value
    for module in (tables, batches, executions, tasks, taxonomies, uploads)
    for name, value in vars(module).items()
    if isinstance(value, Listing)
}
FIELDS = ("nobody_has_this", "a.b.c", "metadata.x", "status", "created_at", "\x88")


@pytest.mark.parametrize("name", LISTINGS)
async def test_a_list_takes_any_field(pool: Pool, name: str) -> None:
    for field in FIELDS:
        scope = Scope(sql="TRUE", values=(), filters=parse({"field": field, "operator": "exists", "value": True}, "f"))
        page = await list_page(pool, LISTINGS[name], scope, Window(limit=3), [Sort(field=field, descending=True)])
        assert page.rows == [] or name == "LIST_NAMESPACES"
