"""The one way a service serves gRPC: health, reflection, request ids, deadlines, errors, graceful drain."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from services.common.errors import InternalError, LikenessError
from services.common.grpc import deadlines
from services.common.grpc.status_errors import to_status
from services.common.ids import new_id
from services.common.process.logs import bind_request

REQUEST_ID = "x-request-id"
MESSAGE_BYTES = 128 * 1024 * 1024
OPTIONS: tuple[tuple[str, Any], ...] = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    ("grpc.so_reuseport", 0),
)
log = structlog.get_logger()

Handler = Callable[[Any, "grpc.aio.ServicerContext[Any, Any]"], Awaitable[Any]]


class RequestInterceptor(grpc.aio.ServerInterceptor):
    """Binds the request id and the deadline, turns errors into statuses, and logs each call once."""

    async def intercept_service(self, continuation: Any, details: grpc.HandlerCallDetails) -> Any:
        """Wraps unary calls; others (reflection, health watch) pass through."""
        handler = await continuation(details)
        if handler is None or handler.unary_unary is None or details.method.startswith("/grpc."):
            return handler
        return grpc.unary_unary_rpc_method_handler(
            _guarded(handler.unary_unary, details),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )


def _guarded(call: Handler, details: grpc.HandlerCallDetails) -> Handler:
    metadata = dict(details.invocation_metadata or ())

    async def guarded(request: Any, context: "grpc.aio.ServicerContext[Any, Any]") -> Any:
        bind_request(str(metadata.get(REQUEST_ID) or new_id("req", 16)))
        deadlines.set_remaining(context.time_remaining())
        started = time.perf_counter()
        try:
            response = await call(request, context)
        except LikenessError as error:
            log.info("rpc", method=details.method, code=error.code.name, reason=error.reason, error=error.message)
            await context.abort_with_status(to_status(error))
        except (asyncio.CancelledError, grpc.aio.AbortError):
            raise
        except Exception as error:
            log.exception("rpc", method=details.method, code="INTERNAL")
            failure = InternalError(f"{details.method} failed with {type(error).__name__}; see the service's log.")
            await context.abort_with_status(to_status(failure))
        log.debug("rpc", method=details.method, code="OK", ms=round(1000 * (time.perf_counter() - started), 2))
        return response

    return guarded


class GrpcServer:
    """A server with health and reflection. It is NOT_SERVING until `ready()`, and drains on `stop()`."""

    def __init__(self, address: str, service_names: Sequence[str]) -> None:
        self.server = grpc.aio.server(interceptors=[RequestInterceptor()], options=OPTIONS)
        self._names = ("", *service_names)
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self.server)
        reflection.enable_server_reflection((*service_names, health.SERVICE_NAME, reflection.SERVICE_NAME), self.server)
        self.server.add_insecure_port(address)

    async def start(self) -> None:
        """Listens, with every service NOT_SERVING."""
        await self._set(health_pb2.HealthCheckResponse.NOT_SERVING)
        await self.server.start()

    async def ready(self) -> None:
        """Reports SERVING."""
        await self._set(health_pb2.HealthCheckResponse.SERVING)

    async def stop(self, drain_seconds: float) -> None:
        """Reports NOT_SERVING, refuses new calls, and gives those in flight `drain_seconds` to end."""
        await self._health.enter_graceful_shutdown()
        await self.server.stop(drain_seconds)

    async def _set(self, status: health_pb2.HealthCheckResponse.ServingStatus.ValueType) -> None:
        for name in self._names:
            await self._health.set(name, status)
