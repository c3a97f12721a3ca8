"""The index, as the worker calls it."""

from collections.abc import Sequence

import grpc
import structlog

from likeness.index.v1 import index_pb2
from likeness.index.v1.index_service_pb2_grpc import IndexServiceStub
from services.common.errors import LikenessError
from services.common.grpc.client import call

log = structlog.get_logger()


class IndexClient:
    """Tells the index which documents have just been committed."""

    def __init__(self, channel: grpc.aio.Channel, seconds: float) -> None:
        self._stub = IndexServiceStub(channel)
        self._seconds = seconds

    async def refresh(self, document_ids: Sequence[str]) -> None:
        """Makes every later search see the documents; an index that is away catches up by itself."""
        request = index_pb2.RefreshRequest(document_ids=document_ids)
        try:
            await call(self._stub.Refresh, request, seconds=self._seconds)
        except LikenessError as error:
            log.warning("not refreshed", documents=len(document_ids), error=error.message)
