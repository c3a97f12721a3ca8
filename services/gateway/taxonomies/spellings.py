"""Older spellings of taxonomies, made into the contract's: keys beside `config`, mappings as objects, `hierarchy`."""

from collections.abc import Mapping
from typing import Any

from services.gateway.kit.shapes import JsonObject

CONFIG_KEYS = (
    "taxonomy_type",
    "retriever_id",
    "input_mappings",
    "source_collection",
    "top_k",
    "hierarchical_nodes",
    "hierarchy",
    "path_field",
    "path_separator",
    "confidence_threshold",
    "reference_labels",
    "enrichment_fields",
)
MERGE_MODES = {"enrich": "replace", "overwrite": "replace"}


def read_spellings(raw: Any) -> Any:
    """The request with a `config` in the contract's form; what is no object is left for validation to refuse."""
    changes = read_changes(raw)
    if isinstance(changes, Mapping) and isinstance(changes.get("config"), Mapping):
        return {**changes, "config": typed(changes["config"])}
    return changes


def read_changes(raw: Any) -> Any:
    """The same for a request that changes some keys of a config, whose type is known already."""
    if not isinstance(raw, Mapping):
        return raw
    config = raw.get("config")
    if config is not None and not isinstance(config, Mapping):
        return raw
    beside = {key: raw[key] for key in CONFIG_KEYS if raw.get(key) is not None}
    if config is None and not beside:
        return raw
    rest = {key: value for key, value in raw.items() if key not in CONFIG_KEYS}
    return {**rest, "config": respelt({**beside, **(config or {})})}


def respelt(config: Mapping[str, Any]) -> JsonObject:
    """The config with nodes, mappings and fields under the contract's names."""
    read: JsonObject = dict(config)
    if "hierarchy" in read and "hierarchical_nodes" not in read:
        read["hierarchical_nodes"] = read.pop("hierarchy")
    if isinstance(read.get("hierarchical_nodes"), list):
        read["hierarchical_nodes"] = [_node(node) for node in read["hierarchical_nodes"]]
    if read.get("source_collection") is not None:
        read["source_collection"] = _source(read["source_collection"], read.pop("enrichment_fields", None))
    if "input_mappings" in read:
        read["input_mappings"] = _mappings(read["input_mappings"])
    return read


def typed(config: Mapping[str, Any]) -> JsonObject:
    """The config with its type, which older spellings leave out."""
    nested = ("hierarchical_nodes", "inference_strategy", "inference_collections")
    own_path = config.get("path_field") and not config.get("source_collection")
    guess = "hierarchical" if own_path or any(config.get(key) for key in nested) else "flat"
    return {**config, "taxonomy_type": config.get("taxonomy_type") or guess}


def _node(raw: Any) -> Any:
    if not isinstance(raw, Mapping):
        return raw
    node = dict(raw)
    for old, new in (("node_id", "collection_id"), ("parent_node_id", "parent_collection_id")):
        if old in node and new not in node:
            node[new] = node.pop(old)
    if "enrichment_fields" in node:
        node["enrichment_fields"] = _fields(node["enrichment_fields"])
    if "input_mappings" in node:
        node["input_mappings"] = _mappings(node["input_mappings"])
    return node


def _source(raw: Any, fields: Any) -> Any:
    source = {"collection_id": raw} if isinstance(raw, str) else raw
    if not isinstance(source, Mapping):
        return source
    found = source.get("enrichment_fields", fields)
    return dict(source) if found is None else {**source, "enrichment_fields": _fields(found)}


def _fields(raw: Any) -> Any:
    return [_field(field) for field in raw] if isinstance(raw, list) else raw


def _field(raw: Any) -> Any:
    if isinstance(raw, str):
        return {"field_path": raw}
    if not isinstance(raw, Mapping):
        return raw
    mode = raw.get("merge_mode")
    return {**raw, "merge_mode": MERGE_MODES.get(mode, mode) if isinstance(mode, str) else mode}


def _mappings(raw: Any) -> Any:
    """A list of mappings, also when they came as {input: path} or {input: {...}}."""
    if not isinstance(raw, Mapping):
        return raw
    return [
        {"input_key": key, **(value if isinstance(value, Mapping) else {"source_type": "payload", "path": value})}
        for key, value in raw.items()
    ]
