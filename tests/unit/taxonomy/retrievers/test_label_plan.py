"""For a label the last search keeps no score back, and the references come first."""

import pytest

from services.common.errors import InvalidArgumentError
from services.common.filters import And, Condition, Operator, canonical_json, parse
from services.taxonomy.domain import both
from services.taxonomy.retrievers.label_plan import SPARE, plan_labels, references
from services.taxonomy.stages.parse import parse_stages
from services.taxonomy.stages.search.feature_search import FeatureSearch

FILTER = {"config": {"stage_id": "attribute_filter", "parameters": {"field": "label", "operator": "exists"}}}
QUERY = {"input_mode": "content", "value": "{{INPUT.image}}"}


def search(**parameters: object) -> dict[str, object]:
    one = {"feature_uri": "slot", "query": QUERY, "top_k": 1, "min_score": 0.3, **parameters}
    return {"config": {"stage_id": "feature_search", "parameters": {"searches": [one]}}}


def test_min_score_moves_from_the_search_into_the_decision() -> None:
    plan = plan_labels(parse_stages([FILTER, search()]))
    last = plan.stages[-1]
    assert isinstance(last, FeatureSearch)
    assert (plan.min_score, plan.limit) == (0.3, 1)
    assert [(each.min_score, each.top_k) for each in last.searches] == [(0.0, 1 + SPARE)]


def test_stages_after_the_search_see_no_more_than_top_k() -> None:
    plan = plan_labels(parse_stages([search(), FILTER]))
    first = plan.stages[0]
    assert isinstance(first, FeatureSearch)
    assert (first.searches[0].top_k, first.searches[0].min_score) == (1, 0.0)


def test_evidence_is_at_most_what_the_search_returns() -> None:
    assert plan_labels(parse_stages([search(top_k=100)])).limit == 25


@pytest.mark.parametrize("stages", [[FILTER], [{"stage_type": "feature_search", "parameters": {"searches": []}}]])
def test_a_retriever_without_a_search_cannot_label(stages: list[dict[str, object]]) -> None:
    with pytest.raises(InvalidArgumentError, match="feature_search"):
        plan_labels(parse_stages(stages))


def test_references_have_a_label() -> None:
    tree = references("label", human_only=False)
    assert isinstance(tree, And)
    assert Condition("label", Operator.IS_LABEL, True) in tree.children


def test_labels_that_no_longer_stand_are_no_references() -> None:
    tree = references("label", human_only=False)
    assert Condition("_internal.stale.label", Operator.EXISTS, False) in getattr(tree, "children", ())


def test_references_can_be_restricted_to_labels_of_people() -> None:
    tree = references("label", human_only=True)
    assert isinstance(tree, And)
    assert Condition("labels.label.source", Operator.IN, ("human", "import")) in tree.children


@pytest.mark.parametrize("turned", [False, True])
def test_the_tutorials_filter_and_the_references_are_one_view(turned: bool) -> None:
    tutorial = parse({"AND": [{"field": "label", "operator": "exists", "value": True}]})
    ours = references("label", human_only=False)
    joined = both(tutorial, ours) if turned else both(ours, tutorial)
    assert canonical_json(joined) == canonical_json(ours)


def test_a_filter_on_another_field_is_kept_beside_the_references() -> None:
    other = Condition("name", Operator.EXISTS, True)
    assert other in getattr(both(references("label", human_only=False), other), "children", ())
