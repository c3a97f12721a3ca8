"""Errors over gRPC: LikenessError <-> google.rpc.Status with an ErrorInfo."""

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from services.common.errors import LikenessError, from_status

DOMAIN = "likeness"


def to_status(error: LikenessError) -> grpc.Status:
    """The rich status that carries the error's reason and details."""
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=dict(error.details))
    detail = any_pb2.Any()
    detail.Pack(info)
    status = status_pb2.Status(code=error.code.value[0], message=error.message, details=[detail])
    rich: grpc.Status = rpc_status.to_status(status)
    return rich


def from_rpc_error(error: grpc.aio.AioRpcError) -> LikenessError:
    """The LikenessError that a failed call stands for."""
    info = error_details_pb2.ErrorInfo()
    status = rpc_status.from_call(error)
    for detail in status.details if status else []:
        if detail.Unpack(info):
            break
    return from_status(error.code(), error.details() or error.code().name, info.reason or None, info.metadata)
