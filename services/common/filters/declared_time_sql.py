"""Conditions and orders of fields that a schema declares as times: there, texts compare as the instants that they name.

Which fields those are the database knows; both readings stand in the SQL, and each row takes the one that is its own.
"""

from services.common.filters.parameters import Parameters
from services.common.filters.tables import METADATA, Table
from services.common.filters.tree import EQUALITY, ORDER, Condition, Operator
from services.common.json.instants import moment_of

_COMPARE = {Operator.GT: ">", Operator.LT: "<", Operator.GTE: ">=", Operator.LTE: "<="}
_INSTANT = "jsonb_typeof(e.v) = 'string' AND moment_text(e.v #>> '{}') COLLATE \"C\""


def with_instants(usual: str, condition: Condition, value: str, table: Table, parameters: Parameters) -> str:
    """SQL of the condition that is `usual` for texts; the same where it asks for no instant."""
    given = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    wanted = [each for each in given if moment_of(each) is not None]
    if table.moments is None or not wanted or condition.operator not in EQUALITY | ORDER:
        return usual
    declared = _declared(condition.field, table, parameters)
    if condition.operator in ORDER:
        bound = f"moment_text({parameters.bind(wanted[0])}::text)"
        return f"(CASE WHEN {declared} THEN {_any(value, f'{_COMPARE[condition.operator]} {bound}')} ELSE {usual} END)"
    moments = f"ARRAY(SELECT moment_text(w) FROM unnest({parameters.bind(wanted)}::text[]) AS w)"  # noqa: S608
    found = f"({declared} AND {_any(value, f'= ANY({moments})')})"
    if condition.operator in (Operator.NE, Operator.NIN):
        return f"({usual} AND NOT {found})"
    return f"({usual} OR {found})"


def sortable(value: str, field: str, table: Table, parameters: Parameters) -> str:
    """SQL of a value to sort by: of a declared time the instant."""
    if table.moments is None:
        return value
    return f"(CASE WHEN {_declared(field, table, parameters)} THEN moment_value({value}) ELSE {value} END)"


def _any(value: str, test: str) -> str:
    return f"EXISTS (SELECT FROM jsonb_path_query({value}, '$[*]') AS e(v) WHERE {_INSTANT} {test})"


def _declared(field: str, table: Table, parameters: Parameters) -> str:
    """SQL of whether a row's field is declared as a time; which rows' are is asked once for a query."""
    assert table.moments is not None
    view, owner = table.moments
    path = parameters.bind(field.removeprefix(f"{METADATA}."))
    return f"{table.alias}.{owner} = ANY(ARRAY(SELECT m.{owner} FROM {view} m WHERE m.path = {path}::text))"  # noqa: S608
