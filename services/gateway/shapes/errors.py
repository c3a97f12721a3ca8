"""The error envelope, as documented."""

from typing import Any

from services.gateway.shapes.base import Answer


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
        401: "No API key, or a wrong one",
        404: "What the path or a body field names does not exist",
        409: "The name is taken",
        413: "The body is too large",
        422: "A field is wrong; `details.validation_errors` says which",
        500: "A fault of the server",
        503: "A service does not answer; try again",
    }.items()
}
