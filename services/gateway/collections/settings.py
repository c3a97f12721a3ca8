"""What the contract lets one attach to a collection; stored as it was given, and run by whom it concerns."""

from typing import Annotated, Literal

from pydantic import Field

from services.common.extractors.parameters import EmbeddingTask
from services.gateway.collections.applications.shapes import EnrichmentMapping, WriteBack
from services.gateway.kit.shapes import Form, JsonObject

Identifier = Annotated[str, Field(min_length=1, max_length=255)]
Priority = Annotated[int, Field(ge=0, le=1000)]
Seconds = Annotated[int, Field(ge=0, le=2_592_000)]
Phase = Literal[1, 2, 3, 4]
STORED = ("schedule", "cluster_applications", "alert_applications", "retriever_transform", "embedding_task")


class Schedule(Form):
    """CollectionScheduleConfig: when the collection is to be processed again; a trigger of its own sees to it."""

    trigger_type: Literal["cron", "interval"]
    schedule_config: JsonObject
    description: str | None = None


class ClusterApplication(Form):
    """ClusterApplicationConfig; with `execution_mode` on_ingest, new documents are assigned to the groups there are."""

    cluster_id: Identifier
    execution_mode: Literal["on_ingest", "on_batch"] = "on_batch"
    auto_execute_on_batch: bool = True
    min_document_threshold: Annotated[int | None, Field(ge=0, le=1_000_000_000)] = None
    cooldown_seconds: Seconds = 3600
    execution_phase: Annotated[int, Field(ge=1, le=3)] = 2
    priority: Priority = 0


class AlertApplication(Form):
    """AlertApplicationConfig."""

    alert_id: Identifier
    execution_mode: Literal["on_ingest", "scheduled", "on_demand"] = "on_ingest"
    input_mappings: Annotated[list[EnrichmentMapping], Field(min_length=1, max_length=100)]
    execution_phase: Phase = 3
    priority: Priority = 0


class RetrieverTransform(Form):
    """RetrieverTransformConfig."""

    retriever_id: Identifier | None = None
    retriever_version: Annotated[int | None, Field(ge=1, le=1_000_000)] = None
    stages: Annotated[list[JsonObject] | None, Field(min_length=1, max_length=50)] = None
    input_mappings: list[EnrichmentMapping] | None = None
    write_back_fields: list[WriteBack] | None = None
    unique_id_field: str | list[str] | None = None


class CollectionSettings(Form):
    """What may be attached when a collection is created and later."""

    schedule: Schedule | None = None
    cluster_applications: Annotated[list[ClusterApplication] | None, Field(max_length=100)] = None
    alert_applications: Annotated[list[AlertApplication] | None, Field(max_length=100)] = None
    retriever_transform: RetrieverTransform | None = None
    embedding_task: EmbeddingTask | None = None

    def stored(self) -> JsonObject:
        """What was given; null takes a setting away."""
        return self.model_dump(include=set(STORED) & self.model_fields_set, exclude_none=False)
