"""Stages in every dialect mean the same; a fault is named by its path."""

from typing import Any

import pytest

from services.common.errors import InvalidArgumentError
from services.common.filters import Condition, Operator
from services.taxonomy.queries.query_spellings import Mode
from services.taxonomy.stages.attribute_filter import AttributeFilter
from services.taxonomy.stages.parse import parse_stages, parse_stages_json
from services.taxonomy.stages.search.feature_search import FeatureSearch
from services.taxonomy.stages.search.fusion import Fusion
from services.taxonomy.stages.search.search_parameters import OnEmpty

URI = "mixpeek://image_extractor@v1/google_siglip_base_v1"
QUERY = {"input_mode": "content", "value": "{{INPUT.query_image}}"}
SEARCH = {"feature_uri": URI, "query": QUERY, "top_k": 1, "min_score": 0.3}
SEARCHES = {"searches": [SEARCH]}
LABELLED = {"AND": [{"field": "product_label", "operator": "exists", "value": True}]}
EXISTS = Condition("product_label", Operator.EXISTS, True)


def one(raw: dict[str, Any]) -> Any:
    (stage,) = parse_stages([raw])
    return stage


def feature_search(parameters: dict[str, Any]) -> FeatureSearch:
    stage = one({"stage_name": "s", "config": {"stage_id": "feature_search", "parameters": parameters}})
    assert isinstance(stage, FeatureSearch)
    return stage


@pytest.mark.parametrize(
    "raw",
    [
        {"stage_name": "s", "stage_type": "filter", "config": {"stage_id": "feature_search", "parameters": SEARCHES}},
        {"stage_name": "s", "config": {"stage_id": "feature_search", "parameters": SEARCHES}, "parameters": SEARCHES},
        {"stage_name": "s", "stage_type": "filter", "stage_id": "feature_search", "parameters": SEARCHES},
        {"stage_name": "s", "stage_type": "feature_search", "parameters": SEARCHES},
        {"stage_name": "s", "stage_type": "feature_search", "config": {"parameters": SEARCHES}},
        {"stage_name": "s", "stage_type": "feature_search", "config": SEARCHES},
        {"stage_name": "s", "type": "feature_search", **SEARCHES},
        {"stage_name": "s", "type": "feature_search", **SEARCH},
    ],
)
def test_feature_search_in_every_dialect(raw: dict[str, Any]) -> None:
    stage = one(raw)
    assert isinstance(stage, FeatureSearch)
    (search,) = stage.searches
    assert stage.name == "s"
    assert (search.feature_uri, search.top_k, search.min_score) == (URI, 1, 0.3)
    assert (search.query.mode, search.query.value) == (Mode.CONTENT, "{{INPUT.query_image}}")


@pytest.mark.parametrize(
    "parameters",
    [
        {"conditions": LABELLED},
        {"conditions": LABELLED, "field": "metadata.status", "natural_language": None},
        {"conditions": LABELLED["AND"][0]},
        {"conditions": {"AND": [{"case_sensitive": False, **LABELLED["AND"][0]}], "case_sensitive": False}},
        {"field": "product_label", "operator": "exists", "value": True},
        {"filters": {"must": [{"key": "product_label", "match": {"operator": "exists", "value": True}}]}},
        {"must": [{"key": "product_label", "match": {"operator": "exists", "value": True}}]},
        LABELLED,
    ],
)
def test_attribute_filter_in_every_dialect(parameters: dict[str, Any]) -> None:
    stage = one({"stage_name": "s", "config": {"stage_id": "attribute_filter", "parameters": parameters}})
    assert isinstance(stage, AttributeFilter)
    assert stage.filter == EXISTS


def test_the_client_librarys_flat_stage_is_understood() -> None:
    stage = one({"type": "attribute_filter", "conditions": LABELLED})
    assert (stage.name, stage.filter) == ("attribute_filter", EXISTS)


def test_pre_and_post_filters_become_stages_around_it() -> None:
    config = {"stage_id": "feature_search", "parameters": SEARCHES, "pre_filters": LABELLED, "post_filters": LABELLED}
    names = [stage.name for stage in parse_stages([{"stage_name": "s", "config": config}])]
    assert names == ["s.pre_filters", "s", "s.post_filters"]


def test_case_insensitive_reaches_the_conditions() -> None:
    parameters = {"field": "kind", "operator": "eq", "value": "Shoe", "case_insensitive": True}
    stage = one({"config": {"stage_id": "attribute_filter", "parameters": parameters}})
    assert stage.filter == Condition("kind", Operator.EQ, "Shoe", ignore_case=True)


