"""The one way a service calls another: request id and deadline passed on, statuses turned into errors."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.common.grpc import deadlines
from services.common.grpc.server import MESSAGE_BYTES, REQUEST_ID
from services.common.grpc.status_errors import from_rpc_error
from services.common.process.logs import current_request_id

Response = TypeVar("Response")
OPTIONS: tuple[tuple[str, Any], ...] = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),
)


def open_channel(address: str) -> grpc.aio.Channel:
    """A channel to `host:port` or `unix:/path`; it connects at the first call and reconnects by itself."""
    return grpc.aio.insecure_channel(address, options=OPTIONS)


async def call(method: Callable[..., Awaitable[Response]], request: object, *, seconds: float) -> Response:
    """Calls `stub.Method` with the request id and what is left of the deadline.

    Raises the LikenessError that the server raised, UnavailableError when it cannot be reached.
    """
    metadata = ((REQUEST_ID, current_request_id()),) if current_request_id() else ()
    try:
        return await method(request, timeout=deadlines.remaining(seconds), metadata=metadata)
    except grpc.aio.AioRpcError as error:
        raise from_rpc_error(error, _name(method)) from error


def _name(method: object) -> str:
    """The service that a stub's method calls: `index` of `/likeness.index.v1.IndexService/Refresh`."""
    path = getattr(method, "_method", b"")
    parts = path.decode().split(".") if isinstance(path, bytes) else []
    return f"{parts[1]} service" if len(parts) > 1 else "service"


async def is_serving(channel: grpc.aio.Channel, seconds: float = 2.0) -> bool:
    """Whether the server at the other end reports SERVING."""
    stub = health_pb2_grpc.HealthStub(channel)
    try:
        answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=seconds)
    except grpc.aio.AioRpcError:
        return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
