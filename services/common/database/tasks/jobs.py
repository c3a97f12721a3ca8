"""Durable jobs: enqueued in the transaction of the change that needs them, through pgqueuer.

pgqueuer delivers; the `processing` table records. It is there that attempts are counted, before the work begins,
since pgqueuer's own counter does not move when a job kills its worker.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import asyncpg
import orjson
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.queries import Queries

from services.common.database.pool import Connection
from services.common.process.logs import current_request_id

INGEST = "ingest"
# Of a record that is to be processed anew, which keeps how its last run ended.
AGAIN = """
    status = 'PENDING', attempts = 0, error = NULL, updated_at = now(),
    before_status = CASE WHEN processing.status IN ('COMPLETED', 'FAILED') THEN processing.status
                         ELSE processing.before_status END,
    before_error = CASE WHEN processing.status IN ('COMPLETED', 'FAILED') THEN processing.error
                        ELSE processing.before_error END"""
RECORD = f"""
    INSERT INTO processing (object_id, collection_id) SELECT $1, unnest($2::text[])
    ON CONFLICT (object_id, collection_id)
    DO UPDATE SET look = NULL, {AGAIN}"""
_JSON_PARAMETER = re.compile(r"(\$\d+)::jsonb(\[\])?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class IngestJob:
    """Process one object in one collection."""

    object_id: str
    collection_id: str
    request_id: str = ""

    def to_payload(self) -> bytes:
        """The bytes that travel through the queue."""
        return orjson.dumps(self)

    @classmethod
    def from_payload(cls, payload: bytes) -> "IngestJob":
        """The job that `to_payload` wrote."""
        return cls(**orjson.loads(payload))


class _JsonAsText(AsyncpgDriver):
    """pgqueuer hands JSON over as text; our connections would encode that text as JSON once more."""

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        return await super().fetch(_JSON_PARAMETER.sub(r"\1::text\2::jsonb\2", query), *args)

    async def execute(self, query: str, *args: object) -> str:
        return await super().execute(_JSON_PARAMETER.sub(r"\1::text\2::jsonb\2", query), *args)


def queue_of(connection: Connection) -> Queries:
    """pgqueuer's statements on this connection, and so in its transaction."""
    return Queries(_JsonAsText(cast("asyncpg.Connection[asyncpg.Record]", connection)))


async def enqueue_ingest(connection: Connection, object_id: str, collection_ids: Sequence[str]) -> None:
    """Adds one job per collection, with its processing record, in the caller's transaction."""
    if not collection_ids:
        return
    await connection.execute(RECORD, object_id, list(collection_ids))
    await send_ingest(connection, [(object_id, collection_id) for collection_id in collection_ids])


async def send_ingest(connection: Connection, keys: Sequence[tuple[str, str]]) -> None:
    """Adds one job per (object, collection) whose processing record is there, in the caller's transaction."""
    if not keys:
        return
    request_id = current_request_id()
    jobs = [IngestJob(object_id=key[0], collection_id=key[1], request_id=request_id) for key in keys]
    await queue_of(connection).enqueue([INGEST] * len(jobs), [job.to_payload() for job in jobs], [0] * len(jobs))
