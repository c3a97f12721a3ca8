"""Runs a stored retriever once, as a trigger asks, and judges what it found."""

import time
from typing import Any

import grpc
import orjson

from likeness.taxonomy.v1 import taxonomy_pb2 as pb
from likeness.taxonomy.v1.taxonomy_service_pb2_grpc import TaxonomyServiceStub
from services.common.database.pool import Pool
from services.common.errors import InvalidArgumentError
from services.common.filters import canonical_json, parse
from services.common.grpc.client import call
from services.common.ids import new_id
from services.common.triggers.actions import Acceptance, RetrieverAction, read_action
from services.worker.kit.task import Done, JsonObject, Task
from services.worker.triggers.acceptance_criteria import breaches

MOST_RESULTS = 1000
SHOWN = 10
FIELDS = "SELECT document_id, fields FROM documents WHERE namespace_id = $1 AND document_id = ANY($2)"


class RetrieverRuns:
    """The handler; retrievers run in the taxonomy service, `seconds` is how long it may take to answer."""

    def __init__(self, taxonomy: grpc.aio.Channel, seconds: float) -> None:
        self._stub = TaxonomyServiceStub(taxonomy)
        self._seconds = seconds

    async def run(self, task: Task) -> Done:
        """One execution; a breach of the acceptance criteria fails the task and says which."""
        action = read_action("retriever_execution", task.inputs, stored=True)
        assert isinstance(action, RetrieverAction)
        started = time.perf_counter()
        answer = await self._answer(str(task.namespace_id), action)
        milliseconds = round(1000 * (time.perf_counter() - started), 2)
        outputs: JsonObject = {
            "execution_id": new_id("exec", 16),
            "retriever_id": action.retriever_id,
            "total_time_ms": milliseconds,
            "result_count": len(answer.documents),
            "document_ids": [item.document_id for item in answer.documents[:SHOWN]],
        }
        if action.acceptance is not None:
            documents = await _documents(task.pool, str(task.namespace_id), answer)
            found = breaches(action.acceptance, total_time_ms=milliseconds, documents=documents)
            await _judge(task, action.acceptance, outputs, found)
        return Done(outputs=outputs)

    async def _answer(self, namespace_id: str, action: RetrieverAction) -> pb.ExecuteRetrieverResponse:
        request = pb.ExecuteRetrieverRequest(
            namespace_id=namespace_id,
            retriever_id=action.retriever_id,
            inputs_json=orjson.dumps(action.inputs or {}).decode(),
            filters_json=canonical_json(parse(action.filters, "action_config.filters")) if action.filters else "",
            limit=MOST_RESULTS,
        )
        answer: pb.ExecuteRetrieverResponse = await call(self._stub.ExecuteRetriever, request, seconds=self._seconds)
        return answer


async def _judge(task: Task, wanted: Acceptance, outputs: JsonObject, found: list[str]) -> None:
    verdict = {"passed": not found, "breaches": found, "criteria": wanted.model_dump(exclude_none=True)}
    await task.progress(acceptance=verdict, execution=outputs)
    if found:
        raise InvalidArgumentError("Not accepted: " + " ".join(found), reason="NOT_ACCEPTED")


async def _documents(pool: Pool, namespace_id: str, answer: pb.ExecuteRetrieverResponse) -> list[dict[str, Any]]:
    """The fields of each result, with those that stages set."""
    rows = await pool.fetch(FIELDS, namespace_id, [item.document_id for item in answer.documents])
    stored = {row["document_id"]: row["fields"] for row in rows}
    return [
        {
            **({} if item.replaced else stored.get(item.document_id, {})),
            **(orjson.loads(item.fields_json) if item.fields_json else {}),
        }
        for item in answer.documents
    ]