@pytest.mark.parametrize(
    ("query", "mode", "value"),
    [
        ({"input_mode": "content", "value": "https://example.com/a.jpg"}, Mode.CONTENT, "https://example.com/a.jpg"),
        ({"input_mode": "content", "value": "aGVsbG8="}, Mode.CONTENT, "aGVsbG8="),
        ({"input_mode": "content", "content": {"url": "https://x/a"}}, Mode.CONTENT, {"url": "https://x/a"}),
        ({"input_mode": "image", "image": "data:image/png;base64,AA=="}, Mode.CONTENT, "data:image/png;base64,AA=="),
        ({"content": "https://x/a"}, Mode.CONTENT, "https://x/a"),
        ({"base64": "AA=="}, Mode.CONTENT, {"base64": "AA=="}),
        ({"url": "https://x/a"}, Mode.CONTENT, "https://x/a"),
        ("https://x/a", Mode.CONTENT, "https://x/a"),
        ("{{INPUT.image}}", Mode.ANY, "{{INPUT.image}}"),
        ("red shoes", Mode.TEXT, "red shoes"),
        ({"input_mode": "text", "value": "red shoes", "embedding_task": "none"}, Mode.TEXT, "red shoes"),
        ({"text": "{{INPUT.query}}"}, Mode.TEXT, "{{INPUT.query}}"),
        (
            {"input_mode": "multi_content", "values": ["https://x/a", {"base64": "AA=="}, "red"]},
            Mode.MULTI_CONTENT,
            ("https://x/a", {"base64": "AA=="}, "red"),
        ),
        ({"input_mode": "vector", "value": [0.1, 0.2]}, Mode.VECTOR, [0.1, 0.2]),
        ({"input_mode": "vector", "value": "{{INPUT.vector}}"}, Mode.VECTOR, "{{INPUT.vector}}"),
        ({"vector": [0.1]}, Mode.VECTOR, [0.1]),
        ([0.1], Mode.VECTOR, [0.1]),
        ({"input_mode": "document", "document_ref": {"document_id": "doc_1"}}, Mode.DOCUMENT, "doc_1"),
        ({"document_id": "doc_1"}, Mode.DOCUMENT, "doc_1"),
    ],
)
def test_queries_in_every_spelling(query: Any, mode: Mode, value: Any) -> None:
    (search,) = feature_search({"searches": [{"feature_uri": URI, "query": query}]}).searches
    assert (search.query.mode, search.query.value) == (mode, value)


def test_defaults_are_the_contracts() -> None:
    stage = feature_search({"searches": [{"feature_uri": URI, "query": QUERY}]})
    (search,) = stage.searches
    assert (search.top_k, search.min_score, search.weight, search.on_empty) == (100, 0.0, 1.0, OnEmpty.ERROR)
    assert (stage.final_top_k, stage.fusion) == (25, Fusion.RRF)


def test_what_stands_beside_the_searches_holds_for_each_that_does_not_say_otherwise() -> None:
    plain = {"feature_uri": URI, "query": QUERY}
    searches = [plain, {**plain, "score_threshold": 0.2, "top_k": 3, "weight": None}]
    stage = feature_search({"searches": searches, "min_score": 0.7, "top_k": 9, "weight": 0.5})
    assert [(search.min_score, search.top_k, search.weight) for search in stage.searches] == [
        (0.7, 9, 0.5),
        (0.2, 3, 0.5),
    ]
    with pytest.raises(InvalidArgumentError, match="min_score must be a number"):
        feature_search({"searches": [plain], "min_score": 7})


def test_nulls_mean_absent() -> None:
    nulls = dict.fromkeys(("top_k", "min_score", "weight", "on_empty", "filters", "query_preprocessing"))
    stage = feature_search(
        {"searches": [{"feature_uri": URI, "query": QUERY, **nulls}], "fusion": None, "facets": None}
    )
    assert stage.searches[0].top_k == 100


def test_an_empty_list_of_searches_is_allowed() -> None:
    assert feature_search({"searches": []}).searches == ()


