"""The history of executions: the newest of each namespace, bounded, and kept without waiting for the disk."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import orjson

from services.common.database.pool import Executor
from services.common.errors import NotFoundError
from services.common.filters.tables import Column, Kind, Table
from services.gateway.kit.lists.page_sql import Listing
from services.gateway.kit.shapes import JsonObject

KEPT = 10_000
PRUNE_EVERY = 200
LONGEST_INPUT = 200
LONGEST_SUMMARY = 120
MOST_INPUTS = 50
NUL = "\\u0000"
EXECUTIONS = Table(
    alias="x",
    columns={
        "execution_id": Column("execution_id"),
        "retriever_id": Column("retriever_id"),
        "status": Column("status"),
        "error": Column("error"),
        "query_summary": Column("query_summary"),
        "inputs_hash": Column("inputs_hash"),
        "duration_ms": Column("duration_ms", Kind.OTHER),
        "total_returned": Column("total_returned", Kind.OTHER),
        "total_processed": Column("total_processed", Kind.OTHER),
        "created_at": Column("created_at", Kind.TIME),
        "timestamp": Column("created_at", Kind.TIME),
    },
    prefixes={("inputs",): "inputs"},
    fields="inputs",
)
LIST_EXECUTIONS = Listing(table=EXECUTIONS, source="retriever_executions x", columns="x.*", key="-x.row_key")
SEARCH_EXECUTIONS = "coalesce(x.query_summary, '') ILIKE {pattern}"
# The history need not survive a crash of the database, so its commits do not wait for the disk.
REMEMBER = """
    WITH relaxed AS (SELECT set_config('synchronous_commit', 'off', true))
    INSERT INTO retriever_executions (execution_id, namespace_id, retriever_id, status, error, collection_ids, inputs,
      inputs_hash, query_summary, stages, total_stages, total_processed, total_returned, duration_ms)
    SELECT $1, $2, (SELECT retriever_id FROM retrievers WHERE retriever_id = $3), $4, $5, $6, $7, $8, $9, $10, $11,
      $12, $13, $14 FROM relaxed
    RETURNING row_key"""
PRUNE = """
    DELETE FROM retriever_executions WHERE namespace_id = $1 AND row_key <= (
      SELECT row_key FROM retriever_executions WHERE namespace_id = $1 ORDER BY row_key DESC OFFSET $2 LIMIT 1)"""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """An execution that is over; `retriever_id` is None where the stages came with the request."""

    execution_id: str
    namespace_id: str
    retriever_id: str | None
    error: str | None
    collection_ids: Sequence[str]
    inputs: Mapping[str, Any]
    stages: Sequence[JsonObject]
    total_stages: int
    total_returned: int
    duration_ms: float


async def remember(db: Executor, ended: Ended) -> None:
    """Adds an execution, and now and then forgets the oldest."""
    row_key = await db.fetchval(
        REMEMBER,
        ended.execution_id,
        ended.namespace_id,
        ended.retriever_id,
        "completed" if ended.error is None else "failed",
        ended.error and ended.error.replace("\0", ""),
        list(ended.collection_ids),
        shortened(ended.inputs),
        hashlib.sha256(orjson.dumps(dict(ended.inputs), option=orjson.OPT_SORT_KEYS)).hexdigest()[:16],
        summary_of(ended.inputs),
        [{name: value for name, value in stage.items() if name != "metadata"} for stage in ended.stages],
        ended.total_stages,
        sum(stage["input_count"] for stage in ended.stages),
        ended.total_returned,
        ended.duration_ms,
    )
    if row_key % PRUNE_EVERY == 0:
        await db.execute(PRUNE, ended.namespace_id, KEPT)


def shortened(inputs: Mapping[str, Any]) -> JsonObject:
    """The inputs as they are remembered: no picture, no vector, no long text."""
    return {_short(name): _short(value) for name, value in list(inputs.items())[:MOST_INPUTS]}


def _short(value: Any) -> Any:
    if isinstance(value, str):
        text = value.replace("\0", "")
        return text if len(text) <= LONGEST_INPUT else text[:LONGEST_INPUT] + "..."
    if isinstance(value, bool | int | float) or value is None:
        return value
    text = orjson.dumps(value).decode()
    return value if len(text) <= LONGEST_INPUT and NUL not in text else f"{type(value).__name__} of {len(value)}"


def summary_of(inputs: Mapping[str, Any]) -> str | None:
    """The texts and numbers of the inputs in a line."""
    texts = [str(value) for value in shortened(inputs).values() if isinstance(value, str | int | float)]
    return ", ".join(texts)[:LONGEST_SUMMARY] or None


async def get_execution(db: Executor, namespace_id: str, execution_id: str, retriever_id: str | None) -> asyncpg.Record:
    """An execution of a retriever, or one without a retriever; NotFoundError when it is not remembered."""
    row = await db.fetchrow(
        """SELECT * FROM retriever_executions
           WHERE execution_id = $1 AND namespace_id = $2 AND retriever_id IS NOT DISTINCT FROM $3""",
        execution_id,
        namespace_id,
        retriever_id,
    )
    if row is None:
        raise NotFoundError.of("execution", execution_id)
    return row
