"""Which model serves a new collection's slot."""

from collections.abc import Sequence

from likeness.extractor.v1 import extractor_pb2
from services.common.errors import InvalidArgumentError
from services.common.extractors.traits import TRAITS
from services.common.grpc.client import call
from services.gateway.collections.extractors.feature_uris import ExtractorName, output_of
from services.gateway.collections.extractors.shapes import NAME_PATH, PARAMETERS_PATH
from services.gateway.kit.dependencies import Gateway


async def pinned_model(gateway: Gateway, extractor: ExtractorName, wanted: str | None = None) -> extractor_pb2.Model:
    """The preferred model of an extractor that is being served, of the slot `wanted` where one is named."""
    models = await served_models(gateway)
    return choose(models, extractor, wanted, strict=gateway.settings.strict_models)


async def served_models(gateway: Gateway) -> Sequence[extractor_pb2.Model]:
    """The models that the extractor service has loaded, the preferred one of each slot first."""
    request = extractor_pb2.ListModelsRequest()
    answer = await call(gateway.extractor.ListModels, request, seconds=gateway.settings.rpc_timeout)
    return answer.models


def choose(
    models: Sequence[extractor_pb2.Model], extractor: ExtractorName, wanted: str | None = None, *, strict: bool
) -> extractor_pb2.Model:
    """The first model of the extractor, which lists the preferred one first; `strict` refuses stand-ins."""
    candidates = [model for model in models if model.extractor == extractor.joined]
    if not candidates:
        raise _not_served(models, extractor)
    if wanted is not None:
        candidates = [model for model in candidates if wanted in (output_of(model.feature_uri), model.model)]
    if not candidates:
        path = f"{PARAMETERS_PATH}.embedding_model"
        raise InvalidArgumentError(f"{path}: '{wanted}' is not served here.", reason="MODEL_NOT_SERVED", path=path)
    if strict and not candidates[0].is_named_model:
        raise InvalidArgumentError(
            f"The model of {candidates[0].feature_uri} is not served, only its stand-in '{candidates[0].model}', and "
            "STRICT_MODELS refuses stand-ins: put the model's files into the models folder.",
            reason="MODEL_NOT_SERVED",
            path=NAME_PATH,
        )
    return candidates[0]


def _not_served(models: Sequence[extractor_pb2.Model], extractor: ExtractorName) -> InvalidArgumentError:
    without_model = {f"{name}@v1" for name, traits in TRAITS.items() if not traits.extracts}
    served = ", ".join(sorted({model.extractor for model in models} | without_model))
    message = f"'{extractor.joined}' is not served here; served extractors: {served}."
    return InvalidArgumentError(message, reason="EXTRACTOR_NOT_SERVED", path=NAME_PATH)
