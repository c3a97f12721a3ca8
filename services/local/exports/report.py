"""What an export says while it works, on stderr; bars where that is a terminal."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

BETWEEN_SECONDS = 0.1
Advance = Callable[[int, int], None]


class Report:
    """Progress and sentences."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)

    def say(self, sentence: str) -> None:
        """A line."""
        self._console.print(sentence, markup=False, soft_wrap=True)

    @contextmanager
    def progress(self, what: str, total: int | None = None) -> Iterator[Advance]:
        """A bar; what is yielded takes how many are done and of how many (0 keeps what was known)."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._console, transient=True, disable=not self._console.is_terminal) as bar:
            task = bar.add_task(what, total=total)
            last = 0.0

            def advance(done: int, of: int) -> None:
                nonlocal last
                if (now := time.monotonic()) > last + BETWEEN_SECONDS or done == of:
                    bar.update(task, completed=done, total=of or total)
                    last = now

            yield advance
