"""What the taxonomy service found, as the contract shows it: pure."""

from collections.abc import Mapping, Sequence

import orjson

from likeness.taxonomy.v1 import taxonomy_pb2
from services.gateway.kit.shapes import JsonObject

FREE = {"credits_used": 0.0}


def fields_of(item: taxonomy_pb2.RankedDocument) -> JsonObject:
    """The fields that stages set."""
    fields: JsonObject = orjson.loads(item.fields_json) if item.fields_json else {}
    return fields


def found_documents(
    ranked: Sequence[taxonomy_pb2.RankedDocument], documents: Mapping[str, JsonObject]
) -> list[JsonObject]:
    """Each result with the fields that stages gave it; those whose document is gone are left out."""
    return [
        {
            **({} if item.replaced else documents[item.document_id]),
            **fields_of(item),
            "document_id": item.document_id,
            "collection_id": item.collection_id,
            "score": item.score,
        }
        for item in ranked
        if item.replaced or item.document_id in documents
    ]


def stage_statistics(stages: Sequence[taxonomy_pb2.StageStatistics]) -> dict[str, JsonObject]:
    """Name -> statistics; a name that comes twice gets a number."""
    found: dict[str, JsonObject] = {}
    for stage in stages:
        name, number = stage.stage_name, 2
        while name in found:
            name, number = f"{stage.stage_name}_{number}", number + 1
        found[name] = _statistics(stage)
    return found


def _statistics(stage: taxonomy_pb2.StageStatistics) -> JsonObject:
    statistics: JsonObject = {
        "input_count": stage.input_count,
        "output_count": stage.output_count,
        "duration_ms": round(stage.duration_ms, 3),
        "efficiency": stage.output_count / stage.input_count if stage.input_count else 0.0,
    }
    if stage.metadata_json:
        statistics["metadata"] = orjson.loads(stage.metadata_json)
    return statistics


def noted(statistics: Mapping[str, JsonObject], name: str) -> JsonObject:
    """{name: what the last stage that noted it found out}, or nothing."""
    found = [stage["metadata"][name] for stage in statistics.values() if name in stage.get("metadata", {})]
    return {name: found[-1]} if found else {}


def explain_plan(statistics: Mapping[str, JsonObject], kinds: Mapping[str, str], milliseconds: float) -> JsonObject:
    """The profile of an execution, stage by stage."""
    stages = [
        {"stage_index": position, "stage_name": name, "stage_type": kinds.get(name, "filter"), **stage}
        for position, (name, stage) in enumerate(statistics.items())
    ]
    return {"stages": stages, "total_time_ms": milliseconds, "optimization_applied": False}
