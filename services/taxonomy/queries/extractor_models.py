"""What the models behind the slots can embed, as the extractor service says."""

from collections.abc import Mapping

import grpc
from cachetools import TTLCache

from likeness.extractor.v1.extractor_pb2 import ListModelsRequest, ListModelsResponse
from likeness.extractor.v1.extractor_service_pb2_grpc import ExtractorServiceStub
from services.common.grpc.client import call
from services.taxonomy.domain import Target

CACHE_SECONDS = 30.0
Modalities = Mapping[tuple[str, str], frozenset[str]]


class Models:
    """Asks the extractor now and then."""

    def __init__(self, extractor: grpc.aio.Channel, seconds: float) -> None:
        self._stub = ExtractorServiceStub(extractor)
        self._seconds = seconds
        self._known: TTLCache[str, Modalities] = TTLCache(maxsize=1, ttl=CACHE_SECONDS)

    async def reads(self, target: Target, modality: str) -> bool:
        """Whether the target's model embeds queries of this kind, such as "text"."""
        known = self._known.get("all")
        if known is None:
            known = self._known["all"] = await self._ask()
        return modality in known.get((target.extractor, target.model), frozenset())

    async def _ask(self) -> Modalities:
        answer: ListModelsResponse = await call(self._stub.ListModels, ListModelsRequest(), seconds=self._seconds)
        return {(model.extractor, model.model): frozenset(model.modalities) for model in answer.models}
