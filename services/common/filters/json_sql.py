"""Conditions on a jsonb value. A list matches when any of its elements does.

JSON reaches the database as text cast to jsonb, so that no codec of a connection can encode it twice.
Labels are kept composed (NFC), and found whichever way they are asked for.
"""

import json
import re
import unicodedata
from collections.abc import Iterable

from services.common.filters.parameters import Parameters
from services.common.filters.tree import EQUALITY, FULL_TEXT, ORDER, PRESENCE, Condition, Operator, Scalar

_COMPARE = {Operator.GT: ">", Operator.LT: "<", Operator.GTE: ">=", Operator.LTE: "<="}
_NEGATIVE = frozenset({Operator.NE, Operator.NIN})
_TEXT = "(e.v #>> '{}')"
_IS_TEXT = "jsonb_typeof(e.v) = 'string'"
# A tsvector holds at most 1 MB; a longer text would fail the whole query.
_WORDS = f"to_tsvector('simple', left({_TEXT}, 100000))"


def json_condition(condition: Condition, value: str, parameters: Parameters) -> str:
    """SQL, TRUE or FALSE, of a checked condition on `value`, a jsonb expression that is NULL for missing and null."""
    operator = condition.operator
    if operator is Operator.IS_LABEL:
        return f"{'' if condition.value else 'NOT '}is_label({value})"
    if operator in PRESENCE:
        return f"({value} IS {'NOT ' if (operator is Operator.EXISTS) == condition.value else ''}NULL)"
    if operator in EQUALITY:
        found = _equality(condition, value, parameters)
        return f"NOT {found}" if operator in _NEGATIVE else found
    if operator is Operator.CONTAINS:
        return _contains(condition, value, parameters)
    return _any_element(value, _test(condition, parameters))


def _any_element(value: str, test: str) -> str:
    return f"EXISTS (SELECT FROM jsonb_path_query({value}, '$[*]') AS e(v) WHERE {test})"


def _equality(condition: Condition, value: str, parameters: Parameters) -> str:
    given = condition.value
    wanted: tuple[Scalar, ...] = given if isinstance(given, tuple) else (given,)
    scalars = [json.dumps(item, ensure_ascii=False) for item in spellings(wanted) if item is not None]
    folded = condition.ignore_case and any(isinstance(item, str) for item in wanted)
    found = (_folded_equality if folded else _exact_equality)(scalars, value, parameters)
    return f"({value} IS NULL OR {found})" if None in wanted else found


def _exact_equality(scalars: list[str], value: str, parameters: Parameters) -> str:
    # For a scalar, containment is equality with the value or, in a list, with an element.
    return f"coalesce({value} @> ANY({parameters.bind(scalars)}::text[]::jsonb[]), FALSE)"


def _folded_equality(scalars: list[str], value: str, parameters: Parameters) -> str:
    elements = f"jsonb_path_query({value}, '$[*]') AS e(v)"
    wanted = f"unnest({parameters.bind(scalars)}::text[]::jsonb[]) AS w(v)"
    return f"EXISTS (SELECT FROM {elements}, {wanted} WHERE {_fold('e.v')} = {_fold('w.v')})"


def _fold(value: str) -> str:
    return f"CASE jsonb_typeof({value}) WHEN 'string' THEN to_jsonb(lower({value} #>> '{{}}')) ELSE {value} END"


def _contains(condition: Condition, value: str, parameters: Parameters) -> str:
    member = _equality(condition, value, parameters)
    if not isinstance(condition.value, str):
        return member
    like = "ILIKE" if condition.ignore_case else "LIKE"
    pattern = parameters.bind(f"%{_literal(condition.value)}%")
    inside = f"({value} #>> '{{}}') {like} {pattern}::text"
    return f"(CASE jsonb_typeof({value}) WHEN 'string' THEN {inside} ELSE {member} END)"


def _test(condition: Condition, parameters: Parameters) -> str:
    if condition.operator in ORDER:
        return _order(condition, parameters)
    text = str(condition.value)
    if condition.operator in FULL_TEXT:
        return f"{_IS_TEXT} AND {_full_text(condition.operator, parameters.bind(text))}"
    if condition.operator is Operator.REGEX:
        return f"{_IS_TEXT} AND {_TEXT} {'~*' if condition.ignore_case else '~'} {parameters.bind(text)}::text"
    like = "ILIKE" if condition.ignore_case else "LIKE"
    pattern = f"{_literal(text)}%" if condition.operator is Operator.STARTS_WITH else f"%{_literal(text)}"
    return f"{_IS_TEXT} AND {_TEXT} {like} {parameters.bind(pattern)}::text"


def _order(condition: Condition, parameters: Parameters) -> str:
    sign = _COMPARE[condition.operator]
    if isinstance(condition.value, str):
        return f'{_IS_TEXT} AND {_TEXT} COLLATE "C" {sign} {parameters.bind(condition.value)}::text'
    number = parameters.bind(json.dumps(condition.value))
    return f"jsonb_typeof(e.v) = 'number' AND e.v {sign} {number}::text::jsonb"


def _full_text(operator: Operator, text: str) -> str:
    if operator is Operator.WORDS:
        return f"tsvector_to_array({_WORDS}) && tsvector_to_array(to_tsvector('simple', {text}::text))"
    query = "plainto_tsquery" if operator is Operator.TEXT else "phraseto_tsquery"
    return f"{_WORDS} @@ {query}('simple', {text}::text)"


def _literal(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


def spellings(values: Iterable[Scalar]) -> list[Scalar]:
    """The values, each text also in its composed form."""
    return [each for value in values for each in _of(value)]


def _of(value: Scalar) -> tuple[Scalar, ...]:
    if not isinstance(value, str) or unicodedata.is_normalized("NFC", value):
        return (value,)
    return value, unicodedata.normalize("NFC", value)
