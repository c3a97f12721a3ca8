"""What several machines together say of a field."""

from dataclasses import replace
from typing import Any

import pytest

from services.worker.domain import Decision, FieldValue
from services.worker.labels.merged_answers import answer_for, taxonomy_lineage, taxonomy_results
from tests.unit.worker.builders import decision


def says(value: Any, *, field: str = "f", append: bool = False, taxonomy: str = "tax_1") -> Decision:
    """A taxonomy that gives the field a value, or None."""
    values = (FieldValue(field=field, value=value, append=append),)
    return replace(decision("x" if value is not None else None), values=values, taxonomy_id=taxonomy)


def test_the_first_match_has_the_field() -> None:
    answer = answer_for("f", [says(None), says("second", taxonomy="tax_2"), says("third")])
    assert answer is not None
    assert (answer.value, answer.decision.taxonomy_id, answer.matched) == ("second", "tax_2", True)


def test_without_a_match_the_first_decision_speaks() -> None:
    answer = answer_for("f", [says(None, taxonomy="tax_1"), says(None, taxonomy="tax_2")])
    assert answer is not None
    assert (answer.value, answer.decision.taxonomy_id, answer.matched) == (None, "tax_1", False)


def test_nobody_speaks_of_a_field_that_nobody_fills() -> None:
    assert answer_for("other", [says("value")]) is None
    assert answer_for("f", []) is None


@pytest.mark.parametrize(
    ("given", "together"),
    [
        (("a", "b"), ["a", "b"]),
        ((["a", "b"], "b"), ["a", "b"]),
        ((None, "b"), ["b"]),
        (({"k": 1}, {"k": 1}), [{"k": 1}]),
    ],
)
def test_what_appends_is_put_together_without_doubles(given: tuple[Any, ...], together: list[Any]) -> None:
    answer = answer_for("f", [says(value, append=True) for value in given])
    assert answer is not None
    assert answer.value == together


def test_a_match_that_stands_alone_is_not_joined_with_those_that_append() -> None:
    answer = answer_for("f", [says("alone"), says("more", append=True)])
    assert answer is not None
    assert answer.value == "alone"


def test_each_taxonomy_is_remembered_under_its_own_names() -> None:
    several = replace(says("b", taxonomy="tax_2"), assignments=({"id": "doc_a", "label": "b", "score": 0.9},))
    results = taxonomy_results([says("a"), several, says("c", taxonomy="")])
    assert set(results) == {
        "_taxonomy_tax_1_id",
        "_taxonomy_tax_1_label",
        "_taxonomy_tax_1_score",
        "_taxonomy_tax_2_id",
        "_taxonomy_tax_2_label",
        "_taxonomy_tax_2_score",
        "_taxonomy_tax_2_assignments",
    }
    lineage = taxonomy_lineage([says("a"), says(None, taxonomy="tax_2"), says("c", taxonomy="")])
    assert [(entry["taxonomy_id"], entry["enriched_fields"]) for entry in lineage] == [("tax_1", ["f"]), ("tax_2", [])]
