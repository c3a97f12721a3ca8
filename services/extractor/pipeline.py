"""One model's assembly line: decoders prepare inputs piece by piece, lanes infer them, bounded queues between."""

import asyncio
import queue
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import structlog
from numpy.typing import NDArray

from services.common.errors import InvalidArgumentError, LikenessError, ResourceExhaustedError
from services.common.grpc import deadlines
from services.extractor.input_in_flight import Extracted, Job
from services.extractor.model_port import Model, Prepared, Source
from services.extractor.models.embedding_check import comparable
from services.extractor.serving_plan import Plan

NO_DEADLINE = 86_400.0
Outcome = Extracted | InvalidArgumentError
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ready:
    """A prepared piece of an input, with its number."""

    job: Job
    number: int
    prepared: Prepared


class Pipeline:
    """Runs one model. Its threads end with `close`."""

    def __init__(self, model: Model, plan: Plan, decoders: int, capacity: int) -> None:
        self.model = model
        self._plan = plan
        self._capacity = capacity
        self._in_flight = 0
        self._ready: queue.Queue[Ready | None] = queue.Queue(plan.ready)
        self._decoders = ThreadPoolExecutor(decoders, thread_name_prefix="decode")
        self._lanes = [threading.Thread(target=self._run_lane, name=f"lane-{n}") for n in range(plan.lanes)]
        for lane in self._lanes:
            lane.start()

    @property
    def waiting(self) -> int:
        """How many prepared inputs wait for a lane."""
        return self._ready.qsize()

    async def extract(self, sources: Sequence[Source]) -> list[Outcome]:
        """Embeds each input, in order; an input that is at fault gives its InvalidArgumentError.

        Raises ResourceExhaustedError when there is no room for all of them, DeadlineError when time ran out.
        """
        self._admit(len(sources))
        expires = time.monotonic() + deadlines.remaining(NO_DEADLINE)
        jobs = [Job(self.model, source, expires) for source in sources]
        try:
            for job in jobs:
                self._decoders.submit(self._prepare, job)
            waiting = (asyncio.wrap_future(job.future) for job in jobs)
            return [_outcome(result) for result in await asyncio.gather(*waiting, return_exceptions=True)]
        finally:
            self._in_flight -= len(sources)

    def close(self) -> None:
        """Lets what was admitted finish, then ends the threads. Blocks."""
        self._decoders.shutdown()
        for _ in self._lanes:
            self._ready.put(None)
        for lane in self._lanes:
            lane.join()

    def _admit(self, count: int) -> None:
        if count > self._capacity:
            raise InvalidArgumentError(f"inputs has {count} entries; at most {self._capacity} fit.", path="inputs")
        if self._in_flight + count > self._capacity:
            name = self.model.manifest.model
            raise ResourceExhaustedError(f"The queue of model '{name}' is full ({self._in_flight}); try again soon.")
        self._in_flight += count

    def _prepare(self, job: Job) -> None:
        try:
            if job.wanted():
                self._queue_pieces(job)
        except Exception as error:  # handed to whoever waits for the future
            self._fail(job, error)

    def _queue_pieces(self, job: Job) -> None:
        started = time.perf_counter()
        for prepared in self.model.pre(job.source):
            if not job.wanted():
                return
            if prepared.parts:
                job.add(job.expect(time.perf_counter() - started), prepared.parts, 0.0)
            if len(prepared.rows):
                number = job.expect(time.perf_counter() - started)
                self._ready.put(Ready(job, number, prepared))
                started = time.perf_counter()
        job.complete()
        job.finish()

    def _run_lane(self) -> None:
        while (first := self._ready.get()) is not None:
            batch = [ready for ready in self._fill(first) if ready.job.wanted()]
            for group in alike(batch):
                self._infer(group)

    def _fill(self, first: Ready) -> list[Ready]:
        """Takes what is ready now, up to a batch: waiting for more would only add latency."""
        batch = [first]
        while len(batch) < self._plan.batch:
            try:
                ready = self._ready.get_nowait()
            except queue.Empty:
                break
            if ready is None:
                self._ready.put(None)
                break
            batch.append(ready)
        return batch

    def _infer(self, batch: list[Ready]) -> None:
        started = time.perf_counter()
        rows = [ready.prepared.rows for ready in batch]
        try:
            embeddings = self.model.core(rows[0] if len(rows) == 1 else np.concatenate(rows))
        except Exception as error:
            for ready in batch:
                self._fail(ready.job, error)
            return
        share = (time.perf_counter() - started) / len(batch)
        ends = np.cumsum([len(row) for row in rows])[:-1]
        for ready, part in zip(batch, np.split(embeddings, ends), strict=True):
            self._deliver(ready, part, share)

    def _deliver(self, ready: Ready, embeddings: NDArray[np.float32], seconds: float) -> None:
        try:
            parts = [comparable(part) for part in self.model.post(embeddings, ready.prepared)]
            ready.job.add(ready.number, parts, seconds)
            ready.job.finish()
        except Exception as error:
            self._fail(ready.job, error)

    def _fail(self, job: Job, error: Exception) -> None:
        if not isinstance(error, LikenessError):
            log.error("extraction.failed", model=self.model.manifest.model, exc_info=error)
        job.fail(error)


def alike(batch: Sequence[Ready]) -> Iterable[list[Ready]]:
    """Those whose rows have one form, and so fit into one array: words of one length, pictures."""
    groups: dict[tuple[int, ...], list[Ready]] = {}
    for ready in batch:
        groups.setdefault(ready.prepared.rows.shape[1:], []).append(ready)
    return groups.values()


def _outcome(result: Extracted | BaseException) -> Outcome:
    if isinstance(result, BaseException) and not isinstance(result, InvalidArgumentError):
        raise result
    return result
