"""The parameters of feature_search, checked before anything runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.common.errors import InvalidArgumentError
from services.common.filters import EVERYTHING, Filter
from services.taxonomy.fusion import Fusion
from services.taxonomy.stages.attribute_filter import make_filter
from services.taxonomy.stages.queries import Query, parse_query

MOST_SEARCHES = 10
MOST_RESULTS = 5000
NOT_SUPPORTED = ("group_by", "facets", "learning_config", "query_preprocessing", "collection_identifiers", "lexical")


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One question to one slot; without a `feature_uri` the collections' own slot is meant."""

    path: str
    feature_uri: str | None
    query: Query
    top_k: int
    min_score: float
    weight: float
    skip_when_empty: bool
    filter: Filter = EVERYTHING


def parse_searches(parameters: Mapping[str, Any], path: str) -> tuple[Search, ...]:
    """The searches, in the list form or as a lone search in the parameters themselves."""
    _refuse_unsupported(parameters, path)
    raw = parameters.get("searches")
    if raw is None:
        flat = {"top_k": parameters.get("limit"), **parameters}
        return (_parse_search(flat, path, lone=True),) if "query" in parameters else ()
    if not isinstance(raw, list) or len(raw) > MOST_SEARCHES:
        raise InvalidArgumentError(
            f"{path}.searches must be a list of at most {MOST_SEARCHES} searches.", path=f"{path}.searches"
        )
    return tuple(_parse_search(item, f"{path}.searches.{position}") for position, item in enumerate(raw))


def parse_fusion(parameters: Mapping[str, Any], path: str) -> Fusion:
    """How several searches are fused, `rrf` by default."""
    raw = parameters.get("fusion")
    named = raw.get("strategy") if isinstance(raw, Mapping) else raw
    if named is None:
        return Fusion.RRF
    if named not in list(Fusion):
        raise InvalidArgumentError(
            f"{path}.fusion {named!r:.40} is not supported; use one of {', '.join(Fusion)}.", path=f"{path}.fusion"
        )
    return Fusion(named)


def whole_number(parameters: Mapping[str, Any], key: str, path: str, default: int) -> int:
    """A count of results, 1 to 5000."""
    raw = parameters.get(key)
    if raw is None:
        return default
    number = isinstance(raw, int | float) and not isinstance(raw, bool) and raw == raw // 1
    if not number or not 1 <= raw <= MOST_RESULTS:
        raise InvalidArgumentError(
            f"{path}.{key} must be a whole number from 1 to {MOST_RESULTS}.", path=f"{path}.{key}"
        )
    return int(raw)


def _parse_search(raw: Any, path: str, *, lone: bool = False) -> Search:
    if not isinstance(raw, Mapping):
        raise InvalidArgumentError(f"{path} must be an object with 'feature_uri' and 'query'.", path=path)
    _refuse_unsupported(raw, path)
    feature_uri = raw.get("feature_uri")
    if not (isinstance(feature_uri, str) and feature_uri) and not (lone and feature_uri is None):
        raise InvalidArgumentError(
            f"{path}.feature_uri must name a feature, such as 'mixpeek://image_extractor@v1/google_siglip_base_v1'.",
            path=f"{path}.feature_uri",
        )
    return Search(
        path=path,
        feature_uri=feature_uri,
        query=parse_query(raw.get("query"), f"{path}.query"),
        top_k=whole_number(raw, "top_k", path, 100),
        min_score=_share(raw, "min_score", path, 0.0),
        weight=_share(raw, "weight", path, 1.0),
        skip_when_empty=_skip_when_empty(raw, path),
        filter=make_filter("", raw.get("filters"), f"{path}.filters").filter,
    )


def _refuse_unsupported(raw: Mapping[str, Any], path: str) -> None:
    for key in NOT_SUPPORTED:
        if raw.get(key):
            raise InvalidArgumentError(f"{path}.{key} is not supported yet; leave it out.", path=f"{path}.{key}")


def _share(raw: Mapping[str, Any], key: str, path: str, default: float) -> float:
    value = raw.get(key)
    if value is None:
        return default
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise InvalidArgumentError(f"{path}.{key} must be a number from 0 to 1.", path=f"{path}.{key}")
    return float(value)


def _skip_when_empty(raw: Mapping[str, Any], path: str) -> bool:
    behaviour = raw.get("on_empty")
    if behaviour not in (None, "error", "skip"):
        raise InvalidArgumentError(f"{path}.on_empty must be 'error' or 'skip'.", path=f"{path}.on_empty")
    return behaviour == "skip" or raw.get("optional") is True
