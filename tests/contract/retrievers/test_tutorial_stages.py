"""The stages that the tutorial and the client library send are understood as printed there."""

import json

import pytest

from services.common.filters import Condition, Operator
from services.taxonomy.retrievers.label_plan import plan_labels
from services.taxonomy.stages.attribute_filter import AttributeFilter
from services.taxonomy.stages.parse import parse_stages_json
from services.taxonomy.stages.search.feature_search import FeatureSearch
from tests.support.tutorial.clusters_alerts_webhooks import RETRIEVER_OF_UNLABELED
from tests.support.tutorial.option_a import RETRIEVER

CLASSIFIER = json.dumps(RETRIEVER["stages"])
UNLABELED = json.dumps(RETRIEVER_OF_UNLABELED["stages"])
CLIENT_LIBRARY = """[
  {"type": "feature_search", "feature_extractor": {"type": "image"}, "query": {"url": "https://example.com/a.jpg"},
   "collection_ids": ["products"], "limit": 7},
  {"type": "attribute_filter", "conditions": {"AND": [{"case_sensitive": false, "field": "x", "value": 1}]}}
]"""


def test_the_tutorials_classifier() -> None:
    labelled, match = parse_stages_json(CLASSIFIER)
    assert isinstance(labelled, AttributeFilter)
    assert isinstance(match, FeatureSearch)
    assert (labelled.name, labelled.filter) == ("labeled_filter", Condition("product_label", Operator.EXISTS, True))
    assert (match.name, match.feature_uris) == ("image_match", ("mixpeek://image_extractor@v1/google_siglip_base_v1",))
    plan = plan_labels([labelled, match])
    assert (plan.min_score, plan.limit) == (0.30, 1)


def test_the_tutorials_retriever_of_unlabelled_documents() -> None:
    (missing,) = parse_stages_json(UNLABELED)
    assert isinstance(missing, AttributeFilter)
    assert missing.filter == Condition("product_label", Operator.EXISTS, False)


def test_the_form_in_which_the_contract_answers_is_accepted_again() -> None:
    stages = json.loads(CLASSIFIER)
    answered = [{**stage, "parameters": stage["config"]["parameters"], "description": None} for stage in stages]
    assert parse_stages_json(json.dumps(answered)) == parse_stages_json(CLASSIFIER)


def test_the_client_librarys_search_shorthand() -> None:
    search, attribute = parse_stages_json(CLIENT_LIBRARY)
    assert isinstance(search, FeatureSearch)
    assert isinstance(attribute, AttributeFilter)
    (only,) = search.searches
    assert (only.feature_uri, only.top_k, only.query.value) == (None, 7, "https://example.com/a.jpg")
    assert attribute.filter == Condition("x", Operator.EQ, 1)


@pytest.mark.parametrize("operator", list(Operator))
def test_every_operator_of_the_filter_language_may_filter_a_retriever(operator: Operator) -> None:
    values = {
        Operator.IN: ["a"],
        Operator.NIN: ["a"],
        Operator.EXISTS: True,
        Operator.IS_NULL: True,
        Operator.IS_LABEL: True,
    }
    parameters = {"field": "x", "operator": operator, "value": values.get(operator, "a")}
    (stage,) = parse_stages_json(json.dumps([{"stage_id": "attribute_filter", "parameters": parameters}]))
    assert isinstance(stage, AttributeFilter)
    assert isinstance(stage.filter, Condition)
