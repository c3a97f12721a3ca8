"""How the values of a field are spread over the documents of a collection."""

import asyncpg

from services.common.database.bounded_reads import bounded
from services.common.database.pool import Pool
from services.common.filters import DOCUMENTS, EVERYTHING, Filter, Table, compile_sql
from services.common.filters.parameters import Parameters
from services.common.filters.sql import json_value
from services.common.filters.tables import Column


def value_sql(table: Table, field: str, parameters: Parameters) -> str:
    """SQL of a field's value as jsonb; SQL NULL when there is none."""
    place = table.resolve(field)
    if isinstance(place, Column):
        return f"to_jsonb({table.alias}.{place.name})"
    return json_value(place, table, parameters)


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
