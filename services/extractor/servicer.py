"""likeness.extractor.v1.ExtractorService: messages in, messages out; the work is the pipeline's."""

from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct

from likeness.extractor.v1 import extractor_pb2 as pb
from likeness.extractor.v1.extractor_service_pb2_grpc import ExtractorServiceServicer
from services.common.errors import InvalidArgumentError
from services.common.extractors.vectors import to_message
from services.extractor.engine import Engine
from services.extractor.input_in_flight import Extracted
from services.extractor.manifest import Manifest
from services.extractor.model_port import Artifact, Obstacle, Part, Source
from services.extractor.pipeline import Outcome

Context = grpc.aio.ServicerContext[Any, Any]
DECIMALS = 2


class ExtractorServicer(ExtractorServiceServicer):
    """Embeds inputs with the models that the engine has loaded."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def Extract(self, request: pb.ExtractRequest, context: Context) -> pb.ExtractResponse:  # noqa: N802
        """One extraction per input, in order; a bad input gets its own error."""
        pipeline = self._engine.pipeline(request.extractor, request.model)
        if not request.inputs:
            raise InvalidArgumentError("inputs is empty; send at least one.", path="inputs")
        parameters = MessageToDict(request.parameters)
        outcomes = await pipeline.extract([_source(item, parameters) for item in request.inputs])
        manifest = pipeline.model.manifest
        return pb.ExtractResponse(
            extractions=[
                _extraction(item.input_id, manifest, outcome)
                for item, outcome in zip(request.inputs, outcomes, strict=True)
            ]
        )

    async def ListModels(self, request: pb.ListModelsRequest, context: Context) -> pb.ListModelsResponse:  # noqa: N802
        """The loaded models, the preferred one of each slot first."""
        return pb.ListModelsResponse(models=[_model(model.manifest) for model in self._engine.models()])


def _source(item: pb.Input, parameters: dict[str, Any]) -> Source:
    return Source(
        content=item.content,
        mime_type=item.mime_type,
        text=item.text,
        is_query=item.purpose == pb.PURPOSE_QUERY,
        parameters=parameters,
    )


def _extraction(input_id: str, manifest: Manifest, outcome: Outcome) -> pb.Extraction:
    if isinstance(outcome, Extracted):
        milliseconds = round(outcome.milliseconds, DECIMALS)
        parts = [_part(part, manifest, milliseconds) for part in outcome.parts]
        return pb.Extraction(input_id=input_id, parts=parts, processing_time_ms=milliseconds)
    return pb.Extraction(input_id=input_id, error=_error(outcome))


def _part(part: Part, manifest: Manifest, milliseconds: float) -> pb.Part:
    fields = Struct()
    fields.update({**part.fields, "processing_time_ms": milliseconds})
    message = pb.Part(fields=fields, artifacts=[_artifact(artifact) for artifact in part.artifacts])
    if part.obstacle is None:
        message.embeddings.add(
            feature_uri=manifest.feature_uri, vector=to_message(part.embedding), same_from=manifest.same_from
        )
    else:
        message.no_embedding.CopyFrom(_error(part.obstacle))
    return message


def _error(why: InvalidArgumentError | Obstacle) -> pb.ExtractionError:
    return pb.ExtractionError(reason=why.reason, message=why.message)


def _artifact(artifact: Artifact) -> pb.Artifact:
    return pb.Artifact(field=artifact.field, mime_type=artifact.mime_type, content=artifact.content)


def _model(manifest: Manifest) -> pb.Model:
    return pb.Model(
        model=manifest.model,
        extractor=manifest.extractor,
        feature_uri=manifest.feature_uri,
        dimensions=manifest.dimensions,
        is_named_model=manifest.is_named_model,
        label_threshold=manifest.label_threshold,
        sha256=manifest.sha256,
        licence=manifest.licence,
        source=manifest.source,
        modalities=manifest.modalities,
    )
