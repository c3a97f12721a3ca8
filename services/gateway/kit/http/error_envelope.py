"""The error envelope: every answer that is not 2xx has this one form."""

import asyncio
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from services.common.errors import (
    DeadlineError,
    InternalError,
    InvalidArgumentError,
    LikenessError,
    NotFoundError,
    RateLimitedError,
    ResourceExhaustedError,
    TooLargeError,
    UnavailableError,
)
from services.common.filters import query_error
from services.common.validation.unknown_keys import reason_of
from services.gateway.kit.http.api_document import methods_of
from services.gateway.kit.http.routing import JsonAnswer
from services.gateway.kit.http.unserved_calls import unserved_call

log = structlog.get_logger()
RETRY_SECONDS = 1
UNROUTED = (404, 405)
# A missing socket file is how an embedded database that is down shows itself.
AWAY = (
    ConnectionError,
    FileNotFoundError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)
KEYS = ("accepted", "suggestion")
KINDS: Mapping[int, str] = {
    400: "BadRequestError",
    404: "NotFoundError",
    405: "MethodNotAllowedError",
    413: "BadRequestError",
}


def envelope(status: int, kind: str, message: str, code: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """The body of an error answer."""
    error = {"message": message, "type": kind, "code": code, "details": details}
    return {"success": False, "status": status, "error": error}


def answer(error: LikenessError) -> JsonAnswer:
    """The answer for an error raised on purpose."""
    headers = {}
    details: dict[str, Any] = dict(error.details)
    if isinstance(error, InvalidArgumentError):
        details["validation_errors"] = [_located(error)]
    if isinstance(error, UnavailableError | ResourceExhaustedError):
        seconds = error.retry_after if isinstance(error, RateLimitedError) else RETRY_SECONDS
        details |= {"retryable": True, "retry_after_seconds": seconds}
        headers["Retry-After"] = str(seconds)
    if isinstance(error, RateLimitedError):
        details |= {"limit": error.limit, "window": error.window, "retry_after": error.retry_after}
    return JsonAnswer(
        envelope(error.http, error.kind, error.message, error.reason, details), error.http, headers=headers
    )


def too_large(message: str) -> TooLargeError:
    """The error for a body that is over its limit."""
    return TooLargeError(message, path="body")


def translate(error: Exception) -> LikenessError:
    """The error that an exception of a library stands for; InternalError for a fault of ours."""
    if isinstance(error, LikenessError):
        return error
    fault = "Something went wrong on the server; its log has the details under this request id."
    return query_error(error) or _of_database(error) or InternalError(fault)


def _of_database(error: Exception) -> LikenessError | None:
    match error:
        case TimeoutError() | asyncio.TimeoutError() | asyncpg.QueryCanceledError():
            return DeadlineError("The database took too long to answer; narrow the request or try again.")
        case asyncpg.DataError():
            message = "A value holds what cannot be stored or compared, such as a NUL character."
            return InvalidArgumentError(message, path="body")
        case asyncpg.ForeignKeyViolationError():
            return NotFoundError("What this belongs to was deleted meanwhile.", resource=str(error.table_name), id="")
        case asyncpg.DeadlockDetectedError():
            return UnavailableError("Two changes waited for each other; try again.", reason="DEADLOCK")
    return UnavailableError("The database does not answer; try again in a moment.") if isinstance(error, AWAY) else None


def install(app: FastAPI) -> None:
    """Makes `app` answer every error with the envelope."""
    app.add_exception_handler(LikenessError, _expected)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _http)
    for kind in (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        app.add_exception_handler(kind, _expected)
    app.add_exception_handler(Exception, _fault)


async def _expected(request: Request, error: Exception) -> JsonAnswer:
    translated = translate(error)
    if isinstance(translated, NotFoundError) and (said := _unserved_answer(request)):
        return said
    if isinstance(translated, InternalError):
        log.error("failed", exc_info=error)
    elif translated is not error:
        log.warning("translated", error=repr(error), code=translated.reason)
    return answer(translated)


async def _fault(_request: Request, error: Exception) -> JsonAnswer:
    # What is answered here is raised again, and logged by the layer around the routes.
    return answer(translate(error))


async def _unreadable(_request: Request, error: Exception) -> JsonAnswer:
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    found = [_described(fault) for fault in faults]
    message = "; ".join(f"{dotted(item['location'])}: {item['message']}" for item in found) or "Invalid request."
    path = dotted(found[0]["location"]) if found else "body"
    details = {"path": path, "validation_errors": found}
    code = (reason_of(found[0]["type"]) if found else None) or InvalidArgumentError.default_reason
    return JsonAnswer(envelope(422, InvalidArgumentError.kind, message, code, details), 422)


def _described(fault: Mapping[str, Any]) -> dict[str, Any]:
    """A fault as the contract has it; one about an unknown key also says which keys are known."""
    shown = {name: value for name, value in (fault.get("ctx") or {}).items() if name in KEYS and value}
    return {"type": fault["type"], "location": list(fault["loc"]), "message": fault["msg"], **shown}


async def _http(request: Request, error: Exception) -> JsonAnswer:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status in UNROUTED and (said := _unserved_answer(request)):
        return said
    if status == TooLargeError.http:
        return answer(too_large(str(error.detail) if isinstance(error, HTTPException) else ""))
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if status == 405:
        headers["Allow"] = ", ".join(methods_of(request.app, request.url.path))
    phrase = HTTPStatus(status).phrase
    told = error.detail if isinstance(error, HTTPException) and error.detail != phrase else None
    message = told or _unrouted(request, status, headers)
    code = phrase.upper().replace(" ", "_")
    kind = KINDS.get(status, "BadRequestError")
    return JsonAnswer(envelope(status, kind, message, code, {}), status, headers=headers)


def _unrouted(request: Request, status: int, headers: Mapping[str, str]) -> str:
    """What is said of a call that no route takes."""
    call = f"{request.method} {request.url.path}"
    match status:
        case 404:
            return f"There is no {call}; /docs shows every route."
        case 405:
            return f"There is no {call}; this path takes {headers['Allow']}."
    return f"{HTTPStatus(status).phrase}."


def _unserved_answer(request: Request) -> JsonAnswer | None:
    """The answer to a call that the client has and we leave out; None for every other."""
    found = unserved_call(request.method, request.url.path)
    if found is None:
        return None
    message = f"{request.method} {request.url.path} is not served: {found.why}. {found.instead}"
    details = {"left_out": found.what, "why": found.why, "instead": found.instead}
    return JsonAnswer(envelope(404, NotFoundError.kind, message, "NOT_SERVED", details), 404)


def dotted(location: Sequence[str | int]) -> str:
    """A location as a path: ("body", "blobs", 0) is `body.blobs.0`."""
    return ".".join(str(part) for part in location)


def _located(error: InvalidArgumentError) -> dict[str, Any]:
    parts = error.details.get("path", "body").split(".")
    location = [int(part) if part.isdigit() else part for part in parts]
    return {"type": error.reason.lower(), "location": location, "message": error.message}
