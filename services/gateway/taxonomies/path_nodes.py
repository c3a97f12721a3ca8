"""The nodes of hierarchies: those that a taxonomy names, or those that the paths of documents make."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.common.database.bounded_reads import QUERY_SECONDS
from services.common.database.pool import Executor
from services.common.labels.label_paths import Path, node_id, split_path
from services.gateway.taxonomies.shapes import PathNode

MOST_PATHS = 10_000
PATHS = """
    SELECT DISTINCT field_value(d.fields, $2) AS path FROM documents d
    WHERE d.collection_id = ANY($1::text[])
      OR d.collection_id IN (SELECT collection_id FROM labellers WHERE taxonomy_id = $3)
    LIMIT $4"""


async def nodes_of(db: Executor, taxonomy_id: str, config: Mapping[str, Any]) -> list[PathNode] | None:
    """The nodes of a hierarchy, parents before children; None for a taxonomy that is flat."""
    if config.get("hierarchical_nodes"):
        return _named(config["hierarchical_nodes"])
    field = config.get("path_field")
    if not field:
        return None
    collections = config.get("inference_collections") or []
    rows = await db.fetch(PATHS, collections, field, taxonomy_id, MOST_PATHS, timeout=QUERY_SECONDS)
    separator = config.get("path_separator") or "/"
    return path_nodes([split_path(row["path"], separator) for row in rows])


def path_nodes(paths: Sequence[Path]) -> list[PathNode]:
    """One node for each distinct prefix of the paths."""
    prefixes = sorted({path[:length] for path in paths for length in range(1, len(path) + 1)})
    return [
        PathNode(
            node_id=node_id(prefix),
            label=prefix[-1],
            path=list(prefix),
            parent_id=node_id(prefix[:-1]) if len(prefix) > 1 else None,
            level=len(prefix) - 1,
        )
        for prefix in prefixes
    ]


def _named(nodes: Sequence[Mapping[str, Any]]) -> list[PathNode]:
    by_id = {node["collection_id"]: node for node in nodes}
    found = [_node(node, by_id) for node in nodes]
    return sorted(found, key=lambda node: node.level)


def _node(node: Mapping[str, Any], by_id: Mapping[str, Mapping[str, Any]]) -> PathNode:
    labels, parent = [node["label"]], node["parent_collection_id"]
    while parent is not None:
        labels.append(by_id[parent]["label"])
        parent = by_id[parent]["parent_collection_id"]
    return PathNode(
        node_id=node["collection_id"],
        label=node["label"],
        path=labels[::-1],
        parent_id=node["parent_collection_id"],
        level=len(labels) - 1,
    )
