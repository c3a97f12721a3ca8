"""A run as the worker sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.common.database.clusters.cluster_runs import ASSIGN
from services.common.filters import EVERYTHING, Filter, parse

JsonObject = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a run is to do. `options` hold for this run alone and beat what the cluster says.

    `base_models` is, for an `assign`, feature URI -> model of the run that it adds to.
    """

    run_id: str
    base_run_id: str
    attempt: int
    cluster_id: str
    cluster_name: str
    namespace_id: str
    mode: str
    collection_ids: tuple[str, ...]
    missing_collections: tuple[str, ...]
    feature_uris: tuple[str, ...]
    config: Mapping[str, Any]
    filters: JsonObject | None
    llm_labeling: JsonObject | None
    options: Mapping[str, Any]
    base_models: Mapping[str, str]

    @property
    def is_assign(self) -> bool:
        """Whether it adds to the groups of another run."""
        return self.mode == ASSIGN

    @property
    def vectors(self) -> Mapping[str, Any] | None:
        """How to cluster vectors; None for a cluster of attributes."""
        return self.config.get("vector_config")

    @property
    def attributes(self) -> Mapping[str, Any]:
        """How to group by attributes."""
        found: Mapping[str, Any] = self.config["attribute_config"]
        return found

    @property
    def wanted(self) -> Filter:
        """The documents that count."""
        given = self.options.get("filters", self.filters)
        return parse(given, "filters", inputs=False) if given else EVERYTHING

    @property
    def sample_size(self) -> int | None:
        """How many documents it takes at most."""
        found: int | None = self.options.get("sample_size") or (self.vectors or {}).get("sample_size")
        return found

    @property
    def naming(self) -> JsonObject | None:
        """How its groups are to be named."""
        found: JsonObject | None = self.options.get("llm_labeling", self.llm_labeling)
        return found


def run_of(row: asyncpg.Record) -> Run:
    """A run from its row joined with that of its cluster."""
    return Run(
        run_id=row["run_id"],
        base_run_id=row["base_run_id"],
        attempt=row["attempt"],
        cluster_id=row["cluster_id"],
        cluster_name=row["cluster_name"],
        namespace_id=row["namespace_id"],
        mode=row["mode"],
        collection_ids=tuple(row["collection_ids"]),
        missing_collections=tuple(row["missing_collections"]),
        feature_uris=tuple(row["base_feature_uris"] if row["mode"] == ASSIGN else row["feature_uris"]),
        config=row["config"],
        filters=row["filters"],
        llm_labeling=row["llm_labeling"],
        options=row["options"],
        base_models=row["base_models"],
    )
