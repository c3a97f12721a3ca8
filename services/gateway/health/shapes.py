"""Health."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from services.gateway.kit.shapes import Answer


class Health(Answer):
    """Whether each part works."""

    status: Literal["healthy", "unhealthy"]
    services: dict[str, Literal["ok", "unavailable"]]


class Liveness(Answer):
    """This process lives."""

    status: Literal["alive"] = "alive"


class Parts(Answer):
    """HealthServiceStatus; there is no cache apart from the processes' own."""

    cache: bool = True
    metadata: bool
    vector_store: bool
    object_storage: bool
    task_queue: bool
    inference: bool


class DeepHealth(Answer):
    """HealthCheckResponse."""

    status: Literal["OK", "DEGRADED"]
    data: Parts
    errors: dict[str, str | None]


class Beat(Answer):
    """Whether background work goes on."""

    status: Literal["alive"] = "alive"
    waiting: int
    last_progress: datetime | None


def to_deep(services: Mapping[str, bool], *, storage_fault: str | None) -> DeepHealth:
    """From whether each service answers; the task queue is in the database."""
    parts = Parts(
        metadata=services["database"],
        vector_store=services["index"],
        object_storage=storage_fault is None,
        task_queue=services["database"],
        inference=services["extractor"] and services["taxonomy"],
    )
    faults: dict[str, str | None] = {name: "does not answer" for name, fine in parts.model_dump().items() if not fine}
    faults |= {} if storage_fault is None else {"object_storage": storage_fault}
    return DeepHealth(status="DEGRADED" if faults else "OK", data=parts, errors=faults)
