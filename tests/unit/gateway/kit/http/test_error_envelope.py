"""What the failures of libraries are called."""

import asyncpg
import orjson
import pytest

from services.common.errors import InvalidArgumentError, LikenessError, NotFoundError, UnavailableError
from services.gateway.kit.http.error_envelope import answer, translate


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (asyncpg.UntranslatableCharacterError("nul"), 422),
        (asyncpg.InvalidRegularExpressionError("bad"), 422),
        (asyncpg.CannotConnectNowError("starting"), 503),
        (asyncpg.ConnectionDoesNotExistError("gone"), 503),
        (ConnectionRefusedError(), 503),
        (TimeoutError(), 504),
        (asyncpg.QueryCanceledError("slow"), 504),
        (asyncpg.ForeignKeyViolationError("gone"), 404),
        (asyncpg.DeadlockDetectedError("circle"), 503),
        (NotFoundError.of("bucket", "b"), 404),
        (OSError(28, "No space left on device"), 500),
        (KeyError("bug"), 500),
    ],
)
def test_each_failure_has_its_status(error: Exception, status: int) -> None:
    assert translate(error).http == status


def test_what_may_be_tried_again_says_when() -> None:
    response = answer(UnavailableError("away"))
    details = orjson.loads(response.body)["error"]["details"]
    assert (details["retryable"], details["retry_after_seconds"]) == (True, 1)
    assert response.headers["retry-after"] == "1"


def test_a_wrong_field_is_located() -> None:
    error: LikenessError = InvalidArgumentError("no", reason="INVALID_BLOB", path="body.blobs.0.data")
    [found] = orjson.loads(answer(error).body)["error"]["details"]["validation_errors"]
    assert found == {"type": "invalid_blob", "location": ["body", "blobs", 0, "data"], "message": "no"}
