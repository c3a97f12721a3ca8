"""The deadline of the request in hand, passed on to every call made for it."""

import contextvars
import time

_deadline: contextvars.ContextVar[float | None] = contextvars.ContextVar("deadline", default=None)


def set_remaining(seconds: float | None) -> None:
    """Starts a deadline for this task; None means no limit."""
    _deadline.set(None if seconds is None else time.monotonic() + seconds)


def remaining(default: float) -> float:
    """Seconds left for this task, at most `default`; never below zero."""
    deadline = _deadline.get()
    if deadline is None:
        return default
    return max(0.0, min(default, deadline - time.monotonic()))
