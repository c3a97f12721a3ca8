"""The loaded models and their pipelines: empty until `load` is through."""

import asyncio
import os

from services.common.errors import InvalidArgumentError, NotFoundError, UnavailableError
from services.common.settings import Settings
from services.extractor.model_port import Model
from services.extractor.models.onnx_session import CPU
from services.extractor.models.registry import load_models
from services.extractor.pipeline import Pipeline
from services.extractor.serving_plan import MODELLESS, plan


class Engine:
    """Which pipeline serves (extractor, model)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pipelines: dict[tuple[str, str], Pipeline] | None = None

    async def load(self) -> None:
        """Loads and warms every model, off the event loop."""
        models = await asyncio.to_thread(
            load_models,
            self._settings.models_dir,
            strict=self._settings.strict_models,
            max_pixels=self._settings.max_pixels,
        )
        self._pipelines = {(model.manifest.extractor, model.manifest.model): self._pipeline(model) for model in models}

    def _pipeline(self, model: Model) -> Pipeline:
        cores = self._settings.extractor_threads or usable_cores()
        spread = plan(model.providers[0] == CPU, cores, self._settings.extractor_batch)
        return Pipeline(model, spread, decoders=cores, capacity=self._settings.extractor_queue)

    def pipeline(self, extractor: str, model: str) -> Pipeline:
        """Raises UnavailableError while loading, NotFoundError when no such model is loaded.

        Raises InvalidArgumentError for an extractor that has no models at all.
        """
        if extractor in MODELLESS:
            message = f"Extractor '{extractor}' copies fields and embeds nothing; write its documents without Extract."
            raise InvalidArgumentError(message, reason="NO_MODEL", path="extractor")
        found = self._loaded().get((extractor, model))
        if found is None:
            names = ", ".join(sorted(name for _, name in self._loaded())) or "none"
            message = f"No model '{model}' of extractor '{extractor}' is loaded; loaded: {names}."
            raise NotFoundError(message, resource="model", id=f"{extractor}/{model}")
        return found

    def models(self) -> tuple[Model, ...]:
        """The loaded models, the preferred one of each slot first."""
        return tuple(pipeline.model for pipeline in self._loaded().values())

    def _loaded(self) -> dict[tuple[str, str], Pipeline]:
        if self._pipelines is None:
            raise UnavailableError("The models are being loaded; try again in a moment.", reason="LOADING")
        return self._pipelines

    async def close(self) -> None:
        """Ends every pipeline."""
        for pipeline in (self._pipelines or {}).values():
            await asyncio.to_thread(pipeline.close)


def usable_cores() -> int:
    """The cores that this process may run on, which in a container are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
