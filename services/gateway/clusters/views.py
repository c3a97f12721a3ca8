"""Answers about clusters."""

from datetime import datetime
from typing import Literal

import asyncpg
from pydantic import Field

from services.common.database.clusters.cluster_runs import algorithm_of
from services.gateway.clusters.llm_labeling import shown_labeling
from services.gateway.kit.lists.shapes import Pagination
from services.gateway.kit.shapes import Answer, Degraded, JsonObject
from services.gateway.tasks.shapes import TaskOut

UNKNOWN_FIELDS = "Fields of the filter that nothing has"

Status = Literal["PENDING", "PROCESSING", "COMPLETED", "FAILED", "CANCELED"]
SAME = (
    *("cluster_id", "cluster_name", "description", "namespace_id", "filters", "cluster_type", "metadata"),
    *("source_enrichment_config", "num_clusters", "num_documents_clustered", "execution_time_seconds"),
    *("quality_metrics", "status", "error", "last_run_id", "created_at", "updated_at", "last_executed_at"),
    "completed_at",
)


class Cluster(Answer):
    """ClusterMetadata; the figures are those of the last run that was completed, `status` that of the last run."""

    cluster_id: str
    cluster_name: str
    description: str | None
    namespace_id: str
    input_collections: list[str]
    source_bucket_ids: list[str]
    filters: JsonObject | None
    cluster_type: str
    feature_uris: list[str] | None
    multi_feature_strategy: str | None = None
    sample_size: int | None = None
    preprocessing_steps: list[JsonObject] | None = None
    vis_n_components: int | None = None
    layout_stability: str | None = None
    clustered_attributes: list[str] | None = None
    hierarchical_grouping: bool | None = None
    aggregation_method: str | None = None
    output_collection_ids: list[str]
    output_collection_names: list[str]
    algorithm: str
    algorithm_params: JsonObject | None
    enrich_source: bool
    source_enrichment_config: JsonObject | None
    auto_execute_on_batch: bool
    auto_execute_min_documents: int | None
    auto_execute_cooldown_seconds: int
    llm_labeling: JsonObject | None
    num_clusters: int | None
    num_documents_clustered: int | None
    execution_time_seconds: float | None
    quality_metrics: JsonObject | None
    hierarchy_detected: bool
    status: Status
    error: str | None
    last_execution_task_id: str | None
    last_run_id: str | None
    created_at: datetime
    updated_at: datetime
    last_executed_at: datetime | None
    completed_at: datetime | None
    llm_labeling_errors: list[str] | None
    metadata: JsonObject
    warnings: list[Degraded] = Field(default_factory=list, description=UNKNOWN_FIELDS)


class ClusterConfig(Answer):
    """ClusterModel: a cluster in the words in which it was asked for."""

    cluster_id: str
    collection_ids: list[str]
    cluster_name: str
    description: str | None
    metadata: JsonObject
    cluster_type: str
    vector_config: JsonObject | None
    attribute_config: JsonObject | None
    filters: JsonObject | None
    llm_labeling: JsonObject | None
    enrich_source_collection: bool
    source_enrichment_config: JsonObject | None
    auto_execute_on_batch: bool
    auto_execute_min_documents: int | None
    auto_execute_cooldown_seconds: int
    num_clusters: int | None
    status: Status
    task_id: str | None
    last_run_id: str | None
    created_at: datetime
    updated_at: datetime
    warnings: list[Degraded] = Field(default_factory=list, description=UNKNOWN_FIELDS)


class ClusterListStats(Answer):
    """ClusterListStats: of the clusters of this page."""

    total_clusters: int
    total_documents: int
    avg_documents_per_cluster: float
    clusters_by_status: dict[str, int]


class ClusterList(Answer):
    """ListClustersResponse."""

    results: list[Cluster]
    pagination: Pagination
    total_count: int
    stats: ClusterListStats
    warnings: list[Degraded] = Field(default_factory=list)


class ClusterStarted(TaskOut):
    """The task of a run."""

    warnings: list[Degraded] = Field(default_factory=list, description=UNKNOWN_FIELDS)


class ClusterDeleted(Answer):
    """What was deleted; running executions are canceled."""

    message: str
    success: bool = True
    cluster_id: str
    canceled_runs: list[str]
    warnings: list[Degraded] = Field(default_factory=list)


def to_cluster(row: asyncpg.Record) -> Cluster:
    """A cluster from its row with `bucket_ids` and `output_collection_name`."""
    vectors, attributes = row["config"].get("vector_config", {}), row["config"].get("attribute_config", {})
    output = row["output_collection_id"]
    shared = ("multi_feature_strategy", "sample_size", "preprocessing_steps", "vis_n_components", "layout_stability")
    return Cluster(
        **{name: row[name] for name in SAME},
        **{name: vectors.get(name) for name in shared},
        input_collections=row["collection_ids"],
        source_bucket_ids=row["bucket_ids"],
        feature_uris=row["feature_uris"] or None,
        clustered_attributes=attributes.get("attributes"),
        hierarchical_grouping=attributes.get("hierarchical_grouping"),
        aggregation_method=attributes.get("aggregation_method"),
        output_collection_ids=[output] if output else [],
        output_collection_names=[row["output_collection_name"]] if output else [],
        algorithm=algorithm_of(row["cluster_type"], row["config"]),
        algorithm_params=vectors.get("algorithm_params"),
        enrich_source=row["enrich_source_collection"],
        auto_execute_on_batch=row["auto_execute_on_batch"],
        auto_execute_min_documents=row["auto_execute_min_documents"],
        auto_execute_cooldown_seconds=row["auto_execute_cooldown_seconds"],
        llm_labeling=shown_labeling(row["llm_labeling"]),
        hierarchy_detected=bool(attributes.get("hierarchical_grouping")),
        last_execution_task_id=row["last_task_id"],
        llm_labeling_errors=row["llm_labeling_errors"] or None,
    )


def to_config(row: asyncpg.Record) -> ClusterConfig:
    """The same in the words of the request."""
    same = set(ClusterConfig.model_fields) & set(row.keys()) - {"llm_labeling"}
    vectors = row["config"].get("vector_config")
    return ClusterConfig(
        **{name: row[name] for name in same},
        vector_config=vectors and {**vectors, "feature_uris": row["feature_uris"]},
        attribute_config=row["config"].get("attribute_config"),
        llm_labeling=shown_labeling(row["llm_labeling"]),
        task_id=row["last_task_id"],
    )


def stats_of(clusters: list[Cluster]) -> ClusterListStats:
    """What a list holds."""
    documents = sum(cluster.num_documents_clustered or 0 for cluster in clusters)
    statuses = [cluster.status for cluster in clusters]
    return ClusterListStats(
        total_clusters=len(clusters),
        total_documents=documents,
        avg_documents_per_cluster=documents / len(clusters) if clusters else 0.0,
        clusters_by_status={status: statuses.count(status) for status in sorted(set(statuses))},
    )
