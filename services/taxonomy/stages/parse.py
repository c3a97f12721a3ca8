"""Stages in every spelling of the contract: {config {stage_id, parameters}}, flat, legacy `stage_type` and `type`."""

from collections.abc import Mapping
from typing import Any

import orjson

from services.common.errors import InvalidArgumentError
from services.taxonomy.stages.attribute_filter import make_filter
from services.taxonomy.stages.base.stage import Stage
from services.taxonomy.stages.base.templated_stage import TemplatedStage, has_templates
from services.taxonomy.stages.registry import REFUSED, STAGES

CATEGORIES = frozenset({"filter", "sort", "reduce", "apply", "enrich"})
MOST_STAGES = 20


def parse_stages_json(text: str) -> tuple[Stage, ...]:
    """The stages in a JSON text."""
    try:
        return parse_stages(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise InvalidArgumentError(f"stages is not JSON: {error}.", path="stages") from error


def parse_stages(raw: Any) -> tuple[Stage, ...]:
    """The stages in order; InvalidArgumentError names the place of a fault, such as `stages.1.config.stage_id`."""
    if not isinstance(raw, list) or not raw:
        raise InvalidArgumentError("stages must be a list of at least one stage.", path="stages")
    if len(raw) > MOST_STAGES:
        raise InvalidArgumentError(f"stages must be a list of at most {MOST_STAGES} stages.", path="stages")
    return tuple(stage for position, item in enumerate(raw) for stage in _parse(item, f"stages.{position}"))


def _parse(raw: Any, path: str) -> list[Stage]:
    """The stage, between its pre_filters and post_filters where it has them."""
    if not isinstance(raw, Mapping):
        raise InvalidArgumentError(f"{path} must be an object with 'stage_name' and 'config'.", path=path)
    config = {} if raw.get("config") is None else raw["config"]
    if not isinstance(config, Mapping):
        raise InvalidArgumentError(f"{path}.config must be an object.", path=f"{path}.config")
    stage_id = _stage_id(raw, config, path)
    name = str(raw.get("stage_name") or stage_id)
    stages: list[Stage] = [_stage(stage_id, name, *_parameters(raw, config, path))]
    if config.get("pre_filters"):
        stages.insert(0, make_filter(f"{name}.pre_filters", config["pre_filters"], f"{path}.config.pre_filters"))
    if config.get("post_filters"):
        stages.append(make_filter(f"{name}.post_filters", config["post_filters"], f"{path}.config.post_filters"))
    return stages


def _stage(stage_id: str, name: str, parameters: Mapping[str, Any], path: str) -> Stage:
    parse = STAGES[stage_id]
    if has_templates(stage_id, parameters, path):
        return TemplatedStage(name=name, stage_id=stage_id, parse=parse, parameters=parameters, path=path)
    return parse(name, parameters, path)


def _stage_id(raw: Mapping[str, Any], config: Mapping[str, Any], path: str) -> str:
    spelt = [
        (f"{path}.config.stage_id", config.get("stage_id")),
        (f"{path}.stage_id", raw.get("stage_id")),
        (f"{path}.stage_type", raw.get("stage_type") if raw.get("stage_type") not in CATEGORIES else None),
        (f"{path}.type", raw.get("type")),
    ]
    where, named = next(((place, value) for place, value in spelt if value is not None), (spelt[0][0], None))
    if isinstance(named, str) and named in STAGES:
        return named
    if isinstance(named, str) and named in REFUSED:
        raise InvalidArgumentError(
            f"{where}: the stage '{named}' does not run here: {REFUSED[named]}.",
            reason="STAGE_NOT_SUPPORTED",
            path=where,
        )
    fault = "is missing" if named is None else f"{named!r:.60} is not a stage that is available"
    raise InvalidArgumentError(f"{where} {fault}; use one of {', '.join(STAGES)}.", path=where)


def _parameters(raw: Mapping[str, Any], config: Mapping[str, Any], path: str) -> tuple[Mapping[str, Any], str]:
    for holder, where in ((config, f"{path}.config"), (raw, path)):
        if holder.get("parameters") is not None:
            return _mapping(holder["parameters"], f"{where}.parameters")
    return (config, f"{path}.config") if config else (raw, path)


def _mapping(raw: Any, path: str) -> tuple[Mapping[str, Any], str]:
    if not isinstance(raw, Mapping):
        raise InvalidArgumentError(f"{path} must be an object.", path=path)
    return raw, path
