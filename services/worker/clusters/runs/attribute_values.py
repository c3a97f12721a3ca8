"""What documents say of themselves, to group them by."""

from services.common.database.bounded_reads import SETTINGS, user_faults
from services.common.filters import DOCUMENTS, compile_sql
from services.common.filters.parameters import Parameters
from services.common.filters.sql import json_value
from services.common.filters.tables import Column
from services.worker.clusters.runs.attribute_groups import MOST_GROUPS, Values
from services.worker.clusters.runs.run import Run
from services.worker.kit.task import Task

ROWS_AT_ONCE = 5000
VALUES = """
    SELECT d.document_id, ARRAY[{values}]::text[] AS found FROM documents d
    WHERE d.namespace_id = $1 AND d.collection_id = ANY($2) AND {where} ORDER BY {order} LIMIT {limit}"""


async def read_values(task: Task, run: Run) -> dict[str, Values]:
    """Document id -> its values of the attributes, as JSON text, in one snapshot.

    Equal values are kept once. It stops where there are more of them than can make groups.
    """
    parameters = Parameters(3)
    values = ", ".join(f"coalesce(({_value(each, parameters)})::text, 'null')" for each in run.attributes["attributes"])
    where, filtered = compile_sql(run.wanted, start=3 + len(parameters.values))
    order = "md5(d.document_id), d.document_id" if run.sample_size else "d.row_key"
    sql = VALUES.format(values=values, where=where, order=order, limit=run.sample_size or "ALL")
    found: dict[str, Values] = {}
    known: dict[Values, Values] = {}
    arguments = [run.namespace_id, list(run.collection_ids), *parameters.values, *filtered]
    async with task.pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(SETTINGS)
        with user_faults("filters"):
            async for row in connection.cursor(sql, *arguments, prefetch=ROWS_AT_ONCE):
                said = tuple(row["found"])
                found[row["document_id"]] = known.setdefault(said, said)
                if len(known) > MOST_GROUPS + 1:
                    break
    return found


def _value(attribute: str, parameters: Parameters) -> str:
    place = DOCUMENTS.resolve(attribute)
    return f"to_jsonb(d.{place.name})" if isinstance(place, Column) else json_value(place, DOCUMENTS, parameters)
