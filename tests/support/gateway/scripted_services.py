"""Small gRPC servers that stand in for the services around the gateway: real wire, real errors, scripted answers."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from likeness.extractor.v1 import extractor_pb2, extractor_service_pb2_grpc
from likeness.index.v1 import index_pb2, index_service_pb2_grpc
from likeness.taxonomy.v1 import taxonomy_pb2, taxonomy_service_pb2_grpc
from services.common.errors import InvalidArgumentError
from services.common.grpc.server import GrpcServer
from tests.support.tutorial.option_a import SLOT

STAND_IN = extractor_pb2.Model(
    model="efficientnet_lite2", extractor="image_extractor@v1", feature_uri=SLOT, dimensions=4, modalities=["image"]
)
NAMED = extractor_pb2.Model(
    model="google_siglip_base_v1",
    extractor="image_extractor@v1",
    feature_uri=SLOT,
    dimensions=4,
    is_named_model=True,
)
KNOWN_STAGES = ("attribute_filter", "feature_search")


class ScriptedExtractor(extractor_service_pb2_grpc.ExtractorServiceServicer):
    """Serves the models in `models`."""

    def __init__(self) -> None:
        self.models = [STAND_IN]

    async def ListModels(self, request: object, context: object) -> extractor_pb2.ListModelsResponse:  # noqa: N802
        return extractor_pb2.ListModelsResponse(models=self.models)


class ScriptedIndex(index_service_pb2_grpc.IndexServiceServicer):
    """Remembers which documents it was told of, and which shards it was to rebuild."""

    def __init__(self) -> None:
        self.refreshed: list[str] = []
        self.rebuilt: list[index_pb2.ShardKey] = []

    async def Rebuild(self, request: index_pb2.RebuildRequest, context: object) -> index_pb2.RebuildResponse:  # noqa: N802
        self.rebuilt.append(request.shard)
        return index_pb2.RebuildResponse(shards=1)

    async def Refresh(self, request: index_pb2.RefreshRequest, context: object) -> index_pb2.RefreshResponse:  # noqa: N802
        self.refreshed.extend(request.document_ids)
        return index_pb2.RefreshResponse(present=len(request.document_ids))


class ScriptedTaxonomy(taxonomy_service_pb2_grpc.TaxonomyServiceServicer):
    """Knows two stages, decides nothing, and answers executions with `ranked`."""

    def __init__(self) -> None:
        self.ranked: list[taxonomy_pb2.RankedDocument] = []
        self.executed: list[taxonomy_pb2.ExecuteRetrieverRequest] = []
        self.enriched: list[taxonomy_pb2.EnrichRequest] = []

    async def CheckRetriever(  # noqa: N802
        self, request: taxonomy_pb2.CheckRetrieverRequest, context: object
    ) -> taxonomy_pb2.CheckRetrieverResponse:
        for position, stage in enumerate(json.loads(request.stages_json)):
            if stage["config"]["stage_id"] not in KNOWN_STAGES:
                path = f"stages.{position}.config.stage_id"
                raise InvalidArgumentError(f"{path} is unknown.", path=path)
        return taxonomy_pb2.CheckRetrieverResponse()

    async def Enrich(  # noqa: N802
        self, request: taxonomy_pb2.EnrichRequest, context: object
    ) -> taxonomy_pb2.EnrichResponse:
        """Calls everything "shoe" that has a field `looks_like` of that value."""
        self.enriched.append(request)
        return taxonomy_pb2.EnrichResponse(decisions=[self._decision(request, each) for each in request.subjects])

    def _decision(self, request: taxonomy_pb2.EnrichRequest, subject: taxonomy_pb2.Subject) -> taxonomy_pb2.Decision:
        matched = json.loads(subject.fields_json).get("looks_like") == "shoe"
        label = json.dumps("shoe") if matched else ""
        return taxonomy_pb2.Decision(
            subject_id=subject.subject_id,
            matched=matched,
            confidence=0.8 if matched else 0.2,
            threshold=0.3,
            label_json=label,
            source_document_id="doc_shoe" if matched else "",
            taxonomy_id=request.taxonomy_id,
            taxonomy_version=request.taxonomy_version or 1,
            values=[taxonomy_pb2.FieldValue(field="kind", value_json=label)],
        )

    async def ExecuteRetriever(  # noqa: N802
        self, request: taxonomy_pb2.ExecuteRetrieverRequest, context: object
    ) -> taxonomy_pb2.ExecuteRetrieverResponse:
        self.executed.append(request)
        page = self.ranked[request.offset : request.offset + request.limit]
        stage = taxonomy_pb2.StageStatistics(stage_name="only", input_count=4, output_count=len(self.ranked))
        return taxonomy_pb2.ExecuteRetrieverResponse(documents=page, stages=[stage], total=len(self.ranked))


@dataclass(kw_only=True)
class Surroundings:
    """The scripted services and where they listen."""

    folder: Path
    extractor: ScriptedExtractor = field(default_factory=ScriptedExtractor)
    index: ScriptedIndex = field(default_factory=ScriptedIndex)
    taxonomy: ScriptedTaxonomy = field(default_factory=ScriptedTaxonomy)
    servers: dict[str, GrpcServer] = field(default_factory=dict)

    def reset(self) -> None:
        """Forgets what earlier tests scripted and did."""
        self.extractor.models = [STAND_IN]
        self.index.refreshed.clear()
        self.index.rebuilt.clear()
        self.taxonomy.ranked = []
        self.taxonomy.executed.clear()
        self.taxonomy.enriched.clear()

    def address(self, name: str) -> str:
        """The unix socket of one service."""
        return f"unix:{self.folder}/{name}"

    async def _start(self, name: str, service: str, register: Callable[[Any, Any], None], servicer: object) -> None:
        server = GrpcServer(self.address(name), [f"likeness.{name}.v1.{service}"])
        register(servicer, server.server)
        await server.start()
        await server.ready()
        self.servers[name] = server

    async def start(self) -> None:
        """Starts all three."""
        await self._start(
            "extractor",
            "ExtractorService",
            extractor_service_pb2_grpc.add_ExtractorServiceServicer_to_server,
            self.extractor,
        )
        await self._start(
            "index", "IndexService", index_service_pb2_grpc.add_IndexServiceServicer_to_server, self.index
        )
        await self._start(
            "taxonomy",
            "TaxonomyService",
            taxonomy_service_pb2_grpc.add_TaxonomyServiceServicer_to_server,
            self.taxonomy,
        )


@asynccontextmanager
async def surroundings_in(folder: Path) -> AsyncIterator[Surroundings]:
    """The three services, on sockets in `folder`, whose path must be short."""
    surroundings = Surroundings(folder=folder)
    await surroundings.start()
    try:
        yield surroundings
    finally:
        for server in surroundings.servers.values():
            await server.stop(0)
