"""How a list is to be sorted, in every spelling: `field:desc`, `-field`, {"field", "direction"}, or a list of these."""

from typing import Any

import orjson

from services.common.errors import InvalidArgumentError
from services.gateway.kit.lists.order_sql import Sort

MAX_SORTS = 5
SCORES = ("confidence", "score")
DIRECTIONS = ("asc", "desc")


def sorts_in(given: Any, path: str) -> tuple[Sort, ...]:
    """The fields to sort by, the first one first; scores descend unless told otherwise."""
    if isinstance(given, str) and (found := _json(given)) is not None:
        given = found
    listed = given if isinstance(given, list) else [given]
    if len(listed) > MAX_SORTS:
        raise InvalidArgumentError(f"{path} names more than {MAX_SORTS} fields.", path=path)
    return tuple(_sort(item, path) for item in listed)


def _json(text: str) -> dict[str, Any] | list[Any] | None:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict | list) else None


def _sort(given: Any, path: str) -> Sort:
    field, direction = _parts(given)
    if not isinstance(field, str) or not field:
        raise InvalidArgumentError(f"{path} must name a field, such as 'created_at:desc'.", path=path)
    if direction is None:
        direction = "desc" if field.rsplit(".", 1)[-1].rsplit("_", 1)[-1] in SCORES else "asc"
    if not isinstance(direction, str) or direction.lower() not in DIRECTIONS:
        raise InvalidArgumentError(f"{path} has a direction that is neither 'asc' nor 'desc'.", path=path)
    return Sort(field=field, descending=direction.lower() == "desc")


def _parts(given: Any) -> tuple[Any, Any]:
    if isinstance(given, dict):
        return given.get("field"), given.get("direction") or given.get("order")
    if not isinstance(given, str):
        return None, None
    if given.startswith("-"):
        return given[1:], "desc"
    field, colon, direction = given.partition(":")
    return field, direction if colon else None
