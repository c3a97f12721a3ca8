"""Collections as they are shown, with what to know of how they are labelled."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.gateway.collections.labelling.checks import (
    faults_of,
    input_faults,
    mapping_faults,
    threshold_faults,
    unjudged,
)
from services.gateway.collections.labelling.store import labelling_runs, missing_clusters, reasons
from services.gateway.collections.shapes import Collection
from services.gateway.kit.context import Tenant

Rows = Sequence[Mapping[str, Any]]


async def with_warnings(tenant: Tenant, collections: Sequence[Collection]) -> list[Collection]:
    """The same collections; their `warnings` also say which rules cannot run, which thresholds have no effect, and why
    documents could not be judged."""
    ids = [collection.collection_id for collection in collections]
    runs = _by_collection(await labelling_runs(tenant.gateway.pool, ids))
    not_judged = _by_collection(await reasons(tenant.gateway.pool, ids))
    clusters = _by_collection(await missing_clusters(tenant.gateway.pool, ids))
    for collection in collections:
        key = collection.collection_id
        found = (*_warnings(collection, runs[key], not_judged[key]), *map(_without_cluster, clusters[key]))
        collection.warnings.extend(dict.fromkeys(found))
    return list(collections)


def _without_cluster(row: Mapping[str, Any]) -> str:
    return (
        f"cluster_applications name the cluster '{row['cluster_id']}', which does not exist: nothing joins its groups."
    )


def _by_collection(rows: Rows) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["collection_id"]].append(row)
    return found


def _warnings(collection: Collection, runs: Rows, not_judged: Rows) -> Iterator[str]:
    fields = [*(collection.input_schema.properties or {}), *(collection.output_schema.properties or {})]
    for run in runs:
        yield from faults_of(run)
        yield from threshold_faults(run)
        yield from input_faults(run, fields)
        # Buckets without a schema take whatever comes.
        yield from mapping_faults(run, fields) if collection.input_schema.properties else ()
    yield from unjudged(not_judged)
