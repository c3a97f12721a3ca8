"""One job: an object becomes documents in one collection."""

import asyncio
import time
from dataclasses import dataclass

import structlog

from services.common.database.jobs import IngestJob
from services.common.errors import LikenessError
from services.common.passthrough import rules_of
from services.common.settings import Settings
from services.worker.batching import Batcher
from services.worker.content import Contents
from services.worker.domain import Content, Decision, Ingest, Outcome, Part
from services.worker.downstream import Enricher, Extractor, Question
from services.worker.failures import (
    FailedAttemptError,
    NotNowError,
    RejectedError,
    UnansweredError,
    exhausted_message,
    of_extractor,
    of_taxonomy,
    retry_delay,
)
from services.worker.gate import Gate
from services.worker.labelling import is_labelled, label_source
from services.worker.patience import is_outage
from services.worker.records import Records
from services.worker.turns import Turns
from services.worker.writing import Writer

GATE_SECONDS = 5.0
# Short, since the attempt has begun: it is taken back when the gate stays closed.
LABEL_GATE_SECONDS = 0.5
NOT_NOW_SECONDS = 2.0
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Services:
    """What an ingest works with. `gates` are for what every ingest needs, `label_gates` for what labels need."""

    records: Records
    contents: Contents
    extractor: Extractor
    enricher: Enricher
    writer: Writer
    extractor_gate: Gate
    label_gates: tuple[Gate, ...]


class Ingestor:
    """Runs ingest jobs, many at once; what they ask of the database and the taxonomy is asked together.

    An attempt is counted, and committed, before the object is touched, and it stays counted unless a service that
    was away or full is to blame. An object whose attempt ended without an answer is suspect: suspects are tried one
    at a time, alone at the extractor, so that the one that kills it can be told from its neighbours.
    """

    def __init__(self, services: Services, settings: Settings) -> None:
        self._services = services
        self._settings = settings
        self._turns = Turns()
        self._one_suspect = asyncio.Lock()
        self._claim = Batcher(services.records.claim)
        self._decide: Batcher[Question, Decision | None] = Batcher(services.enricher.decide, linger=0.005)
        self._finish = Batcher(services.writer.finish, linger=0.01)

    async def run(self, job: IngestJob) -> float | None:
        """Seconds after which the job is to be tried again, None when it is done. Never raises but for cancellation."""
        try:
            await self._services.extractor_gate.wait(GATE_SECONDS)
            ingest = await self._claim.submit(job)
            return None if ingest is None else await self._settle(ingest)
        except NotNowError:
            return NOT_NOW_SECONDS
        except Exception as error:
            if not is_outage(error):
                log.exception("ingest", object_id=job.object_id, collection_id=job.collection_id)
            return NOT_NOW_SECONDS

    async def _settle(self, ingest: Ingest) -> float | None:
        if ingest.attempts >= self._settings.max_attempts:
            await self._give_up(ingest, exhausted_message(ingest.attempts, ingest.error))
            return None
        if not (ingest.begun or ingest.is_suspect):
            return NOT_NOW_SECONDS  # somebody else has just begun
        try:
            if ingest.begun:
                await self._attempt(ingest)
            else:
                await self._attempt_alone(ingest)
        except Exception as error:
            return await self._after(error, ingest)
        return None

    async def _after(self, error: Exception, ingest: Ingest) -> float | None:
        match error:
            case NotNowError():
                log.info("not now", object_id=ingest.object_id, reason=str(error))
                await self._services.records.take_back(ingest)
                return NOT_NOW_SECONDS
            case RejectedError():
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

    async def _attempt_alone(self, ingest: Ingest) -> None:
        async with self._one_suspect:
            await self._services.extractor_gate.wait(GATE_SECONDS)
            if await self._services.records.begin_again(ingest):
                await self._attempt(ingest)

    async def _attempt(self, ingest: Ingest) -> None:
        if _needs_label(ingest):
            for gate in self._services.label_gates:
                await gate.wait(LABEL_GATE_SECONDS)
        started = time.perf_counter()
        content = await self._services.contents.read(ingest)
        parts = await self._extract(ingest, content)
        decisions = tuple(await asyncio.gather(*(self._label(ingest, part) for part in parts)))
        milliseconds = 1000 * (time.perf_counter() - started)
        outcome = Outcome(ingest=ingest, content=content, parts=parts, decisions=decisions, milliseconds=milliseconds)
        await self._finish.submit(outcome)

    async def _extract(self, ingest: Ingest, content: Content) -> tuple[Part, ...]:
        gate = self._services.extractor_gate
        async with self._turns.alone() if ingest.is_suspect else self._turns.shared():
            await gate.wait(GATE_SECONDS)
            try:
                return await self._services.extractor.extract(ingest, content)
            except LikenessError as error:
                failure = of_extractor(error)
                if isinstance(failure, UnansweredError):
                    gate.close()
                raise failure from error

    async def _label(self, ingest: Ingest, part: Part) -> Decision | None:
        """The taxonomy's decision; a document whose taxonomy cannot decide is stored without a label."""
        if not _needs_label(ingest):
            return None
        try:
            return await self._decide.submit((ingest, part))
        except LikenessError as error:
            failure = of_taxonomy(error)
            if failure is None:
                log.warning("no decision", object_id=ingest.object_id, error=error.message)
                return None
            for gate in self._services.label_gates:
                gate.close()
            raise failure from error


def _needs_label(ingest: Ingest) -> bool:
    if ingest.taxonomy is None:
        return False
    source = label_source(ingest.taxonomy.field_to_enrich, rules_of(ingest.collection.feature_extractor))
    return not is_labelled(ingest.seen, source)
