"""One job: an object becomes documents in one collection."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from services.common.database.tasks.jobs import IngestJob
from services.common.settings import Settings
from services.worker.domain import Extracted, Ingest
from services.worker.ingest.assembler import READINESS_SECONDS, Assembler
from services.worker.ingest.input_choice import NO_INPUT
from services.worker.ingest.processing_records import Records
from services.worker.ingest.unchanged_input import InputComparison
from services.worker.ingest.write_documents import Writer
from services.worker.kit.database_outages import is_outage
from services.worker.kit.group_commit import GroupCommit
from services.worker.kit.job_retries import (
    FailedAttemptError,
    NotNowError,
    RejectedError,
    UnansweredError,
    exhausted_message,
    retry_delay,
)
from services.worker.kit.service_readiness import ServiceReadiness
from services.worker.labels.machine_labels import MachineLabels

NOT_NOW_SECONDS = 2.0
BATCH = 16
CLAIM_LINGER = 0.002
# With a crowd in hand nobody is waiting for this very object, and company makes it cheaper.
CROWD = 4
FINISH_LINGER = 0.15
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class IngestServices:
    """What an ingest works with."""

    records: Records
    assembler: Assembler
    input_comparison: InputComparison
    extractor_readiness: ServiceReadiness
    labels: MachineLabels
    writer: Writer


class Ingestor:
    """Runs ingest jobs, many at once; what they ask of the database and the taxonomy is asked together.

    An attempt is counted, and committed, before the object is touched, and it stays counted unless a service that
    was away or full is to blame. An object whose attempt ended without an answer is suspect: suspects are tried one
    at a time, alone at the extractor, so that the one that kills it can be told from its neighbours.
    """

    def __init__(self, services: IngestServices, settings: Settings) -> None:
        self._services = services
        self._settings = settings
        self._one_suspect = asyncio.Lock()
        self._in_hand = 0
        self._claim = GroupCommit(services.records.claim, size=BATCH, linger=lambda: CLAIM_LINGER)
        self._finish = GroupCommit(self._label_and_write, size=BATCH, linger=self._finish_linger)

    async def run(self, job: IngestJob) -> float | None:
        """Seconds after which the job is to be tried again, None when it is done. Never raises but for cancellation."""
        self._in_hand += 1
        try:
            await self._services.extractor_readiness.wait(READINESS_SECONDS)
            ingest = await self._claim.submit(job)
            return None if ingest is None else await self._settle(ingest)
        except NotNowError:
            return NOT_NOW_SECONDS
        except Exception as error:
            if not is_outage(error):
                log.exception("ingest", object_id=job.object_id, collection_id=job.collection_id)
            return NOT_NOW_SECONDS
        finally:
            self._in_hand -= 1

    def _finish_linger(self) -> float:
        return FINISH_LINGER if self._in_hand > CROWD and not self._one_suspect.locked() else 0.0

    async def _settle(self, ingest: Ingest) -> float | None:
        if ingest.attempts >= self._settings.max_attempts:
            await self._give_up(ingest, exhausted_message(ingest.attempts, ingest.error))
            return None
        if not (ingest.begun or ingest.is_suspect):
            return NOT_NOW_SECONDS  # somebody else has just begun
        return await (self._try(ingest) if ingest.begun else self._try_alone(ingest))

    async def _try(self, ingest: Ingest) -> float | None:
        try:
            await self._attempt(ingest)
        except Exception as error:
            return await self._after(error, ingest)
        return None

    async def _try_alone(self, ingest: Ingest) -> float | None:
        async with self._one_suspect:
            await self._services.extractor_readiness.wait(READINESS_SECONDS)
            begun = await self._services.records.begin_again(ingest)
            return None if begun is None else await self._try(begun)

    async def _after(self, error: Exception, ingest: Ingest) -> float | None:
        match error:
            case NotNowError():
                log.info("not now", object_id=ingest.object_id, reason=str(error))
                await self._services.records.take_back(ingest)
                return NOT_NOW_SECONDS
            case RejectedError(reason=reason):
                if reason == NO_INPUT:
                    await self._services.writer.clear(ingest)
                await self._give_up(ingest, str(error))
                return None
            case UnansweredError():
                log.warning("no answer", object_id=ingest.object_id, reason=str(error))
                return await self._after_attempt(ingest, None)
            case FailedAttemptError():
                return await self._after_attempt(ingest, str(error))
            case _:
                log.error("fault", object_id=ingest.object_id, exc_info=error)
                return await self._after_attempt(ingest, f"INTERNAL: {type(error).__name__}; see the worker's log")

    async def _after_attempt(self, ingest: Ingest, answer: str | None) -> float | None:
        """Counts an attempt that failed with `answer`; without one the record stays as it is, suspect."""
        attempts = ingest.attempts + 1
        if attempts >= self._settings.max_attempts:
            await self._give_up(ingest, exhausted_message(attempts, answer or ingest.error))
            return None
        if answer is not None:
            log.info("attempt failed", object_id=ingest.object_id, attempt=attempts, error=answer)
            await self._services.records.count_failure(ingest, answer)
        return retry_delay(attempts, self._settings.retry_base_seconds)

    async def _give_up(self, ingest: Ingest, error: str) -> None:
        log.info("failed", object_id=ingest.object_id, error=error)
        await self._services.records.fail(ingest, error)

    async def _attempt(self, ingest: Ingest) -> None:
        await self._services.labels.ready(ingest)
        changed = await self._services.input_comparison.look(ingest) if ingest.is_look else ingest
        if changed is None:
            await self._services.records.end_look(ingest)
        else:
            await self._finish.submit(await self._services.assembler.make(changed))

    async def _label_and_write(self, batch: Sequence[Extracted]) -> list[None]:
        return await self._services.writer.finish(await self._services.labels.decide(batch))
