"""Every dialect of the contract gives the same tree, and every fault names its place."""

from typing import Any

import pytest

from services.common.errors import InvalidArgumentError
from services.common.filters import (
    EVERYTHING,
    And,
    Condition,
    Not,
    Operator,
    Or,
    canonical_json,
    has_dynamic,
    parse,
    parse_json,
    substitute,
)

RED = Condition("label", Operator.EQ, "red")
BIG = Condition("size", Operator.GT, 3)


@pytest.mark.parametrize(
    "raw",
    [
        {"field": "label", "operator": "eq", "value": "red"},
        {"field": "label", "value": "red"},
        {"AND": [{"field": "label", "operator": "eq", "value": "red"}]},
        {"AND": {"field": "label", "operator": "eq", "value": "red"}, "OR": None, "NOT": None, "case_sensitive": False},
        {"case_sensitive": False, "field": "label", "operator": "eq", "value": "red", "AND": [], "OR": None},
        {"must": [{"key": "label", "match": {"operator": "eq", "value": "red"}}]},
        {"must": [{"key": "label", "match": {"value": "red"}, "case_sensitive": False}], "case_sensitive": False},
        {"should": [{"key": "label", "match": "red"}]},
        {"label": "red"},
        {"label": {"$eq": "red"}},
        [{"label": "red"}],
    ],
)
def test_each_dialect_gives_the_same_condition(raw: Any) -> None:
    assert parse(raw) == RED


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"AND": [{"label": "red"}], "NOT": [{"field": "size", "operator": "gt", "value": 3}]}, And((RED, Not(BIG)))),
        ({"NOT": {"field": "size", "operator": "gt", "value": 3}}, Not(BIG)),
        ({"must_not": [{"label": "red"}, {"size": {"$gt": 3}}]}, Not(Or((RED, BIG)))),
        ({"OR": [{"label": "red"}, {"OR": [{"size": {"$gt": 3.0}}]}]}, Or((RED, BIG))),
        ({"label": "red", "size": {"$gt": 3}}, And((RED, BIG))),
        ({"label": ["red", None]}, Condition("label", Operator.IN, ("red", None))),
        ({"key": "label", "match": ["red"]}, Condition("label", Operator.IN, ("red",))),
        ({"key": "label", "match": {"operator": "eq", "value": None}}, Condition("label", Operator.EQ, None)),
        ({"field": "label", "operator": "exists"}, Condition("label", Operator.EXISTS, True)),
        ({"field": "label", "operator": "is_null", "value": None}, Condition("label", Operator.IS_NULL, True)),
        ({"field": "label", "operator": None, "value": "red"}, RED),
        ({"size": {"$gt": 1, "$lt": 2}}, And((Condition("size", Operator.GT, 1), Condition("size", Operator.LT, 2)))),
    ],
)
def test_groups_and_maps(raw: Any, expected: Any) -> None:
    assert parse(raw) == expected


@pytest.mark.parametrize(
    "raw", [None, {}, [], {"AND": []}, {"NOT": []}, {"NOT": {}}, {"case_sensitive": False}, {"AND": None}]
)
def test_an_empty_filter_is_everything(raw: Any) -> None:
    assert parse(raw) == EVERYTHING


@pytest.mark.parametrize(
    ("extra", "operator", "ignored"),
    [
        ({}, "contains", True),
        ({"case_sensitive": False}, "contains", True),
        ({"case_sensitive": True}, "contains", False),
        ({}, "eq", False),
        ({"case_sensitive": False}, "eq", False),
        ({"case_insensitive": True}, "eq", True),
        ({"case_insensitive": True, "case_sensitive": True}, "eq", False),
    ],
)
def test_case_matters_to_equality_and_not_to_patterns_unless_told(
    extra: dict[str, bool], operator: str, ignored: bool
) -> None:
    leaf = {"field": "x", "operator": operator, "value": "a"}
    for raw in ({**leaf, **extra}, {"AND": [{**leaf, "case_sensitive": False}], **extra}):
        assert parse(raw) == Condition("x", Operator(operator), "a", ignored)


def test_the_case_option_of_a_stage_applies_to_the_whole_filter() -> None:
    assert parse({"AND": [{"label": "red"}]}, case_insensitive=True) == Condition("label", Operator.EQ, "red", True)


