"""Retriever stages: every spelling that clients send becomes one, and the answer mirrors its parameters."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.common.errors import InvalidArgumentError
from services.common.validation.unknown_keys import require_known
from services.gateway.kit.dependencies import Gateway
from services.gateway.kit.shapes import JsonObject
from services.gateway.kit.stage_check import check_stages
from services.gateway.retrievers.stages.keys import check_parameters

STAGE_TYPES = ("filter", "sort", "reduce", "apply", "enrich")
APPLIES = ("json_transform", "unwind")
DEFAULT_SIZE = 10
LONGEST_TEXT = 1000
CONFIG_KEYS = ("stage_id", "parameters", "pre_filters", "post_filters")
STAGE_KEYS = ("stage_name", "stage_type", "stage_id", "type", "config", "parameters")
KEPT = ("batch_size", "description", "on_error", "output_alias")
SORTS = ("sort_relevance", "sort_attribute", "rerank", "mmr", "score_normalize", "maxsim_rerank")
REDUCES = ("limit", "sample", "deduplicate", "aggregate", "group_by", "cluster", "summarize")


def read_stages(raw: Any, path: str = "body.stages") -> list[JsonObject]:
    """Stages as {stage_name, stage_type, config: {stage_id, parameters, ...}}, whatever spelling came in."""
    if not isinstance(raw, list) or not raw:
        raise InvalidArgumentError(f"{path} must be a list of at least one stage.", path=path)
    return [_stage(item, f"{path}.{position}") for position, item in enumerate(raw)]


def _stage(raw: Any, path: str) -> JsonObject:
    if not isinstance(raw, Mapping):
        raise InvalidArgumentError(f"{path} must be an object with a config.", path=path)
    config = raw.get("config") or {}
    if not isinstance(config, Mapping):
        raise InvalidArgumentError(f"{path}.config must be an object.", path=f"{path}.config")
    stage_id = config.get("stage_id") or raw.get("stage_id") or raw.get("type") or _type_as_id(raw)
    if not isinstance(stage_id, str):
        raise InvalidArgumentError(f"{path}.config.stage_id is missing.", path=f"{path}.config.stage_id")
    parameters, place = _parameters(raw, config, path)
    check_parameters(stage_id, parameters, place)
    given = raw.get("stage_type")
    return {
        "stage_name": _text(raw, "stage_name", path) or stage_id,
        "stage_type": given if given in STAGE_TYPES else category_of(stage_id),
        **{key: _text(raw, key, path) for key in KEPT if raw.get(key) is not None},
        "config": {**_kept(config), "stage_id": stage_id, "parameters": parameters},
    }


def _text(raw: Mapping[str, Any], key: str, path: str) -> str | None:
    value = raw.get(key)
    if value is None:
        return None
    if not isinstance(value, str | int) or len(str(value)) > LONGEST_TEXT or "\0" in str(value):
        raise InvalidArgumentError(
            f"{path}.{key} must be a text of at most {LONGEST_TEXT} characters.", path=f"{path}.{key}"
        )
    return str(value)


def _type_as_id(raw: Mapping[str, Any]) -> Any:
    given = raw.get("stage_type")
    return None if given in STAGE_TYPES else given


def _kept(config: Mapping[str, Any]) -> JsonObject:
    return {key: value for key, value in config.items() if key in CONFIG_KEYS}


def _parameters(raw: Mapping[str, Any], config: Mapping[str, Any], path: str) -> tuple[Any, str]:
    """The parameters, and where they stand: in their own object, else straight in the config, else in the stage."""
    for holder, where in ((config, f"{path}.config"), (raw, path)):
        if holder.get("parameters") is not None:
            require_known(config, CONFIG_KEYS, f"{path}.config")
            require_known(raw, (*STAGE_KEYS, *KEPT), path)
            return holder["parameters"], f"{where}.parameters"
    straight = {key: value for key, value in config.items() if key not in CONFIG_KEYS}
    if straight:
        require_known(raw, (*STAGE_KEYS, *KEPT), path)
        return straight, f"{path}.config"
    return {key: value for key, value in raw.items() if key not in STAGE_KEYS and key not in KEPT}, path


def category_of(stage_id: str) -> str:
    """The category of a stage, where the client does not say."""
    if stage_id in SORTS:
        return "sort"
    if stage_id in REDUCES:
        return "reduce"
    if stage_id in APPLIES:
        return "apply"
    return "enrich" if stage_id.endswith("_enrich") else "filter"


def mirrored(stages: Sequence[JsonObject]) -> list[JsonObject]:
    """Stages as answers show them: with the parameters at the top level too."""
    return [{**stage, "parameters": stage["config"]["parameters"]} for stage in stages]


def searches_of(stages: Sequence[JsonObject]) -> list[JsonObject]:
    """Every search of every stage."""
    found: list[JsonObject] = []
    for stage in stages:
        parameters = stage["config"].get("parameters")
        searches = parameters.get("searches") if isinstance(parameters, Mapping) else None
        found.extend(search for search in searches or [] if isinstance(search, dict))
    return found


def fusion_of(stages: Sequence[JsonObject]) -> str | None:
    """The fusion strategy that the stages name, if any."""
    for stage in stages:
        parameters = stage["config"].get("parameters")
        if isinstance(parameters, Mapping) and isinstance(parameters.get("fusion"), str):
            return str(parameters["fusion"])
    return None


def default_size(stages: Sequence[JsonObject]) -> int:
    """Results a page where the request does not say: as many as the last search or limit is made to leave, or 10."""
    for stage in reversed(stages):
        parameters = stage["config"].get("parameters")
        given = parameters if isinstance(parameters, Mapping) else {}
        for name in ("final_top_k", "limit"):
            size = given.get(name)
            if type(size) is int and size > 0:
                return size
    return DEFAULT_SIZE


async def checked_stages(gateway: Gateway, raw: Any) -> list[dict[str, Any]]:
    """The stages in their one form; InvalidArgumentError names the fault's place under `body.stages`."""
    stages = read_stages(raw)
    await check_stages(gateway, stages)
    return stages
