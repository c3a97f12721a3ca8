"""Every stage takes the contract's names and the older ones; a fault is named by its path."""

from typing import Any

import pytest

from services.common.errors import InvalidArgumentError
from services.taxonomy.stages.base.templated_stage import TemplatedStage
from services.taxonomy.stages.parse import MOST_STAGES, parse_stages
from services.taxonomy.stages.registry import REFUSED, STAGES

PATH = "stages.0.config.parameters"
COUNT = {"function": "count", "alias": "n"}


def parse(stage_id: str, **parameters: Any) -> Any:
    (stage,) = parse_stages([{"stage_name": "s", "config": {"stage_id": stage_id, "parameters": parameters}}])
    return stage


@pytest.mark.parametrize(
    ("stage_id", "contract", "alias"),
    [
        ("sort_attribute", {"field": "x", "direction": "asc"}, {"sort_field": "x", "order": "asc"}),
        ("sample", {"count": 3, "strategy": "reservoir"}, {"size": 3, "method": "reservoir"}),
        ("limit", {"limit": 3}, {"count": 3}),
        ("group_by", {"group_by_field": "x"}, {"field": "x"}),
        (
            "document_enrich",
            {"target_collection_id": "c", "target_field": "f"},
            {"collection_id": "c", "lookup_field": "f"},
        ),
        ("unwind", {"field": "x", "output_field": "x"}, {"unwind_field": "x"}),
        ("cluster", {"algorithm": "kmeans", "n_clusters": 2}, {"method": "kmeans", "num_clusters": 2}),
        ("mmr", {"lambda": 0.5}, {"diversity_lambda": 0.5}),
        ("deduplicate", {"fields": ["x"]}, {"strategy": "field", "field": "x"}),
        ("aggregate", {"aggregations": [COUNT]}, {"metrics": [COUNT]}),
    ],
)
def test_both_spellings_mean_the_same(stage_id: str, contract: dict[str, Any], alias: dict[str, Any]) -> None:
    assert parse(stage_id, **contract) == parse(stage_id, **alias)


@pytest.mark.parametrize(
    ("stage_id", "parameters", "path"),
    [
        ("sort_attribute", {"direction": "sideways"}, "direction"),
        ("sort_relevance", {"missing_score": "middle"}, "missing_score"),
        ("score_normalize", {"method": "magic"}, "method"),
        ("limit", {"limit": 0}, "limit"),
        ("limit", {"limit": 10**9}, "limit"),
        ("sample", {"strategy": "stratified"}, "stratify_by"),
        ("sample", {"seed": "x"}, "seed"),
        ("deduplicate", {"strategy": "field"}, "fields"),
        ("group_by", {"max_per_group": 1001}, "max_per_group"),
        ("aggregate", {}, "aggregations"),
        ("aggregate", {"aggregations": [{"function": "sum"}]}, "aggregations.0.field"),
        ("aggregate", {"aggregations": [COUNT, COUNT]}, "aggregations"),
        ("aggregate", {"aggregations": [COUNT], "sort_by": "other"}, "sort_by"),
        ("aggregate", {"aggregations": [{"function": "correlation", "field": "x"}]}, "aggregations.0.field_b"),
        ("unwind", {}, "field"),
        ("json_transform", {}, "template"),
        ("json_transform", {"template": "{{ DOC.x | nosuch }}"}, "template"),
        ("mmr", {"lambda": 2}, "lambda"),
        ("mmr", {"diversity_features": [{}]}, "diversity_features.0.feature_uri"),
        ("rerank", {}, "feature_uri"),
        ("rerank", {"inference_name": "BAAI__bge_reranker_v2_m3", "query": "{{INPUT.query}}"}, "feature_uri"),
        ("cluster", {"algorithm": "leiden"}, "algorithm"),
        ("document_enrich", {"target_collection_id": "{{COLLECTION_ID}}"}, "target_collection_id"),
        ("document_enrich", {"target_collection_id": "c", "retriever_id": "ret_1"}, "retriever_id"),
        ("document_enrich", {"target_collection_id": "c", "when": {"field": "x", "operator": "near"}}, "when.operator"),
        ("feature_search", {"facets": "x"}, "facets"),
        ("feature_search", {"group_by": {"field": "x", "max_per_group": 101}}, "group_by.max_per_group"),
        ("feature_search", {"fusion": "learned", "learning_config": {}}, "fusion"),
        ("feature_search", {"final_top_k": "{{nosuch}}"}, "final_top_k"),
        ("sort_attribute", {"field": "a\0b"}, "field"),
    ],
)
def test_a_bad_parameter_is_named_by_its_path(stage_id: str, parameters: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse(stage_id, **parameters)
    assert caught.value.details["path"] == f"{PATH}.{path}"


@pytest.mark.parametrize("stage_id", sorted(REFUSED))
def test_stages_that_do_not_run_here_say_why(stage_id: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse(stage_id)
    assert caught.value.reason == "STAGE_NOT_SUPPORTED"
    assert stage_id in caught.value.message
    assert caught.value.details["path"] == "stages.0.config.stage_id"


def test_the_client_librarys_placeholders_mean_nothing() -> None:
    assert parse("mmr", diversity_feature_uri="null") == parse("mmr")
    assert parse("aggregate", aggregations=[COUNT], sort_by="null") == parse("aggregate", aggregations=[COUNT])


def test_parameters_that_are_templates_wait_for_the_inputs() -> None:
    assert isinstance(parse("limit", limit="{{INPUT.n}}"), TemplatedStage)
    late = parse("feature_search", searches=[{"feature_uri": "mixpeek://a@v1/b", "query": "x", "top_k": "{{INPUT.k}}"}])
    assert late.feature_uris == ("mixpeek://a@v1/b",)


def test_there_are_not_endlessly_many_stages() -> None:
    stage = {"stage_id": "limit", "parameters": {}}
    assert len(parse_stages([stage] * MOST_STAGES)) == MOST_STAGES
    with pytest.raises(InvalidArgumentError, match="at most 20 stages"):
        parse_stages([stage] * (MOST_STAGES + 1))


def test_no_stage_is_both_known_and_refused() -> None:
    assert not STAGES.keys() & REFUSED.keys()
