"""The error envelope, as documented."""

from typing import Any

from services.gateway.kit.shapes import Answer


class ErrorDetail(Answer):
    """What went wrong, for a person (`message`) and for a program (`type`, `code`, `details`)."""

    message: str
    type: str
    code: str | None = None
    details: dict[str, Any] | None = None


class ErrorResponse(Answer):
    """The body of every answer that is not 2xx."""

    success: bool = False
    status: int
    error: ErrorDetail


DOCUMENTED: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorResponse, "description": description}
    for status, description in {
        400: "The request cannot be read",
        401: "No API key, or a wrong one",
        403: "The key may not do this",
        404: "What the path or a body field names does not exist",
        409: "The name is taken",
        413: "The body is too large",
        422: "A field is wrong; `details.validation_errors` says which",
        429: "Too many requests, or a queue is full; wait as `Retry-After` says",
        500: "A fault of the server",
        503: "A service does not answer; try again",
        504: "It took too long",
    }.items()
}
