"""Runs a retriever for every query of a dataset, and says how well it answered."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
import orjson

from likeness.taxonomy.v1 import taxonomy_pb2 as pb
from likeness.taxonomy.v1.taxonomy_service_pb2_grpc import TaxonomyServiceStub
from services.common.database.evaluations import EvaluationRun, begin_evaluation, end_evaluation
from services.common.database.pool import Pool
from services.common.errors import LikenessError, NotFoundError, UnavailableError
from services.common.filters import DOCUMENTS
from services.common.filters.parameters import Parameters
from services.common.filters.sql import json_value
from services.common.filters.tables import Column
from services.common.grpc.client import call
from services.worker.kit.task import Done, JsonObject, Task
from services.worker.tasks.evaluation_metrics import Scores, label_scores, mean, score

PROGRESS_EVERY = 20


@dataclass
class Tally:
    """What the queries gave so far."""

    by_k: dict[int, list[Scores]]
    outcomes: list[JsonObject] = field(default_factory=list)
    expected: list[Any] = field(default_factory=list)
    given: list[Any] = field(default_factory=list)


class Evaluations:
    """Evaluates retrievers through the taxonomy service."""

    def __init__(self, taxonomy: grpc.aio.Channel, seconds: float) -> None:
        self._stub = TaxonomyServiceStub(taxonomy)
        self._seconds = seconds

    async def run(self, task: Task) -> Done:
        """The task; `inputs` names the evaluation. Queries that fail are skipped and say why."""
        run = await begin_evaluation(task.pool, task.inputs["evaluation_id"])
        if run is None:
            return Done(outputs={})
        tally = Tally(by_k={k: [] for k in run.config["k_values"]})
        for number, query in enumerate(run.queries):
            await self._query(task.pool, run, query, tally)
            if number % PROGRESS_EVERY == 0:
                await task.progress(processed=number + 1, total=len(run.queries))
        results = results_of(run, tally)
        error = None if results["evaluated_queries"] else "No query could be evaluated; query_results say why."
        await end_evaluation(task.pool, run.evaluation_id, results, error)
        return Done(outputs={"evaluation_id": run.evaluation_id}, had_errors=results["skipped_queries"] > 0)

    async def _query(self, pool: Pool, run: EvaluationRun, query: JsonObject, tally: Tally) -> None:
        outcome: JsonObject = {"query_id": query["query_id"]}
        try:
            found = await self._found(run, query["query_input"], max(tally.by_k))
        except UnavailableError:
            raise
        except LikenessError as error:
            tally.outcomes.append({**outcome, "status": "skipped", "error": error.message})
            return
        grades = query.get("relevance_scores") or {}
        for k, scores in tally.by_k.items():
            scores.append(score(found, set(query["relevant_documents"]), grades, k))
        if "expected_label" in query:
            tally.expected.append(query["expected_label"])
            tally.given.append(await _label(pool, run, found[:1]))
        tally.outcomes.append({**outcome, "status": "evaluated", "retrieved_count": len(found)})

    async def _found(self, run: EvaluationRun, inputs: JsonObject, most: int) -> list[str]:
        if not inputs:
            raise NotFoundError("The query has no input.")
        request = pb.ExecuteRetrieverRequest(
            namespace_id=run.namespace_id,
            retriever_id=run.retriever_id,
            inputs_json=orjson.dumps(inputs).decode(),
            limit=most,
        )
        answer: pb.ExecuteRetrieverResponse = await call(self._stub.ExecuteRetriever, request, seconds=self._seconds)
        return [document.document_id for document in answer.documents]


async def _label(pool: Pool, run: EvaluationRun, found: Sequence[str]) -> Any:
    """The label of the best result, None when there is none."""
    field_name = run.config.get("label_field")
    if not found or not field_name:
        return None
    parameters = Parameters(3)
    place = DOCUMENTS.resolve(field_name)
    value = f"to_jsonb(d.{place.name})" if isinstance(place, Column) else json_value(place, DOCUMENTS, parameters)
    sql = f"SELECT {value} FROM documents d WHERE d.document_id = $1 AND d.namespace_id = $2"  # noqa: S608
    return await pool.fetchval(sql, found[0], run.namespace_id, *parameters.values)


def results_of(run: EvaluationRun, tally: Tally) -> JsonObject:
    """What is stored of an evaluation, in the contract's words; overall metrics are those at the largest k."""
    metrics = run.config["metrics"]
    by_k = {str(k): mean(scores, metrics) for k, scores in tally.by_k.items()}
    evaluated = sum(outcome["status"] == "evaluated" for outcome in tally.outcomes)
    return {
        "overall_metrics": {**by_k[str(max(tally.by_k))], **label_scores(tally.expected, tally.given)},
        "metrics_by_k": by_k,
        "total_queries": len(tally.outcomes),
        "evaluated_queries": evaluated,
        "skipped_queries": len(tally.outcomes) - evaluated,
        "query_results": tally.outcomes,
    }
