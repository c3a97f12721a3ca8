"""What a trigger is asked to do: everything that its action names looked up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from services.common.database.batches.rerun import require_batch
from services.common.database.batches.trigger_collection import Wanted, choose
from services.common.database.clusters.cluster_runs import algorithm_of
from services.common.database.find_resources import find_row, to_record
from services.common.database.pool import Connection
from services.common.database.taxonomies.applied_taxonomies import require_applied
from services.common.filters import DOCUMENTS, OBJECTS, Table, compile_sql, parse
from services.common.row_types import Collection
from services.common.triggers.actions import (
    Action,
    AlertAction,
    BatchAction,
    ClusterAction,
    CollectionAction,
    RetrieverAction,
    TaxonomyAction,
)
from services.gateway.kit.rows.resource_names import named
from services.gateway.kit.shapes import JsonObject
from services.gateway.retrievers.input_schema import with_defaults
from services.gateway.retrievers.store import collections_of

PATH = "body.action_config"


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """An action with ids for names, what it is done to, and the collections whose documents it is about."""

    action: Action
    resource_id: str
    collection_ids: Sequence[str] = ()
    execution_config: JsonObject | None = field(default=None)


async def resolve(connection: Connection, namespace_id: str, action: Action) -> Resolved:
    """NotFoundError for what is not in the namespace, InvalidArgumentError for what cannot be done."""
    match action:
        case ClusterAction():
            return await _cluster(connection, namespace_id, action)
        case TaxonomyAction():
            return await _taxonomy(connection, namespace_id, action)
        case BatchAction():
            check_filter(action.filters, OBJECTS)
            collection_ids = await require_batch(connection, namespace_id, action.batch_id)
            return Resolved(action=action, resource_id=action.batch_id, collection_ids=collection_ids)
        case CollectionAction():
            return await _collection(connection, namespace_id, action)
        case RetrieverAction():
            return await _retriever(connection, namespace_id, action)
        case AlertAction():
            return await _alert(connection, namespace_id, action)


def check_filter(given: Any, table: Table, path: str = f"{PATH}.filters") -> None:
    """InvalidArgumentError for a filter that cannot be read."""
    if given is not None:
        compile_sql(parse(given, path, inputs=False, selects=True), table=table)


async def _cluster(connection: Connection, namespace_id: str, action: ClusterAction) -> Resolved:
    row = await named(connection, "cluster", namespace_id, action.cluster_id, f"{PATH}.cluster_id")
    check_filter(action.filters, DOCUMENTS)
    return Resolved(
        action=action.model_copy(update={"cluster_id": row["cluster_id"]}),
        resource_id=row["cluster_id"],
        collection_ids=row["collection_ids"],
        execution_config=execution_config(row),
    )


def execution_config(cluster: asyncpg.Record) -> JsonObject:
    """TriggerExecutionConfig: what a cluster groups, and how."""
    parameters = cluster["config"].get("vector_config", {}).get("algorithm_params") or {}
    config = {**parameters, "algorithm": algorithm_of(cluster["cluster_type"], cluster["config"])}
    return {"collection_ids": list(cluster["collection_ids"]), "config": config}


async def _taxonomy(connection: Connection, namespace_id: str, action: TaxonomyAction) -> Resolved:
    path = f"{PATH}.taxonomy_id"
    taxonomy = await named(connection, "taxonomy", namespace_id, action.taxonomy_id, path)
    row = await named(connection, "collection", namespace_id, action.collection_id, f"{PATH}.collection_id")
    await require_applied(connection, row["collection_id"], taxonomy["taxonomy_id"], path)
    check_filter(action.filters, DOCUMENTS)
    ids = {"taxonomy_id": taxonomy["taxonomy_id"], "collection_id": row["collection_id"]}
    return Resolved(
        action=action.model_copy(update=ids),
        resource_id=taxonomy["taxonomy_id"],
        collection_ids=[row["collection_id"]],
    )


async def _collection(connection: Connection, namespace_id: str, action: CollectionAction) -> Resolved:
    row = await named(connection, "collection", namespace_id, action.collection_id, f"{PATH}.collection_id")
    collection_id = row["collection_id"]
    chosen = await choose(
        connection, to_record(Collection, row), Wanted(path=PATH, **action.model_dump(exclude={"collection_id"}))
    )
    ids: JsonObject = {"collection_id": collection_id}
    if action.include_buckets is not None and not chosen.source_collection_ids:
        ids["include_buckets"] = chosen.bucket_ids
    if action.include_collections is not None:
        ids["include_collections"] = chosen.source_collection_ids
    return Resolved(
        action=action.model_copy(update=ids),
        resource_id=collection_id,
        collection_ids=[collection_id],
    )


async def _retriever(connection: Connection, namespace_id: str, action: RetrieverAction) -> Resolved:
    row = await named(connection, "retriever", namespace_id, action.retriever_id, f"{PATH}.retriever_id")
    inputs = with_defaults(action.inputs, row["input_schema"] or {})
    check_filter(action.filters, DOCUMENTS)
    return Resolved(
        action=action.model_copy(update={"retriever_id": row["retriever_id"], "inputs": inputs}),
        resource_id=row["retriever_id"],
        collection_ids=await collections_of(connection, row),
    )


async def _alert(connection: Connection, namespace_id: str, action: AlertAction) -> Resolved:
    row = await named(connection, "alert", namespace_id, action.alert_id, f"{PATH}.alert_id")
    retriever = row["retriever_id"] and await find_row(connection, "retriever", namespace_id, row["retriever_id"])
    return Resolved(
        action=action.model_copy(update={"alert_id": row["alert_id"]}),
        resource_id=row["alert_id"],
        collection_ids=await collections_of(connection, retriever) if retriever else [],
    )
