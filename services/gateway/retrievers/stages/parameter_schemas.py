"""The parameters of each stage as JSON Schema, in the contract's names."""

from typing import Any

from services.gateway.kit.shapes import JsonObject

FIELD: JsonObject = {"type": "string", "description": "A field, also by a dotted path"}
FLAG: JsonObject = {"type": "boolean"}
FILTER: JsonObject = {"type": "object", "description": "A filter in any dialect"}
FIELDS: JsonObject = {"type": "array", "items": FIELD}
COLLECTIONS: JsonObject = {"type": "array", "items": {"type": "string"}, "maxItems": 100}
FEATURE: JsonObject = {"type": "string", "description": "mixpeek://{extractor}@{version}/{output}"}


def words(*allowed: str, default: str | None = None) -> JsonObject:
    """One of some words."""
    return {"enum": list(allowed), **({} if default is None else {"default": default})}


def whole(low: int, high: int, default: int | None = None) -> JsonObject:
    """A whole number."""
    return {"type": "integer", "minimum": low, "maximum": high, **({} if default is None else {"default": default})}


def number(low: float, high: float, default: float) -> JsonObject:
    """A number."""
    return {"type": "number", "minimum": low, "maximum": high, "default": default}


def known(schema: JsonObject, default: Any) -> JsonObject:
    """The schema with a default."""
    return {**schema, "default": default}


QUERY: JsonObject = {
    "type": "object",
    "properties": {
        "input_mode": words("content", "text", "vector", "document", "multi_content"),
        "value": {"description": "A URL, a data URI, base64, words, numbers, or a template such as {{INPUT.query}}"},
        "values": {"type": "array", "maxItems": 20},
        "document_ref": {"type": "object", "properties": {"document_id": {"type": "string"}}},
    },
}
SEARCH: JsonObject = {
    "type": "object",
    "required": ["feature_uri", "query"],
    "properties": {
        "feature_uri": FEATURE,
        "query": QUERY,
        "top_k": whole(1, 5000, 100),
        "min_score": number(0, 1, 0),
        "weight": number(0, 1, 1),
        "filters": FILTER,
        "on_empty": words("error", "skip", "random", default="error"),
        "collection_identifiers": COLLECTIONS,
    },
}
GROUP: JsonObject = {
    "type": "object",
    "required": ["field"],
    "properties": {
        "field": FIELD,
        "max_per_group": whole(1, 100, 1),
        "limit": whole(1, 1000, 25),
        "output_mode": words("first", "all", "flatten", default="all"),
    },
}
FACET: JsonObject = {"type": "object", "required": ["key"], "properties": {"key": FIELD, "limit": whole(1, 1000, 10)}}
AGGREGATION: JsonObject = {
    "type": "object",
    "required": ["function"],
    "properties": {
        "function": words(
            *("count", "count_distinct", "sum", "avg", "min", "max", "first", "last", "collect", "collect_distinct"),
            *("percentile", "stddev", "variance", "frequency", "co_occurrence", "correlation"),
        ),
        "field": FIELD,
        "field_b": FIELD,
        "alias": {"type": "string"},
        "percentile_value": number(0, 100, 50),
        "top_k": whole(1, 100, 10),
    },
}
DIRECTION = words("asc", "desc", default="desc")
WEIGHTED: JsonObject = {
    "type": "object",
    "required": ["feature_uri"],
    "properties": {"feature_uri": FEATURE, "weight": number(0, 1, 1)},
}
