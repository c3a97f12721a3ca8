"""Every error the product raises on purpose, and the one table class <-> gRPC code <-> HTTP status."""

from collections.abc import Mapping
from typing import ClassVar

import grpc


class LikenessError(Exception):
    """Base of all expected errors: a sentence for the user, a stable reason, and details as strings.

    `code` and `http` map it to the wire; `kind` is the contract's `error.type`.
    """

    code: ClassVar[grpc.StatusCode] = grpc.StatusCode.INTERNAL
    http: ClassVar[int] = 500
    kind: ClassVar[str] = "InternalServerError"
    default_reason: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str, *, reason: str | None = None, **details: str) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or self.default_reason
        self.details: Mapping[str, str] = details


class InternalError(LikenessError):
    """A fault of ours."""


class BadRequestError(LikenessError):
    """The request cannot be read at all."""

    code = grpc.StatusCode.OUT_OF_RANGE
    http = 400
    kind = "BadRequestError"
    default_reason = "BAD_REQUEST"


class InvalidArgumentError(LikenessError):
    """A field of the request is wrong; details["path"] names it, such as `body.blobs.0.data`."""

    code = grpc.StatusCode.INVALID_ARGUMENT
    http = 422
    kind = "ValidationError"
    default_reason = "INVALID_ARGUMENT"


class NotFoundError(LikenessError):
    """details["resource"] and details["id"] say what is missing."""

    code = grpc.StatusCode.NOT_FOUND
    http = 404
    kind = "NotFoundError"
    default_reason = "NOT_FOUND"

    @classmethod
    def of(cls, resource: str, identifier: str) -> "NotFoundError":
        """The error for `resource` (such as "bucket") that `identifier` does not name."""
        return cls(f"No {resource} '{identifier}' in this namespace.", resource=resource, id=identifier)


class AlreadyExistsError(LikenessError):
    """A name or unique key is taken."""

    code = grpc.StatusCode.ALREADY_EXISTS
    http = 409
    kind = "AlreadyExistsError"
    default_reason = "ALREADY_EXISTS"


class UnauthorizedError(LikenessError):
    """No key, or a wrong one."""

    code = grpc.StatusCode.UNAUTHENTICATED
    http = 401
    kind = "UnauthorizedError"
    default_reason = "UNAUTHENTICATED"


class ForbiddenError(LikenessError):
    """The key is good but may not do this."""

    code = grpc.StatusCode.PERMISSION_DENIED
    http = 403
    kind = "ForbiddenError"
    default_reason = "PERMISSION_DENIED"


class TooLargeError(LikenessError):
    """The request or a blob is over a size limit."""

    code = grpc.StatusCode.FAILED_PRECONDITION
    http = 413
    kind = "BadRequestError"
    default_reason = "TOO_LARGE"


class ResourceExhaustedError(LikenessError):
    """A queue is full: try again soon."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED
    http = 429
    kind = "TooManyRequestsError"
    default_reason = "RESOURCE_EXHAUSTED"


class RateLimitedError(ResourceExhaustedError):
    """A key made more than `limit` requests in `window` seconds; try again after `retry_after` seconds."""

    default_reason = "RATE_LIMITED"

    def __init__(self, *, limit: int, window: int, retry_after: int) -> None:
        super().__init__(f"This key may make {limit} requests in {window} seconds; wait {retry_after} seconds.")
        self.limit = limit
        self.window = window
        self.retry_after = retry_after


class UnavailableError(LikenessError):
    """A service or store does not answer: try again."""

    code = grpc.StatusCode.UNAVAILABLE
    http = 503
    kind = "InferenceServiceUnavailableError"
    default_reason = "UNAVAILABLE"


class DeadlineError(LikenessError):
    """The time that the caller gave has run out."""

    code = grpc.StatusCode.DEADLINE_EXCEEDED
    http = 504
    kind = "ProcessingError"
    default_reason = "DEADLINE_EXCEEDED"


ERRORS: tuple[type[LikenessError], ...] = (
    InternalError,
    BadRequestError,
    InvalidArgumentError,
    NotFoundError,
    AlreadyExistsError,
    UnauthorizedError,
    ForbiddenError,
    TooLargeError,
    ResourceExhaustedError,
    UnavailableError,
    DeadlineError,
)
# A server that drains answers CANCELLED to calls that have not reached a handler yet.
BY_CODE: Mapping[grpc.StatusCode, type[LikenessError]] = {
    **{error.code: error for error in ERRORS},
    grpc.StatusCode.CANCELLED: UnavailableError,
}


def from_status(code: grpc.StatusCode, message: str, reason: str | None, details: Mapping[str, str]) -> LikenessError:
    """The error that a gRPC status stands for; unknown codes become InternalError."""
    error = BY_CODE.get(code, InternalError)(message, reason=reason)
    error.details = dict(details)
    return error
