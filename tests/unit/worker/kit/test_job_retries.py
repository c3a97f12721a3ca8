"""What an error means for the attempt."""

import pytest

from services.common.errors import (
    DeadlineError,
    InternalError,
    InvalidArgumentError,
    LikenessError,
    NotFoundError,
    ResourceExhaustedError,
    UnavailableError,
)
from services.worker.kit.job_retries import (
    FailedAttemptError,
    NotNowError,
    RejectedError,
    UnansweredError,
    exhausted_message,
    of_extractor,
    of_source,
    of_taxonomy,
    retry_delay,
)


@pytest.mark.parametrize(
    ("error", "source", "extractor", "taxonomy"),
    [
        (UnavailableError("x"), FailedAttemptError, UnansweredError, NotNowError),
        (DeadlineError("x"), FailedAttemptError, UnansweredError, FailedAttemptError),
        (InternalError("x"), FailedAttemptError, UnansweredError, FailedAttemptError),
        (ResourceExhaustedError("x"), FailedAttemptError, NotNowError, NotNowError),
        (InvalidArgumentError("x"), RejectedError, FailedAttemptError, None),
        (NotFoundError("x"), RejectedError, FailedAttemptError, None),
    ],
)
def test_each_error_has_one_meaning_per_service(
    error: LikenessError, source: type[Exception], extractor: type[Exception], taxonomy: type[Exception] | None
) -> None:
    assert type(of_source(error)) is source
    assert type(of_extractor(error)) is extractor
    meaning = of_taxonomy(error)
    assert (None if meaning is None else type(meaning)) is taxonomy


def test_delays_double_within_their_jitter_and_end_at_a_minute_and_a_half() -> None:
    for attempts, middle in ((1, 0.5), (2, 1.0), (3, 2.0), (20, 60.0)):
        for _ in range(50):
            assert 0.5 * middle <= retry_delay(attempts, 0.5) <= 1.5 * middle


def test_the_reason_for_giving_up_is_the_last_answer_or_that_there_was_none() -> None:
    assert exhausted_message(5, None) == "NO_ANSWER: its processing ended 5 times without an answer."
    assert exhausted_message(5, "FETCH_TIMEOUT: slow.") == "FETCH_TIMEOUT: slow. (tried 5 times)"
