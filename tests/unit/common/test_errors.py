"""One table maps each error class to one gRPC code and one HTTP status, both ways."""

import grpc
import pytest
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

from services.common.errors import BY_CODE, ERRORS, InternalError, LikenessError, UnavailableError, from_status
from services.common.grpc.status_errors import to_status

CONTRACT_TYPES = {
    400: {"BadRequestError"},
    401: {"UnauthorizedError"},
    403: {"ForbiddenError"},
    404: {"NotFoundError"},
    409: {"AlreadyExistsError"},
    413: {"BadRequestError"},
    422: {"ValidationError"},
    429: {"TooManyRequestsError"},
    500: {"InternalServerError"},
    503: {"InferenceServiceUnavailableError"},
    504: {"ProcessingError"},
}


def test_no_two_errors_share_a_grpc_code() -> None:
    assert len({error.code for error in ERRORS}) == len(ERRORS)


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_has_the_contract_type_of_its_http_status(error: type[LikenessError]) -> None:
    assert error.kind in CONTRACT_TYPES[error.http]


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_survives_the_wire(error: type[LikenessError]) -> None:
    status = to_status(error("No such thing.", reason="SOME_REASON", path="body.x"))
    detail = dict(status.trailing_metadata or ())["grpc-status-details-bin"]
    rich = status_pb2.Status.FromString(detail)
    info = error_details_pb2.ErrorInfo()
    assert isinstance(rich.details[0], any_pb2.Any)
    assert rich.details[0].Unpack(info)
    back = from_status(status.code, rich.message, info.reason, info.metadata)
    assert (type(back), back.message, back.reason, dict(back.details)) == (
        error,
        "No such thing.",
        "SOME_REASON",
        {"path": "body.x"},
    )


def test_an_unknown_code_is_our_fault() -> None:
    assert grpc.StatusCode.DATA_LOSS not in BY_CODE
    assert isinstance(from_status(grpc.StatusCode.DATA_LOSS, "", None, {}), InternalError)


def test_a_call_that_a_draining_server_drops_may_be_tried_again() -> None:
    assert isinstance(from_status(grpc.StatusCode.CANCELLED, "", None, {}), UnavailableError)
