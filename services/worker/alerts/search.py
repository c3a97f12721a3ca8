"""Running the retriever of an alert, through the taxonomy service."""

from collections.abc import Mapping
from typing import Any

import asyncpg
import grpc
import orjson

from likeness.taxonomy.v1 import taxonomy_pb2 as pb
from likeness.taxonomy.v1.taxonomy_service_pb2_grpc import TaxonomyServiceStub
from services.common.database.find_resources import find_row
from services.common.database.pool import Pool
from services.common.errors import NotFoundError
from services.common.grpc.client import call
from services.common.ids import bound_name
from services.worker.alerts.watched_alert import Found, JsonObject, Match, WatchedAlert

MOST_MATCHES = 50
DOCUMENTS = "SELECT document_id, object_id, fields FROM documents WHERE namespace_id = $1 AND document_id = ANY($2)"


class AlertSearch:
    """Asks what a retriever finds now."""

    def __init__(self, pool: Pool, taxonomy: grpc.aio.Channel, seconds: float) -> None:
        self._pool = pool
        self._stub = TaxonomyServiceStub(taxonomy)
        self._seconds = seconds

    async def ask(self, watched: WatchedAlert, inputs: Mapping[str, Any]) -> Found:
        """What the retriever finds with exactly these inputs; NotFoundError when there is none any more."""
        retriever = await self._retriever(watched)
        request = pb.ExecuteRetrieverRequest(
            namespace_id=watched.namespace_id,
            retriever_id=retriever["retriever_id"],
            inputs_json=orjson.dumps(dict(inputs)).decode(),
            limit=MOST_MATCHES,
        )
        answer: pb.ExecuteRetrieverResponse = await call(self._stub.ExecuteRetriever, request, seconds=self._seconds)
        matches = await self._matches(watched.namespace_id, answer)
        return Found(
            count=max(answer.total, len(matches)),
            matches=matches,
            collection_id=matches[0].collection_id if matches else await self._target(watched, retriever),
            retriever_id=retriever["retriever_id"],
        )

    async def _retriever(self, watched: WatchedAlert) -> asyncpg.Record:
        """The retriever that the alert meant, whatever it is called now."""
        identifier = str(watched.retriever_id or watched.retriever_identifier)
        row = await find_row(self._pool, "retriever", watched.namespace_id, identifier)
        if row:
            return row
        message = f"Retriever '{watched.retriever_identifier}' was deleted; change the alert's retriever_id to another."
        raise NotFoundError(message, resource="retriever", id=str(watched.retriever_identifier))

    async def _matches(self, namespace_id: str, answer: pb.ExecuteRetrieverResponse) -> tuple[Match, ...]:
        ids = [item.document_id for item in answer.documents]
        rows = await self._pool.fetch(DOCUMENTS, namespace_id, ids) if ids else []
        known = {row["document_id"]: row for row in rows}
        return tuple(_match(item, known.get(item.document_id)) for item in answer.documents)

    async def _target(self, watched: WatchedAlert, retriever: asyncpg.Record) -> str:
        """The collection that is searched first, where no match names one."""
        for identifier in retriever["collection_identifiers"][:1]:
            meant = bound_name(retriever["bindings"], "collection", identifier)
            row = await find_row(self._pool, "collection", watched.namespace_id, meant)
            if row is not None:
                return str(row["collection_id"])
        return ""


def _match(item: pb.RankedDocument, row: asyncpg.Record | None) -> Match:
    features: JsonObject = orjson.loads(item.fields_json) if item.fields_json else {}
    return Match(
        document_id=item.document_id,
        collection_id=item.collection_id,
        object_id=None if row is None else row["object_id"],
        score=min(max(item.score, 0.0), 1.0),
        fields={} if row is None or item.replaced else row["fields"],
        features=features,
    )
