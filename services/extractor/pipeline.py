"""One model's assembly line: decoders prepare inputs, lanes infer them in batches, bounded queues between."""

import asyncio
import queue
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import structlog

from services.common import deadlines
from services.common.errors import DeadlineError, InternalError, InvalidArgumentError, ResourceExhaustedError
from services.extractor.domain import Plan
from services.extractor.models.port import Model, Part, Prepared, Source

NO_DEADLINE = 86_400.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Extracted:
    """What became of one input; `milliseconds` of work, time in queues not counted."""

    parts: tuple[Part, ...]
    milliseconds: float


Outcome = Extracted | InvalidArgumentError


@dataclass(frozen=True, slots=True)
class Job:
    """One input on its way. `expires` is a monotonic time."""

    source: Source
    expires: float
    future: "Future[Extracted]"

    def wanted(self) -> bool:
        """False when the caller has gone or its time is over: then no more work may be spent on it."""
        return not self.future.cancelled() and time.monotonic() < self.expires

    def start(self) -> bool:
        """Claims the job for inference; one that is no longer wanted is settled instead."""
        if not self.future.set_running_or_notify_cancel():
            return False
        if time.monotonic() < self.expires:
            return True
        self.future.set_exception(DeadlineError("The deadline passed before the input was embedded."))
        return False

    def fail(self, error: Exception) -> None:
        """Settles a job that was not claimed yet."""
        if self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)


@dataclass(frozen=True, slots=True)
class Ready:
    """A prepared input and the seconds that this took."""

    job: Job
    prepared: Prepared
    seconds: float


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
        jobs = [Job(source, expires, Future()) for source in sources]
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
        if not job.wanted():
            job.start()
            return
        started = time.perf_counter()
        try:
            prepared = self.model.pre(job.source)
        except Exception as error:  # handed to whoever waits for the future
            job.fail(error)
            return
        self._ready.put(Ready(job, prepared, time.perf_counter() - started))

    def _run_lane(self) -> None:
        while (first := self._ready.get()) is not None:
            batch = [ready for ready in self._fill(first) if ready.job.start()]
            if batch:
                self._infer(batch)

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
        try:
            results = self._embed(batch)
        except Exception as error:
            log.exception("inference.failed", model=self.model.manifest.model, inputs=len(batch))
            failure = InternalError(f"Model '{self.model.manifest.model}' failed: {type(error).__name__}.")
            for ready in batch:
                ready.job.future.set_exception(failure)
            return
        for ready, result in zip(batch, results, strict=True):
            ready.job.future.set_result(result)

    def _embed(self, batch: list[Ready]) -> list[Extracted]:
        started = time.perf_counter()
        rows = [ready.prepared.rows for ready in batch]
        embeddings = self.model.core(rows[0] if len(rows) == 1 else np.concatenate(rows))
        share = (time.perf_counter() - started) / len(batch)
        ends = np.cumsum([len(row) for row in rows])[:-1]
        return [
            Extracted(self.model.post(part, ready.prepared), 1000 * (ready.seconds + share))
            for ready, part in zip(batch, np.split(embeddings, ends), strict=True)
        ]


def _outcome(result: Extracted | BaseException) -> Outcome:
    if isinstance(result, BaseException) and not isinstance(result, InvalidArgumentError):
        raise result
    return result
