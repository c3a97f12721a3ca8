"""What a request for a taxonomy comes to: its retrievers and collections looked up, its hierarchy checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from services.common.database.find_resources import get_collection, get_retriever
from services.common.errors import InvalidArgumentError
from services.common.validation.unknown_keys import reason_of
from services.gateway.kit.context import Tenant
from services.gateway.kit.shapes import JsonObject
from services.gateway.retrievers.store import resolve_collections
from services.gateway.taxonomies.config import Config, FlatConfig, HierarchicalConfig, InputMapping, Node
from services.gateway.taxonomies.spellings import respelt, typed

CONFIG: TypeAdapter[FlatConfig | HierarchicalConfig] = TypeAdapter(Config)
KEPT = ("confidence_threshold", "reference_labels", "decision", "path_field", "path_agreement", "step_analytics")
INFERENCE = "is not available: name the nodes in hierarchical_nodes, or in path_field the field that holds the path."


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A taxonomy as it is stored: its config, the retrievers that it runs, the fields that it fills."""

    config: JsonObject
    runs: list[JsonObject]
    label_fields: list[str]


def merged_config(
    current: Mapping[str, Any], changes: Mapping[str, Any], path: str = "body.config"
) -> FlatConfig | HierarchicalConfig:
    """The config after the keys in `changes` have replaced those of `current`; InvalidArgumentError names a bad one."""
    try:
        return CONFIG.validate_python(typed(respelt({**current, **changes})))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join([path, *(str(part) for part in first["loc"] if part not in ("flat", "hierarchical"))])
        said = first["msg"].removesuffix(".")
        raise InvalidArgumentError(f"{where}: {said}.", reason=reason_of(first["type"]), path=where) from error


async def plan_taxonomy(tenant: Tenant, config: FlatConfig | HierarchicalConfig) -> Plan:
    """Everything resolved; NotFoundError for a retriever or collection that does not exist."""
    if isinstance(config, FlatConfig):
        return await _flat(tenant, config)
    return await _hierarchical(tenant, config)


async def _flat(tenant: Tenant, config: FlatConfig) -> Plan:
    pool, namespace_id = tenant.gateway.pool, tenant.namespace_id
    retriever = await get_retriever(pool, namespace_id, config.retriever_id)
    normal = _normal(config) | {"retriever_id": retriever.retriever_id, "top_k": config.top_k}
    if config.path_separator:
        normal["path_separator"] = config.path_separator
    run = {"retriever": retriever.retriever_id}
    if config.source_collection is not None:
        collection = await get_collection(pool, namespace_id, config.source_collection.collection_id)
        run["collection"] = collection.collection_id
        normal["source_collection"] = {"collection_id": collection.collection_id}
        if config.source_collection.enrichment_fields:
            fields = [field.normal() for field in config.source_collection.enrichment_fields]
            normal["source_collection"]["enrichment_fields"] = fields
    return Plan(config=normal, runs=[run], label_fields=_targets(normal))


def _targets(normal: Mapping[str, Any]) -> list[str]:
    fields = normal.get("source_collection", {}).get("enrichment_fields", [])
    targets = [field.get("target_field") or field["field_path"] for field in fields]
    return targets or ([normal["path_field"]] if normal.get("path_field") else [])


async def _hierarchical(tenant: Tenant, config: HierarchicalConfig) -> Plan:
    if config.inference_strategy is not None:
        path = "body.config.inference_strategy"
        raise InvalidArgumentError(f"{path} '{config.inference_strategy:.40}' {INFERENCE}", path=path)
    if bool(config.hierarchical_nodes) == bool(config.path_field):
        path = "body.config.hierarchical_nodes"
        raise InvalidArgumentError(f"{path}: give either nodes or 'path_field', and not both.", path=path)
    normal = _normal(config) | {"path_separator": config.path_separator}
    if config.hierarchical_enrichment_style:
        normal["hierarchical_enrichment_style"] = config.hierarchical_enrichment_style
    if config.inference_collections:
        normal["inference_collections"] = await _collection_ids(tenant, config.inference_collections)
    default = await _retriever_id(tenant, config.retriever_id)
    normal |= {"retriever_id": default} if default else {}
    if not config.hierarchical_nodes:
        return _by_path(normal, default)
    nodes = [await _node(tenant, node, number, default) for number, node in enumerate(config.hierarchical_nodes)]
    _check_tree(nodes)
    runs = [{**node.pop("run"), "node": node["collection_id"]} for node in nodes]
    fields = [
        field.get("target_field") or field["field_path"] for n in nodes for field in n.get("enrichment_fields", [])
    ]
    label_fields = list(dict.fromkeys(fields)) or ["category_name"]
    return Plan(config=normal | {"hierarchical_nodes": nodes}, runs=runs, label_fields=label_fields)


