"""Every list can be filtered, sorted and searched by whatever a client names, in the real database."""

import importlib
import pkgutil

import pytest

from services import gateway
from services.common.database.pool import Pool
from services.common.filters import parse
from services.gateway.kit.lists.order_sql import Sort
from services.gateway.kit.lists.page_sql import Listing, Scope, Window, list_page

LISTINGS = {
    f"{found.name.removeprefix('services.gateway.')}.{name}": value
    for found in pkgutil.walk_packages(gateway.__path__, "services.gateway.")
    for name, value in vars(importlib.import_module(found.name)).items()
    if isinstance(value, Listing) and found.name.endswith(("store", "lists"))
}
FIELDS = ("nobody_has_this", "a.b.c", "metadata.x", "status", "created_at", "\x88")


@pytest.mark.parametrize("name", LISTINGS)
async def test_a_list_takes_any_field(pool: Pool, name: str) -> None:
    for field in FIELDS:
        scope = Scope(sql="TRUE", values=(), filters=parse({"field": field, "operator": "exists", "value": True}, "f"))
        page = await list_page(pool, LISTINGS[name], scope, Window(limit=3), [Sort(field=field, descending=True)])
        assert page.rows == [] or name.endswith("LIST_NAMESPACES")
