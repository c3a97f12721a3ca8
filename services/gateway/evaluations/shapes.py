"""Evaluations: queries whose right answers are known, and how well a retriever finds them."""

from datetime import datetime
from typing import Annotated, Any, Literal

import asyncpg
from pydantic import AliasChoices, Field

from services.common.database.evaluations import K_VALUES, METRICS
from services.gateway.kit.shapes import Answer, Form, JsonObject

MOST_QUERIES = 1000
MOST_RELEVANT = 10_000
Metric = Literal["precision", "recall", "f1", "f2", "map", "ndcg", "mrr"]
INTERNAL = "self-hosted"


class GroundTruthQuery(Form):
    """GroundTruthQuery; `expected_label` is what the best result should be labelled, null for nothing."""

    query_id: Annotated[str, Field(min_length=1, max_length=200)]
    query_input: JsonObject
    relevant_documents: Annotated[list[str], Field(max_length=MOST_RELEVANT, default_factory=list)]
    relevance_scores: dict[str, Annotated[int, Field(ge=0, le=100)]] | None = None
    expected_label: Any = None


class DatasetCreate(Form):
    """CreateDatasetRequest."""

    dataset_name: Annotated[str, Field(min_length=1, max_length=200)]
    description: str | None = None
    queries: Annotated[list[GroundTruthQuery], Field(min_length=1, max_length=MOST_QUERIES)]
    metadata: JsonObject | None = None


class Dataset(Answer):
    """EvaluationDataset."""

    dataset_id: str
    dataset_name: str
    description: str | None
    queries: list[JsonObject]
    created_at: datetime
    updated_at: datetime
    namespace_id: str
    internal_id: str = INTERNAL
    query_count: int
    metadata: JsonObject


class DatasetList(Answer):
    """DatasetListResponse."""

    datasets: list[Dataset]
    total: int
    page: int
    page_size: int


class EvaluationConfig(Form):
    """EvaluationConfig; `label_field` names the label that `expected_label` is compared with."""

    k_values: Annotated[list[Annotated[int, Field(ge=1, le=500)]] | None, Field(min_length=1, max_length=20)] = None
    metrics: Annotated[list[Metric] | None, Field(min_length=1)] = None
    label_field: Annotated[str | None, Field(max_length=512)] = None

    def complete(self) -> JsonObject:
        """All metrics at the usual k, where nothing else is asked for."""
        k_values, metrics = self.k_values or K_VALUES, self.metrics or METRICS
        return {"k_values": list(k_values), "metrics": list(metrics), "label_field": self.label_field}


class EvaluationStart(Form):
    """StartEvaluationRequest: the dataset by name or id."""

    dataset_name: Annotated[str, Field(min_length=1, validation_alias=AliasChoices("dataset_name", "dataset_id"))]
    evaluation_config: EvaluationConfig | None = None


class EvaluationStarted(Answer):
    """StartEvaluationResponse."""

    task_id: str
    evaluation_id: str
    task_type: str = "retriever.evaluation"
    status: str = "pending"
    created_at: str


class Evaluation(Answer):
    """EvaluationRecord."""

    evaluation_id: str
    retriever_id: str
    dataset_id: str
    dataset_name: str
    config: JsonObject
    status: str
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None
    namespace_id: str
    internal_id: str = INTERNAL
    query_count: int
    overall_metrics: dict[str, float] | None = None
    metrics_by_k: dict[str, dict[str, float]] | None = None
    total_queries: int | None = None
    evaluated_queries: int | None = None
    skipped_queries: int | None = None
    error_message: str | None
    query_results: list[JsonObject] | None = None


class EvaluationList(Answer):
    """EvaluationListResponse."""

    evaluations: list[Evaluation]
    total: int
    page: int
    page_size: int


def to_dataset(row: asyncpg.Record) -> Dataset:
    """A dataset from its row."""
    same = set(Dataset.model_fields) - {"internal_id", "query_count"}
    return Dataset(**{name: row[name] for name in same}, query_count=len(row["queries"]))


def to_evaluation(row: asyncpg.Record) -> Evaluation:
    """An evaluation from its row."""
    known = {name: value for name, value in row.items() if name in Evaluation.model_fields}
    return Evaluation(**known, **row["results"])
