"""Counting documents, and how the values of a field are spread over them."""

import asyncpg

from services.common.database.bounded_reads import bounded
from services.common.database.pool import Pool
from services.common.filters import DOCUMENTS, EVERYTHING, Filter, compile_sql
from services.common.filters.parameters import Parameters
from services.gateway.kit.lists.tables import value_sql


async def count_values(
    pool: Pool, collection_id: str, field: str, filters: Filter = EVERYTHING, path: str = "query.field"
) -> list[asyncpg.Record]:
    """(value, count) of each value, most frequent first; the value null counts documents that have none."""
    parameters = Parameters(2)
    value = value_sql(DOCUMENTS, field, parameters)
    where, values = compile_sql(filters, start=2 + len(parameters.values))
    sql = f"""WITH found AS (SELECT {value} AS value FROM documents d WHERE d.collection_id = $1 AND {where})
        SELECT value, count(*) AS count FROM found GROUP BY value ORDER BY count DESC, value"""  # noqa: S608
    async with bounded(pool, path) as connection:
        return await connection.fetch(sql, collection_id, *parameters.values, *values)


async def count_documents(pool: Pool, collection_id: str, filters: Filter) -> int:
    """The number of documents that pass a filter."""
    where, values = compile_sql(filters, start=2)
    sql = f"SELECT count(*) FROM documents d WHERE d.collection_id = $1 AND {where}"  # noqa: S608
    async with bounded(pool) as connection:
        return int(await connection.fetchval(sql, collection_id, *values))