SEARCH_PATH = "stages.0.config.parameters.searches.0"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"feature_uri": None}, f"{SEARCH_PATH}.feature_uri"),
        ({"query": None}, f"{SEARCH_PATH}.query"),
        ({"query": {"input_mode": "smell", "value": "x"}}, f"{SEARCH_PATH}.query.input_mode"),
        ({"query": {"input_mode": "content"}}, f"{SEARCH_PATH}.query.value"),
        ({"query": {"input_mode": "content", "value": 3}}, f"{SEARCH_PATH}.query.value"),
        ({"query": {"input_mode": "document", "document_ref": {}}}, f"{SEARCH_PATH}.query.document_ref.document_id"),
        ({"query": {"input_mode": "content", "value": "{{INPUT."}}, f"{SEARCH_PATH}.query.value"),
        ({"top_k": 0}, f"{SEARCH_PATH}.top_k"),
        ({"top_k": 5001}, f"{SEARCH_PATH}.top_k"),
        ({"top_k": 1.5}, f"{SEARCH_PATH}.top_k"),
        ({"top_k": float("nan")}, f"{SEARCH_PATH}.top_k"),
        ({"top_k": True}, f"{SEARCH_PATH}.top_k"),
        ({"min_score": 1.1}, f"{SEARCH_PATH}.min_score"),
        ({"min_score": float("nan")}, f"{SEARCH_PATH}.min_score"),
        ({"weight": "1"}, f"{SEARCH_PATH}.weight"),
        ({"on_empty": "guess"}, f"{SEARCH_PATH}.on_empty"),
        ({"query": {"input_mode": "multi_content", "values": []}}, f"{SEARCH_PATH}.query.values"),
        ({"query": {"input_mode": "multi_content", "values": ["a", 1]}}, f"{SEARCH_PATH}.query.values.1"),
        ({"collection_identifiers": [1]}, f"{SEARCH_PATH}.collection_identifiers.0"),
        ({"lexical": True}, f"{SEARCH_PATH}.lexical"),
        ({"filters": {"field": "x", "operator": "near"}}, f"{SEARCH_PATH}.filters.operator"),
    ],
)
def test_a_bad_search_is_named_by_its_path(change: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        feature_search({"searches": [{**SEARCH, **change}]})
    assert caught.value.details["path"] == path
    assert path in caught.value.message


@pytest.mark.parametrize(
    ("stages", "path"),
    [
        (None, "stages"),
        ([], "stages"),
        ({}, "stages"),
        (["x"], "stages.0"),
        ([{"config": []}], "stages.0.config"),
        ([{"config": {"stage_id": "feature_search", "parameters": 1}}], "stages.0.config.parameters"),
        ([{"stage_type": "filter"}], "stages.0.config.stage_id"),
        ([{"stage_type": "reranker"}], "stages.0.stage_type"),
        ([{"type": "llm_filter"}], "stages.0.type"),
        ([{"config": {"stage_id": 7}}], "stages.0.config.stage_id"),
        ([{"config": {"stage_id": "attribute_filter", "parameters": {}}}], "stages.0.config.parameters"),
        ([{"config": {"stage_id": "attribute_filter", "parameters": {"field": "x"}}}], "stages.0.config.parameters"),
        (
            [{"config": {"stage_id": "attribute_filter", "parameters": {"natural_language": "the red ones"}}}],
            "stages.0.config.parameters.natural_language",
        ),
        (
            [
                {
                    "config": {
                        "stage_id": "attribute_filter",
                        "parameters": {"conditions": {"AND": [{"field": "x", "op": 1}]}},
                    }
                }
            ],
            "stages.0.config.parameters.conditions.AND.0.op",
        ),
        (
            [{"config": {"stage_id": "attribute_filter", "parameters": {"field": "x", "value": "{{lipsum}}"}}}],
            "stages.0.config.parameters",
        ),
        (
            [{"config": {"stage_id": "feature_search", "parameters": {"fusion": "learned"}}}],
            "stages.0.config.parameters.fusion",
        ),
        (
            [{"config": {"stage_id": "feature_search", "parameters": {"searches": [SEARCH] * 11}}}],
            "stages.0.config.parameters.searches",
        ),
        (
            [{"config": {"stage_id": "feature_search", "parameters": {**SEARCHES, "final_top_k": 0}}}],
            "stages.0.config.parameters.final_top_k",
        ),
    ],
)
def test_a_bad_stage_is_named_by_its_path(stages: Any, path: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_stages(stages)
    assert caught.value.details["path"] == path


def test_an_unknown_stage_is_refused_with_the_list_of_known_ones() -> None:
    good = {"config": {"stage_id": "feature_search", "parameters": SEARCHES}}
    with pytest.raises(InvalidArgumentError) as caught:
        parse_stages([good, {"stage_name": "x", "config": {"stage_id": "smell"}}])
    assert caught.value.details["path"] == "stages.1.config.stage_id"
    assert "attribute_filter, feature_search" in caught.value.message


def test_text_that_is_not_json_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="stages is not JSON"):
        parse_stages_json("[{")
