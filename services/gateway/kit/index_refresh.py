"""Read-your-writes: the index is told of a change before it is answered."""

from collections.abc import Sequence

import structlog

from likeness.index.v1 import index_pb2
from services.common.errors import LikenessError
from services.common.grpc.client import call
from services.gateway.kit.dependencies import Gateway

log = structlog.get_logger()


async def refresh_index(gateway: Gateway, document_ids: Sequence[str]) -> None:
    """Makes the index re-read committed documents. When it cannot be reached, its change log brings it up to date."""
    if not document_ids:
        return
    request = index_pb2.RefreshRequest(document_ids=document_ids)
    try:
        await call(gateway.index.Refresh, request, seconds=gateway.settings.rpc_timeout)
    except LikenessError as error:
        log.warning("index not refreshed", documents=len(document_ids), error=error.message)
