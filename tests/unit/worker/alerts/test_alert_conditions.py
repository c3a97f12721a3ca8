"""What was found meets an alert's condition, or does not."""

from typing import Any

import pytest

from services.worker.alerts.alert_conditions import holds
from services.worker.alerts.watched_alert import Found, Match, WatchedAlert


def watched(**changes: Any) -> WatchedAlert:
    plain: dict[str, Any] = {
        "alert_id": "alt_1",
        "namespace_id": "ns_1",
        "source": "retriever",
        "retriever_identifier": "ret_1",
        "retriever_id": "ret_1",
        "trigger_on": "results",
        "min_count": None,
        "threshold": None,
        "inputs": {},
        "system_condition": None,
        "claim": "mine",
    }
    return WatchedAlert(**{**plain, **changes})


def found(count: int, score: float = 0.9, fields: dict[str, Any] | None = None, **features: Any) -> Found:
    match = Match(
        document_id="doc_1",
        collection_id="col_1",
        object_id="obj_1",
        score=score,
        fields=fields or {},
        features=features,
    )
    return Found(count=count, collection_id="col_1", matches=(match,) if count else ())


def threshold(field: str, operator: str, value: Any) -> WatchedAlert:
    return watched(threshold={"field": field, "operator": operator, "value": value})


@pytest.mark.parametrize(("count", "expected"), [(0, False), (1, True), (7, True)])
def test_results_are_one_at_least(count: int, expected: bool) -> None:
    assert holds(watched(), found(count)) is expected
    assert holds(watched(trigger_on="no_results"), found(count)) is not expected


@pytest.mark.parametrize(("count", "expected"), [(4, False), (5, True)])
def test_min_count_is_the_fewest(count: int, expected: bool) -> None:
    assert holds(watched(min_count=5), found(count)) is expected


def test_min_count_and_threshold_do_not_narrow_no_results() -> None:
    narrowed = {"min_count": 5, "threshold": {"field": "score", "operator": "gt", "value": 2}}
    assert holds(watched(trigger_on="no_results", **narrowed), found(0))
    assert not holds(watched(trigger_on="no_results", **narrowed), found(3))


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("gt", 0.9, False),
        ("gte", 0.9, True),
        ("lt", 0.91, True),
        ("lte", 0.8, False),
        ("eq", 0.9, True),
        ("ne", 0.9, False),
    ],
)
def test_a_threshold_compares_the_first_result(operator: str, value: float, expected: bool) -> None:
    assert holds(threshold("score", operator, value), found(1, score=0.9)) is expected


@pytest.mark.parametrize("field", ["price", "metadata.price", "deep.price", "metadata.deep.price"])
def test_a_threshold_reads_fields_of_the_document_by_any_path(field: str) -> None:
    fields = {"price": 5, "deep": {"price": 5}}
    assert holds(threshold(field, "eq", 5), found(1, fields=fields))
    assert not holds(threshold(field, "gt", 5), found(1, fields=fields))


def test_what_a_stage_set_stands_before_the_documents_own_field() -> None:
    assert holds(threshold("total", "gte", 100), found(1, fields={"total": 1}, total=100))


def test_match_count_is_the_number_of_results() -> None:
    assert holds(threshold("match_count", "gte", 3), found(3))
    assert not holds(threshold("match_count", "gte", 4), found(3))


@pytest.mark.parametrize(
    ("value", "wanted"), [("10", 2), (True, 0), (None, 0), ([[1]], 0), ({"a": 1}, 0), (3, "2"), (False, True)]
)
def test_values_of_other_kinds_have_no_order(value: Any, wanted: Any) -> None:
    for operator in ("gt", "gte", "lt", "lte"):
        assert not holds(threshold("field", operator, wanted), found(1, fields={"field": value}))


def test_texts_compare_as_texts_and_true_is_not_one() -> None:
    assert holds(threshold("at", "gt", "2026-01-01"), found(1, fields={"at": "2026-02-01"}))
    assert not holds(threshold("flag", "eq", 1), found(1, fields={"flag": True}))


@pytest.mark.parametrize("operator", ["eq", "ne", "gt"])
def test_a_field_that_is_not_there_passes_no_threshold(operator: str) -> None:
    assert not holds(threshold("nothing", operator, None), found(1))


def test_a_system_condition_holds_when_anything_is_in_trouble() -> None:
    system = watched(source="system", trigger_on="no_results", system_condition={"type": "batch_failed"})
    assert holds(system, Found(count=1, collection_id=""))
    assert not holds(system, Found(count=0, collection_id=""))
