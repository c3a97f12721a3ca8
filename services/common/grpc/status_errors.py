"""Errors over gRPC: LikenessError <-> google.rpc.Status with an ErrorInfo."""

from collections.abc import Mapping

import grpc
import structlog
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from services.common.errors import LikenessError, from_status

DOMAIN = "likeness"
FAILED = "The {service} failed; its log has the details under this request id."
AWAY = "The {service} does not answer; try again in a moment."
WORDS: Mapping[grpc.StatusCode, str] = {
    grpc.StatusCode.UNAVAILABLE: AWAY,
    grpc.StatusCode.CANCELLED: AWAY,
    grpc.StatusCode.DEADLINE_EXCEEDED: "The {service} took too long to answer; ask for less or try again.",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "What was sent to or by the {service} is too large for one call; ask for less.",
}
log = structlog.get_logger()


def to_status(error: LikenessError) -> grpc.Status:
    """The rich status that carries the error's reason and details."""
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=dict(error.details))
    detail = any_pb2.Any()
    detail.Pack(info)
    status = status_pb2.Status(code=error.code.value[0], message=error.message, details=[detail])
    rich: grpc.Status = rpc_status.to_status(status)
    return rich


def from_rpc_error(error: grpc.aio.AioRpcError, service: str = "service") -> LikenessError:
    """The LikenessError that a failed call of a service stands for.

    What did not come from there but from gRPC itself is said in our words; its own go to the log.
    """
    info = error_details_pb2.ErrorInfo()
    status = rpc_status.from_call(error)
    for detail in status.details if status else []:
        if detail.Unpack(info):
            return from_status(error.code(), error.details() or "", info.reason or None, info.metadata)
    log.warning("call failed", service_called=service, code=error.code().name, details=error.details())
    return from_status(error.code(), WORDS.get(error.code(), FAILED).format(service=service), None, {})
