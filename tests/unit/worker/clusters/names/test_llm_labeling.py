"""Both spellings of how groups are to be named."""

from typing import Any

import pytest

from services.worker.clusters.names.llm_labeling import InputRule, LabellingRules, rules_from


def test_the_tutorials_spelling() -> None:
    found = rules_from({"enabled": True, "input_mappings": [{"source": "payload", "fields": ["product_label", "b.c"]}]})
    assert found.enabled
    assert found.paths == ("product_label", "b.c")


def test_the_contracts_spelling() -> None:
    mappings = [
        {"input_key": "title", "source_type": "payload", "path": "metadata.headline"},
        {"input_key": "shop", "source_type": "literal", "override": "shoes"},
        {"input_key": "vector", "source_type": "vector", "path": "x"},
        {"input_key": "plain"},
    ]
    found = rules_from({"labeling_inputs": {"input_mappings": mappings}})
    assert found.inputs == (
        InputRule(key="title", path="headline"),
        InputRule(key="shop", value="shoes"),
        InputRule(key="plain", path="plain"),
    )
    assert not found.enabled


@pytest.mark.parametrize("config", [None, {}, {"enabled": None, "parameters": None, "labeling_inputs": None}])
def test_nothing_said_is_the_default(config: Any) -> None:
    assert rules_from(config) == LabellingRules(parameters={})


def test_candidates_are_a_list_or_a_map() -> None:
    assert rules_from({"candidate_labels": ["boot", "lamp"]}).candidates == {"boot": "", "lamp": ""}
    assert rules_from({"candidate_labels": {"boot": "for feet"}}).candidates == {"boot": "for feet"}
    assert rules_from({"candidate_labels": []}).candidates is None


def test_only_what_concerns_the_answer_is_passed_on() -> None:
    assert rules_from({"parameters": {"temperature": 0.5, "messages": [], "stream": True}}).parameters == {
        "temperature": 0.5
    }
