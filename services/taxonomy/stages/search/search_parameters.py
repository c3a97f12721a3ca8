"""The parameters of feature_search, checked before anything runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.common.errors import InvalidArgumentError
from services.common.filters import EVERYTHING, Filter
from services.taxonomy.queries.query_spellings import Query, parse_query
from services.taxonomy.stage_parameters import Parameters, invalid
from services.taxonomy.stages.attribute_filter import make_filter
from services.taxonomy.stages.search.fusion import Fusion

MOST_SEARCHES = 10
MOST_RESULTS = 5000
MOST_FACETS = 10
MOST_COLLECTIONS = 100
LEXICAL = "is not supported; to find words use an attribute_filter with operator 'text', 'phrase' or 'words'."
SCORES = ("min_score", "score_threshold")
SHARED = (*SCORES, "top_k", "weight", "on_empty", "optional", "filters")
LEARNED = "'learned' is not supported, since nothing is learned from interactions here"


class OnEmpty(StrEnum):
    """What a search does without a query."""

    ERROR = "error"
    SKIP = "skip"
    RANDOM = "random"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One question to one slot; without a `feature_uri` the collections' own slot is meant.

    `collections` names where to search; empty means in the collections of the retriever.
    """

    path: str
    feature_uri: str | None
    query: Query
    top_k: int
    min_score: float
    weight: float
    on_empty: OnEmpty = OnEmpty.ERROR
    filter: Filter = EVERYTHING
    collections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """A field whose values are to be counted, and how many of them are wanted."""

    key: str
    limit: int


def parse_searches(parameters: Mapping[str, Any], path: str) -> tuple[Search, ...]:
    """The searches, in the list form or as a lone search in the parameters themselves."""
    given = Parameters(parameters, path)
    if parameters.get("searches") is None:
        flat = Parameters({"top_k": parameters.get("limit"), **parameters}, path)
        return (_parse_search(flat, (), lone=True),) if "query" in parameters else ()
    collections = parse_collections(given)
    parts = (_with_shared(part, parameters) for part in given.parts("searches", most=MOST_SEARCHES))
    return tuple(_parse_search(part, collections, lone=False) for part in parts)


def _with_shared(part: Parameters, parameters: Mapping[str, Any]) -> Parameters:
    """A search with what stands beside the list of searches, and so is meant for each that does not say otherwise."""
    own = {name: value for name, value in part.raw.items() if value is not None}
    said = {*own, *(SCORES if any(name in own for name in SCORES) else ())}
    shared = {name: parameters[name] for name in SHARED if name not in said and parameters.get(name) is not None}
    return Parameters({**own, **shared}, part.path)


def parse_collections(given: Parameters) -> tuple[str, ...]:
    """Identifiers of the collections to search, in either spelling; an empty list means the retriever's."""
    named = given.fields("collection_identifiers", "collection_ids")
    if len(named) > MOST_COLLECTIONS:
        raise invalid(f"must name at most {MOST_COLLECTIONS} collections.", f"{given.path}.collection_identifiers")
    return named


def parse_fusion(parameters: Mapping[str, Any], path: str) -> Fusion:
    """How several searches are fused, `rrf` by default."""
    raw = parameters.get("fusion")
    named = raw.get("strategy") if isinstance(raw, Mapping) else raw
    if named is None:
        return Fusion.RRF
    if named == "learned" or parameters.get("learning_config"):
        raise invalid(f"{LEARNED}; use one of {', '.join(Fusion)}.", f"{path}.fusion")
    if named not in list(Fusion):
        raise invalid(f"{named!r:.40} is not supported; use one of {', '.join(Fusion)}.", f"{path}.fusion")
    return Fusion(named)


def parse_facets(parameters: Mapping[str, Any], path: str) -> tuple[Facet, ...]:
    """The fields to count, as {key, limit} or by name alone."""
    listed, place = Parameters(parameters, path).given("facets")
    if listed is None:
        return ()
    if not isinstance(listed, list) or len(listed) > MOST_FACETS:
        raise invalid(f"must be a list of at most {MOST_FACETS} fields.", place)
    return tuple(_facet(item, f"{place}.{position}") for position, item in enumerate(listed))


def _facet(item: Any, path: str) -> Facet:
    part = Parameters(item if isinstance(item, Mapping) else {"key": item}, path)
    return Facet(key=part.field("key", "field"), limit=part.whole("limit", default=10, high=1000))


def _parse_search(given: Parameters, collections: tuple[str, ...], *, lone: bool) -> Search:
    raw, path = given.raw, given.path
    if raw.get("lexical"):
        raise invalid(LEXICAL, f"{path}.lexical")
    feature_uri = raw.get("feature_uri")
    if not (isinstance(feature_uri, str) and feature_uri) and not (lone and feature_uri is None):
        raise InvalidArgumentError(
            f"{path}.feature_uri must name a feature, such as 'mixpeek://image_extractor@v1/google_siglip_base_v1'.",
            path=f"{path}.feature_uri",
        )
    default = OnEmpty.SKIP if raw.get("optional") is True else OnEmpty.ERROR
    return Search(
        path=path,
        feature_uri=feature_uri,
        query=parse_query(raw.get("query"), f"{path}.query"),
        top_k=given.whole("top_k", default=100, high=MOST_RESULTS),
        min_score=given.number("min_score", "score_threshold", default=0.0),
        weight=given.number("weight", default=1.0),
        on_empty=OnEmpty(given.choice("on_empty", allowed=tuple(OnEmpty), default=default)),
        filter=make_filter("", raw.get("filters"), f"{path}.filters").filter,
        collections=parse_collections(given) or collections,
    )
