"""What a clustering says on its way: how far it is, what it did otherwise than asked, how long each stage took."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from services.worker.clusters.plan.cluster_plan import JsonObject

Tell = Callable[[str, float], None]


class Progress:
    """Collects for the outcome; `tell(stage, percent)` speaks at once."""

    def __init__(self, tell: Tell) -> None:
        self.metrics: JsonObject = {}
        self._tell = tell
        self._warnings: list[str] = []
        self._percent = 0.0

    @property
    def warnings(self) -> tuple[str, ...]:
        """Each once, in order."""
        return tuple(dict.fromkeys(self._warnings))

    def warn(self, message: str) -> None:
        """Something differs from what was asked for."""
        self._warnings.append(message)

    @contextmanager
    def stage(self, name: str, percent: float) -> Iterator[None]:
        """A stage that begins at `percent` of the whole; its seconds go to the metrics."""
        self.advance(name, percent)
        started = time.perf_counter()
        try:
            yield
        finally:
            seconds = f"{name}_seconds"
            self.metrics[seconds] = round(self.metrics.get(seconds, 0.0) + time.perf_counter() - started, 3)

    def advance(self, name: str, percent: float) -> None:
        """Says where it is; never goes back."""
        self._percent = max(self._percent, percent)
        self._tell(name, round(self._percent, 1))