def _by_path(normal: JsonObject, retriever_id: str | None) -> Plan:
    """By the path that each document carries or, with a retriever, by those of its neighbours."""
    if retriever_id is None:
        return Plan(config=normal, runs=[], label_fields=[])
    return Plan(config=normal, runs=[{"retriever": retriever_id}], label_fields=[normal["path_field"]])


def _normal(config: FlatConfig | HierarchicalConfig) -> JsonObject:
    kept = {key: value for key in KEPT if (value := getattr(config, key)) is not None}
    return {"taxonomy_type": config.taxonomy_type, "input_mappings": _mappings(config.input_mappings), **kept}


def _mappings(mappings: Sequence[InputMapping] | None) -> list[JsonObject]:
    return [mapping.model_dump(exclude_none=True) for mapping in mappings or []]


async def _retriever_id(tenant: Tenant, identifier: str | None) -> str | None:
    if identifier is None:
        return None
    return (await get_retriever(tenant.gateway.pool, tenant.namespace_id, identifier)).retriever_id


async def _collection_ids(tenant: Tenant, identifiers: Sequence[str]) -> list[str]:
    found = await resolve_collections(tenant.gateway.pool, tenant.namespace_id, identifiers)
    return [found.get(identifier, identifier) for identifier in identifiers]


async def _node(tenant: Tenant, node: Node, number: int, default: str | None) -> JsonObject:
    """The node with its run; its label is its collection's name where it has none."""
    pool, namespace_id = tenant.gateway.pool, tenant.namespace_id
    collection = await get_collection(pool, namespace_id, node.collection_id)
    retriever_id = await _retriever_id(tenant, node.retriever_id) or default
    if retriever_id is None:
        path = f"body.config.hierarchical_nodes.{number}.retriever_id"
        raise InvalidArgumentError(f"{path} is missing, and the taxonomy names no retriever for all nodes.", path=path)
    parent = node.parent_collection_id
    if parent is not None:
        parent = (await get_collection(pool, namespace_id, parent)).collection_id
    plain = node.model_dump(include={"summary", "keywords"}, exclude_none=True)
    if node.retriever_id is not None:
        plain["retriever_id"] = retriever_id
    if node.enrichment_fields is not None:
        plain["enrichment_fields"] = [field.normal() for field in node.enrichment_fields]
    if node.input_mappings is not None:
        plain["input_mappings"] = _mappings(node.input_mappings)
    return {
        "collection_id": collection.collection_id,
        "parent_collection_id": parent,
        "label": node.label or collection.collection_name,
        **plain,
        "run": {"retriever": retriever_id, "collection": collection.collection_id},
    }


def _check_tree(nodes: Sequence[Mapping[str, Any]]) -> None:
    """Each collection once, each parent a node, and no node above itself."""
    parents: dict[str, str | None] = {}
    for number, node in enumerate(nodes):
        if node["collection_id"] in parents:
            raise _bad_node(number, f"'{node['label']}' is a node already")
        parents[node["collection_id"]] = node["parent_collection_id"]
    for number, node in enumerate(nodes):
        above, steps = node["parent_collection_id"], 0
        while above is not None:
            if above not in parents:
                raise _bad_node(number, f"its parent '{above}' is no node of this taxonomy")
            above, steps = parents[above], steps + 1
            if steps > len(nodes):
                raise _bad_node(number, "it is above itself")


def _bad_node(number: int, fault: str) -> InvalidArgumentError:
    path = f"body.config.hierarchical_nodes.{number}"
    return InvalidArgumentError(f"{path}: {fault}.", path=path)
