"""Datasets of queries with known answers, and the evaluations run on them."""

from typing import Any

import asyncpg

from services.common.database.evaluations import EVALUATION, TASK_TYPE
from services.common.database.pool import Connection, Executor
from services.common.database.tasks.create_task import NewTask, create_task
from services.common.errors import NotFoundError
from services.common.ids import new_id
from services.gateway.kit.rows.resource_names import name_taken

COUNTED = "SELECT *, count(*) OVER () AS total FROM"
LIST_DATASETS = f"{COUNTED} evaluation_datasets WHERE namespace_id = $1 ORDER BY row_key DESC LIMIT $2 OFFSET $3"
LIST_EVALUATIONS = f"""{COUNTED} evaluations WHERE retriever_id = $1 AND ($2::text IS NULL OR status = $2)
    AND ($3::text IS NULL OR dataset_name = $3) ORDER BY row_key DESC LIMIT $4 OFFSET $5"""


async def insert_dataset(
    db: Executor,
    namespace_id: str,
    name: str,
    queries: list[Any],
    *,
    description: str | None,
    metadata: dict[str, Any],
) -> asyncpg.Record:
    """The new dataset; AlreadyExistsError when the name is taken."""
    try:
        row = await db.fetchrow(
            """INSERT INTO evaluation_datasets (dataset_id, namespace_id, dataset_name, description, queries, metadata)
               VALUES ($1, $2, $3, $4, $5, $6) RETURNING *""",
            new_id("ds"),
            namespace_id,
            name,
            description,
            queries,
            metadata,
        )
    except asyncpg.UniqueViolationError as error:
        raise name_taken("dataset", name) from error
    assert row is not None
    return row


async def get_dataset(db: Executor, namespace_id: str, identifier: str) -> asyncpg.Record:
    """A dataset by id or name."""
    row = await db.fetchrow(
        """SELECT * FROM evaluation_datasets WHERE namespace_id = $1 AND (dataset_id = $2 OR dataset_name = $2)
           ORDER BY dataset_id = $2 DESC LIMIT 1""",
        namespace_id,
        identifier,
    )
    if row is None:
        raise NotFoundError.of("dataset", identifier)
    return row


async def list_datasets(db: Executor, namespace_id: str, limit: int, offset: int) -> list[asyncpg.Record]:
    """Datasets, the newest first; each row knows the `total`."""
    return await db.fetch(LIST_DATASETS, namespace_id, limit, offset)


async def start_evaluation(
    connection: Connection, retriever_id: str, dataset: asyncpg.Record, config: dict[str, Any]
) -> tuple[str, asyncpg.Record]:
    """A new evaluation and its task, in the caller's transaction; the task's id and the evaluation's row."""
    row = await connection.fetchrow(
        """INSERT INTO evaluations (evaluation_id, namespace_id, retriever_id, dataset_id, dataset_name, config,
             query_count) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING *""",
        new_id("eval", 16),
        dataset["namespace_id"],
        retriever_id,
        dataset["dataset_id"],
        dataset["dataset_name"],
        config,
        len(dataset["queries"]),
    )
    assert row is not None
    task = NewTask(
        kind=EVALUATION,
        task_type=TASK_TYPE,
        namespace_id=dataset["namespace_id"],
        inputs={"evaluation_id": row["evaluation_id"], "retriever_id": retriever_id},
    )
    return await create_task(connection, task), row


async def get_evaluation(db: Executor, retriever_id: str, evaluation_id: str) -> asyncpg.Record:
    """One evaluation of a retriever."""
    row = await db.fetchrow(
        "SELECT * FROM evaluations WHERE retriever_id = $1 AND evaluation_id = $2", retriever_id, evaluation_id
    )
    if row is None:
        raise NotFoundError.of("evaluation", evaluation_id)
    return row


async def list_evaluations(
    db: Executor, retriever_id: str, *, status: str | None, dataset_name: str | None, limit: int, offset: int
) -> list[asyncpg.Record]:
    """Evaluations of a retriever, the newest first; each row knows the `total`."""
    return await db.fetch(LIST_EVALUATIONS, retriever_id, status, dataset_name, limit, offset)
