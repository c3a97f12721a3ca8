"""Conditions on a timestamptz column: ISO 8601 values, UTC where they name no zone."""

from datetime import UTC, datetime

from services.common.filters.parameters import Parameters
from services.common.filters.tree import EQUALITY, ORDER, Condition, Operator, Scalar
from services.common.filters.value_checks import invalid

_COMPARE = {Operator.GT: ">", Operator.LT: "<", Operator.GTE: ">=", Operator.LTE: "<="}


def time_condition(condition: Condition, name: str, parameters: Parameters) -> str:
    """SQL, TRUE or FALSE, of a checked condition on the column `name`."""
    if condition.operator in ORDER:
        moment = parameters.bind(_moment(condition.value, condition.field))
        return f"({name} IS NOT NULL AND {name} {_COMPARE[condition.operator]} {moment}::timestamptz)"
    if condition.operator not in EQUALITY:
        raise invalid(f"is a time, which '{condition.operator}' does not compare; use eq, gt, lt, in.", condition.field)
    wanted = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    moments = parameters.bind([_moment(item, condition.field) for item in wanted if item is not None])
    found = f"({name} IS NOT NULL AND {name} = ANY({moments}::timestamptz[]))"
    if None in wanted:
        found = f"({name} IS NULL OR {found})"
    return f"NOT {found}" if condition.operator in (Operator.NE, Operator.NIN) else found


def _moment(value: Scalar | tuple[Scalar, ...], field: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise invalid(f"{value!r} is not an ISO 8601 time such as '2026-01-31T12:00:00Z'.", field) from error
