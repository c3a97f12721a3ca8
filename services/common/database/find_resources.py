"""Finding a resource by any identifier that the contract allows: id, name, or prefix + name."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

import asyncpg

from services.common.database.pool import Executor
from services.common.errors import NotFoundError
from services.common.row_types import Collection, Labeller, Retriever

Row = TypeVar("Row", Collection, Labeller, Retriever)

PREFIXES = {
    "alert": "alt_",
    "bucket": "bkt_",
    "cluster": "clust_",
    "collection": "col_",
    "retriever": "ret_",
    "taxonomy": "tax_",
}
FIND = """
    SELECT * FROM {table} WHERE namespace_id = $1 AND ({name}_id = $2 OR {name}_name IN ($2, $3))
    ORDER BY {name}_id = $2 DESC, {name}_name = $2 DESC LIMIT 1"""
QUERIES = {
    "alert": FIND.format(table="alerts", name="alert"),
    "bucket": FIND.format(table="(SELECT * FROM buckets WHERE deleted_at IS NULL) b", name="bucket"),
    "cluster": FIND.format(table="clusters", name="cluster"),
    "collection": FIND.format(table="collections", name="collection"),
    "retriever": FIND.format(table="retrievers", name="retriever"),
    "taxonomy": FIND.format(table="taxonomies", name="taxonomy"),
}


async def find_row(db: Executor, resource: str, namespace_id: str, identifier: str) -> asyncpg.Record | None:
    """The row that `identifier` names, in this order: exact id, exact name, name after stripping the type prefix."""
    return await db.fetchrow(QUERIES[resource], namespace_id, identifier, identifier.removeprefix(PREFIXES[resource]))


async def get_row(db: Executor, resource: str, namespace_id: str, identifier: str) -> asyncpg.Record:
    """Like find_row, but raises NotFoundError."""
    row = await find_row(db, resource, namespace_id, identifier)
    if row is None:
        raise NotFoundError.of(resource, identifier)
    return row


async def get_collection(db: Executor, namespace_id: str, identifier: str) -> Collection:
    """The collection that `identifier` names."""
    return to_record(Collection, await get_row(db, "collection", namespace_id, identifier))


async def get_retriever(db: Executor, namespace_id: str, identifier: str) -> Retriever:
    """The retriever that `identifier` names."""
    return to_record(Retriever, await get_row(db, "retriever", namespace_id, identifier))


async def collections_of_bucket(db: Executor, bucket_id: str) -> list[Collection]:
    """The collections that process the objects of a bucket."""
    rows = await db.fetch("SELECT * FROM collections WHERE bucket_ids @> ARRAY[$1] ORDER BY collection_id", bucket_id)
    return [to_record(Collection, row) for row in rows]


def to_record(kind: type[Row], row: asyncpg.Record | Mapping[str, Any]) -> Row:
    """A record from the columns of the same names; arrays become tuples."""
    values: dict[str, Any] = {field.name: row[field.name] for field in fields(kind)}
    build: Callable[..., Row] = kind
    return build(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})
