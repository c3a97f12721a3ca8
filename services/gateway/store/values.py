"""How the values of a field are spread over the documents of a collection."""

import asyncpg

from services.common.database.listings import QUERY_SECONDS
from services.common.database.pool import Executor
from services.common.filters import DOCUMENTS, EVERYTHING, Filter, compile_sql
from services.common.filters.parameters import Parameters
from services.common.filters.sql import json_value
from services.common.filters.tables import Column


async def count_values(
    db: Executor, collection_id: str, field: str, filters: Filter = EVERYTHING
) -> list[asyncpg.Record]:
    """(value, count) of each value, most frequent first; the value null counts documents that have none."""
    parameters = Parameters(2)
    place = DOCUMENTS.resolve(field)
    value = f"to_jsonb(d.{place.name})" if isinstance(place, Column) else json_value(place, DOCUMENTS, parameters)
    where, values = compile_sql(filters, start=2 + len(parameters.values))
    sql = f"""WITH found AS (SELECT {value} AS value FROM documents d WHERE d.collection_id = $1 AND {where})
        SELECT value, count(*) AS count FROM found GROUP BY value ORDER BY count DESC, value"""  # noqa: S608
    return await db.fetch(sql, collection_id, *parameters.values, *values, timeout=QUERY_SECONDS)


async def count_documents(db: Executor, collection_id: str, filters: Filter) -> int:
    """The number of documents that pass a filter."""
    where, values = compile_sql(filters, start=2)
    sql = f"SELECT count(*) FROM documents d WHERE d.collection_id = $1 AND {where}"  # noqa: S608
    return int(await db.fetchval(sql, collection_id, *values, timeout=QUERY_SECONDS))
