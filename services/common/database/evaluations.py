"""Evaluations of retrievers: what the gateway stores and the worker's task fills in."""

from dataclasses import dataclass
from typing import Any

from services.common.database.pool import Executor

EVALUATION = "evaluation"
TASK_TYPE = "api_evaluations_run"
METRICS = ("precision", "recall", "f1", "f2", "map", "ndcg", "mrr")
K_VALUES = (1, 5, 10)


@dataclass(frozen=True, kw_only=True)
class EvaluationRun:
    """An evaluation that is to be run: queries in the contract's form, {k_values, metrics, label_field}."""

    evaluation_id: str
    namespace_id: str
    retriever_id: str
    config: dict[str, Any]
    queries: list[dict[str, Any]]


async def begin_evaluation(db: Executor, evaluation_id: str) -> EvaluationRun | None:
    """The evaluation, now in progress; None when it was deleted or is over."""
    row = await db.fetchrow(
        """UPDATE evaluations e SET status = 'in_progress', updated_at = now() FROM evaluation_datasets d
           WHERE e.evaluation_id = $1 AND e.status IN ('pending', 'in_progress') AND d.dataset_id = e.dataset_id
           RETURNING e.evaluation_id, e.namespace_id, e.retriever_id, e.config, d.queries""",
        evaluation_id,
    )
    return None if row is None else EvaluationRun(**row)


async def end_evaluation(db: Executor, evaluation_id: str, results: dict[str, Any], error: str | None) -> None:
    """Stores what came out; with an error the evaluation has failed."""
    await db.execute(
        """UPDATE evaluations SET status = CASE WHEN $3::text IS NULL THEN 'completed' ELSE 'failed' END,
             results = $2, error_message = $3, updated_at = now(), completed_at = now() WHERE evaluation_id = $1""",
        evaluation_id,
        results,
        error,
    )
