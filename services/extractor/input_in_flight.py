"""One input on its way through the assembly line, from its first piece to its answer."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from services.common.errors import DeadlineError, InternalError, InvalidArgumentError, LikenessError
from services.extractor.model_port import Model, Part, Source

MOST_PARTS = 512


@dataclass(frozen=True, slots=True)
class Extracted:
    """What became of one input; `milliseconds` of work, time in queues not counted."""

    parts: tuple[Part, ...]
    milliseconds: float


class Job:
    """Gathers the parts of one input's pieces and settles `future` once. `expires` is a monotonic time."""

    def __init__(self, model: Model, source: Source, expires: float) -> None:
        self.source = source
        self.future: Future[Extracted] = Future()
        self._model = model
        self._expires = expires
        self._lock = threading.Lock()
        self._pieces = 0
        self._awaited = 0
        self._complete = False
        self._found: list[tuple[int, Part]] = []
        self._seconds = 0.0
        self._room = MOST_PARTS

    def wanted(self) -> bool:
        """False when it is settled, the caller has gone or its time is over: then no more work may be spent on it."""
        if time.monotonic() >= self._expires:
            self.fail(DeadlineError("The deadline passed before the input was embedded."))
        return not self.future.done()

    def expect(self, seconds: float) -> int:
        """Counts one more piece, which took so long to prepare; its number, in the order of the input."""
        with self._lock:
            self._pieces += 1
            self._awaited += 1
            self._seconds += seconds
            return self._pieces

    def add(self, number: int, parts: Sequence[Part], seconds: float) -> None:
        """Takes the parts of one expected piece."""
        with self._lock:
            self._awaited -= 1
            self._seconds += seconds
            self._found += [(number, part) for part in parts]
            if len(self._found) > self._room:
                kept = {id(part) for part in self._select()}
                self._found = [each for each in self._found if id(each[1]) in kept]
                self._room = max(MOST_PARTS, 2 * len(self._found))

    def complete(self) -> None:
        """No more pieces are expected."""
        self._complete = True

    def finish(self) -> None:
        """Settles the job when the last piece is in; a query that has no embedding with the reason as its error."""
        with self._lock:
            if not self._complete or self._awaited or self.future.done():
                return
            parts = tuple(self._select())
            if not self.future.set_running_or_notify_cancel():
                return
            obstacle = next((part.obstacle for part in parts if part.obstacle), None)
            if self.source.is_query and obstacle is not None:
                self.future.set_exception(InvalidArgumentError(obstacle.message, reason=obstacle.reason))
            else:
                self.future.set_result(Extracted(parts, 1000 * self._seconds))

    def fail(self, error: Exception) -> None:
        """Settles the job with an error, unless it is settled; one that nobody expects becomes InternalError."""
        if not isinstance(error, LikenessError):
            name = self._model.manifest.model
            error = InternalError(f"Model '{name}' failed: {type(error).__name__}.")
        with self._lock:
            if not self.future.done() and self.future.set_running_or_notify_cancel():
                self.future.set_exception(error)

    def _select(self) -> Sequence[Part]:
        self._found.sort(key=lambda each: each[0])
        return self._model.select(self.source, [part for _, part in self._found])
