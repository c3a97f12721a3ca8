"""The end of an ingest: outcomes become documents, searchable documents, and completed objects, many at a time."""

from collections.abc import Sequence
from datetime import UTC, datetime

import asyncpg
import structlog

from services.common.database.documents.rejected_parts import rejected_parts
from services.common.database.documents.write_documents import (
    add_documents,
    delete_surplus,
    lock_objects,
    stored_documents,
    write_documents,
)
from services.common.database.pool import Connection, Pool
from services.common.database.tasks.jobs import enqueue_ingest
from services.worker.domain import Ingest, Outcome, Part
from services.worker.ingest.compose_documents import compose, document_ids
from services.worker.ingest.input_sources import with_sources
from services.worker.ingest.processing_records import Records, learn_blobs, overtaken_runs, write_notes
from services.worker.ingest.unchanged_input import digest_of
from services.worker.kit.database_outages import retried_in_outage
from services.worker.kit.index_client import IndexClient

log = structlog.get_logger()
NOTHING_FOUND = "NOTHING_FOUND: there was nothing to make a document of."


class Writer:
    """Writes outcomes in one transaction, refreshes the index, and only then reports the objects COMPLETED.

    So whoever waits for COMPLETED and uploads the next object finds this one among the references. A crash between
    the two transactions costs a second run, which writes the same documents.
    """

    def __init__(self, pool: Pool, records: Records, index_client: IndexClient) -> None:
        self._pool = pool
        self._records = records
        self._index_client = index_client

    async def finish(self, outcomes: Sequence[Outcome]) -> list[None]:
        """Stores the outcomes and completes their records."""
        try:
            changed = await self._store(outcomes)
        except asyncpg.ForeignKeyViolationError:
            if len(outcomes) > 1:
                raise
            log.info("collection deleted meanwhile", object_id=outcomes[0].ingest.object_id)
            return [None]
        await self._tell_tiers(outcomes)
        if changed:
            await self._index_client.refresh(changed)
        await self._records.complete({outcome.ingest.run: digest_of(outcome.extracted) for outcome in outcomes})
        return [None] * len(outcomes)

    async def clear(self, ingest: Ingest) -> None:
        """Removes what was made of an input that is no longer there."""
        if gone := await self._clear(ingest):
            await self._index_client.refresh(gone)

    @retried_in_outage
    async def _clear(self, ingest: Ingest) -> list[str]:
        async with self._pool.acquire() as connection, connection.transaction():
            await lock_objects(connection, {ingest.object_id})
            overtaken = await overtaken_runs(connection, [ingest])
            return [] if overtaken else await delete_surplus(connection, [ingest.key], [])

    @retried_in_outage
    async def _store(self, outcomes: Sequence[Outcome]) -> list[str]:
        """The ids of the documents that changed."""
        now = datetime.now(UTC).isoformat()
        await learn_blobs(self._pool, (content for each in outcomes for content in each.extracted.contents))
        seen = {outcome.ingest.object_id: outcome.ingest.seen for outcome in outcomes}
        plain = [outcome for outcome in outcomes if not outcome.ingest.collection.source_collection_ids]
        rows = [row for outcome in plain for row in compose(outcome, outcome.ingest.seen, {}, now)]
        added = await add_documents(self._pool, seen, rows)
        done = {outcome.ingest.key for outcome in plain if outcome.parts and set(document_ids(outcome)) <= set(added)}
        await write_notes(self._pool, {each.ingest.key: note_of(each) for each in plain if each.ingest.key in done})
        rest = [outcome for outcome in outcomes if outcome.ingest.key not in done]
        if not rest:
            return added
        async with self._pool.acquire() as connection, connection.transaction():
            return [*added, *await _store_again(connection, rest, now)]

    @retried_in_outage
    async def _tell_tiers(self, outcomes: Sequence[Outcome]) -> None:
        """Makes jobs for the collections that process these documents; until they are done the object is not."""
        told = [outcome.ingest for outcome in outcomes if outcome.ingest.tiers]
        if not told:
            return
        async with self._pool.acquire() as connection, connection.transaction():
            living = await lock_objects(connection, {ingest.object_id for ingest in told})
            for ingest in told:
                if ingest.object_id in living:
                    await enqueue_ingest(connection, ingest.object_id, ingest.tiers)


async def _store_again(connection: Connection, outcomes: Sequence[Outcome], now: str) -> list[str]:
    """Writes over what is there, with respect for what people changed meanwhile."""
    current = await lock_objects(connection, {outcome.ingest.object_id for outcome in outcomes})
    overtaken = await overtaken_runs(connection, [outcome.ingest for outcome in outcomes])
    living = [each for each in outcomes if each.ingest.object_id in current and each.ingest.key not in overtaken]
    outcomes = await with_sources(connection, living)
    keys = [outcome.ingest.key for outcome in outcomes]
    stored = await stored_documents(connection, keys)
    rejected = await rejected_parts(connection, keys)
    rows = [
        row
        for outcome in outcomes
        for row in compose(
            outcome,
            current[outcome.ingest.object_id],
            stored.get(outcome.ingest.key, {}),
            now,
            rejected.get(outcome.ingest.key, {}),
        )
    ]
    written = await write_documents(connection, rows)
    surplus = await delete_surplus(connection, keys, written)
    await write_notes(connection, {outcome.ingest.key: note_of(outcome) for outcome in outcomes})
    return [*written, *surplus]


def note_of(outcome: Outcome) -> str | None:
    """That nothing was found, or that some of it has no vector, with the reason; None when all is as it should be."""
    if not outcome.parts:
        return NOTHING_FOUND
    bare = [part for part in outcome.parts if part.obstacle is not None]
    return _bare(bare, len(outcome.parts)) if bare else None


def _bare(bare: list[Part], total: int) -> str:
    obstacle = bare[0].obstacle
    assert obstacle is not None
    share = "" if total == 1 else f" ({len(bare)} of {total} parts)"
    return f"{obstacle.reason}{share}: {obstacle.message} No machine labels it, and nothing is labelled by it."