LEAF = {"field": "x", "operator": "eq", "value": 1}


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ({"operator": "eq", "value": 1}, "filters.field"),
        ({"must": [{"key": "x", "match": {"operator": "like", "value": 1}}]}, "filters.must.0.match.operator"),
        ({"AND": [LEAF, {**LEAF, "operator": "~"}]}, "filters.AND.1.operator"),
        ({**LEAF, "operator": ["eq"]}, "filters.operator"),
        ({**LEAF, "operator": "geo_radius"}, "filters.operator"),
        ({"field": "x", "operator": "gt"}, "filters.value"),
        ({**LEAF, "operator": "gt", "value": None}, "filters.value"),
        ({**LEAF, "operator": "gte", "value": True}, "filters.value"),
        ({**LEAF, "operator": "in", "value": "x"}, "filters.value"),
        ({**LEAF, "operator": "nin", "value": [1, {"a": 1}]}, "filters.value.1"),
        ({**LEAF, "operator": "in", "value": [1] * 10_001}, "filters.value"),
        ({**LEAF, "value": [1]}, "filters.value"),
        ({**LEAF, "value": {"a": 1}}, "filters.value"),
        ({**LEAF, "value": float("nan")}, "filters.value"),
        ({**LEAF, "value": 10**400}, "filters.value"),
        ({**LEAF, "value": "\0"}, "filters.value"),
        ({**LEAF, "value": "\ud800"}, "filters.value"),
        ({**LEAF, "value": "x" * 10_001}, "filters.value"),
        ({**LEAF, "operator": "exists", "value": "yes"}, "filters.value"),
        ({**LEAF, "operator": "contains", "value": None}, "filters.value"),
        ({**LEAF, "operator": "starts_with", "value": 1}, "filters.value"),
        ({**LEAF, "operator": "regex", "value": "("}, "filters.value"),
        ({**LEAF, "operator": "regex", "value": "a" * 257}, "filters.value"),
        ({**LEAF, "operator": "regex", "value": r"(a)\1"}, "filters.value"),
        ({**LEAF, "operator": "regex", "value": "(?i)a"}, "filters.value"),
        ({**LEAF, "field": ""}, "filters.field"),
        ({**LEAF, "field": 3}, "filters.field"),
        ({"key": None, "match": 1}, "filters.key"),
        ({"x": {"in": [1]}}, "filters.x.in"),
        ({"x": {"$like": 1}}, "filters.x.$like"),
        ({"x": {"type": "dynamic", "field": "}}{{"}}, "filters.x.field"),
        ({"AND": [LEAF, "x"]}, "filters.AND.1"),
        ({"NOT": 3}, "filters.NOT"),
        ("x", "filters"),
        ({**LEAF, "case_sensitive": "no"}, "filters.case_sensitive"),
    ],
)
def test_a_fault_names_its_place(raw: Any, path: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse(raw)
    assert caught.value.details["path"] == path
    assert caught.value.reason == "INVALID_FILTER"


def nested(levels: int) -> Any:
    return LEAF if levels == 1 else {"NOT": [nested(levels - 1)]}


def test_depth_and_number_of_conditions_have_a_limit() -> None:
    assert parse(nested(32)) != EVERYTHING
    parse({"AND": [LEAF] * 999})
    for raw in (nested(33), nested(300), {"AND": [LEAF] * 1000}):
        with pytest.raises(InvalidArgumentError):
            parse(raw)


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "'x'", b"\xff"])
def test_text_that_is_not_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_json(text)
    assert caught.value.details["path"] == "filters"


def test_a_number_that_json_has_not_is_refused_where_it_stands() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_json('{"x": NaN}')
    assert caught.value.details["path"] == "filters.x"


def test_an_empty_text_is_everything() -> None:
    assert parse_json(" ") == EVERYTHING


def test_equal_filters_have_one_canonical_text() -> None:
    native = {"AND": [{"operator": "eq", "value": "red", "field": "label"}], "case_sensitive": False}
    tutorial = {"must": [{"key": "label", "match": {"operator": "eq", "value": "red"}}]}
    expected = '{"field":"label","operator":"eq","value":"red"}'
    assert canonical_json(parse(native)) == canonical_json(parse(tutorial)) == expected


@pytest.mark.parametrize(
    "value", ["{{INPUT.x}}", {"type": "dynamic", "field": "inputs.x"}, "{% if INPUT.x %}1{% endif %}", "{INPUT.x}"]
)
def test_a_template_may_stand_for_any_value(value: Any) -> None:
    tree = parse({"field": "label", "operator": "in", "value": value})
    assert has_dynamic(tree)
    assert parse_json(canonical_json(tree)) == tree
    rendered = substitute(tree, lambda template: ["red", 1.0] if "x" in template else None)
    assert rendered == Condition("label", Operator.IN, ("red", 1))


def test_substitution_reaches_every_corner() -> None:
    tree = parse({"OR": [{"NOT": [{"x": "{{INPUT.a}}"}]}, {"AND": [{"y": ["{{INPUT.b}}", "c"]}, {"z": 1}]}]})
    done = substitute(tree, {"{{INPUT.a}}": 1, "{{INPUT.b}}": "B"}.__getitem__)
    assert done == parse({"OR": [{"NOT": [{"x": 1}]}, {"AND": [{"y": ["B", "c"]}, {"z": 1}]}]})
    assert not has_dynamic(done)


def test_a_template_that_gives_the_wrong_type_is_refused() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        substitute(parse({"x": {"$in": "{{INPUT.x}}"}}), lambda _: "red")
    assert caught.value.details["path"] == "x"
