"""What a failure means for an attempt, and when it is tried again."""

import random

from services.common.errors import (
    DeadlineError,
    InternalError,
    LikenessError,
    ResourceExhaustedError,
    UnavailableError,
)

TRANSIENT = (UnavailableError, DeadlineError, ResourceExhaustedError, InternalError)
MAX_DELAY = 60.0


class NotNowError(Exception):
    """A service that the ingest needs is down or full: try later, no attempt is counted."""


class RejectedError(Exception):
    """The object cannot be processed, however often it is tried; `reason` is a stable word."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason


class FailedAttemptError(Exception):
    """The attempt failed with an answer, which may be another one next time."""


class UnansweredError(Exception):
    """The extractor was lost while it worked on the object: perhaps because of it, perhaps because of a neighbour."""


def of_source(error: LikenessError) -> Exception:
    """What an error of reading a blob means: an answer for good, or one that may change."""
    if isinstance(error, TRANSIENT):
        return FailedAttemptError(f"{error.reason}: {error.message}")
    return RejectedError(error.reason, error.message)


def of_extractor(error: LikenessError) -> Exception:
    """What an error of the extractor's means.

    A crash shows itself as any of several codes, so whatever is not a clear answer leaves the object suspect.
    """
    if isinstance(error, ResourceExhaustedError):
        return NotNowError(error.message)
    if isinstance(error, TRANSIENT):
        return UnansweredError(error.message)
    return FailedAttemptError(f"{error.reason}: {error.message}")


def of_taxonomy(error: LikenessError) -> Exception | None:
    """What an error of the taxonomy's means; None when it will not change, such as a retriever that is gone."""
    if isinstance(error, UnavailableError | ResourceExhaustedError):
        return NotNowError(error.message)
    if isinstance(error, TRANSIENT):
        return FailedAttemptError(f"{error.reason}: {error.message}")
    return None


def retry_delay(attempts: int, base: float) -> float:
    """Seconds before the try that follows `attempts`: doubling, with jitter, at most a minute and a half."""
    return min(MAX_DELAY, base * 2.0 ** max(0, attempts - 1)) * random.uniform(0.5, 1.5)  # noqa: S311


def exhausted_message(attempts: int, last_error: str | None) -> str:
    """Why an object is given up."""
    if last_error is None:
        return f"NO_ANSWER: its processing ended {attempts} times without an answer."
    return f"{last_error} (tried {attempts} times)"
