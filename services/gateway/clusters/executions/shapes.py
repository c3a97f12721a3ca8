"""Executions of clusters."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

import asyncpg
import numpy as np
from pydantic import Field

from services.common.database.clusters.cluster_runs import NOISE
from services.gateway.kit.lists.shapes import Pagination
from services.gateway.kit.shapes import Answer, Form, JsonObject

Status = Literal["pending", "processing", "completed", "failed", "canceled"]
SAME = (
    *("run_id", "cluster_id", "status", "num_clusters", "num_points", "member_counts_stale", "created_at"),
    *("started_at", "completed_at", "error_message", "source_documents", "vectors_retrieved", "vectors_clustered"),
    *("warnings", "run_name", "mode", "algorithm", "task_id"),
)


class Representative(Answer):
    """RepresentativeDocument."""

    document_id: str
    collection_id: str


class Centroid(Answer):
    """ClusterExecutionCentroid; vectors only when asked for, `centroid_vector` that of the first feature."""

    cluster_id: str
    num_members: int
    label: str | None
    label_source: str | None
    summary: str | None
    keywords: list[str]
    mean_cosine_similarity: float | None
    min_cosine_similarity: float | None
    centroid_vector: list[float] | None = None
    centroid_vectors: dict[str, list[float]] | None = None
    representative_ids: list[Representative]


class Execution(Answer):
    """ClusterExecutionResult; `warnings` say what a run that went well has to tell."""

    run_id: str
    cluster_id: str
    status: Status
    mode: str
    algorithm: str
    task_id: str | None
    run_name: str | None
    num_clusters: int
    num_points: int
    metrics: JsonObject | None
    warnings: list[str]
    member_counts_stale: bool
    centroids: list[Centroid] | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    error_message: str | None
    llm_labeling_errors: list[str] | None
    source_documents: int | None
    vectors_retrieved: int | None
    vectors_clustered: int | None
    index_gap: int | None
    pipeline_drop: int | None
    pipeline_drop_expected_as_noise: bool | None
    input_reconciliation_ok: bool | None
    input_reconciliation_reasons: list[str] | None
    label_overrides: dict[str, str] | None


class ExecutionListStats(Answer):
    """ClusterExecutionListStats: of all runs of the cluster."""

    total_executions: int
    executions_by_status: dict[str, int]
    avg_execution_time_ms: float
    total_documents_clustered: int
    avg_num_clusters: float


class ExecutionList(Answer):
    """ListClusterExecutionsResponse."""

    results: list[Execution]
    pagination: Pagination
    total_count: int
    stats: ExecutionListStats


class LabelsPatch(Form):
    """PatchExecutionLabelsRequest: group -> label; an empty label gives the group its own back."""

    labels: Annotated[dict[str, Annotated[str, Field(max_length=200)]], Field(min_length=1, max_length=10_000)]


class LabelsPatched(Answer):
    """PatchExecutionLabelsResponse."""

    cluster_id: str
    run_id: str
    label_overrides: dict[str, str]


class NamePatch(Form):
    """PatchExecutionRunNameRequest; an empty name takes it away."""

    run_name: Annotated[str, Field(max_length=120)]


class NamePatched(Answer):
    """PatchExecutionRunNameResponse."""

    cluster_id: str
    run_id: str
    run_name: str | None


class ExecutionCanceled(Answer):
    """What was canceled."""

    success: bool = True
    message: str
    cluster_id: str
    run_id: str
    status: Status


def label_of(group: asyncpg.Record, overrides: Mapping[str, str]) -> str | None:
    """What people call a group, else what the worker called it."""
    label: str | None = overrides.get(group["group_id"], group["label"])
    return label


def to_execution(row: asyncpg.Record, groups: Sequence[asyncpg.Record], *, vectors: bool = False) -> Execution:
    """A run from its row and the groups that it has."""
    done = row["status"] == "completed"
    drop = row["vectors_retrieved"] - row["vectors_clustered"] if done else None
    reasons: list[str] = row["reconciliation_reasons"]
    shown = [group for group in groups if group["number"] != NOISE and not group["has_parts"]]
    return Execution(
        **{name: row[name] for name in SAME},
        metrics=row["metrics"] if done else None,
        centroids=[to_centroid(group, row, vectors=vectors) for group in shown] if done else None,
        llm_labeling_errors=row["llm_labeling_errors"] or None,
        index_gap=max(row["source_documents"] - row["vectors_retrieved"], 0) if done else None,
        pipeline_drop=drop,
        pipeline_drop_expected_as_noise=bool(drop) and not reasons if done else None,
        input_reconciliation_ok=not reasons if done else None,
        input_reconciliation_reasons=reasons if done else None,
        label_overrides=row["overrides"] or None,
    )


def to_centroid(group: asyncpg.Record, run: asyncpg.Record, *, vectors: bool) -> Centroid:
    """A group as an execution tells of it."""
    found = [np.frombuffer(each, dtype="<f4").tolist() for each in group["centroids"]] if vectors else []
    return Centroid(
        cluster_id=group["group_id"],
        num_members=group["member_count"],
        label=label_of(group, run["overrides"]),
        label_source="human" if group["group_id"] in run["overrides"] else group["label_source"],
        summary=group["summary"],
        keywords=group["keywords"],
        mean_cosine_similarity=group["mean_cosine"],
        min_cosine_similarity=group["min_cosine"],
        centroid_vector=found[0] if found else None,
        centroid_vectors=dict(zip(run["feature_uris"], found, strict=True)) if found else None,
        representative_ids=[Representative(**each) for each in group["representatives"]],
    )


def stats_of(rows: Sequence[asyncpg.Record]) -> ExecutionListStats:
    """From rows of counts by status."""
    done = next((row for row in rows if row["status"] == "completed"), None)
    return ExecutionListStats(
        total_executions=sum(row["runs"] for row in rows),
        executions_by_status={row["status"]: row["runs"] for row in rows},
        avg_execution_time_ms=1000.0 * done["seconds"] / done["runs"] if done else 0.0,
        total_documents_clustered=done["points"] if done else 0,
        avg_num_clusters=done["clusters"] / done["runs"] if done else 0.0,
    )
