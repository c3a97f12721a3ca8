"""How long a template may take and how much it may write, checked wherever its cost could grow."""

import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from jinja2.exceptions import SecurityError

SECONDS = 0.25
SECONDS_IN_ALL = 2.0
LONGEST = 20_000_000
LONGEST_OF_DOCUMENT = 100_000
MOST_ELEMENTS = 10_000


class Budget:
    """What one rendering may spend, out of what all renderings of a request may."""

    def __init__(self) -> None:
        self._left = SECONDS_IN_ALL
        self._started = 0.0
        self._allowed = 0.0

    def begin(self) -> None:
        """Starts a rendering."""
        self._started = time.monotonic()
        self._allowed = min(SECONDS, self._left)

    def end(self) -> None:
        """Ends it."""
        self._left -= time.monotonic() - self._started

    def check(self) -> None:
        """Raises SecurityError when the time of this rendering is over."""
        if time.monotonic() - self._started > self._allowed:
            raise SecurityError("it takes too long")

    def elements(self, values: Iterable[Any]) -> Iterator[Any]:
        """The values of a loop, as long as there is time for it and they are not too many."""
        for number, value in enumerate(islice(values, MOST_ELEMENTS + 1)):
            if number == MOST_ELEMENTS:
                raise SecurityError(f"a loop over more than {MOST_ELEMENTS} elements is not available")
            self.check()
            yield value


def bounded(value: Any, most: int = LONGEST) -> Any:
    """The value, if writing it down takes at most about `most` characters."""
    _measure(value, most)
    return value


def _measure(value: Any, left: int) -> int:
    """What is left of the characters after the value."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            left -= len(item)
        elif isinstance(item, Mapping):
            left -= sum(len(str(key)) for key in item)
            waiting.extend(item.values())
        elif isinstance(item, list | tuple):
            waiting.extend(item)
        left -= 2
        if left < 0:
            raise SecurityError("it becomes too long")
    return left


def total(values: Iterable[Any], separator: str = "") -> list[Any]:
    """The values as a list, if written one after the other they are not too long."""
    listed: list[Any] = []
    left = LONGEST
    for value in values:
        left = _measure(value, left - len(separator))
        listed.append(value)
    return listed
